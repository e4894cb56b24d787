-- What the catalogue knows of a board: the time zone of its dates that state none, and where its terms
-- stand.
ALTER TABLE boards
    ADD COLUMN zone text,
    ADD COLUMN terms text;
