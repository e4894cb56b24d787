-- A board that writes its dates without a zone.
UPDATE boards SET zone = 'Europe/Berlin', terms = 'https://example.com/terms'
WHERE id = (SELECT min(id) FROM boards);
