-- People add boards of their own. Each has a small number within its account, and a target that is
-- told when the board is given up.
ALTER TABLE accounts ADD COLUMN last_board_number bigint NOT NULL DEFAULT 0;
ALTER TABLE board_subscriptions ADD COLUMN number bigint NOT NULL DEFAULT 0;
ALTER TABLE board_subscriptions
    ADD COLUMN target_id bigint REFERENCES targets ON DELETE SET NULL;
UPDATE board_subscriptions s SET number = n.number
    FROM (SELECT account_id, board_id,
                 row_number() OVER (PARTITION BY account_id ORDER BY since, board_id) AS number
          FROM board_subscriptions) n
    WHERE s.account_id = n.account_id AND s.board_id = n.board_id;
UPDATE accounts a SET last_board_number = n.last
    FROM (SELECT account_id, max(number) AS last FROM board_subscriptions GROUP BY account_id) n
    WHERE a.id = n.account_id;
ALTER TABLE board_subscriptions ADD UNIQUE (account_id, number);
CREATE INDEX board_subscriptions_by_target ON board_subscriptions (target_id);

-- One board for each address that people added, however many did.
CREATE UNIQUE INDEX boards_added_by_address ON boards (url) WHERE visibility = 'subscribed';

ALTER TABLE boards
    -- How old a posting is, as the board says, before it shows it to us.
    ADD COLUMN delay_seconds bigint NOT NULL DEFAULT 0 CHECK (delay_seconds >= 0),
    -- Why the operator's catalogue keeps it off; NULL when it does not.
    ADD COLUMN off_why text,
    ADD COLUMN failing_since timestamptz,
    -- When it was given up: gone for good, or failing for too long.
    ADD COLUMN stopped_at timestamptz,
    -- When it last showed something new.
    ADD COLUMN last_new_at timestamptz,
    -- Postings of the last response that were too many to be kept.
    ADD COLUMN left_out bigint NOT NULL DEFAULT 0 CHECK (left_out >= 0),
    -- The response that is being read, as SHA-256, and how often the process died with it.
    ADD COLUMN reading_hash bytea,
    ADD COLUMN reading_deaths bigint NOT NULL DEFAULT 0;

-- A delivery that says something instead of showing postings.
ALTER TABLE deliveries ADD COLUMN notice text CHECK (length(notice) <= 2000);
