-- A posting whose facts are known, and a newer rate.
UPDATE postings SET facts = '{"type": ["contract"], "level": "senior", "lang": "en"}' WHERE id = 1;
INSERT INTO exchange_rates VALUES ('EUR', '2026-01-04', 0.86);
