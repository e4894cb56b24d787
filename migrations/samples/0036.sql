-- A target that fails, a message that its platform refused, an address that was asked, and a bounce.
UPDATE targets SET failing_since = '2026-01-05' WHERE id = (SELECT min(id) FROM targets);
INSERT INTO deliveries (target_id, state, due_at, created_at, settled_at, last_error, refused)
SELECT min(id), 'dead', '2026-01-05', '2026-01-05', '2026-01-06', 'it is too long', true FROM targets;
UPDATE emails SET link_digest = sha256('link') WHERE verified_at IS NULL;
INSERT INTO suppressed (digest, why, suppressed_at, cause)
VALUES (sha256('e'), 'no such mailbox', '2026-01-05', 'bounce');
