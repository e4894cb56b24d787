-- A filter whose owner was told that it is quiet.
UPDATE filters SET quiet_look_at = '2026-01-15', quiet_told_at = '2026-01-08' WHERE id = 1;
