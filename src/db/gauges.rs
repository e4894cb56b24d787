//! What the operator watches: numbers that should stay small.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::unsent::STUCK_AFTER;
use crate::domain::limit::ALL_MAIL;

/// How much waits, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gauges {
    /// Messages that are not sent yet.
    pub owed: i64,
    /// Of these, messages whose time was over two minutes ago, on targets that work, and those that somebody
    /// who died was sending to targets that do not.
    pub stuck: i64,
    /// Messages that were given up.
    pub dead: i64,
    /// Seconds since the oldest message that is due should have gone, on targets that work.
    pub overdue_seconds: f64,
    /// Targets that are gone.
    pub broken_targets: i64,
    /// Postings that nobody has matched.
    pub unmatched_postings: i64,
    /// Boards whose last poll failed.
    pub failing_boards: i64,
    /// 1 while no mail leaves because of something that the operator must mend.
    pub mail_rests: i64,
    /// Calls that Discord took amiss within ten minutes; at 4,500 all calls rest.
    pub discord_refusals: i64,
    /// Sessions of Discord's gateway that were begun within a day; at 800 no more are.
    pub discord_identifies: i64,
    /// Gateways that Discord closed for good.
    pub discord_closed: i64,
    /// Seconds since a gateway had a connection; one that nobody wants for two days is no longer counted.
    pub discord_down_seconds: f64,
}

/// The numbers of this moment.
pub async fn read(executor: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<Gauges> {
    sqlx::query_as!(
        Gauges,
        r#"SELECT count(*) FILTER (WHERE d.state <> 'dead') AS "owed!",
                  count(*) FILTER (WHERE d.state <> 'dead' AND d.due_at < $2
                                   AND (t.broken_at IS NULL
                                        OR d.state = 'sending' AND t.lease_until < $2))
                      AS "stuck!",
                  count(*) FILTER (WHERE d.state = 'dead') AS "dead!",
                  COALESCE(GREATEST(0, extract(epoch FROM $1 - min(d.due_at) FILTER
                      (WHERE d.state <> 'dead' AND t.broken_at IS NULL)))::float8, 0)
                      AS "overdue_seconds!",
                  (SELECT count(*) FROM targets WHERE broken_at IS NOT NULL) AS "broken_targets!",
                  (SELECT count(*) FROM postings WHERE matched_at IS NULL)
                      AS "unmatched_postings!",
                  (SELECT count(*) FROM boards WHERE enabled AND failures > 0)
                      AS "failing_boards!",
                  (SELECT count(*) FROM rate_limits WHERE key = $3 AND rests_until > $1)
                      AS "mail_rests!",
                  (SELECT COALESCE(sum(count), 0) FROM discord_invalid
                   WHERE minute > $1 - interval '10 minutes')::bigint AS "discord_refusals!",
                  (SELECT count(*) FROM discord_identifies
                   WHERE at > $1 - interval '24 hours') AS "discord_identifies!",
                  (SELECT count(*) FROM discord_gateway WHERE ended_why IS NOT NULL)
                      AS "discord_closed!",
                  (SELECT COALESCE(max(extract(epoch FROM $1 - COALESCE(down_since, lease_until))), 0)
                   FROM discord_gateway
                   WHERE ended_why IS NULL AND COALESCE(down_since, lease_until)
                         BETWEEN $1 - interval '48 hours' AND $1)::float8
                      AS "discord_down_seconds!"
           FROM deliveries d JOIN targets t ON t.id = d.target_id
           WHERE d.edits IS NULL AND (d.settled_at IS NULL
                                      OR d.settled_at IS NOT NULL AND d.message_ref IS NULL)
             AND d.state <> 'sent'"#,
        now,
        now - STUCK_AFTER,
        ALL_MAIL
    )
    .fetch_one(executor)
    .await
}
