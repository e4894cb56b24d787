-- One posting with its words; the others were stored before.
UPDATE postings SET words = array_to_tsvector(ARRAY['cook', 'berlin']) WHERE id = 1;
