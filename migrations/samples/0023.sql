-- A message that its target did not take within a month.
INSERT INTO deliveries (target_id, state, due_at, created_at, settled_at, last_error, expired)
VALUES (1, 'dead', '2026-01-01', '2026-01-01', '2026-02-01', 'the channel is gone', true);
