//! What a list does not say of its postings: each of those that are new is asked for alone.

use std::collections::BTreeSet;

use url::Url;

use super::ask::{Asked, Manners, parse_page};
use super::fetch::{FetchError, Fetched, Fetcher};
use super::kinds::of;
use super::pages::{Page, too_late};
use super::{Problem, ReadBoard};
use crate::domain::facts::Facts;
use crate::domain::posting::Posting;

/// Postings that are asked for after one list at the most; the others wait for the next poll.
const MOST: usize = 30;

/// Asks for the new postings of a list that has no texts. One that cannot be had stays as the list
/// shows it. Where the host asks to be left alone the others wait; the error is given, for what it
/// asks of the host.
pub async fn add_details(
    fetcher: &Fetcher,
    manners: &impl Manners,
    board: Asked<'_>,
    read: &mut ReadBoard,
) -> Result<Option<FetchError>, FetchError> {
    let address = |posting: &Posting| {
        let url = of(board.kind).detail_address(board.url, posting)?;
        // With the same care as pages: a list sends nobody elsewhere.
        (posting.body.is_empty() && url.origin() == board.url.origin()).then_some(url)
    };
    if !read.postings.iter().any(|posting| address(posting).is_some()) {
        return Ok(None);
    }
    let unknown = manners.unknown(&read.postings).await?;
    // However long the pages took: else none would ever be asked for.
    let begun = manners.now();
    let mut waiting = BTreeSet::new();
    let mut refused = None;
    let mut asked = 0;
    for index in unknown {
        let Some(posting) = read.postings.get_mut(index) else { continue };
        let Some(url) = address(&*posting) else { continue };
        if refused.is_some() || asked == MOST || too_late(begun, manners.now()) {
            waiting.insert(index);
            continue;
        }
        if let Err(error) = manners.turn(&url).await {
            read.problems.push(problem(posting, &error));
            waiting.insert(index);
            refused = Some(error);
            continue;
        }
        asked += 1;
        match one(fetcher, manners, board, &url).await {
            Ok(Some(detail)) => complete(posting, detail),
            Ok(None) => {}
            Err(error) => {
                read.problems.push(problem(posting, &error));
                // A fault of this job alone says nothing of the others.
                if error.is_of_host() || error.asked.is_some() {
                    // The first that is asked for may be one that fails each time.
                    if asked > 1 {
                        waiting.insert(index);
                    }
                    refused = Some(error);
                }
            }
        }
    }
    if !waiting.is_empty() {
        let mut index = 0..;
        read.postings.retain(|_| index.next().is_none_or(|index| !waiting.contains(&index)));
        read.missing = true;
    }
    Ok(refused)
}

fn problem(posting: &Posting, error: &FetchError) -> Problem {
    Problem { place: format!("job {}", posting.title), what: error.why.clone() }
}

async fn one(
    fetcher: &Fetcher,
    manners: &impl Manners,
    board: Asked<'_>,
    url: &Url,
) -> Result<Option<Posting>, FetchError> {
    let answer = fetcher.fetch_plain(board.request(url, manners.now())).await?;
    let Fetched::Body { body, content_type, turn, .. } = answer else {
        return Err("answered 304 to a request without conditions".to_owned().into());
    };
    let (read, _) =
        parse_page(manners, board, Page::first(url), (body, content_type, turn)).await?;
    Ok(read.postings.into_iter().next())
}

/// Adds what the list did not say. What it says stays: the two differ in little words.
fn complete(posting: &mut Posting, detail: Posting) {
    posting.body = detail.body;
    posting.company = posting.company.take().or(detail.company);
    posting.location = posting.location.take().or(detail.location);
    posting.remote = posting.remote.or(detail.remote);
    posting.pay = posting.pay.take().or(detail.pay);
    posting.posted_at = posting.posted_at.or(detail.posted_at);
    posting.closes_at = posting.closes_at.or(detail.closes_at);
    let Facts { employment, level, lang, visa, zones } = detail.facts;
    let facts = &mut posting.facts;
    if facts.employment.is_empty() {
        facts.employment = employment;
    }
    facts.level = facts.level.or(level);
    facts.lang = facts.lang.or(lang);
    facts.visa = facts.visa.or(visa);
    facts.zones = facts.zones.or(zones);
    if posting.tags.is_empty() {
        posting.tags = detail.tags;
    }
}
