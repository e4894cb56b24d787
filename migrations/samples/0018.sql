-- An opening that was shown twice and merged into another, with keys; a posting with all that is kept.
INSERT INTO openings (first_seen_at, first_shown_at, last_shown_at, again_of, version, edit_at)
VALUES ('2026-01-01', '2025-12-30', '2026-01-02', 1, 3, '2026-01-03');
UPDATE openings SET merged_into = 1 WHERE id = (SELECT max(id) FROM openings);
INSERT INTO opening_keys (key, opening_id) VALUES (-7, 1), (9, 1);
UPDATE postings SET sketch = '{1,2,3,4,5,6,7,8}', last_seen_at = '2026-01-02', closes_at = '2026-02-01',
                    closed_at = '2026-01-15', reposts = 2, reposts_since = '2025-06-01' WHERE id = 1;
UPDATE owed SET card_version = 3 WHERE state = 'told';
INSERT INTO deliveries (target_id, state, due_at, created_at, edits)
SELECT target_id, 'pending', created_at, created_at, id FROM deliveries WHERE state = 'sent' LIMIT 1;
UPDATE boards SET last_read_at = '2026-01-02';
