//! Boards whose address opens a feed to its owner alone: it is sealed, and shown by its host.

use std::fmt::Write;

use sqlx::PgConnection;
use url::Url;

use crate::domain::ids::BoardId;
use crate::secrets::{Cell, Digest, Keys, Subject};

/// Where a sealed address stands.
pub fn cell(board: BoardId) -> Cell {
    Cell { table: "boards", column: "sealed_url", owner: board.0 }
}

/// What stands in the table for an address, by each of the keys, the newest first.
pub fn stand_ins(keys: &Keys, url: &Url) -> Vec<Url> {
    let digests = keys.digests(Subject::Board, url.as_str());
    digests.iter().map(|digest| stand_in(url, digest)).collect()
}

/// The host alone, so that politeness holds, and by which key the rest is found again.
pub fn stand_in(url: &Url, digest: &Digest) -> Url {
    let mut hex = String::new();
    for byte in digest {
        write!(hex, "{byte:02x}").expect("a string takes everything");
    }
    let mut seen = url.clone();
    seen.set_path("");
    seen.set_query(None);
    seen.set_fragment(Some(&hex));
    seen
}

/// Keeps the address of a board that was just inserted under what stands for it.
pub async fn seal(tx: &mut PgConnection, board: BoardId, sealed: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("UPDATE boards SET sealed_url = $2 WHERE id = $1", board.0, sealed)
        .execute(tx)
        .await?;
    Ok(())
}
