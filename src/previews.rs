//! What a filter would have sent: it is run over the stored postings of the last two weeks.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use crate::db;
use crate::db::posting_row::StoredPosting;
use crate::db::seen::Wanted;
use crate::domain::filter::Expr;
use crate::domain::ids::{AccountId, FilterId, OpeningId, PostingId};
use crate::domain::message::Card;
use crate::domain::rates::Rates;
use crate::filter_lang::print;
use crate::matching::{Document, Matcher, Outline, Scratch, explain};
use crate::render::replies::{Preview, Sample};

/// How far back a preview looks.
pub const WINDOW: TimeDelta = TimeDelta::days(14);

/// Postings that a preview looks at, the newest that may match; what it says names the time that
/// they cover.
const MOST: i64 = 1_500;

/// How far back it looks, step by step.
const STEPS: [TimeDelta; 3] = [TimeDelta::days(1), TimeDelta::days(3), WINDOW];

/// How far back it looks for what most would match without.
const SHORT: [TimeDelta; 1] = [TimeDelta::days(1)];

/// Cards that a preview shows.
const SAMPLES: usize = 3;

/// The ids under which the expressions of one preview are matched.
const WANTED: FilterId = FilterId(0);
const BEFORE: FilterId = FilterId(-1);

/// What is run over: what an account may see, at a time.
#[derive(Clone, Copy)]
pub struct Over<'a> {
    pub pool: &'a PgPool,
    pub account: AccountId,
    pub now: DateTime<Utc>,
}

/// What a preview found, and the newest posting to make a sample card of.
pub struct Found {
    pub preview: Preview,
    pub newest: Option<PostingId>,
}

/// Runs a filter over what the account may see; with `before`, what it replaces too.
pub async fn preview(over: Over<'_>, expr: &Expr, before: Option<&Expr>) -> sqlx::Result<Found> {
    let Over { pool, account, now } = over;
    let rates = db::rates::newest(pool).await?;
    let mut matcher = Matcher::new(rates.clone());
    matcher.insert(WANTED, expr);
    if let Some(before) = before {
        matcher.insert(BEFORE, before);
    }
    let run = Run::new(matcher, rates, expr, now);
    let outline = outline([Some(expr), before].into_iter().flatten());
    let run = run.over_stored(over, outline.as_ref(), &STEPS).await?;
    let (postings, oldest) = db::seen::total(pool, account, run.since).await?;
    let (wanted, replaced) = (run.tally.of(WANTED), run.tally.of(BEFORE));
    let removes_most =
        if wanted.is_empty() { removes_most(over, expr, &SHORT).await? } else { None };
    let newest = match run.tally.newest {
        Some(newest) => Some(newest),
        None => db::seen::newest(pool, account, now - WINDOW).await?,
    };
    Ok(Found {
        newest,
        preview: Preview {
            query: print(expr),
            matches: wanted.len(),
            postings,
            span: now - oldest.unwrap_or(now),
            samples: run.tally.samples,
            removes_most,
            change: before.is_some().then(|| {
                (wanted.difference(&replaced).count(), replaced.difference(&wanted).count())
            }),
        },
    })
}

/// What a posting must have that one of the filters accepts.
fn outline<'e>(exprs: impl Iterator<Item = &'e Expr>) -> Option<Outline> {
    exprs.map(Outline::of).collect::<Option<_>>().map(Outline::Any)
}

/// The part of a filter without which most would match, and how many of the newest then do. Looks back step
/// by step, further only while there were few.
pub async fn removes_most(
    over: Over<'_>,
    expr: &Expr,
    steps: &[TimeDelta],
) -> sqlx::Result<Option<(String, usize)>> {
    let parts = removable_parts(expr);
    if parts.is_empty() {
        return Ok(None);
    }
    let rates = db::rates::newest(over.pool).await?;
    let mut matcher = Matcher::new(rates.clone());
    for (number, (_, without)) in (1..).zip(&parts) {
        matcher.insert(FilterId(number), without);
    }
    let run = Run::new(matcher, rates, expr, over.now);
    let outline = outline(parts.iter().map(|(_, without)| without));
    let run = run.over_stored(over, outline.as_ref(), steps).await?;
    let counts = (1..).zip(&parts).map(|(n, (part, _))| (run.tally.of(FilterId(n)).len(), part));
    let most = counts.max_by_key(|(count, _)| *count).filter(|(count, _)| *count > 0);
    Ok(most.map(|(count, part)| (print(part), count)))
}

/// A filter on its way over stored postings, a step of time at a time.
struct Run {
    matcher: Matcher,
    scratch: Scratch,
    rates: Rates,
    expr: Expr,
    now: DateTime<Utc>,
    /// From when on it has seen every posting.
    since: DateTime<Utc>,
    tally: Tally,
}

impl Run {
    fn new(matcher: Matcher, rates: Rates, expr: &Expr, now: DateTime<Utc>) -> Self {
        let (scratch, tally) = (Scratch::default(), Tally::default());
        Self { matcher, scratch, rates, expr: expr.clone(), now, since: now - WINDOW, tally }
    }

    /// Reads the postings that may match, newest first; so many at most that it takes no time. Looks
    /// further back only while there were few, since a search costs what it finds.
    async fn over_stored(
        mut self,
        over: Over<'_>,
        outline: Option<&Outline>,
        steps: &[TimeDelta],
    ) -> sqlx::Result<Self> {
        let mut room = MOST;
        let mut place = (self.now, PostingId(i64::MAX));
        for step in steps {
            self.since = self.now - *step;
            let wanted = Wanted {
                account: over.account,
                since: self.since,
                appeared: self.now - WINDOW,
                outline,
            };
            let page =
                db::in_tx(over.pool, async |tx| db::seen::page(tx, wanted, place, room).await);
            let page = page.await?;
            room -= i64::try_from(page.len()).unwrap_or(room);
            let oldest = page.last().map(|oldest| oldest.first_seen_at);
            self = tokio::task::spawn_blocking(move || self.over(page))
                .await
                .map_err(|broken| sqlx::Error::AnyDriverError(Box::new(broken)))?;
            if room <= 0 {
                self.since = oldest.unwrap_or(self.since);
                break;
            }
            place = (self.since, PostingId(i64::MIN));
        }
        Ok(self)
    }

    fn over(mut self, page: Vec<StoredPosting>) -> Self {
        for posting in page {
            self.see(posting);
        }
        self
    }

    fn see(&mut self, seen: StoredPosting) {
        let Self { matcher, scratch, rates, expr, now, tally, .. } = self;
        let accepted = matcher.matches(scratch, &seen.posting, seen.first_seen_at);
        if tally.add(&accepted, &seen) {
            let document = Document::new(&seen.posting, rates, seen.first_seen_at);
            let clauses = explain(expr, &document).clauses;
            let because = clauses.into_iter().map(|seen| format!("{} — {}", seen.clause, seen.saw));
            let because = because.collect();
            tally.samples.push(Sample { card: sample_card(seen, *now), because });
        }
    }
}

/// What is counted while postings pass.
#[derive(Default)]
struct Tally {
    /// By the filter under its id: a job on several boards, or posted again, is told once.
    openings: BTreeMap<FilterId, BTreeSet<OpeningId>>,
    samples: Vec<Sample>,
    /// The newest match.
    newest: Option<PostingId>,
}

impl Tally {
    /// Counts a posting; says whether it is to be shown.
    fn add(&mut self, accepted: &[FilterId], seen: &StoredPosting) -> bool {
        let mut wanted = false;
        for filter in accepted {
            let is_new = self.openings.entry(*filter).or_default().insert(seen.opening);
            wanted |= *filter == WANTED && is_new;
        }
        if wanted && self.newest.is_none() {
            self.newest = Some(seen.id);
        }
        wanted && self.samples.len() < SAMPLES
    }

    fn of(&self, filter: FilterId) -> BTreeSet<OpeningId> {
        self.openings.get(&filter).cloned().unwrap_or_default()
    }
}

/// A card that only shows a posting.
pub fn sample_card(seen: StoredPosting, now: DateTime<Utc>) -> Card {
    let StoredPosting { opening, posting, board, attribution, first_seen_at, .. } = seen;
    Card { attribution, ..Card::sample(opening, posting, board, first_seen_at, now) }
}

/// The parts of a filter that can be left out, each with the filter that is left then.
fn removable_parts(expr: &Expr) -> Vec<(Expr, Expr)> {
    let Expr::All(parts) = expr else { return Vec::new() };
    let without = |left_out: usize| {
        let kept = parts.iter().enumerate().filter(|(place, _)| *place != left_out);
        let mut kept: Vec<Expr> = kept.map(|(_, part)| part.clone()).collect();
        if kept.len() == 1 { kept.remove(0) } else { Expr::All(kept) }
    };
    parts.iter().enumerate().map(|(place, part)| (part.clone(), without(place))).collect()
}
