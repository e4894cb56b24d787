-- The words of a posting, as filters compare them, so that a preview reads only postings that may
-- match. NULL for postings stored before there was such a column: a preview reads them all.
ALTER TABLE postings ADD COLUMN words tsvector;
CREATE INDEX postings_by_words ON postings USING gin (words);
CREATE INDEX postings_without_words ON postings (first_seen_at) WHERE words IS NULL;

-- `why` asks for a posting by its address, which may be longer than a btree's keys.
CREATE INDEX postings_by_url ON postings USING hash (url);
