-- Somebody else who was given the page, what was paid for on it, and a board that the plan has no room for.
INSERT INTO checkout_askers (checkout_id, account_id)
SELECT 'cs_1', max(id) FROM accounts ON CONFLICT DO NOTHING;
UPDATE checkouts SET subscription = 'sub_1' WHERE id = 'cs_1';
UPDATE board_subscriptions SET paused_by_plan = true;
