-- A board that somebody added, and one that was given up.
UPDATE accounts SET last_board_number = GREATEST(last_board_number, 7) WHERE id = 1;
UPDATE boards SET stopped_at = '2026-02-01', failing_since = '2026-01-25', left_out = 3 WHERE id = 2;
INSERT INTO deliveries (target_id, state, due_at, created_at, notice)
    SELECT min(id), 'pending', '2026-02-01', '2026-02-01', 'A board was given up.' FROM targets;
