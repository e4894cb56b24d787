INSERT INTO openings (first_seen_at) VALUES ('2026-01-02'), ('2026-01-03');
INSERT INTO postings (board_id, opening_id, identity, title, tags, body, first_seen_at, history,
                      pay, remote)
VALUES (1, 1, 'guid:1', 'Rust Engineer', '{rust}', 'text', '2026-01-02', false,
        '{"min": 1, "max": 2, "currency": "EUR", "period": "hour"}', 'yes'),
       (2, 2, 'guid:2', 'Cook', '{}', '', '2026-01-03', true, NULL, NULL);
INSERT INTO posting_keys VALUES (1, sha256('guid:1'), 1), (2, sha256('guid:2'), 2);
