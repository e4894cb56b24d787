-- A key under which a known posting is shown again.
INSERT INTO posting_keys (board_id, key_hash, posting_id) VALUES (1, sha256('guid:46'), 1);
