-- What waited for a target that was gone and became too old is not told any more, and listed as not told.
ALTER TABLE deliveries ADD COLUMN expired boolean NOT NULL DEFAULT false;
CREATE INDEX deliveries_expired ON deliveries (target_id) WHERE expired;
