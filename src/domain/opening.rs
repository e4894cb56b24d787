//! An opening as one account sees it: what its postings say together.

use chrono::{DateTime, TimeDelta, Utc};

use super::pay::Pay;

/// Two postings of one board that began nearer to each other are one showing.
const APART: TimeDelta = TimeDelta::days(1);

/// One posting of an opening.
#[derive(Debug, Clone, PartialEq)]
pub struct Showing {
    /// The board's name.
    pub board: String,
    pub url: Option<String>,
    /// Whether its address is the employer's own, and not another board's.
    pub is_employers: bool,
    pub pay: Option<Pay>,
    /// When it was posted, or first seen.
    pub at: DateTime<Utc>,
    /// How often its board showed the job before, and since when.
    pub reposts: usize,
    pub reposts_since: Option<DateTime<Utc>>,
    pub closed: bool,
}

/// How often a job was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Two at least.
    pub count: usize,
    pub since: DateTime<Utc>,
}

/// What the postings of an opening say that one of them alone does not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Together {
    /// Names of the other boards, in the order in which they showed it.
    pub also_on: Vec<String>,
    /// The best address to apply at: the employer's own before another board's.
    pub url: Option<String>,
    pub pay: Option<Pay>,
    /// Whether no board shows it any more.
    pub closed: bool,
    pub times: Option<Times>,
}

impl Together {
    /// Of all postings of an opening, oldest first; `own` is the one that a card shows.
    pub fn of(own: &Showing, all: &[Showing]) -> Self {
        let mut also_on: Vec<String> = Vec::new();
        for showing in all {
            if showing.board != own.board && !also_on.contains(&showing.board) {
                also_on.push(showing.board.clone());
            }
        }
        let each = || std::iter::once(own).chain(all);
        let best = each().filter(|showing| showing.url.is_some());
        // The first of the best ones, so its own before others.
        let best = best.min_by_key(|showing| (showing.closed, !showing.is_employers));
        Self {
            also_on,
            url: best.and_then(|best| best.url.clone()),
            pay: each().find_map(|showing| showing.pay),
            closed: each().all(|showing| showing.closed),
            times: times(own, all),
        }
    }
}

/// How often the board that showed it most often did.
fn times(own: &Showing, all: &[Showing]) -> Option<Times> {
    let on = |board: &str| {
        let on_it = || all.iter().filter(|it| it.board == board);
        let mut at: Vec<DateTime<Utc>> = on_it().map(|it| it.at).collect();
        at.sort_unstable();
        at.dedup_by(|later, earlier| *later - *earlier < APART);
        // Each counts those before it, so the first one's are those before all.
        at.len() + on_it().map(|it| it.reposts).min().unwrap_or_default()
    };
    let count = all.iter().map(|showing| on(&showing.board)).max().unwrap_or_default();
    let since = all.iter().map(|it| it.reposts_since.map_or(it.at, |since| since.min(it.at))).min();
    (count > 1).then(|| Times { count, since: since.unwrap_or(own.at) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pay::{Currency, Period};

    fn showing(board: &str, day: i64) -> Showing {
        Showing {
            board: board.to_owned(),
            url: Some(format!("https://{board}.example/{day}")),
            is_employers: false,
            pay: None,
            at: DateTime::from_timestamp(86_400 * day, 0).unwrap(),
            reposts: 0,
            reposts_since: None,
            closed: false,
        }
    }

    #[test]
    fn what_others_say_is_added_and_the_employers_address_is_the_best() {
        let pay = Pay::new(None, Some(90_000.into()), Currency::EUR, Period::Year);
        let own = showing("a", 1);
        let site = Showing { is_employers: true, ..showing("acme", 2) };
        let all = [own.clone(), Showing { pay, ..showing("b", 1) }, site.clone(), showing("b", 2)];
        let together = Together::of(&own, &all);
        assert_eq!(together.also_on, ["b", "acme"]);
        assert_eq!(together.url.as_deref(), Some("https://acme.example/2"));
        assert_eq!(together.pay, pay);
        assert_eq!(together.times.map(|times| times.count), Some(2));
        let closed = [own.clone(), Showing { closed: true, ..site }];
        let together = Together::of(&own, &closed);
        assert_eq!(together.url.as_deref(), Some("https://a.example/1"));
        assert!(!together.closed);
    }

    #[test]
    fn it_is_closed_when_nobody_shows_it_and_counts_what_was_before() {
        let since = DateTime::from_timestamp(0, 0).unwrap();
        let own = showing("a", 50);
        let own = Showing { closed: true, reposts: 2, reposts_since: Some(since), ..own };
        let together = Together::of(&own, std::slice::from_ref(&own));
        assert!(together.closed);
        assert_eq!(together.times, Some(Times { count: 3, since }));
        let one = showing("a", 50);
        assert_eq!(Together::of(&one, std::slice::from_ref(&one)).times, None);
        // Twice within a day is once.
        let twice = [showing("a", 1), Showing { url: None, ..showing("a", 1) }];
        assert_eq!(Together::of(&twice[0], &twice).times, None);
    }
}
