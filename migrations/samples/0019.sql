-- Somebody with habits, a filter that waits for a digest, and what is owed to it; a muted company.
UPDATE accounts SET timezone = 'Europe/Berlin', quiet = '22:00-07:00', snoozed_until = '2026-02-01' WHERE id = 1;
UPDATE filters SET cadence = 'daily 08:00' WHERE id = 1;
UPDATE owed SET due_at = '2026-01-02 08:00Z' WHERE delivery_id IS NULL AND state = 'owed';
UPDATE deliveries SET kind = 'digest' WHERE id = 1;
UPDATE targets SET burst_since = '2026-01-02', burst_count = 3 WHERE id = 1;
UPDATE postings SET company_key = 'acme' WHERE id = 1;
INSERT INTO mutes (account_id, company_key, company, muted_at) VALUES (1, 'acme', 'Acme GmbH', '2026-01-02');
