-- A connection that is held, with its session.
INSERT INTO discord_gateway (app_id, lease_id, lease_until, session_id, seq, resume_url)
VALUES ('12', '00000000-0000-4000-8000-000000000029', '2026-02-01', 's', 5, 'wss://gateway.example');
INSERT INTO discord_identifies (app_id, at) VALUES ('12', '2026-02-01');
