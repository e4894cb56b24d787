-- What is known of places in Discord: a conversation is opened once, since opening many gets a bot shut out;
-- and whoever refuses us is not asked more than three times a day.
CREATE TABLE discord_places (
    -- As in targets.address.
    address    text PRIMARY KEY CHECK (length(address) <= 50),
    -- The conversation with a person.
    channel_id text CHECK (length(channel_id) <= 20),
    -- The latest three refusals, the latest first.
    refused_at timestamptz[] NOT NULL DEFAULT '{}' CHECK (cardinality(refused_at) <= 3)
);

-- Why Discord closed the gateway for good, so that the operator sees it.
ALTER TABLE discord_gateway ADD COLUMN ended_why text CHECK (length(ended_why) <= 200);
