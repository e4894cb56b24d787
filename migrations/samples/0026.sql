-- A posting that was dismissed for its pay, of which a change was made.
INSERT INTO marks (account_id, opening_id, mark, marked_at, reason, proposed_at)
SELECT a.id, o.id, 'dismissed', '2026-02-01', 'pay', '2026-02-02'
FROM (SELECT min(id) AS id FROM accounts) a, (SELECT max(id) AS id FROM openings) o
WHERE a.id IS NOT NULL AND o.id IS NOT NULL
ON CONFLICT (account_id, opening_id) DO UPDATE SET reason = 'pay', mark = 'dismissed';
