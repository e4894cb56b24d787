-- Postings that are one job are one opening, of which a person hears once: what finds them, when the
-- job was shown, and what the messages that were sent show of it.
ALTER TABLE openings
    -- From when to when it was shown, as far as boards say and we saw.
    ADD COLUMN first_shown_at timestamptz,
    ADD COLUMN last_shown_at timestamptz,
    -- The opening that it repeats, which was over when this one came.
    ADD COLUMN again_of bigint,
    -- Grows with whatever changes on its cards.
    ADD COLUMN version bigint NOT NULL DEFAULT 0,
    -- When messages that show it may have to be edited; NULL when all are up to date.
    ADD COLUMN edit_at timestamptz;
CREATE INDEX openings_to_edit ON openings (edit_at) WHERE edit_at IS NOT NULL;
CREATE INDEX openings_merged ON openings (merged_into) WHERE merged_into IS NOT NULL;

-- By which openings are found for a posting, eleven a posting at the most. Without a foreign key: with
-- its index this table would be twice as large. A merged opening's keys lead on by `merged_into`.
CREATE TABLE opening_keys (
    key        bigint NOT NULL,
    opening_id bigint NOT NULL,
    PRIMARY KEY (key, opening_id)
);

ALTER TABLE postings
    -- Of the body, which does not stay: 64 values of eight bits each.
    ADD COLUMN sketch bigint[] CHECK (cardinality(sketch) = 8),
    -- When its board showed it last; written once a day at the most.
    ADD COLUMN last_seen_at timestamptz,
    -- Until when people may apply, as the board says.
    ADD COLUMN closes_at timestamptz,
    -- When it was gone from a board that shows all it has, or its time was over.
    ADD COLUMN closed_at timestamptz,
    -- How often its board showed the job before.
    ADD COLUMN reposts bigint NOT NULL DEFAULT 0 CHECK (reposts >= 0),
    -- Since when it did.
    ADD COLUMN reposts_since timestamptz;
CREATE INDEX postings_closing ON postings (closes_at)
    WHERE closes_at IS NOT NULL AND closed_at IS NULL;

-- When a response of the board was read last. One that says "unchanged" since still shows what it did then.
ALTER TABLE boards ADD COLUMN last_read_at timestamptz;

-- The version of the opening that the message shows.
ALTER TABLE owed ADD COLUMN card_version bigint NOT NULL DEFAULT 0;

ALTER TABLE deliveries
    -- The sent delivery whose message this one brings up to date; it owes nothing, and goes when it
    -- is done.
    ADD COLUMN edits bigint REFERENCES deliveries ON DELETE CASCADE,
    ADD COLUMN edited_at timestamptz,
    -- A hash of what the message shows: an edit that would change nothing is not made.
    ADD COLUMN content bigint;
CREATE UNIQUE INDEX deliveries_by_edited ON deliveries (edits) WHERE edits IS NOT NULL;

-- Orders what an open page is still to be told: messages, and edits of messages.
CREATE SEQUENCE playground_changes;
ALTER TABLE playground_messages ADD COLUMN change bigint;
-- Pages that are open know their messages by these numbers.
UPDATE playground_messages SET change = id;
SELECT setval('playground_changes', GREATEST(1, (SELECT max(id) FROM playground_messages)));
ALTER TABLE playground_messages ALTER COLUMN change SET DEFAULT nextval('playground_changes');
CREATE INDEX playground_messages_by_change ON playground_messages (account_id, change);
