-- A bounce and a complaint that say no cause.
INSERT INTO suppressed (digest, why, suppressed_at)
VALUES (sha256('f'), 'no such mailbox', '2026-02-03'), (sha256('g'), 'its owner complained', '2026-02-03');
