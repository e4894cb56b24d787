//! The page and its messages as HTML. Templates escape whatever they show.

use askama::Template;
use chrono::{DateTime, Utc};

use crate::domain::message::{Card, Message};
use crate::domain::reply::{Button, Part, Press, Reply};
use crate::render;
use crate::render::card::{self, CLOSED, SAMPLE};
use crate::render::replies::{BoardLine, card_buttons};

/// The page's script and style, served from addresses of their own so that none stands in a page.
pub const SCRIPT: &str = include_str!("app.js");
pub const STYLE: &str = include_str!("style.css");

#[derive(Template)]
#[template(path = "page.html")]
struct Page;

#[derive(Template)]
#[template(path = "said.html")]
struct SaidView<'a> {
    text: &'a str,
}

#[derive(Template)]
#[template(path = "reply.html")]
struct ReplyView<'a> {
    parts: Vec<PartView<'a>>,
    buttons: Vec<ButtonView<'a>>,
}

enum PartView<'a> {
    Text(&'a str),
    Code(&'a str),
    List(&'a [String]),
    Link { label: &'a str, url: &'a str },
    Card { card: CardView<'a>, note: &'a str },
}

struct ButtonView<'a> {
    label: &'a str,
    /// The attribute that says what pressing does.
    attribute: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "card.html")]
struct CardMessage<'a> {
    card: CardView<'a>,
    buttons: Vec<ButtonView<'a>>,
}

struct CardView<'a> {
    title: &'a str,
    url: Option<&'a str>,
    facts: Option<String>,
    excerpt: String,
    origin: String,
    delays: Option<String>,
    attribution: Option<&'a str>,
    sample: Option<&'static str>,
    closed: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "heading.html")]
struct Heading<'a> {
    text: &'a str,
}

#[derive(Template)]
#[template(path = "more.html")]
struct More<'a> {
    heading: String,
    lines: Vec<LineView<'a>>,
}

/// A card in a line.
struct LineView<'a> {
    text: String,
    url: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "boards.html")]
struct BoardsView<'a> {
    lines: &'a [BoardLine],
}

/// An error of a template would be a mistake of ours that every test of the page meets.
fn rendered(template: impl Template) -> String {
    template.render().unwrap_or_else(|error| {
        tracing::error!("a template failed: {error}");
        String::new()
    })
}

pub fn page() -> String {
    rendered(Page)
}

pub fn said(text: &str) -> String {
    rendered(SaidView { text: text.trim() })
}

pub fn reply(reply: &Reply) -> String {
    let parts = reply.parts.iter().map(|part| match part {
        Part::Text(text) => PartView::Text(text),
        Part::Code(code) => PartView::Code(code),
        Part::List(lines) => PartView::List(lines),
        Part::Link { label, url } => PartView::Link { label, url },
        Part::Card { card, note } => {
            let shown = CardView { delays: None, ..view(card, card.times.matched) };
            PartView::Card { card: CardView { sample: None, ..shown }, note }
        }
    });
    rendered(ReplyView { parts: parts.collect(), buttons: buttons(&reply.buttons) })
}

/// Something that is said without a posting.
fn text(text: &str) -> String {
    rendered(ReplyView { parts: vec![PartView::Text(text)], buttons: Vec::new() })
}

/// A message that is delivered at `now`.
pub fn message(message: &Message, now: DateTime<Utc>) -> String {
    let (whole, rest) = message.shown();
    let instead = render::message::instead(message).map(|said| text(&said));
    let notice = message.notice.as_deref().map(text);
    let heading = render::message::heading(message).map(|text| rendered(Heading { text: &text }));
    let cards = whole.iter().map(|one| card(one, now));
    let line = |card| LineView { text: render::message::line(card), url: web_address(card) };
    let lines: Vec<LineView<'_>> = rest.iter().map(line).collect();
    let heading_of_rest = render::message::more(lines.len());
    let more = (!lines.is_empty()).then(|| rendered(More { heading: heading_of_rest, lines }));
    instead.into_iter().chain(notice).chain(heading).chain(cards).chain(more).collect()
}

/// Nothing but these two can be followed by a click.
fn web_address(card: &Card) -> Option<&str> {
    let url = card.url.as_deref();
    url.filter(|url| url.starts_with("https://") || url.starts_with("http://"))
}

/// A card that is delivered `now`.
fn card(card: &Card, now: DateTime<Utc>) -> String {
    let buttons = if card.sample { Vec::new() } else { card_buttons(card) };
    let buttons: Vec<Button> = buttons;
    rendered(CardMessage { card: view(card, now), buttons: self::buttons(&buttons) })
}

pub fn boards(lines: &[BoardLine]) -> String {
    rendered(BoardsView { lines })
}

fn view(card: &Card, now: DateTime<Utc>) -> CardView<'_> {
    CardView {
        title: &card.title,
        url: web_address(card),
        facts: card::facts(card),
        excerpt: card::excerpt(&card.body).join(" "),
        origin: card::origin(card, now),
        delays: (!card.sample).then(|| card::delays(&card.times, now)),
        attribution: card.attribution.as_deref(),
        sample: card.sample.then_some(SAMPLE),
        closed: card.closed.then_some(CLOSED),
    }
}

fn buttons(buttons: &[Button]) -> Vec<ButtonView<'_>> {
    buttons.iter().map(button).collect()
}

fn button(button: &Button) -> ButtonView<'_> {
    let (attribute, value) = match &button.press {
        Press::Act(action) => ("data-act", action.to_string()),
        Press::Say(line) => ("data-say", line.clone()),
        Press::Fill(line) => ("data-fill", line.clone()),
    };
    ButtonView { label: &button.label, attribute, value }
}
