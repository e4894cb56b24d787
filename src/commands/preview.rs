//! What a filter would have sent: it is run over the stored postings of the last two weeks.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Actor, Context};
use crate::db;
use crate::db::posting_row::StoredPosting;
use crate::domain::filter::Expr;
use crate::domain::ids::{FilterId, PostingId};
use crate::domain::message::{Card, Times};
use crate::domain::rates::Rates;
use crate::filter_lang::print;
use crate::matching::{Document, Matcher, explain};
use crate::render::replies::{Preview, Sample};

/// How far back a preview looks.
pub const WINDOW: TimeDelta = TimeDelta::days(14);

/// Postings read at a time.
const PAGE: i64 = 500;

/// Postings that a preview looks at, the newest; what it says names the time that they cover.
const MOST: usize = 20_000;

/// Cards that a preview shows.
const SAMPLES: usize = 3;

/// The ids under which the expressions of one preview are matched.
const WANTED: FilterId = FilterId(0);
const BEFORE: FilterId = FilterId(-1);

/// What a preview found, and the newest posting to make a sample card of.
pub struct Found {
    pub preview: Preview,
    pub newest: Option<PostingId>,
}

/// Runs a filter over what the account may see; with `before`, what it replaces too.
pub async fn preview(
    context: &Context,
    actor: Actor,
    expr: &Expr,
    before: Option<&Expr>,
) -> sqlx::Result<Found> {
    let now = context.now();
    let parts = removable_parts(expr);
    let mut matcher = Matcher::default();
    matcher.insert(WANTED, expr);
    if let Some(before) = before {
        matcher.insert(BEFORE, before);
    }
    for (number, (_, without)) in (1..).zip(&parts) {
        matcher.insert(FilterId(number), without);
    }
    let tally = Tally { without: vec![0; parts.len()], ..Tally::default() };
    let mut run = Run { matcher, expr: expr.clone(), now, tally };
    let mut place = (now, PostingId(i64::MAX));
    loop {
        let page = db::seen::page(&context.pool, actor.account, now - WINDOW, place, PAGE).await?;
        let full = i64::try_from(page.len()).is_ok_and(|read| read >= PAGE);
        if let Some(oldest) = page.last() {
            place = (oldest.first_seen_at, oldest.id);
        }
        run = tokio::task::spawn_blocking(move || run.over(page))
            .await
            .map_err(|broken| sqlx::Error::AnyDriverError(Box::new(broken)))?;
        if !full || run.tally.postings >= MOST {
            break;
        }
    }
    let tally = run.tally;
    let most = tally.without.iter().zip(&parts).max_by_key(|(count, _)| **count);
    let removes_most =
        most.filter(|(count, _)| **count > 0).map(|(count, (part, _))| (print(part), *count));
    let oldest = tally.oldest.unwrap_or(now);
    Ok(Found {
        newest: tally.newest,
        preview: Preview {
            query: print(expr),
            matches: tally.matches,
            postings: tally.postings,
            span: now - oldest,
            samples: tally.samples,
            removes_most,
            change: before.is_some().then_some((tally.gained, tally.lost)),
        },
    })
}

/// A filter on its way over stored postings, a page at a time where it may take long.
struct Run {
    matcher: Matcher,
    expr: Expr,
    now: DateTime<Utc>,
    tally: Tally,
}

impl Run {
    fn over(mut self, page: Vec<StoredPosting>) -> Self {
        for posting in page {
            self.tally.add(&self.matcher, &self.expr, posting, self.now);
        }
        self
    }
}

/// What is counted while postings pass.
#[derive(Default)]
struct Tally {
    postings: usize,
    matches: usize,
    gained: usize,
    lost: usize,
    without: Vec<usize>,
    samples: Vec<Sample>,
    newest: Option<PostingId>,
    newest_is_match: bool,
    oldest: Option<DateTime<Utc>>,
}

impl Tally {
    fn add(&mut self, matcher: &Matcher, expr: &Expr, seen: StoredPosting, now: DateTime<Utc>) {
        let document = Document::new(&seen.posting, Rates::built_in());
        let accepted = matcher.matches(&document);
        let (wanted, before) = (accepted.contains(&WANTED), accepted.contains(&BEFORE));
        self.postings += 1;
        self.matches += usize::from(wanted);
        self.gained += usize::from(wanted && !before);
        self.lost += usize::from(before && !wanted);
        let numbers = accepted.iter().filter_map(|id| usize::try_from(id.0.checked_sub(1)?).ok());
        for number in numbers {
            if let Some(count) = self.without.get_mut(number) {
                *count += 1;
            }
        }
        self.oldest = Some(self.oldest.map_or(seen.appeared(), |old| old.min(seen.appeared())));
        if self.newest.is_none() || (wanted && !self.newest_is_match) {
            (self.newest, self.newest_is_match) = (Some(seen.id), wanted);
        }
        if wanted && self.samples.len() < SAMPLES {
            let clauses = explain(expr, &document).clauses;
            let because = clauses.into_iter().map(|seen| format!("{} — {}", seen.clause, seen.saw));
            let because = because.collect();
            self.samples.push(Sample { card: card(seen, now), because });
        }
    }
}

fn card(seen: StoredPosting, now: DateTime<Utc>) -> Card {
    let StoredPosting { opening, posting, board, attribution, first_seen_at, .. } = seen;
    Card {
        opening,
        sample: true,
        title: posting.title,
        url: posting.url,
        company: posting.company,
        location: posting.location,
        remote: posting.remote,
        pay: posting.pay,
        body: posting.body,
        board,
        attribution,
        filters: Vec::new(),
        times: Times { posted: posting.posted_at, seen: first_seen_at, matched: now },
    }
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
