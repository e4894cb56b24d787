-- An address that was asked, one that said yes and one that ended; a suppressed one; a mail that stands in.
INSERT INTO emails (account_id, digest, sealed, asked_at, verified_at, ended_at, ended_why)
VALUES (1, sha256('a'), '\x01', '2026-01-01', NULL, NULL, NULL),
       (1, sha256('b'), '\x02', '2026-01-01', '2026-01-02', NULL, NULL),
       (1, sha256('c'), '\x03', '2026-01-01', '2026-01-02', '2026-01-03', 'unsubscribed');
INSERT INTO suppressed (digest, why, suppressed_at) VALUES (sha256('d'), 'no such mailbox', '2026-01-03');
UPDATE deliveries SET instead_of = 'console', instead_why = 'it is gone' WHERE id = 1;
