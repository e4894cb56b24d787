-- A key goes with its posting, and that with its board. To look up the board besides, twice for every posting
-- that is stored, told nothing more.
ALTER TABLE posting_keys DROP CONSTRAINT posting_keys_board_id_fkey;
