-- A posting is one advertisement on one board; an opening is the job behind one or more of them.
CREATE TABLE openings (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first_seen_at timestamptz NOT NULL,
    -- Set when it turns out to be the same job as another one.
    merged_into   bigint REFERENCES openings
);

CREATE TABLE postings (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    board_id      bigint NOT NULL REFERENCES boards ON DELETE CASCADE,
    opening_id    bigint NOT NULL REFERENCES openings,
    identity      text NOT NULL,
    url           text,
    title         text NOT NULL,
    company       text,
    location      text,
    remote        text CHECK (remote IN ('yes', 'hybrid', 'no')),
    pay           jsonb,
    tags          text[] NOT NULL,
    body          text NOT NULL,
    posted_at     timestamptz,
    first_seen_at timestamptz NOT NULL,
    -- Every replica's matcher takes what is not matched yet; set in the same transaction as what
    -- is owed for it.
    matched_at    timestamptz,
    -- Shown by a board's first poll although older than our interest in it: never told to anyone.
    history       boolean NOT NULL
);
CREATE INDEX postings_unmatched ON postings (id) WHERE matched_at IS NULL;
CREATE INDEX postings_by_board ON postings (board_id, first_seen_at);
CREATE INDEX postings_by_opening ON postings (opening_id);
CREATE INDEX postings_by_age ON postings (first_seen_at);

-- Every key by which a board's posting is known again, as SHA-256: a feed's guid may be longer
-- than a btree entry.
CREATE TABLE posting_keys (
    board_id   bigint NOT NULL REFERENCES boards ON DELETE CASCADE,
    key_hash   bytea NOT NULL CHECK (length(key_hash) = 32),
    posting_id bigint NOT NULL REFERENCES postings ON DELETE CASCADE,
    PRIMARY KEY (board_id, key_hash)
);
CREATE INDEX posting_keys_by_posting ON posting_keys (posting_id);
