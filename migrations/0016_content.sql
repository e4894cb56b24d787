-- What a posting says, as SHA-256: a board that gives all its postings new ids shows nothing new.
ALTER TABLE postings ADD COLUMN content_hash bytea CHECK (length(content_hash) = 32);
CREATE INDEX postings_by_content ON postings (board_id, content_hash)
    WHERE content_hash IS NOT NULL;
