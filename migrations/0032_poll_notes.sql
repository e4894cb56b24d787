-- What a poll must know of the polls before it: which response the process died with while others
-- of the same poll were read well, how often in a row a board answered and showed nothing, and since
-- when it has not answered at all.
ALTER TABLE boards
    ADD COLUMN suspect_hash bytea,
    ADD COLUMN empty_answers bigint NOT NULL DEFAULT 0,
    ADD COLUMN unanswered_since timestamptz;

UPDATE boards SET unanswered_since = failing_since WHERE failing_since IS NOT NULL;
