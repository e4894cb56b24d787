-- A workspace that installed the app again.
INSERT INTO slack_workspaces (team, name, bot_user, scopes, sealed, installed_at, replaced_at)
VALUES ('T34', 'Three', 'U0', 'chat:write', '\x01', '2026-02-02', '2026-02-02');
-- An event that was answered, and one that was not.
INSERT INTO slack_heard (id, heard_at, done_at)
VALUES ('event:Ev34', '2026-02-01', '2026-02-01'), ('event:Ev35', '2026-02-01', NULL);
