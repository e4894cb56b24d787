-- Targets are lanes: a sender claims a lane, never a single delivery, so that messages keep their
-- order and a blocked target costs nothing however much it is owed.
CREATE TABLE targets (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    platform    text NOT NULL,
    address     text NOT NULL CHECK (length(address) <= 2000),
    created_at  timestamptz NOT NULL,
    -- Set when the platform says that it is gone for good; NULL is a target in use.
    broken_at   timestamptz,
    broken_why  text,
    -- When the lane wants a sender; NULL is a lane without work.
    ready_at    timestamptz,
    lease_id    uuid,
    lease_until timestamptz,
    -- Tries that failed in a row; a lane that is backing off is not woken by new work.
    failures    bigint NOT NULL DEFAULT 0,
    UNIQUE (account_id, platform, address),
    CHECK ((lease_id IS NULL) = (lease_until IS NULL)),
    CHECK ((broken_at IS NULL) = (broken_why IS NULL))
);
CREATE INDEX targets_ready ON targets (ready_at) WHERE ready_at IS NOT NULL AND broken_at IS NULL;

-- One row. Every change to a filter updates it in its own transaction, so that revision order is
-- commit order; a sequence's numbers become visible out of order and would lose filters.
CREATE TABLE filter_revision (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    n      bigint NOT NULL
);
INSERT INTO filter_revision (n) VALUES (0);

CREATE TABLE filters (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    -- What the user sees; never reused within the account.
    number      bigint NOT NULL,
    name        text NOT NULL CHECK (length(name) <= 200),
    -- Canonical text in the filter language.
    query       text NOT NULL CHECK (length(query) <= 4000),
    target_id   bigint NOT NULL REFERENCES targets,
    -- 'removed' is a tombstone: caches learn of a removal as of any other change.
    state       text NOT NULL CHECK (state IN ('active', 'paused', 'removed')),
    -- Only postings first seen at or after this are told.
    active_from timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    revision    bigint NOT NULL,
    UNIQUE (account_id, number)
);
CREATE INDEX filters_by_revision ON filters (revision);
CREATE INDEX filters_by_target ON filters (target_id);
