-- A channel that is gone, whose filter somebody made who was told so.
WITH person AS (INSERT INTO accounts (kind, created_at) VALUES ('person', '2026-02-01') RETURNING id),
     team AS (INSERT INTO accounts (kind, created_at, last_filter_number)
              VALUES ('team', '2026-02-01', 1) RETURNING id),
     own AS (INSERT INTO targets (account_id, platform, address, created_at)
             SELECT id, 'slack', 'T33/U33', '2026-02-01' FROM person RETURNING id),
     channel AS (INSERT INTO targets (account_id, platform, address, created_at, broken_at, broken_why,
                                      makers_told_at)
                 SELECT id, 'slack', 'T33/C33', '2026-02-01', '2026-02-02', 'gone', '2026-02-02'
                 FROM team RETURNING id)
INSERT INTO filters (account_id, number, name, query, target_id, state, active_from, created_at, revision,
                     made_from)
SELECT team.id, 1, 'go', 'go', channel.id, 'active', '2026-02-01', '2026-02-01', 1, own.id
FROM team, channel, own;
