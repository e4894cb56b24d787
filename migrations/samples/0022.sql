-- A message of which nobody knows whether it arrived, and a platform that asked for a rest.
UPDATE deliveries SET tried_at = '2026-01-03', doubt_since = '2026-01-03', doubts = 1 WHERE id = 2;
INSERT INTO rate_limits (key, free_at, rests_until)
VALUES ('slack/T1/chat.postMessage', '2026-01-03', NULL), ('slack/T2', '2026-01-03', '2026-01-04');
