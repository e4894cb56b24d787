-- Accounts own filters and targets. Identities are rows of their own from the first day, so that
-- linking a Slack user, a Discord user and an address to one account is a move of rows.
CREATE TABLE accounts (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind               text NOT NULL CHECK (kind IN ('person', 'team')),
    -- Numbers that users see are never reused, so they are counted here, not derived.
    last_filter_number bigint NOT NULL DEFAULT 0,
    created_at         timestamptz NOT NULL
);

CREATE TABLE identities (
    platform   text NOT NULL,
    workspace  text NOT NULL,
    user_ref   text NOT NULL,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (platform, workspace, user_ref)
);
CREATE INDEX identities_by_account ON identities (account_id);
