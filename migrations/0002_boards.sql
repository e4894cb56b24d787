-- Boards carry their own poll state, so that any replica can take the next one that is due.
CREATE TABLE boards (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What `board:` in a filter names. A catalogue entry keeps its slug when its address changes.
    slug              text NOT NULL UNIQUE CHECK (length(slug) <= 80),
    name              text NOT NULL,
    kind              text NOT NULL,
    -- Kept under a btree entry's limit.
    url               text NOT NULL CHECK (length(url) <= 2000),
    -- The part of the address that politeness is owed to.
    host              text NOT NULL CHECK (length(host) <= 300),
    visibility        text NOT NULL CHECK (visibility IN ('catalogue', 'subscribed')),
    enabled           boolean NOT NULL,
    interval_seconds  bigint NOT NULL CHECK (interval_seconds > 0),
    attribution       text,
    created_at        timestamptz NOT NULL,
    next_poll_at      timestamptz NOT NULL,
    lease_id          uuid,
    lease_until       timestamptz,
    etag              text,
    last_modified     text,
    failures          bigint NOT NULL DEFAULT 0,
    last_error        text,
    last_polled_at    timestamptz,
    -- The first poll that went well: what it shows is mostly history, not news.
    first_read_at     timestamptz,
    newest_posting_at timestamptz,
    CHECK ((lease_id IS NULL) = (lease_until IS NULL))
);
CREATE INDEX boards_due ON boards (next_poll_at) WHERE enabled;

CREATE TABLE board_subscriptions (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    board_id   bigint NOT NULL REFERENCES boards ON DELETE CASCADE,
    since      timestamptz NOT NULL,
    PRIMARY KEY (account_id, board_id)
);
CREATE INDEX board_subscriptions_by_board ON board_subscriptions (board_id);

-- One row a host: boards that share a host are fetched one after the other, whoever fetches.
CREATE TABLE hosts (
    host     text PRIMARY KEY,
    ready_at timestamptz NOT NULL
);
