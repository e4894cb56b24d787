-- How many postings a board showed when it last answered anew: a board that shows none where there
-- were some has changed, and that must not look like a quiet week.
ALTER TABLE boards ADD COLUMN shown bigint NOT NULL DEFAULT 0 CHECK (shown >= 0);
