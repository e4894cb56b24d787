-- Somebody who was welcomed, and whose profile said where they are.
WITH made AS (INSERT INTO accounts (kind, created_at) VALUES ('person', '2026-02-01') RETURNING id)
INSERT INTO identities (platform, workspace, user_ref, account_id, created_at, welcomed_at, zone_asked_at)
SELECT 'slack', 'T1', 'U32', id, '2026-02-01', '2026-02-01', '2026-02-01' FROM made;
