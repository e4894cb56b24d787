//! How tries ended: many at once, in one transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::lanes::{ClaimedLane, lock_ours};
use super::limits;
use crate::domain::delivery::{ClaimedDelivery, MessageRef};
use crate::domain::ids::{DeliveryId, OpeningId};

/// What a message shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Showing {
    /// The versions of its openings.
    pub versions: Vec<(OpeningId, i64)>,
    /// A hash of all that a person sees of it.
    pub content: i64,
}

/// How a try ended, as rows say it.
#[derive(Debug, Clone)]
pub enum Settlement {
    Sent {
        message: MessageRef,
        shown: Showing,
    },
    /// A message that was sent before shows this now; what it did if it could not be edited.
    Edited {
        shown: Option<Showing>,
    },
    /// To be tried again at this time.
    Again {
        due_at: DateTime<Utc>,
        why: String,
        /// Nobody knows whether it arrived.
        in_doubt: bool,
    },
    /// Nothing was wrong with it: too much was asked of the platform. The try does not count.
    Limited {
        due_at: DateTime<Utc>,
        why: String,
        /// Whether its target counts as failing all the same.
        fails: bool,
    },
    /// Its target will never take it; another place may.
    Refused {
        why: String,
    },
    /// Its target has failed for too long; another place may take it.
    GivenUp {
        why: String,
    },
    /// Never to be tried again.
    Dead {
        why: String,
    },
    /// Still owed; its target is out of use.
    TargetGone {
        why: String,
        /// Nobody knows whether it arrived.
        in_doubt: bool,
    },
}

/// What is to be written of one lane.
#[derive(Debug, Clone)]
pub struct Turn {
    pub lane: ClaimedLane,
    /// Tries that ended, in their order.
    pub tried: Vec<(ClaimedDelivery, Settlement)>,
    /// What the platform wants to hear nothing of, and until when.
    pub rest: Option<(String, DateTime<Utc>)>,
    /// Whether the lane is given back: ready again when its first delivery is due, and not before this.
    pub leave: Option<DateTime<Utc>>,
}

/// Writes how tries ended and gives lanes back, each lane once. `false` where the lane was taken over
/// meanwhile: then its new owner decides.
pub async fn settle(
    tx: &mut PgConnection,
    turns: &[Turn],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<bool>> {
    let mut rests = BTreeMap::new();
    for (key, until) in turns.iter().filter_map(|turn| turn.rest.clone()) {
        let longest = rests.entry(key).or_insert(until);
        *longest = until.max(*longest);
    }
    limits::rest(tx, &rests).await?;
    let locked = lock_ours(tx, turns.iter().map(|turn| &turn.lane)).await?;
    let is_ours = |turn: &&Turn| locked.contains(&turn.lane.target.id);
    let ours: Vec<&Turn> = turns.iter().filter(is_ours).collect();
    let tried = || ours.iter().flat_map(|turn| &turn.tried);
    let rows: Vec<Row<'_>> = tried().filter_map(row).collect();
    write(tx, &rows, now).await?;
    owed(tx, &rows).await?;
    for (delivery, settlement) in tried() {
        if let Settlement::Edited { shown } = settlement {
            edited(tx, delivery, shown.as_ref(), now).await?;
        }
    }
    lanes(tx, &ours, now).await?;
    Ok(turns.iter().map(|turn| is_ours(&turn)).collect())
}

/// What becomes of a delivery that is no edit.
struct Row<'a> {
    id: i64,
    state: &'static str,
    /// What becomes of what it owes.
    owed: Option<&'static str>,
    due_at: Option<DateTime<Utc>>,
    message: Option<&'a str>,
    shown: Option<&'a Showing>,
    why: Option<&'a str>,
    in_doubt: bool,
    counts: bool,
    refused: bool,
}

fn row((delivery, settlement): &(ClaimedDelivery, Settlement)) -> Option<Row<'_>> {
    let again = Row {
        id: delivery.id.0,
        state: "pending",
        owed: None,
        due_at: None,
        message: None,
        shown: None,
        why: None,
        in_doubt: false,
        counts: true,
        refused: false,
    };
    Some(match settlement {
        Settlement::Edited { .. } => return None,
        Settlement::Sent { message, shown } => {
            let (message, shown) = (Some(message.0.as_str()), Some(shown));
            Row { state: "sent", owed: Some("told"), message, shown, ..again }
        }
        Settlement::Dead { why } => {
            Row { state: "dead", owed: Some("dead"), why: Some(why), ..again }
        }
        Settlement::Refused { why } | Settlement::GivenUp { why } => {
            let why = Some(why.as_str());
            Row { state: "dead", owed: Some("dead"), why, refused: true, ..again }
        }
        Settlement::Again { due_at, why, in_doubt } => {
            Row { due_at: Some(*due_at), why: Some(why), in_doubt: *in_doubt, ..again }
        }
        Settlement::Limited { due_at, why, .. } => {
            Row { due_at: Some(*due_at), why: Some(why), counts: false, ..again }
        }
        Settlement::TargetGone { why, in_doubt } => {
            Row { why: Some(why), in_doubt: *in_doubt, ..again }
        }
    })
}

async fn write(tx: &mut PgConnection, rows: &[Row<'_>], now: DateTime<Utc>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let text = |part: fn(&Row<'_>) -> Option<String>| rows.iter().map(part).collect::<Vec<_>>();
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let states: Vec<String> = rows.iter().map(|row| row.state.to_owned()).collect();
    let due: Vec<Option<DateTime<Utc>>> = rows.iter().map(|row| row.due_at).collect();
    let content: Vec<Option<i64>> =
        rows.iter().map(|row| row.shown.map(|shown| shown.content)).collect();
    let in_doubt: Vec<bool> = rows.iter().map(|row| row.in_doubt).collect();
    let counts: Vec<bool> = rows.iter().map(|row| row.counts).collect();
    let refused: Vec<bool> = rows.iter().map(|row| row.refused).collect();
    sqlx::query!(
        "UPDATE deliveries d
         SET state = n.state, due_at = COALESCE(n.due_at, d.due_at), message_ref = n.message_ref,
             content = n.content, last_error = n.why, lease_id = NULL, refused = n.refused,
             settled_at = CASE WHEN n.state <> 'pending' THEN $9::timestamptz END,
             attempts = d.attempts - CASE WHEN n.counts THEN 0 ELSE 1 END,
             doubts = d.doubts + CASE WHEN n.in_doubt THEN 1 ELSE 0 END,
             doubt_since = COALESCE(d.doubt_since, CASE WHEN n.in_doubt THEN d.tried_at END)
         FROM UNNEST($1::bigint[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[],
                     $6::text[], $7::boolean[], $8::boolean[], $10::boolean[])
              AS n (id, state, due_at, message_ref, content, why, in_doubt, counts, refused)
         WHERE d.id = n.id AND d.state = 'sending'",
        &ids,
        &states,
        &due as _,
        &text(|row| row.message.map(str::to_owned)) as _,
        &content as _,
        &text(|row| row.why.map(str::to_owned)) as _,
        &in_doubt,
        &counts,
        now,
        &refused
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Says what became of what the deliveries owed, and what their messages show of it.
async fn owed(tx: &mut PgConnection, rows: &[Row<'_>]) -> sqlx::Result<()> {
    let those = || rows.iter().filter_map(|row| Some((row, row.owed?)));
    let ids: Vec<i64> = those().map(|(row, _)| row.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let states: Vec<String> = those().map(|(_, state)| state.to_owned()).collect();
    let versions: Vec<Json<BTreeMap<i64, i64>>> =
        those().map(|(row, _)| Json(row.shown.map(versions).unwrap_or_default())).collect();
    sqlx::query!(
        "UPDATE owed o
         SET state = n.state,
             card_version = COALESCE((n.versions ->> o.opening_id::text)::bigint, o.card_version)
         FROM UNNEST($1::bigint[], $2::text[], $3::jsonb[]) AS n (delivery_id, state, versions)
         WHERE o.delivery_id = n.delivery_id",
        &ids,
        &states,
        &versions as _
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// By opening.
fn versions(shown: &Showing) -> BTreeMap<i64, i64> {
    shown.versions.iter().map(|(opening, version)| (opening.0, *version)).collect()
}

/// An edit leaves nothing but what the message shows now, and when it was tried.
async fn edited(
    tx: &mut PgConnection,
    edit: &ClaimedDelivery,
    shown: Option<&Showing>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let Some(edited) = &edit.edits else { return Ok(()) };
    let DeliveryId(id) = edited.delivery;
    let (openings, versions): (Vec<i64>, Vec<i64>) =
        shown.map(versions).unwrap_or_default().into_iter().unzip();
    sqlx::query!(
        "UPDATE owed o SET card_version = s.version
         FROM UNNEST($2::bigint[], $3::bigint[]) AS s (opening_id, version)
         WHERE o.delivery_id = $1 AND o.opening_id = s.opening_id",
        id,
        &openings,
        &versions
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE deliveries SET edited_at = $2, content = COALESCE($3, content) WHERE id = $1",
        id,
        now,
        shown.map(|shown| shown.content)
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("DELETE FROM deliveries WHERE id = $1 AND edits IS NOT NULL", edit.id.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes how lanes fare, and gives back those that are left.
async fn lanes(tx: &mut PgConnection, turns: &[&Turn], now: DateTime<Utc>) -> sqlx::Result<()> {
    let last = |turn: &&Turn| turn.tried.last().map(|(_, settlement)| settlement.clone());
    // Whether it failed; nothing if that was not tried.
    let failed = |turn: &&Turn| match last(turn)? {
        Settlement::Sent { .. }
        | Settlement::Edited { .. }
        | Settlement::Dead { .. }
        | Settlement::Refused { .. } => Some(false),
        Settlement::Limited { fails, .. } => fails.then_some(true),
        Settlement::Again { .. } | Settlement::GivenUp { .. } | Settlement::TargetGone { .. } => {
            Some(true)
        }
    };
    let broken = |turn: &&Turn| match last(turn)? {
        Settlement::TargetGone { why, .. } => Some(why),
        Settlement::Sent { .. }
        | Settlement::Edited { .. }
        | Settlement::Dead { .. }
        | Settlement::Refused { .. }
        | Settlement::GivenUp { .. }
        | Settlement::Limited { .. }
        | Settlement::Again { .. } => None,
    };
    let ids: Vec<i64> = turns.iter().map(|turn| turn.lane.target.id.0).collect();
    let failed: Vec<Option<bool>> = turns.iter().map(failed).collect();
    let broken: Vec<Option<String>> = turns.iter().map(broken).collect();
    let leave: Vec<Option<DateTime<Utc>>> = turns.iter().map(|turn| turn.leave).collect();
    sqlx::query!(
        "UPDATE targets t
         SET failures = CASE n.failed WHEN true THEN t.failures + 1 WHEN false THEN 0
                                      ELSE t.failures END,
             failing_since = CASE n.failed WHEN true THEN COALESCE(t.failing_since, $5)
                                           WHEN false THEN NULL ELSE t.failing_since END,
             broken_at = CASE WHEN n.broken IS NOT NULL THEN $5 ELSE t.broken_at END,
             broken_why = COALESCE(n.broken, t.broken_why),
             lease_id = CASE WHEN n.leave IS NULL THEN t.lease_id END,
             lease_until = CASE WHEN n.leave IS NULL THEN t.lease_until END,
             ready_at = CASE WHEN n.leave IS NULL THEN t.ready_at ELSE
                        (SELECT GREATEST(d.due_at, n.leave) FROM deliveries d
                         WHERE d.target_id = t.id AND d.settled_at IS NULL
                         ORDER BY d.id LIMIT 1) END
         FROM UNNEST($1::bigint[], $2::boolean[], $3::text[], $4::timestamptz[])
              AS n (id, failed, broken, leave)
         WHERE t.id = n.id",
        &ids,
        &failed as _,
        &broken as _,
        &leave as _,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
