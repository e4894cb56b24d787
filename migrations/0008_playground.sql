-- The chat page's messages are rows, so that a reload, a second tab or a lost connection shows
-- them again from wherever it was.
CREATE TABLE playground_messages (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    -- HTML that was rendered, and escaped, by the server.
    html       text NOT NULL,
    -- The delivery that brought it, so that sending again adds nothing.
    delivery_id bigint UNIQUE,
    created_at timestamptz NOT NULL
);
CREATE INDEX playground_messages_by_account ON playground_messages (account_id, id);
CREATE INDEX playground_messages_by_age ON playground_messages (created_at);
