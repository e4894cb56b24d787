-- A team that pays, an event, a page to pay on, and a filter that the plan has no room for.
UPDATE accounts SET plan = 'pro', trial_until = '2026-02-15', stripe_customer = 'cus_1' WHERE id = 1;
INSERT INTO subscriptions (id, account_id, payer_id, customer, plan, status, status_word, cancels, asked_at)
SELECT 'sub_1', id, id, 'cus_1', 'pro', 'active', 'active', false, '2026-02-01' FROM accounts ORDER BY id LIMIT 1;
INSERT INTO checkouts (id, account_id, payer_id, plan, begun_at)
SELECT 'cs_1', id, id, 'pro', '2026-02-01' FROM accounts ORDER BY id LIMIT 1;
INSERT INTO stripe_events (id, kind, body, heard_at, next_at)
VALUES ('evt_1', 'customer.subscription.updated', '{}', '2026-02-01', '2026-02-01');
INSERT INTO plan_notices (account_id, what, told_at)
SELECT id, 'trial', '2026-02-01' FROM accounts ORDER BY id LIMIT 1;
INSERT INTO reconciled (at) VALUES ('2026-02-01');
