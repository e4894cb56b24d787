-- An interaction that was heard of, and a minute with a refusal.
INSERT INTO discord_heard (id, heard_at) VALUES ('1', '2026-02-01');
INSERT INTO discord_invalid (minute, count) VALUES ('2026-02-01', 1);
