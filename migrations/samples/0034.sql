-- A board at an address that nobody may read.
UPDATE boards SET sealed_url = '\x01', url = 'https://feeds.example/#0123abcd', host = 'feeds.example'
WHERE id = (SELECT max(id) FROM boards);
