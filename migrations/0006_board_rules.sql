-- A web page says nothing of what its elements mean: its rules stand with the board, so that any
-- replica can read it. Null for every other kind.
ALTER TABLE boards ADD COLUMN rules jsonb;
