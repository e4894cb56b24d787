//! How often a board showed the jobs of its new postings before.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::count as many;
use crate::domain::ids::BoardId;
use crate::normalize::fingerprint::Fingerprint;
use crate::normalize::openings::Place;

/// How often the board itself showed each posting's job before, and since when: a day earlier at least,
/// as another posting, or in the opening before, which is over. What other boards showed does not count;
/// of theirs somebody may not know.
pub(super) async fn of(
    tx: &mut PgConnection,
    board: BoardId,
    prints: &[Fingerprint],
    (places, ids): (&[Place], &[i64]),
) -> sqlx::Result<Vec<(i64, Option<DateTime<Utc>>)>> {
    let at: Vec<Option<DateTime<Utc>>> = prints.iter().map(Fingerprint::posted_at).collect();
    // What is new and repeats nothing has no past but what stands beside it.
    let past: Vec<bool> =
        places.iter().map(|place| !place.is_new || place.again_of.is_some()).collect();
    let mut before = vec![(0, None); ids.len()];
    if past.contains(&true) {
        let rows = sqlx::query!(
            r#"SELECT s.times AS "times!", s.since
               FROM UNNEST($1::bigint[], $2::timestamptz[], $3::boolean[]) WITH ORDINALITY
                    AS n (opening, at, past, place)
               JOIN openings o ON o.id = n.opening
               LEFT JOIN openings a ON a.id = o.again_of
               CROSS JOIN LATERAL (
                   SELECT count(*) + COALESCE(min(p.reposts), 0) AS times,
                          min(COALESCE(p.reposts_since, p.posted_at, p.first_seen_at)) AS since
                   FROM postings p
                   WHERE n.past AND p.opening_id = ANY (ARRAY[o.id, COALESCE(a.merged_into, a.id)])
                     AND p.board_id = $4
                     AND COALESCE(p.posted_at, p.first_seen_at) <= n.at - interval '1 day') s
               ORDER BY n.place"#,
            ids,
            &at as _,
            &past,
            board.0
        )
        .fetch_all(tx)
        .await?;
        before = rows.into_iter().map(|row| (row.times, row.since)).collect();
    }
    let beside = |place: usize| -> Vec<DateTime<Utc>> {
        let Some(own) = at.get(place).copied().flatten() else { return Vec::new() };
        let same = ids.iter().zip(&at).filter(|(id, _)| Some(*id) == ids.get(place));
        same.filter_map(|(_, at)| *at).filter(|at| *at <= own - TimeDelta::days(1)).collect()
    };
    let all = before.into_iter().enumerate();
    Ok(all
        .map(|(place, (times, since))| {
            let beside = beside(place);
            (times + many(beside.len()), since.into_iter().chain(beside).min())
        })
        .collect())
}
