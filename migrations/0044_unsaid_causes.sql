-- Processes of a version that knows no causes may still run after the column came: their bounces became
-- complaints by its default, which no yes undoes. What they say tells the two apart.
UPDATE suppressed SET cause = 'bounce' WHERE cause = 'complaint' AND why <> 'its owner complained';
ALTER TABLE suppressed
    ALTER COLUMN cause DROP NOT NULL,
    ALTER COLUMN cause DROP DEFAULT,
    -- Also of a row that says no cause.
    ADD COLUMN is_bounce boolean
        GENERATED ALWAYS AS (COALESCE(cause = 'bounce', why <> 'its owner complained')) STORED;
