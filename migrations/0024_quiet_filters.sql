-- Somebody whose filter has become quiet is told so, once until it matches again.
ALTER TABLE filters
    -- When to look next whether it has.
    ADD COLUMN quiet_look_at timestamptz,
    -- When its owner was told that it has.
    ADD COLUMN quiet_told_at timestamptz;
CREATE INDEX filters_to_look_at ON filters (quiet_look_at NULLS FIRST, id) WHERE state = 'active';
