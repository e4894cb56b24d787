//! The keys by which a board's postings are known again.

use std::collections::{BTreeMap, HashMap, HashSet};

use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::domain::board::ClaimedBoard;
use crate::domain::posting::{Identity, Posting};

/// A key as it is stored: SHA-256, since a feed's guid may be longer than an index takes.
pub(super) type KeyHash = [u8; 32];

/// So many postings that are unknown, and most of what is shown, may be known ones with new keys: a
/// site that moved.
const REKEYED: usize = 3;

/// Keys that are kept of a posting: a site may give it another one at every poll. Then those go that it had.
const MOST_KEYS: i64 = 24;

pub(super) fn hashes(identity: &Identity) -> Vec<KeyHash> {
    identity.keys().iter().map(|key| Sha256::digest(key.as_bytes()).into()).collect()
}

/// The postings of a board that are stored already.
#[derive(Debug, Default)]
pub(super) struct Known {
    by_key: HashMap<KeyHash, i64>,
    /// Those that are known by their words alone, by their new strongest key.
    by_content: HashMap<KeyHash, i64>,
}

impl Known {
    /// The posting that one of these keys leads to.
    pub fn posting(&self, keys: &[KeyHash]) -> Option<i64> {
        let found = |by: &HashMap<KeyHash, i64>| keys.iter().find_map(|key| by.get(key)).copied();
        found(&self.by_key).or_else(|| found(&self.by_content))
    }

    /// Whether a key is not stored yet.
    pub fn lacks(&self, key: &KeyHash) -> bool {
        !self.by_key.contains_key(key)
    }
}

/// The postings that are stored already, by the keys of those that are shown.
pub(super) async fn known(
    tx: &mut PgConnection,
    board: &ClaimedBoard,
    shown: &[Posting],
    keys: &[Vec<KeyHash>],
) -> sqlx::Result<Known> {
    let mut known = by_key(tx, board, keys).await?;
    let strangers: Vec<(&Posting, KeyHash)> = shown
        .iter()
        .zip(keys)
        .filter(|(_, keys)| known.posting(keys).is_none())
        .filter_map(|(posting, keys)| Some((posting, *keys.first()?)))
        .collect();
    if board.polled_before && strangers.len() >= REKEYED && strangers.len() * 2 > shown.len() {
        known.by_content = by_content(tx, board, &strangers).await?;
    }
    Ok(known)
}

pub(super) async fn by_key(
    tx: &mut PgConnection,
    board: &ClaimedBoard,
    keys: &[Vec<KeyHash>],
) -> sqlx::Result<Known> {
    let keys: Vec<Vec<u8>> = keys.iter().flatten().map(|key| key.to_vec()).collect();
    let rows = sqlx::query!(
        "SELECT key_hash, posting_id FROM posting_keys
         WHERE board_id = $1 AND key_hash = ANY ($2)",
        board.id.0,
        &keys
    )
    .fetch_all(tx)
    .await?;
    let known = rows.into_iter().filter_map(|row| {
        let key = row.key_hash.try_into().ok()?;
        Some((key, row.posting_id))
    });
    Ok(Known { by_key: known.collect(), ..Known::default() })
}

/// Postings whose words are stored already under other keys.
async fn by_content(
    tx: &mut PgConnection,
    board: &ClaimedBoard,
    strangers: &[(&Posting, KeyHash)],
) -> sqlx::Result<HashMap<KeyHash, i64>> {
    let contents: Vec<Vec<u8>> =
        strangers.iter().map(|(posting, _)| content(posting).to_vec()).collect();
    let rows = sqlx::query!(
        r#"SELECT content_hash AS "content!", max(id) AS "id!" FROM postings
           WHERE board_id = $1 AND content_hash = ANY ($2) GROUP BY content_hash"#,
        board.id.0,
        &contents
    )
    .fetch_all(tx)
    .await?;
    let ids: HashMap<Vec<u8>, i64> = rows.into_iter().map(|row| (row.content, row.id)).collect();
    let known = strangers.iter().zip(contents);
    Ok(known.filter_map(|((_, key), content)| Some((*key, *ids.get(&content)?))).collect())
}

/// The keys that are to be stored of known postings, by those that they are shown with: the new ones; of one that
/// has had many, which are dropped, all.
pub(super) async fn renamed(
    tx: &mut PgConnection,
    known: &Known,
    shown: Vec<(i64, Vec<KeyHash>)>,
) -> sqlx::Result<BTreeMap<KeyHash, i64>> {
    let is_new = |(_, keys): &&(i64, Vec<KeyHash>)| keys.iter().any(|key| known.lacks(key));
    let ids: Vec<i64> = shown.iter().filter(is_new).map(|(id, _)| *id).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let dropped = sqlx::query_scalar!(
        "DELETE FROM posting_keys WHERE posting_id IN (
             SELECT posting_id FROM posting_keys WHERE posting_id = ANY ($1)
             GROUP BY posting_id HAVING count(*) >= $2)
         RETURNING posting_id",
        &ids,
        MOST_KEYS
    )
    .fetch_all(tx)
    .await?;
    let dropped: HashSet<i64> = dropped.into_iter().collect();
    Ok(not_stored(known, &dropped, shown))
}

/// The keys that are shown and not, or no more, stored: another posting's that stays is not taken from it.
fn not_stored(
    known: &Known,
    dropped: &HashSet<i64>,
    shown: Vec<(i64, Vec<KeyHash>)>,
) -> BTreeMap<KeyHash, i64> {
    let is_free = |key: &KeyHash| known.by_key.get(key).is_none_or(|owner| dropped.contains(owner));
    let all = shown.into_iter().flat_map(|(id, keys)| keys.into_iter().map(move |key| (key, id)));
    all.filter(|(key, _)| is_free(key)).collect()
}

/// What a posting says.
pub(super) fn content(posting: &Posting) -> [u8; 32] {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let Posting { title, company, location, body, .. } = posting;
    let said = [title, &part(company), &part(location), body].map(String::as_str).join("\0");
    Sha256::digest(said.as_bytes()).into()
}

/// Stores keys that are not there yet: whoever stores what a board shows holds the board.
pub(super) async fn insert(
    tx: &mut PgConnection,
    board: &ClaimedBoard,
    learnt: &BTreeMap<KeyHash, i64>,
) -> sqlx::Result<()> {
    if learnt.is_empty() {
        return Ok(());
    }
    let keys: Vec<Vec<u8>> = learnt.keys().map(|key| key.to_vec()).collect();
    let ids: Vec<i64> = learnt.values().copied().collect();
    sqlx::query!(
        "INSERT INTO posting_keys (board_id, key_hash, posting_id)
         SELECT $1, key, id FROM UNNEST($2::bytea[], $3::bigint[]) AS k (key, id)",
        board.id.0,
        &keys,
        &ids
    )
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_others_stay_with_them_whatever_is_dropped() {
        let [own, others, new] = [1, 2, 3].map(|byte| [byte; 32]);
        let by_key = HashMap::from([(own, 1), (others, 2)]);
        let known = Known { by_key, ..Known::default() };
        let shown = vec![(1, vec![own, others, new])];
        let stored =
            |dropped: &[i64]| not_stored(&known, &dropped.iter().copied().collect(), shown.clone());
        assert_eq!(stored(&[]), BTreeMap::from([(new, 1)]));
        assert_eq!(stored(&[1]), BTreeMap::from([(own, 1), (new, 1)]));
    }
}
