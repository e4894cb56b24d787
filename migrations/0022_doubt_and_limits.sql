-- A message of which nobody saw whether it arrived is not simply sent again; and what a platform limits
-- is limited in all replicas together.
ALTER TABLE deliveries
    -- When the last try began.
    ADD COLUMN tried_at timestamptz,
    -- When the first try began of which nobody knows whether it arrived.
    ADD COLUMN doubt_since timestamptz,
    -- How often the platform left us in doubt.
    ADD COLUMN doubts bigint NOT NULL DEFAULT 0;

CREATE TABLE rate_limits (
    -- What is counted together: `slack/T1/chat.postMessage`.
    key         text PRIMARY KEY CHECK (length(key) <= 300),
    -- Until when the long run's pace is used up.
    free_at     timestamptz NOT NULL,
    -- Until when the platform wants to hear nothing.
    rests_until timestamptz
);

-- Each platform has its own senders.
CREATE INDEX targets_ready_on_platform ON targets (platform, ready_at, id)
    WHERE ready_at IS NOT NULL AND broken_at IS NULL;
DROP INDEX targets_ready;

-- A delivery is written three times and a lane at each turn: leave room beside them.
ALTER TABLE deliveries SET (fillfactor = 70);
ALTER TABLE targets SET (fillfactor = 70);
