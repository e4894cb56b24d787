-- A server whose filters a role makes.
UPDATE accounts SET channel_filters = 'role 12345' WHERE id = (SELECT min(id) FROM accounts);
