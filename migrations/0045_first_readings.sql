-- A page that somebody wants to have watched may end the process that reads it, as a board's response may, and
-- has no row yet that a note could be written to. So there is one here as long as it is read; one that stays
-- says that its reader died, and whoever asks for the page again is told so.
CREATE TABLE first_readings (
    -- SHA-256 of where it lies, which may be a secret.
    address  bytea PRIMARY KEY CHECK (length(address) = 32),
    -- The process that reads it.
    reader   uuid NOT NULL,
    begun_at timestamptz NOT NULL
);
