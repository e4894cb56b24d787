-- A gateway that nobody could open since.
INSERT INTO discord_gateway (app_id, down_since) VALUES ('43', '2026-02-01');
