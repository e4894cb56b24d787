-- A board that showed postings.
UPDATE boards SET shown = 98 WHERE id = 1;
