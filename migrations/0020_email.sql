-- E-mail addresses: encrypted, found by a keyed hash, written to only after their owner said yes.
CREATE TABLE emails (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    digest      bytea NOT NULL CHECK (length(digest) = 32),
    -- The address.
    sealed      bytea NOT NULL,
    -- When a mail asked for the yes, and how often within a day.
    asked_at    timestamptz NOT NULL,
    asked       bigint NOT NULL DEFAULT 1,
    verified_at timestamptz,
    -- Its owner, or their mail server, wants no more.
    ended_at    timestamptz,
    ended_why   text
);
-- One that ended stays as it was; asked again, it is another row.
CREATE UNIQUE INDEX emails_live ON emails (account_id, digest) WHERE ended_at IS NULL;
CREATE INDEX emails_by_digest ON emails (digest);

-- Addresses that are never written to: they bounced for good, or complained. Kept as keyed hashes.
CREATE TABLE suppressed (
    digest        bytea PRIMARY KEY CHECK (length(digest) = 32),
    why           text NOT NULL CHECK (length(why) <= 500),
    suppressed_at timestamptz NOT NULL
);

ALTER TABLE deliveries DROP CONSTRAINT deliveries_kind_check;
ALTER TABLE deliveries
    ADD CONSTRAINT deliveries_kind_check
        CHECK (kind IN ('cards', 'burst', 'digest', 'verify')),
    -- Why it goes by e-mail instead of to its own target, whose platform that is.
    ADD COLUMN instead_of text,
    ADD COLUMN instead_why text;
