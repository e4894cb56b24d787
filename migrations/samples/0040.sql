-- A notice about a payment.
INSERT INTO deliveries (target_id, state, due_at, created_at, notice, about)
SELECT id, 'pending', '2026-02-01', '2026-02-01', 'A payment failed.', 'payment_failed'
FROM targets ORDER BY id LIMIT 1;
