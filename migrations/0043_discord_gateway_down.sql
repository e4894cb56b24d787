-- Since when nobody has a connection to Discord's gateway, so that the operator sees that nothing is brought.
ALTER TABLE discord_gateway
    -- Null while there is one; whoever has it and dies leaves its lease, which ends.
    ADD COLUMN down_since timestamptz;
