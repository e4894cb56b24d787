-- What is given up is told somewhere else if it can be; how long a target fails decides, not how often it
-- was tried; addresses say yes by a link that works once, and anew after a bounce.
ALTER TABLE targets
    -- Since when nothing reaches it.
    ADD COLUMN failing_since timestamptz;
ALTER TABLE deliveries
    -- Given up at its target; another place of its account may take it.
    ADD COLUMN refused boolean NOT NULL DEFAULT false;
CREATE INDEX deliveries_refused ON deliveries (id) WHERE refused;
-- What was given up is counted and listed: only what was sent has the platform's name of a message. Not by
-- its state: an index that knows it would be written at each try.
CREATE INDEX deliveries_dead ON deliveries (target_id, id)
    WHERE settled_at IS NOT NULL AND message_ref IS NULL;
DROP INDEX deliveries_expired;

ALTER TABLE emails
    -- Of the link by which it may say yes.
    ADD COLUMN link_digest bytea CHECK (length(link_digest) = 32);
ALTER TABLE suppressed
    -- A bounce is forgotten when the address says yes anew, a complaint never.
    ADD COLUMN cause text NOT NULL DEFAULT 'complaint' CHECK (cause IN ('bounce', 'complaint'));
UPDATE suppressed SET cause = 'bounce' WHERE why <> 'its owner complained';

-- Where an account is told what its other targets do not take: its own conversations and its confirmed address.
CREATE VIEW places AS
SELECT t.id, t.account_id, t.platform = 'email' AS is_mail
FROM targets t
WHERE t.broken_at IS NULL
  AND CASE t.platform WHEN 'email' THEN EXISTS (
          SELECT FROM emails e
          WHERE e.id::text = t.address AND e.verified_at IS NOT NULL AND e.ended_at IS NULL)
      ELSE EXISTS (
          SELECT FROM identities i
          WHERE i.account_id = t.account_id AND i.platform = t.platform AND i.user_ref <> ''
            AND t.address IN (i.user_ref, '@' || i.user_ref, i.workspace || '/' || i.user_ref)) END;
