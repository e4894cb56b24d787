-- A posting whose content is known.
UPDATE postings SET content_hash = sha256('text') WHERE id = 1;
