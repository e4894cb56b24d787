-- An address that opens a feed to its owner alone is sealed. In `url` stands what may be seen of it: its
-- host, and a digest by which the same address is found again.
ALTER TABLE boards ADD COLUMN sealed_url bytea;
