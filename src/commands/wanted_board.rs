//! A board that somebody wants to have watched: how its address is kept, what it is called, and its row.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use url::Url;

use super::Context;
use crate::boards::ask::Answered;
use crate::boards::detect::{self, Detected};
use crate::clock::add as later;
use crate::db;
use crate::db::added_boards::{AddedBoard, Known};
use crate::db::postings::{Extent, Shown};
use crate::db::settled_polls::Read;
use crate::domain::board::BoardKind;
use crate::domain::ids::BoardId;
use crate::schedule::polling::{self, HOST_GAP, Rhythm};
use crate::secrets::Keys;

/// How often a board that somebody added is asked at the most: some hosts of feeds shut out whoever
/// asks a hundred times a day.
pub const INTERVAL: Duration = Duration::from_mins(15);

/// How an address stands in the table.
pub struct Kept {
    /// As it is; or what stands for one that is sealed, by each of the keys. The first is new.
    pub urls: Vec<Url>,
    keys: Option<Arc<Keys>>,
}

impl Kept {
    pub fn open(url: &Url) -> Self {
        Self { urls: vec![url.clone()], keys: None }
    }

    /// `None` for a secret that cannot be kept.
    pub fn of(context: &Context, url: &Url) -> Option<Self> {
        if !detect::may_be_secret(url) {
            return Some(Self::open(url));
        }
        let keys = context.board_keys.clone()?;
        Some(Self { urls: db::secret_boards::stand_ins(&keys, url), keys: Some(keys) })
    }
}

/// A board that was recognised, and what it is to be called.
pub struct Wanted {
    pub detected: Detected,
    kept: Kept,
    pub slug: String,
    pub name: String,
}

impl Wanted {
    pub fn new(detected: Detected, kept: Kept) -> Self {
        let Detected { kind, url, company } = &detected;
        let host = url.host_str().unwrap_or_default().trim_start_matches("www.").to_owned();
        let (slug, name) = match company {
            Some(company) => {
                (format!("{kind}.{company}"), detected.company_name().unwrap_or_default())
            }
            // None of the catalogue's slugs has a dot.
            None if host.contains('.') => (host.clone(), host),
            None => (format!("{kind}.{host}"), host),
        };
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let slug = slug.to_lowercase().chars().map(plain).take(60).collect();
        Self { detected, kept, slug, name }
    }

    /// What a company's postings call it, if all agree.
    pub fn named(self, answered: &Answered) -> Self {
        let mut names = answered.read.postings.iter().map(|posting| posting.company.as_ref());
        let first = names.next().flatten().filter(|_| self.detected.company.is_some());
        match first {
            Some(name) if names.all(|other| other == Some(name)) => {
                Self { name: name.clone(), ..self }
            }
            _ => self,
        }
    }

    pub async fn known(&self, context: &Context) -> sqlx::Result<Option<Known>> {
        let kind = self.detected.kind;
        known(context, &self.kept.urls, Some(kind).filter(|kind| kind.is_one_board())).await
    }
}

/// The board that is watched at an address, or that the catalogue has.
pub async fn known(
    context: &Context,
    urls: &[Url],
    alone: Option<BoardKind>,
) -> sqlx::Result<Option<Known>> {
    let known = db::added_boards::known(&context.pool, urls, alone).await?;
    Ok(known.filter(|known| known.enabled || known.catalogue))
}

/// Makes the row of a board, with what it shows now as its first poll; its id, and its slug.
pub async fn insert(
    tx: &mut PgConnection,
    board: &Wanted,
    answered: &Answered,
    now: DateTime<Utc>,
) -> sqlx::Result<(BoardId, String)> {
    let new = AddedBoard {
        slug: &board.slug,
        name: &board.name,
        kind: board.detected.kind,
        url: board.kept.urls.first().unwrap_or(&board.detected.url),
        interval: INTERVAL,
    };
    let claimed = db::added_boards::insert(tx, new, now).await?;
    if let Some(keys) = &board.kept.keys {
        let cell = db::secret_boards::cell(claimed.id);
        let sealed = keys.seal(cell, board.detected.url.as_str());
        let sealed = sealed.map_err(|error| sqlx::Error::Encode(error.into()))?;
        db::secret_boards::seal(tx, claimed.id, &sealed).await?;
    }
    let shown =
        Shown { postings: &answered.read.postings, extent: Extent::Newest, most: usize::MAX };
    let stored = db::postings::store(tx, &claimed, shown, answered.at).await?;
    let rhythm = Rhythm { interval: INTERVAL, quiet: None, stays: answered.stays };
    let read = Read {
        at: answered.at,
        validators: &answered.validators,
        shown: answered.read.postings.len(),
        left_out: answered.read.left_out,
        newest: stored.newest,
        anything_new: false,
        next_poll_at: if answered.read.cut {
            later(now, HOST_GAP)
        } else {
            later(now, polling::after_success(rhythm, fastrand::f64()))
        },
        cut: answered.read.cut,
    };
    db::settled_polls::read(tx, &claimed, read).await?;
    Ok((claimed.id, claimed.slug))
}
