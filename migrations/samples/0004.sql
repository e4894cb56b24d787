INSERT INTO targets (account_id, platform, address, created_at, ready_at)
VALUES (1, 'console', 'terminal', '2026-01-01', '2026-01-02');
INSERT INTO filters (account_id, number, name, query, target_id, state, active_from, created_at,
                     revision)
VALUES (1, 1, 'rust', 'rust', 1, 'active', '2026-01-01', '2026-01-01', 1),
       (1, 2, 'gone', 'go', 1, 'removed', '2026-01-01', '2026-01-01', 2);
UPDATE filter_revision SET n = 2;
