-- Storing a board's postings cost as much again as reading them, since what they are compared with was read
-- from its words each time, and bodies led to companies that cannot be the same.
ALTER TABLE postings
    -- Its company, title, place and address as they are compared, by whichever reader; NULL is read anew.
    ADD COLUMN print text;

ALTER TABLE opening_keys
    -- Of a body's key, the block of the company that is named: others need not be compared, except those
    -- that name nobody. NULL leads everybody.
    ADD COLUMN block bigint;
