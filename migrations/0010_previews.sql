-- Previews read the newest postings, a page at a time, from where the last page ended.
CREATE INDEX postings_by_age_and_id ON postings (first_seen_at, id);
DROP INDEX postings_by_age;
