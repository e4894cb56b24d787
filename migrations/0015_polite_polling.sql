-- Many boards are claimed at once: what bounds them stands in rows, so that it holds for all
-- replicas together.

-- One row: when the next board may be asked, whichever it is, so that boards which are all due at
-- once are spread. Whoever claims boards locks it.
CREATE TABLE poll_pace (
    single   boolean PRIMARY KEY DEFAULT true CHECK (single),
    ready_at timestamptz NOT NULL
);
INSERT INTO poll_pace (ready_at) VALUES ('2000-01-01 00:00+00');

-- Requests to the host that failed in a row, whichever boards they were for.
ALTER TABLE hosts ADD COLUMN failures bigint NOT NULL DEFAULT 0;

CREATE INDEX boards_leased ON boards (host) WHERE lease_id IS NOT NULL;
