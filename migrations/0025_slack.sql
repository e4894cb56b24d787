-- Slack: workspaces that installed the app, installations that were begun, and what was heard already.
CREATE TABLE slack_workspaces (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team         text NOT NULL UNIQUE CHECK (length(team) BETWEEN 1 AND 40),
    name         text NOT NULL CHECK (length(name) <= 400),
    -- The bot's own user there.
    bot_user     text NOT NULL CHECK (length(bot_user) <= 40),
    scopes       text NOT NULL CHECK (length(scopes) <= 2000),
    -- The bot's token; erased when the workspace removes the app.
    sealed       bytea,
    installed_at timestamptz NOT NULL,
    removed_at   timestamptz
);

-- What a browser must bring back from Slack, as a hash.
CREATE TABLE slack_installs (
    state    bytea PRIMARY KEY CHECK (length(state) = 32),
    begun_at timestamptz NOT NULL
);

-- Slack tells the same thing up to four times.
CREATE TABLE slack_heard (
    id       text PRIMARY KEY CHECK (length(id) <= 200),
    heard_at timestamptz NOT NULL
);
CREATE INDEX slack_heard_by_age ON slack_heard (heard_at);
