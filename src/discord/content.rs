//! Messages and answers as embeds and buttons, within Discord's limits.

use chrono::{DateTime, Utc};
use serenity::builder::{
    CreateActionRow, CreateButton, CreateEmbed, CreateEmbedFooter, CreateSelectMenu,
    CreateSelectMenuKind, CreateSelectMenuOption,
};

use super::press::name;
use super::text::{cut, escaped, plain, web};
use crate::domain::message::{Card, Message};
use crate::domain::reply::{Action, Button, Part, Press, Reply};
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
/// So with what stands in a description as it is, without what encloses it.
const CODE: usize = DESCRIPTION - 10;
const TITLE: usize = 250;
const LABEL: usize = 80;

/// Rows of a message, buttons of a row, and what a menu has to choose from.
const ROWS: usize = 5;
const A_ROW: usize = 5;
const CHOICES: usize = 25;

/// Characters of a choice, and of what a menu is for.
const CHOICE: usize = 100;
const ASKED: usize = 150;

/// Embeds and rows of what can be pressed.
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
    }
    if !rest.is_empty() {
        page.text(&render::message::more(rest.len()));
        for card in rest {
            let line = escaped(&render::message::line(card), 400);
            let url = web(card.url.as_deref()).filter(|_| links == Links::Shown);
            page.text(&url.map_or(line.clone(), |url| format!("[{line}](<{}>)", linked(url))));
        }
    }
    let real: Vec<&Card> = message.cards.iter().filter(|card| !card.sample).collect();
    match real.as_slice() {
        [] => {}
        [one] => page.buttons(&card_buttons(one), None),
        many => page.menus(many),
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
                let is_whole = page.code(code);
                shown.get_or_insert(is_whole.then_some(code.as_str()));
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
    let is_reason = |button: &&Button| matches!(button.press, Press::Act(Action::Because(..)));
    let (reasons, others): (Vec<&Button>, Vec<&Button>) = reply.buttons.iter().partition(is_reason);
    page.buttons(others, shown.flatten());
    if !reasons.is_empty() {
        page.menu("Why?", reasons.into_iter().map(|it| (it.label.clone(), &it.press)));
    }
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
    menus: Vec<CreateActionRow>,
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

    /// Text as it stands. Says whether all of it does.
    fn code(&mut self, code: &str) -> bool {
        let shown = cut(code.replace("```", "'''").chars(), CODE);
        self.text(&format!("```\n{shown}\n```"));
        shown == code
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
        let (title, text) = (escaped(&card.title, TITLE), lines.join("\n"));
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
    fn buttons<'a>(&mut self, buttons: impl IntoIterator<Item = &'a Button>, shown: Option<&str>) {
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

    /// For several cards, what can be done with one, and which.
    fn menus(&mut self, cards: &[&Card]) {
        let mut menus: Vec<(String, Vec<(String, Press)>)> = Vec::new();
        for card in cards {
            for Button { label, press } in card_buttons(card) {
                // To mute, the company is what is chosen, once.
                let mutes = matches!(press, Press::Act(Action::Mute(_)));
                let (does, chosen) = match label.split_once(' ').filter(|_| mutes) {
                    Some((does, company)) => (does.to_owned(), company.to_owned()),
                    None => (label.clone(), render::message::line(card)),
                };
                let at = menus.iter().position(|(known, _)| *known == does);
                let at = at.unwrap_or_else(|| {
                    menus.push((does, Vec::new()));
                    menus.len() - 1
                });
                if let Some((_, choices)) = menus.get_mut(at)
                    && !choices
                        .iter()
                        .any(|(said, known)| *known == press || mutes && *said == chosen)
                {
                    choices.push((chosen, press));
                }
            }
        }
        for (does, choices) in &menus {
            self.menu(
                &format!("{does}: which?"),
                choices.iter().map(|(label, press)| (label.clone(), press)),
            );
        }
    }

    /// One thing to choose; `asked` is for what.
    fn menu<'a>(&mut self, asked: &str, choices: impl Iterator<Item = (String, &'a Press)>) {
        let named = choices.enumerate().filter_map(|(n, (label, press))| {
            let label = plain(&label, CHOICE);
            let label = if label.trim().is_empty() { "untitled".to_owned() } else { label };
            Some(CreateSelectMenuOption::new(label, name(press, n, None)?))
        });
        let options: Vec<_> = named.take(CHOICES).collect();
        if options.is_empty() || self.menus.len() >= ROWS {
            return;
        }
        let id = format!("menu:{}", self.menus.len());
        let menu = CreateSelectMenu::new(id, CreateSelectMenuKind::String { options })
            .placeholder(plain(asked, ASKED));
        self.menus.push(CreateActionRow::SelectMenu(menu));
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
        rows.append(&mut self.menus);
        rows.truncate(ROWS);
        Content { embeds: self.embeds, rows }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    #[test]
    fn code_is_as_long_as_discord_takes_and_buttons_lean_on_all_of_it_alone() {
        for (code, is_whole) in [
            ("rust ".repeat(60), true),
            ("a".repeat(5_000), false),
            ("\u{1f980}".repeat(2_100), false),
            (format!("rust ```{}", "a".repeat(300)), false),
        ] {
            let button =
                Button { label: "Change".to_owned(), press: Press::Fill(format!("watch {code}")) };
            let parts = vec![Part::Code(code), Part::Text("It is written so.".to_owned())];
            let content = reply(&Reply { parts, buttons: vec![button] });
            let embeds = serde_json::to_value(&content.embeds).unwrap();
            let texts: Vec<&str> =
                embeds.as_array().unwrap().iter().filter_map(described).collect();
            assert!(texts.iter().all(|text| text.encode_utf16().count() <= 4_096), "{texts:?}");
            let all = texts.join("\n");
            assert_eq!(all.matches("```").count(), 2, "{all}");
            assert!(all.ends_with("It is written so."), "{all}");
            assert_eq!(content.rows.len(), usize::from(is_whole), "{all}");
        }
    }

    fn described(embed: &Json) -> Option<&str> {
        embed.pointer("/description")?.as_str()
    }
}
