//! Keeps those who join postings apart, as far as they could make two openings of one job.
//!
//! Whoever joins holds locks to the end of the transaction on what the postings could be found by: their
//! companies and ads. A posting that names nobody may be anybody's, by its body: whoever stores one holds
//! its bands alone, and those who name somebody share theirs. Many bands would fill the server's table of
//! locks: then those who name somebody share all stripes, of which each who names nobody holds one.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use crate::domain::ids::BoardId;
use crate::normalize::fingerprint::Fingerprint;

/// The spaces of the advisory locks: of companies, ads, stripes and all, and of bands.
const JOINING: i32 = 0x6f70_656e;
const BANDS: i32 = JOINING + 1;

/// Locks for companies and ads, so few that no server runs out of room for them.
const BUCKETS: i64 = 1_024;

/// Numbers below those of the buckets: of the lock that all share, and of the first stripe.
const ALL: i32 = i32::MIN;
const FIRST_STRIPE: i32 = ALL + 1;

/// Those who name nobody wait for each other if they have one stripe.
const STRIPES: i32 = 16;

/// Bands that are locked each for itself, eight a posting: of postings that name somebody, and of those
/// that do not. Of those more keep all others out.
const SHARED_BANDS: usize = 16 * 8;
const OWN_BANDS: usize = 100 * 8;

/// Locks by space and number, in the order in which everybody takes them, so that no two wait for each
/// other; whether nobody else may have it.
type Locks = BTreeMap<(i32, i32), bool>;

/// Waits for all who could join the same postings, and keeps them waiting to the end of the transaction.
pub(super) async fn keep(
    tx: &mut PgConnection,
    board: BoardId,
    prints: &[Fingerprint],
) -> sqlx::Result<()> {
    let mut spaces = Vec::new();
    let mut numbers = Vec::new();
    let mut alone = Vec::new();
    for ((space, number), it) in locks(board, prints) {
        spaces.push(space);
        numbers.push(number);
        alone.push(it);
    }
    sqlx::query!(
        "SELECT CASE WHEN alone THEN pg_advisory_xact_lock(space, number)
                     ELSE pg_advisory_xact_lock_shared(space, number) END AS locked
         FROM UNNEST($1::int[], $2::int[], $3::boolean[]) AS l (space, number, alone)",
        &spaces,
        &numbers,
        &alone
    )
    .execute(tx)
    .await?;
    Ok(())
}

fn locks(board: BoardId, prints: &[Fingerprint]) -> Locks {
    let bands = |anonymous: bool| -> Locks {
        let of = prints.iter().filter(|print| print.is_anonymous() == anonymous);
        of.flat_map(Fingerprint::bands).map(|band| ((BANDS, fold(band)), anonymous)).collect()
    };
    let (own, shared) = (bands(true), bands(false));
    if own.len() > OWN_BANDS {
        return Locks::from([((JOINING, ALL), true)]);
    }
    let mut locks = Locks::from([((JOINING, ALL), false)]);
    if shared.len() > SHARED_BANDS {
        locks.extend((0..STRIPES).map(|stripe| ((JOINING, FIRST_STRIPE + stripe), false)));
    } else {
        locks.extend(shared);
    }
    if !own.is_empty() {
        let stripe = i32::try_from(board.0.rem_euclid(i64::from(STRIPES))).unwrap_or_default();
        locks.insert((JOINING, FIRST_STRIPE + stripe), true);
        locks.extend(own);
    }
    let blocks = prints.iter().flat_map(Fingerprint::blocks);
    let buckets = blocks.filter_map(|block| i32::try_from(block.rem_euclid(BUCKETS)).ok());
    locks.extend(buckets.map(|bucket| ((JOINING, bucket), true)));
    locks
}

/// The upper half of a number.
fn fold(number: i64) -> i32 {
    i32::try_from(number >> 32).unwrap_or_default()
}
