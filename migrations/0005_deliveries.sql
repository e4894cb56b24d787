-- One message owed to one target.
CREATE TABLE deliveries (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target_id   bigint NOT NULL REFERENCES targets ON DELETE CASCADE,
    -- pending: not tried, or to be tried again. sending: a try has begun and its outcome is not
    -- known yet. sent and dead are final.
    state       text NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'dead')),
    due_at      timestamptz NOT NULL,
    -- The lane's lease under which the last try began.
    lease_id    uuid,
    attempts    bigint NOT NULL DEFAULT 0,
    last_error  text,
    -- The platform's own name of the message.
    message_ref text,
    created_at  timestamptz NOT NULL,
    settled_at  timestamptz,
    CHECK ((settled_at IS NOT NULL) = (state IN ('sent', 'dead')))
);
CREATE INDEX deliveries_unsettled ON deliveries (target_id, id) WHERE settled_at IS NULL;
CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL;

-- What each target was told or is still to be told: the only ledger, whatever the cadence.
CREATE TABLE owed (
    target_id     bigint NOT NULL REFERENCES targets ON DELETE CASCADE,
    opening_id    bigint NOT NULL REFERENCES openings,
    -- The posting that its card shows; gone when the posting is pruned, long after it was told.
    posting_id    bigint REFERENCES postings ON DELETE SET NULL,
    state         text NOT NULL CHECK (state IN ('owed', 'told', 'dead')),
    -- The message that carries it; NULL while it waits for one, or after settled ones are pruned.
    delivery_id   bigint REFERENCES deliveries ON DELETE SET NULL,
    first_seen_at timestamptz NOT NULL,
    matched_at    timestamptz NOT NULL,
    PRIMARY KEY (target_id, opening_id)
);
CREATE INDEX owed_by_delivery ON owed (delivery_id);
CREATE INDEX owed_by_posting ON owed (posting_id);
CREATE INDEX owed_by_opening ON owed (opening_id);

-- Which filters wanted it.
CREATE TABLE owed_filters (
    target_id  bigint NOT NULL,
    opening_id bigint NOT NULL,
    filter_id  bigint NOT NULL REFERENCES filters ON DELETE CASCADE,
    PRIMARY KEY (target_id, opening_id, filter_id),
    FOREIGN KEY (target_id, opening_id) REFERENCES owed ON DELETE CASCADE
);
CREATE INDEX owed_filters_by_filter ON owed_filters (filter_id);
