-- A board of which a response has ended the process once, and that showed nothing twice.
UPDATE boards SET suspect_hash = '\x00', empty_answers = 2, unanswered_since = created_at
WHERE id = (SELECT min(id) FROM boards);
