-- What people do by commands and buttons: a filter that waits to be saved, a removal that can be
-- undone, what somebody made of a posting, and the sample card that proves a target.

-- A button can carry a hundred characters at most on some platforms, so the filter waits here.
CREATE TABLE drafts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    -- The filter to be changed; NULL makes a new one.
    filter_id  bigint REFERENCES filters ON DELETE CASCADE,
    target_id  bigint NOT NULL REFERENCES targets ON DELETE CASCADE,
    query      text NOT NULL CHECK (length(query) <= 4000),
    created_at timestamptz NOT NULL
);
CREATE INDEX drafts_by_account ON drafts (account_id);
CREATE INDEX drafts_by_filter ON drafts (filter_id);
CREATE INDEX drafts_by_target ON drafts (target_id);
CREATE INDEX drafts_by_age ON drafts (created_at);

ALTER TABLE filters ADD COLUMN removed_at timestamptz;

CREATE TABLE marks (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    opening_id bigint NOT NULL REFERENCES openings ON DELETE CASCADE,
    mark       text NOT NULL CHECK (mark IN ('saved', 'applied', 'dismissed')),
    marked_at  timestamptz NOT NULL,
    PRIMARY KEY (account_id, opening_id)
);
CREATE INDEX marks_by_opening ON marks (opening_id);

-- A delivery with a sample shows this posting for that filter; it owes nothing, so that the real
-- posting is still told when it comes.
ALTER TABLE deliveries ADD COLUMN sample_posting_id bigint REFERENCES postings ON DELETE CASCADE;
ALTER TABLE deliveries ADD COLUMN sample_filter_id bigint REFERENCES filters ON DELETE CASCADE;
CREATE INDEX deliveries_by_sample_posting ON deliveries (sample_posting_id)
    WHERE sample_posting_id IS NOT NULL;
CREATE INDEX deliveries_by_sample_filter ON deliveries (sample_filter_id)
    WHERE sample_filter_id IS NOT NULL;
