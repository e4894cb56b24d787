//! Matches new postings against every filter and writes what is owed, in one transaction with the
//! mark that they are matched.

use tokio::task::spawn_blocking;

use super::Base;
use crate::db;
use crate::db::filters::ChangedFilter;
use crate::domain::ids::{FilterRevision, PostingId};
use crate::filter_lang;
use crate::matching::{Matcher, Scratch};
use crate::worker::{Tick, Worker};

/// Postings matched in one transaction.
const BATCH: i64 = 100;

/// Stored postings from which the matcher learns what is rare.
const SAMPLE: i64 = 500;

/// Times that a tick starts again because a filter changed under it.
const RETRIES: usize = 5;

/// The worker, with its own copy of all active filters.
pub struct MatchPostings {
    base: Base,
    matcher: Matcher,
    scratch: Scratch,
    /// Up to which change of filters `matcher` is true.
    revision: FilterRevision,
}

/// What one transaction found.
enum Found {
    /// The filters changed since they were read.
    Stale,
    Matched {
        postings: usize,
        owed: usize,
    },
}

impl Worker for MatchPostings {
    const NAME: &'static str = "match";

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        for _ in 0..RETRIES {
            match self.match_batch().await? {
                Found::Stale => self.refresh().await?,
                Found::Matched { postings: 0, .. } => return Ok(Tick::Idle),
                Found::Matched { postings, owed } => {
                    tracing::debug!(postings, owed, "matched {postings} postings, {owed} owed");
                    return Ok(Tick::Busy);
                }
            }
        }
        Ok(Tick::Busy)
    }
}

impl MatchPostings {
    pub fn new(base: Base) -> Self {
        let (matcher, scratch) = (Matcher::default(), Scratch::default());
        Self { base, matcher, scratch, revision: FilterRevision::default() }
    }

    async fn match_batch(&mut self) -> anyhow::Result<Found> {
        let Self { base, matcher, scratch, revision } = self;
        let found = db::in_tx(&base.pool, async |tx| {
            if db::filters::shared_revision(tx).await? != *revision {
                return Ok(Found::Stale);
            }
            let taken = db::matched::take_unmatched(tx, BATCH).await?;
            let matches: Vec<_> = taken
                .iter()
                .flat_map(|taken| {
                    let filters = matcher.matches(scratch, &taken.posting, taken.first_seen_at);
                    matcher.observe(scratch);
                    filters.into_iter().map(|filter| (taken.id, filter))
                })
                .collect();
            let batch: Vec<PostingId> = taken.iter().map(|taken| taken.id).collect();
            let owed = db::matched::owe(tx, &batch, &matches, base.now()).await?;
            Ok(Found::Matched { postings: batch.len(), owed })
        });
        Ok(found.await?)
    }

    /// Takes over every change since the last time, and the exchange rates. A change that commits while this reads waits
    /// for the lock or is seen: none is lost.
    async fn refresh(&mut self) -> anyhow::Result<()> {
        let known = self.revision;
        let (revision, changed) =
            db::in_tx(&self.base.pool, async |tx| db::filters::changed_since(tx, known).await)
                .await?;
        let rates = db::rates::newest(&self.base.pool).await?;
        let mut matcher = if known == FilterRevision::default() {
            self.without_filters().await?
        } else {
            std::mem::take(&mut self.matcher)
        };
        matcher.set_rates(rates);
        // Should this end half-way, everything is read anew.
        self.revision = FilterRevision::default();
        // A million filters take seconds, in which other tasks want this thread.
        self.matcher = spawn_blocking(move || {
            for filter in changed {
                take_over(&mut matcher, filter);
            }
            matcher
        })
        .await?;
        self.revision = revision;
        Ok(())
    }

    /// One that knows what is rare.
    async fn without_filters(&self) -> anyhow::Result<Matcher> {
        let mut matcher = Matcher::default();
        let recent = db::matched::newest(&self.base.pool, SAMPLE).await?;
        let learned = spawn_blocking(move || {
            matcher.learn(recent.iter().map(|stored| &stored.posting));
            matcher
        });
        Ok(learned.await?)
    }
}

fn take_over(matcher: &mut Matcher, ChangedFilter { id, query }: ChangedFilter) {
    match query.as_deref().map(filter_lang::parse) {
        Some(Ok(expr)) => matcher.insert(id, &expr),
        Some(Err(error)) => {
            tracing::error!(filter.id = id.0, "filter {id} is not understood: {error}");
            matcher.remove(id);
        }
        None => matcher.remove(id),
    }
}
