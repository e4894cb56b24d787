-- Discord's gateway: which replica holds the connection, and the session that the next one goes on with.
CREATE TABLE discord_gateway (
    app_id      text PRIMARY KEY CHECK (length(app_id) <= 20),
    lease_id    uuid,
    lease_until timestamptz,
    session_id  text CHECK (length(session_id) <= 200),
    -- The number of the last event that was brought.
    seq         bigint,
    resume_url  text CHECK (length(resume_url) <= 500),
    CHECK ((lease_id IS NULL) = (lease_until IS NULL)),
    CHECK ((session_id IS NULL) = (seq IS NULL) AND (session_id IS NULL) = (resume_url IS NULL))
);

-- Discord makes a bot's token invalid after a thousand of these in a day.
CREATE TABLE discord_identifies (
    app_id text NOT NULL,
    at     timestamptz NOT NULL
);
CREATE INDEX discord_identifies_by_app ON discord_identifies (app_id, at);

-- When a whole server is left, its channels are looked up.
CREATE INDEX targets_of_discord_servers ON targets (split_part(address, '/', 1))
    WHERE platform = 'discord';
