-- A workspace whose admins alone make filters of channels.
INSERT INTO accounts (kind, created_at, channel_filters) VALUES ('team', '2026-02-01', 'admins');
