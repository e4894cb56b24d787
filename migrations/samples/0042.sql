-- Somebody who was written to, and somebody who refused it.
INSERT INTO discord_places (address, channel_id, refused_at)
VALUES ('@32', '3200', '{}'), ('@33', NULL, '{2026-02-02,2026-02-01}');
