//! Mails with postings: one card, or a digest, as HTML and as text that says the same. Strangers wrote
//! most of it: it is escaped, kept on one line each, and links lead to http(s) only.

mod letters;

use askama::Template;
use chrono::{DateTime, Utc};
use url::Url;

use super::card::{self, CLOSED, SAMPLE};
use crate::domain::email::{Email, one_line};
use crate::domain::message::Card;

pub use letters::{bill, notice, verification};

/// Longest title, in characters; so much fits on three lines of a phone.
const TITLE_LEN: usize = 150;

/// Longest other line.
const LINE_LEN: usize = 300;

/// Longest address of a posting; of a longer one, only the words are shown.
const URL_LEN: usize = 2_000;

/// Cards that one mail shows: usually less than the 102 kB that Gmail shows, never too large to send.
pub const MOST_CARDS: usize = 25;

/// Why a mail is sent to somebody who wants to be told in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback<'a> {
    /// `Slack`
    pub place: &'a str,
    /// `your direct messages are closed`
    pub why: &'a str,
    /// What to do to be told there again: a sentence.
    pub again: &'a str,
}

/// Who it goes to, and why.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// When it is sent: cards say how long ago something was.
    pub now: DateTime<Utc>,
    /// `None` for a mail that nobody subscribes to.
    pub unsubscribe: Option<&'a Url>,
    pub fallback: Option<Fallback<'a>>,
}

#[derive(Template)]
#[template(path = "email/cards.html")]
struct CardsHtml<'a> {
    subject: &'a str,
    preview: &'a str,
    cards: &'a [CardView],
    heading: Option<&'a str>,
    fallback: Option<Fallback<'a>>,
    sample: &'static str,
    reason: &'a str,
    unsubscribe: Option<&'a Url>,
}

#[derive(Template)]
#[template(path = "email/cards.txt")]
struct CardsText<'a> {
    cards: &'a [CardView],
    heading: Option<&'a str>,
    fallback: Option<Fallback<'a>>,
    sample: &'static str,
    reason: &'a str,
    unsubscribe: Option<&'a Url>,
}

struct CardView {
    title: String,
    url: Option<String>,
    facts: Option<String>,
    excerpt: String,
    origin: String,
    delays: Option<String>,
    attribution: Option<String>,
    sample: bool,
    closed: Option<&'static str>,
}

/// One posting, as soon as it was matched.
pub fn card(card: &Card, frame: &Frame<'_>) -> askama::Result<Email> {
    let company = card.company.as_ref().map(|company| format!(" · {company}")).unwrap_or_default();
    let sample = if card.sample { "Sample: " } else { "" };
    let subject = one_line(&format!("{sample}{}{company}", card.title), TITLE_LEN);
    cards(&subject, None, &[view(card, frame.now, true)], frame)
}

/// Many postings, in the order in which they come; `MOST_CARDS` at the most, or it may be too large to send.
pub fn digest(shown: &[Card], frame: &Frame<'_>) -> askama::Result<Email> {
    let all = shown.len();
    let first = shown.first().map(|card| format!(": {}", card.title)).unwrap_or_default();
    let postings =
        if all == 1 { "1 new posting".to_owned() } else { format!("{all} new postings") };
    let subject = one_line(&format!("{postings}{first}"), TITLE_LEN);
    let heading = if all > 1 { format!("{postings}, the best matches first") } else { postings };
    let views: Vec<CardView> = shown.iter().map(|card| view(card, frame.now, false)).collect();
    cards(&subject, Some(&heading), &views, frame)
}

fn cards(
    subject: &str,
    heading: Option<&str>,
    cards: &[CardView],
    frame: &Frame<'_>,
) -> askama::Result<Email> {
    let reason = "earlybrd sends this because a filter of yours asks for it.";
    let preview = cards.first().and_then(|card| card.facts.as_deref()).unwrap_or_default();
    let (fallback, unsubscribe) = (frame.fallback, frame.unsubscribe);
    let sample = SAMPLE;
    let text = CardsText { cards, heading, fallback, sample, reason, unsubscribe };
    let html =
        CardsHtml { subject, preview, cards, heading, fallback, sample, reason, unsubscribe };
    Ok(Email { subject: subject.to_owned(), text: text.render()?, html: html.render()? })
}

fn view(card: &Card, now: DateTime<Utc>, with_delays: bool) -> CardView {
    let line = |text: &str| one_line(text, LINE_LEN);
    CardView {
        title: one_line(&card.title, TITLE_LEN),
        url: card.url.as_deref().and_then(web_address),
        facts: card::facts(card).map(|facts| line(&facts)),
        excerpt: line(&card::excerpt(&card.body).join(" ")),
        origin: line(&card::origin(card, now)),
        delays: (with_delays && !card.sample).then(|| card::delays(&card.times, now)),
        attribution: card.attribution.as_deref().map(line),
        sample: card.sample,
        closed: card.closed.then_some(CLOSED),
    }
}

/// Nothing but these two can be followed by a click; as a browser writes it, without spaces.
fn web_address(url: &str) -> Option<String> {
    let url: Url = url.parse().ok()?;
    let good = matches!(url.scheme(), "http" | "https") && url.as_str().len() <= URL_LEN;
    good.then(|| url.to_string())
}

#[cfg(test)]
mod tests;
