-- Whoever made a channel's filter is told when the channel cannot be reached any more: where they are told
-- themselves, and when that was done last.
ALTER TABLE filters ADD COLUMN made_from bigint REFERENCES targets (id) ON DELETE SET NULL;
CREATE INDEX filters_by_maker ON filters (made_from) WHERE made_from IS NOT NULL;
ALTER TABLE targets ADD COLUMN makers_told_at timestamptz;
