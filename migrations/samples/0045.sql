INSERT INTO first_readings (address, reader, begun_at)
VALUES (decode(repeat('ab', 32), 'hex'), '6f1b1c1e-0000-4000-8000-000000000045', '2026-11-28T12:00:00Z');
