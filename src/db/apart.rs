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

/// Locks for companies and ads: so many that those who store different jobs hardly ever meet at one by
/// chance. A transaction holds two a posting; one with more than so many postings keeps all others out, since
/// the server has room for some thousands.
const BUCKETS: i64 = 1 << 20;
const OWN_BUCKETS: usize = 500;

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
    let blocks = prints.iter().flat_map(Fingerprint::blocks);
    let buckets = blocks.filter_map(|block| i32::try_from(block.rem_euclid(BUCKETS)).ok());
    let buckets: Locks = buckets.map(|bucket| ((JOINING, bucket), true)).collect();
    if own.len() > OWN_BANDS || buckets.len() > OWN_BUCKETS {
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
    locks.extend(buckets);
    locks
}

/// The upper half of a number.
fn fold(number: i64) -> i32 {
    i32::try_from(number >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalize::fingerprint::Shown;

    /// Of one with the same beginning all would wait: names are compared by parts.
    const COMPANIES: [&str; 8] =
        ["Aurora", "Bergmann", "Citrine", "Dorado", "Elster", "Fjord", "Gneis", "Hafen"];

    fn prints(board: usize, postings: usize) -> Vec<Fingerprint> {
        let of = |posting: usize| {
            Fingerprint::of(&Shown {
                company: Some(COMPANIES[board]),
                title: "Rust Engineer",
                location: Some("Berlin"),
                url: Some(&format!(
                    "https://boards.greenhouse.io/kontor{board}/jobs/{board}{posting:06}"
                )),
                posted_at: None,
                sketch: None,
            })
        };
        (0..postings).map(of).collect()
    }

    /// The locks that nobody else may have meanwhile.
    fn alone(board: usize, postings: usize) -> Vec<(i32, i32)> {
        let id = BoardId(i64::try_from(board).unwrap());
        let held = locks(id, &prints(board, postings)).into_iter();
        held.filter_map(|(lock, alone)| alone.then_some(lock)).collect()
    }

    #[test]
    fn boards_of_different_companies_hardly_ever_wait_for_each_other() {
        let boards: Vec<_> = (0..8).map(|board| alone(board, 50)).collect();
        let mut waiting = 0;
        for (number, board) in boards.iter().enumerate() {
            assert!((49..=51).contains(&board.len()), "a company and its ads: {}", board.len());
            let waits = |other: &&Vec<_>| board.iter().any(|lock| other.contains(lock));
            waiting += boards[number + 1..].iter().filter(waits).count();
        }
        assert!(waiting <= 1, "{waiting} pairs of 28");
    }

    #[test]
    fn two_locks_a_posting_are_held_at_the_most() {
        let most = alone(1, 200).len();
        assert!((200..=400).contains(&most), "{most} locks");
        assert_eq!(alone(1, 2_000), [(JOINING, ALL)], "the server's table of locks is not filled");
    }
}
