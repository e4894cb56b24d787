INSERT INTO playground_messages (account_id, html, created_at) VALUES (1, '<p>x</p>', '2026-01-04');
