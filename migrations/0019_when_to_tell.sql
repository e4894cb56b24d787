-- When people want to be told: at once, hourly, daily or weekly at their local time, not at night, not
-- for a while; and which companies never.
ALTER TABLE accounts
    -- IANA's name; NULL is UTC.
    ADD COLUMN timezone text CHECK (length(timezone) <= 60),
    -- `22:00-07:00`
    ADD COLUMN quiet text CHECK (length(quiet) <= 20),
    ADD COLUMN snoozed_until timestamptz;
-- `instant`, `hourly`, `daily 08:00`, `weekly mon 08:00`
ALTER TABLE filters ADD COLUMN cadence text NOT NULL DEFAULT 'instant' CHECK (length(cadence) <= 40);

-- What is owed and has no message yet gets one then.
ALTER TABLE owed ADD COLUMN due_at timestamptz;
CREATE INDEX owed_waiting ON owed (due_at) WHERE due_at IS NOT NULL;

-- More than a few at once become one message.
ALTER TABLE deliveries
    ADD COLUMN kind text NOT NULL DEFAULT 'cards' CHECK (kind IN ('cards', 'burst', 'digest'));
ALTER TABLE targets
    -- Since when, and how many messages for new postings were queued within a minute.
    ADD COLUMN burst_since timestamptz,
    ADD COLUMN burst_count bigint NOT NULL DEFAULT 0;

-- The company as it is compared: without legal form, accents and signs.
ALTER TABLE postings ADD COLUMN company_key text;
CREATE TABLE mutes (
    account_id  bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    company_key text NOT NULL CHECK (length(company_key) <= 400),
    -- As it was written.
    company     text NOT NULL CHECK (length(company) <= 400),
    muted_at    timestamptz NOT NULL,
    PRIMARY KEY (account_id, company_key)
);
