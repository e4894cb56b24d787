-- What makes somebody's account may be a button or the home page, so that they were welcomed, and that their
-- profile was asked for its time zone, are facts of their own. Who is known already was welcomed.
ALTER TABLE identities
    ADD COLUMN welcomed_at timestamptz,
    ADD COLUMN zone_asked_at timestamptz;
UPDATE identities SET welcomed_at = created_at;
