-- What people pay for. Stripe has the truth; this is what it said last.
ALTER TABLE accounts
    -- What the account was given last: its filters and delays go by this.
    ADD COLUMN plan text NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'pro', 'team')),
    -- Set when plans are looked at for the first time, so that nobody's trial passes unseen.
    ADD COLUMN trial_until timestamptz,
    -- When the plan is to be looked at; null: nothing is to come, or plans were never looked at.
    ADD COLUMN plan_due_at timestamptz,
    -- What is told at once is told so much later.
    ADD COLUMN delay_minutes bigint NOT NULL DEFAULT 0 CHECK (delay_minutes BETWEEN 0 AND 1440),
    ADD COLUMN stripe_customer text CHECK (length(stripe_customer) <= 255);
CREATE INDEX accounts_by_plan_due ON accounts (plan_due_at) WHERE plan_due_at IS NOT NULL;
CREATE INDEX accounts_without_trial ON accounts (id) WHERE trial_until IS NULL;
CREATE INDEX accounts_by_customer ON accounts (stripe_customer) WHERE stripe_customer IS NOT NULL;

-- Paused because the plan has no room for it; it goes on when there is.
ALTER TABLE filters
    ADD COLUMN paused_by_plan boolean NOT NULL DEFAULT false
        CHECK (NOT paused_by_plan OR state <> 'active');

CREATE TABLE subscriptions (
    -- Stripe's.
    id             text PRIMARY KEY CHECK (length(id) <= 255),
    -- An account that is gone leaves its subscription to be cancelled.
    account_id     bigint REFERENCES accounts ON DELETE SET NULL,
    -- Who paid, which for a team is one of its people.
    payer_id       bigint REFERENCES accounts ON DELETE SET NULL,
    customer       text CHECK (length(customer) <= 255),
    -- Null: a price that is none of ours.
    plan           text CHECK (plan IN ('pro', 'team')),
    status         text NOT NULL CHECK (status IN ('active', 'past_due', 'ended')),
    -- Stripe's word for it.
    status_word    text NOT NULL CHECK (length(status_word) <= 100),
    past_due_since timestamptz,
    cancels        boolean NOT NULL,
    period_ends    timestamptz,
    asked_at       timestamptz NOT NULL
);
CREATE INDEX subscriptions_by_account ON subscriptions (account_id);
CREATE INDEX subscriptions_by_payer ON subscriptions (payer_id);
CREATE INDEX subscriptions_by_customer ON subscriptions (customer);

-- Pages that somebody was sent to to pay.
CREATE TABLE checkouts (
    id         text PRIMARY KEY CHECK (length(id) <= 255),
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    payer_id   bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    plan       text NOT NULL CHECK (plan IN ('pro', 'team')),
    begun_at   timestamptz NOT NULL,
    done_at    timestamptz
);
CREATE INDEX checkouts_by_account ON checkouts (account_id, begun_at);
CREATE INDEX checkouts_by_payer ON checkouts (payer_id);

-- What Stripe told us, as it came: a hint to look, never the truth.
CREATE TABLE stripe_events (
    id       text PRIMARY KEY CHECK (length(id) <= 255),
    kind     text NOT NULL CHECK (length(kind) <= 255),
    body     text NOT NULL,
    heard_at timestamptz NOT NULL,
    next_at  timestamptz NOT NULL,
    tries    bigint NOT NULL DEFAULT 0,
    done_at  timestamptz,
    -- What came of it.
    outcome  text
);
CREATE INDEX stripe_events_to_do ON stripe_events (next_at) WHERE done_at IS NULL;
CREATE INDEX stripe_events_by_age ON stripe_events (heard_at);

-- What an account was told of its plan, so that it is told once.
CREATE TABLE plan_notices (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    what       text NOT NULL CHECK (length(what) <= 400),
    told_at    timestamptz NOT NULL,
    PRIMARY KEY (account_id, what)
);

-- When all subscriptions were looked at last, so that one replica does it a day.
CREATE TABLE reconciled (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    at  timestamptz NOT NULL
);
