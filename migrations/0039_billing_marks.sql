-- What is ours at Stripe is told from what is another installation's on the same account, which counts its
-- accounts from one, too; and a plan that has no room for a board pauses it as it pauses filters.
CREATE TABLE installation (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- Random, and the same for as long as this database lives.
    id  text NOT NULL CHECK (length(id) BETWEEN 8 AND 40)
);
INSERT INTO installation (id) SELECT substr(replace(gen_random_uuid()::text, '-', ''), 1, 16);

ALTER TABLE checkouts
    -- What was paid for on the page.
    ADD COLUMN subscription text CHECK (length(subscription) <= 255);
CREATE INDEX checkouts_by_subscription ON checkouts (subscription) WHERE subscription IS NOT NULL;
UPDATE checkouts c SET subscription = (
    SELECT min(s.id) FROM subscriptions s WHERE s.account_id = c.account_id AND s.plan = c.plan)
WHERE done_at IS NOT NULL;

-- Everybody who was given a page: whoever paid on it is one of them. It takes the place of
-- subscriptions.payer_id, which is written no more.
CREATE TABLE checkout_askers (
    checkout_id text NOT NULL REFERENCES checkouts ON DELETE CASCADE,
    account_id  bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    PRIMARY KEY (checkout_id, account_id)
);
CREATE INDEX checkout_askers_by_account ON checkout_askers (account_id);
INSERT INTO checkout_askers (checkout_id, account_id) SELECT id, payer_id FROM checkouts;

ALTER TABLE board_subscriptions
    -- The plan has no room for it; it goes on when there is.
    ADD COLUMN paused_by_plan boolean NOT NULL DEFAULT false;
