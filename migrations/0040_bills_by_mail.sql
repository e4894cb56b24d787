-- A mail about what somebody pays has a subject and a button of its own, so a notice says what it is about.
-- Null: anything else.
ALTER TABLE deliveries
    ADD COLUMN about text CHECK (about IN ('trial_ends', 'payment_failed', 'payment_waits', 'plan_ended', 'plan_on'));
