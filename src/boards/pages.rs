//! Boards that show their postings a page at a time: what comes behind the first one.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::ask::{Asked, Manners, parse_page};
use super::fetch::{FetchError, Fetched, Fetcher};
use super::{Problem, ReadBoard};

/// Pages that are read at the most.
const MOST: usize = 10;

/// No further page is asked for when the first was asked so long ago.
const LONG_ENOUGH: TimeDelta = TimeDelta::seconds(60);

/// One page of a board.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub url: Url,
    /// The JSON by which it is asked for, where that is not the same for all.
    pub question: Option<String>,
    /// From 1.
    pub number: usize,
    /// How many postings there are, as the first page said.
    pub total: Option<u64>,
}

impl Page {
    pub fn first(url: &Url) -> Self {
        Self { url: url.clone(), question: None, number: 1, total: None }
    }

    /// The page behind this one, at the same address.
    pub fn next(&self) -> Self {
        Self { number: self.number + 1, ..self.clone() }
    }

    /// The page behind this one, at an address with another parameter.
    pub fn next_by(&self, name: &str, value: &str) -> Self {
        let kept = self.url.query_pairs().into_owned().filter(|(known, _)| known != name);
        let kept: Vec<(String, String)> = kept.collect();
        let mut next = self.next();
        next.url.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
        next
    }
}

/// Reads the pages behind the first into what that one showed. A page that fails is a problem, and
/// what was read before it is good all the same; the error is given, for what it asks of the host.
pub async fn read_on(
    fetcher: &Fetcher,
    manners: &impl Manners,
    board: Asked<'_>,
    mut next: Option<Page>,
    all: &mut ReadBoard,
) -> Option<FetchError> {
    if next.is_some() && !manners.has_time() {
        (all.more, all.cut) = (true, true);
        return None;
    }
    let begun = manners.now();
    let mut refused = None;
    let total = next.as_ref().and_then(|page| page.total);
    while let Some(page) = next.take() {
        let number = page.number;
        if number > MOST {
            all.more = true;
            break;
        }
        let read = if too_late(begun, manners.now()) {
            Err("the pages before it took too long".to_owned().into())
        } else {
            one(fetcher, manners, board, page).await
        };
        match read {
            Ok((mut read, further)) => {
                all.postings.append(&mut read.postings);
                all.problems.append(&mut read.problems);
                all.cut |= read.cut;
                next = further;
            }
            Err(error) => {
                let what = error.why.clone();
                all.problems.push(Problem { place: format!("page {number}"), what });
                all.cut = true;
                refused = Some(error);
            }
        }
    }
    // With one that goes from a page that was read, the others move up, and one is on no page.
    let distinct: HashSet<&str> =
        all.postings.iter().map(|posting| posting.identity.strongest()).collect();
    all.missing |=
        total.is_some_and(|total| u64::try_from(distinct.len()).is_ok_and(|it| it < total));
    refused
}

pub(super) fn too_late(begun: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - begun > LONG_ENOUGH
}

async fn one(
    fetcher: &Fetcher,
    manners: &impl Manners,
    board: Asked<'_>,
    page: Page,
) -> Result<(ReadBoard, Option<Page>), FetchError> {
    if page.url.origin() != board.url.origin() {
        return Err("it lies elsewhere".to_owned().into());
    }
    manners.turn(&page.url).await?;
    let answer = fetcher.fetch_page(board.request(&page.url, manners.now()), &page).await?;
    let Fetched::Body { body, content_type, turn, .. } = answer else {
        return Err("answered 304 to a request without conditions".to_owned().into());
    };
    parse_page(manners, board, page, (body, content_type, turn)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_of_a_page_is_replaced() {
        let url = Url::parse("https://x.example/jobs?limit=20&offset=20").unwrap();
        let page = Page::first(&url).next_by("offset", "40");
        assert_eq!(page.url.as_str(), "https://x.example/jobs?limit=20&offset=40");
        assert_eq!(page.number, 2);
    }
}
