//! Messages and answers as embeds and buttons, within Discord's limits.

use chrono::{DateTime, Utc};
use serenity::builder::{CreateActionRow, CreateButton, CreateEmbed, CreateEmbedFooter};

use super::press::name;
use super::text::{escaped, plain, web};
use crate::domain::message::{Card, Message};
use crate::domain::reply::{Button, Part, Reply};
use crate::render;
use crate::render::card::{self, CLOSED, SAMPLE};
use crate::render::replies::card_buttons;

/// Embeds of one message, and characters of all of them.
const EMBEDS: usize = 10;
const ALL: usize = 5_700;

/// Of these, what an edit may add to a message.
const GROWS: usize = 500;

/// Cards of which one message shows no more in any case.
const CARDS: usize = 100;

/// Characters of a description, a title, and a label.
const DESCRIPTION: usize = 4_000;
const TITLE: usize = 250;
const LABEL: usize = 80;

/// Rows of buttons, and buttons of a row.
const ROWS: usize = 5;
const A_ROW: usize = 5;

/// Embeds and rows of buttons.
#[derive(Debug, Clone, Default)]
pub struct Content {
    pub embeds: Vec<CreateEmbed>,
    pub rows: Vec<CreateActionRow>,
}

/// Whether addresses are linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    Shown,
    /// For places that refuse what is linked to.
    Left,
}

/// The line at the end of a message, by which it is known again.
pub fn mark(message: &Message) -> String {
    format!("earlybrd no. {}", message.delivery)
}

/// How many cards of a message one message in Discord shows.
pub fn fits(all: &Message, now: DateTime<Utc>) -> usize {
    all.most_that_fit(CARDS, |some| {
        let page = page(some, now, Links::Shown);
        !page.cut && page.length + GROWS <= ALL
    })
}

/// A message that is delivered at `now`.
pub fn message(message: &Message, now: DateTime<Utc>, links: Links) -> Content {
    page(message, now, links).done(Some(&mark(message)))
}

fn page(message: &Message, now: DateTime<Utc>, links: Links) -> Page {
    let mut page = Page::default();
    let instead = render::message::instead(message);
    let heading = render::message::heading(message);
    for text in instead.iter().chain(&message.notice).chain(&heading) {
        page.text(&escaped(text, DESCRIPTION));
    }
    let (whole, rest) = message.shown();
    for card in whole {
        page.card(card, Some(now), links);
        if !card.sample {
            page.buttons(&card_buttons(card), None);
        }
    }
    if !rest.is_empty() {
        page.text(&render::message::more(rest.len()));
        for card in rest {
            let line = escaped(&render::message::line(card), 400);
            let url = web(card.url.as_deref()).filter(|_| links == Links::Shown);
            page.text(&url.map_or(line.clone(), |url| format!("[{line}](<{}>)", linked(url))));
        }
    }
    page
}

/// An answer.
pub fn reply(reply: &Reply) -> Content {
    let mut page = Page::default();
    let mut shown = None;
    for part in &reply.parts {
        match part {
            Part::Text(text) => page.text(&escaped(text, DESCRIPTION)),
            Part::Code(code) => {
                shown.get_or_insert(code.as_str());
                page.text(&format!("```\n{}\n```", code.replace("```", "'''")));
            }
            Part::List(lines) => {
                for line in lines {
                    page.text(&format!("• {}", escaped(line, 1_000)));
                }
            }
            Part::Link { label, url } => {
                page.text(&format!("[{}](<{}>)", escaped(label, 200), linked(url)));
            }
            Part::Card { card, note } => {
                page.card(card, None, Links::Shown);
                page.text(&escaped(note, 500));
            }
        }
    }
    page.buttons(&reply.buttons, shown);
    page.done(None)
}

/// An address inside markdown: its end stands for nothing else.
fn linked(url: &str) -> String {
    url.replace(')', "%29").replace('>', "%3E").replace('<', "%3C")
}

/// A message as it is put together.
#[derive(Default)]
struct Page {
    embeds: Vec<CreateEmbed>,
    /// Paragraphs that are in no embed yet.
    text: String,
    /// Characters so far, of all embeds.
    length: usize,
    cut: bool,
    buttons: Vec<CreateButton>,
}

impl Page {
    /// A paragraph of markdown, as long as there is room.
    fn text(&mut self, text: &str) {
        let more = text.encode_utf16().count() + 1;
        if self.length + more > ALL {
            self.cut = true;
            return;
        }
        if self.text.encode_utf16().count() + more > DESCRIPTION {
            self.flush();
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.length += more;
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        if !text.trim().is_empty() {
            self.embeds.push(CreateEmbed::new().description(text));
        }
    }

    /// A card; `delivered` is when, for one that was.
    fn card(&mut self, card: &Card, delivered: Option<DateTime<Utc>>, linked: Links) {
        let mut lines = Vec::new();
        lines.extend((card.sample && delivered.is_some()).then(|| SAMPLE.to_owned()));
        lines.extend(card.closed.then(|| CLOSED.to_owned()));
        lines.extend(card::facts(card).map(|facts| escaped(&facts, 500)));
        let excerpt = card::excerpt(&card.body).join(" ");
        lines.extend((!excerpt.is_empty()).then(|| escaped(&excerpt, 350)));
        let origin = card::origin(card, delivered.unwrap_or(card.times.matched));
        lines.push(escaped(&origin, 500));
        lines.extend(card.attribution.as_deref().map(|said| escaped(said, 200)));
        let delays = delivered.filter(|_| !card.sample).map(|at| card::delays(&card.times, at));
        lines.extend(delays.map(|delays| escaped(&delays, 200)));
        let (title, text) = (plain(&card.title, TITLE), lines.join("\n"));
        let title = if title.trim().is_empty() { "untitled".to_owned() } else { title };
        let more = title.encode_utf16().count() + text.encode_utf16().count();
        if self.length + more > ALL || self.embeds.len() + 2 >= EMBEDS {
            self.cut = true;
            return;
        }
        self.flush();
        self.length += more;
        let embed = CreateEmbed::new().title(title).description(text);
        let url = web(card.url.as_deref()).filter(|_| linked == Links::Shown);
        self.embeds.push(match url {
            Some(url) => embed.url(url),
            None => embed,
        });
    }

    /// Things to press; `shown` is the filter that the message shows.
    fn buttons(&mut self, buttons: &[Button], shown: Option<&str>) {
        for button in buttons {
            let n = self.buttons.len();
            let Some(name) = name(&button.press, n, shown).filter(|_| n < ROWS * A_ROW) else {
                continue;
            };
            let label = plain(&button.label, LABEL);
            let style = serenity::model::application::ButtonStyle::Secondary;
            self.buttons.push(CreateButton::new(name).label(label).style(style));
        }
    }

    fn done(mut self, mark: Option<&str>) -> Content {
        if self.cut {
            self.text.push_str("\n… and more than fits here.");
        }
        self.flush();
        self.embeds.truncate(EMBEDS);
        if self.embeds.is_empty() {
            self.embeds.push(CreateEmbed::new().description("earlybrd"));
        }
        if let Some(mark) = mark
            && let Some(last) = self.embeds.pop()
        {
            self.embeds.push(last.footer(CreateEmbedFooter::new(mark)));
        }
        let mut rows = Vec::new();
        let mut buttons = self.buttons.into_iter().peekable();
        while buttons.peek().is_some() {
            rows.push(CreateActionRow::Buttons(buttons.by_ref().take(A_ROW).collect()));
        }
        Content { embeds: self.embeds, rows }
    }
}
