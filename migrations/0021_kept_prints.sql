-- Storing a board's postings cost as much again as reading them: what they are compared with was read from
-- its words each time, and bodies led to companies that cannot be the same. And openings stayed for ever.
ALTER TABLE postings
    -- Its company, title, place and address as they are compared, by whichever reader; NULL is read anew.
    ADD COLUMN print text;

ALTER TABLE opening_keys
    -- Of a body's key, the block of the company that is named: others need not be compared, except those
    -- that name nobody. NULL leads everybody.
    ADD COLUMN block bigint;

-- The keys of openings go with them. An ordinary index would get eleven entries for each new posting; as
-- openings come and go in the order of their ids, one of a few pages finds what is to go. It is made within
-- seconds, and not CONCURRENTLY: that would wait for the processes that wait for this migration.
CREATE INDEX opening_keys_by_opening ON opening_keys USING brin (opening_id int8_minmax_multi_ops);

-- Bodies and their words are compressed in a fraction of the time, where the server can.
DO $$ BEGIN
    ALTER TABLE postings ALTER COLUMN body SET COMPRESSION lz4, ALTER COLUMN words SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END $$;
