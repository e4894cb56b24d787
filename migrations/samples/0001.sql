INSERT INTO accounts (kind, created_at) VALUES ('person', '2026-01-01'), ('team', '2026-01-02');
INSERT INTO identities VALUES ('console', '', 'ann', 1, '2026-01-01');
