-- Discord: what was heard already, and how often a minute it took our calls amiss.
CREATE TABLE discord_heard (
    id       text PRIMARY KEY CHECK (length(id) <= 100),
    heard_at timestamptz NOT NULL
);
CREATE INDEX discord_heard_by_age ON discord_heard (heard_at);

-- Discord shuts a machine out after ten thousand such calls in ten minutes.
CREATE TABLE discord_invalid (
    minute timestamptz PRIMARY KEY,
    count  bigint NOT NULL
);
