-- What openings are found by follows from how names, titles, places and addresses are read. Where that
-- changes, what older readers kept is read anew, some postings at a time, or jobs that are stored would not
-- be found any more.
CREATE TABLE rekeyed (
    -- The reader's number.
    reader bigint PRIMARY KEY,
    -- The postings up to this one are done, of those that were there when it began.
    upto   bigint NOT NULL DEFAULT 0,
    last   bigint NOT NULL
);
