-- A workspace that is there and one that removed the app; an installation that was begun; an event.
INSERT INTO slack_workspaces (team, name, bot_user, scopes, sealed, installed_at, removed_at)
VALUES ('T1', 'One', 'U0', 'chat:write', '\x01', '2026-02-01', NULL),
       ('T2', 'Two', 'U0', 'chat:write', NULL, '2026-02-01', '2026-02-02');
INSERT INTO slack_installs (state, begun_at) VALUES (sha256('s'), '2026-02-01');
INSERT INTO slack_heard (id, heard_at) VALUES ('Ev1', '2026-02-01');
