-- What a removed filter was before, so that Undo brings it back as it was: paused or not.
ALTER TABLE filters ADD COLUMN removed_from text
    CHECK (removed_from IN ('active', 'paused'));
