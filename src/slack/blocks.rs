//! Messages and replies in Block Kit, within Slack's limits.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockButtonElement,
    SlackBlockChoiceItem, SlackBlockMarkDownText, SlackBlockOverflowElement, SlackBlockPlainText,
    SlackBlockPlainTextOnly, SlackContextBlock, SlackSectionBlock,
};

use super::press::Value;
use super::text::{self, LABEL, SECTION, escaped, link, plain};
use crate::domain::message::{Card, Message};
use crate::domain::reply::{Button, Part, Reply};
use crate::render;
use crate::render::card::{self, CLOSED, SAMPLE};
use crate::render::replies::card_buttons;

/// Blocks of one message.
const BLOCKS: usize = 50;

/// What they may take together, as characters of JSON. Slack says no number; a little above 13,000 it refuses
/// them (slackapi/bolt-js#2509). There is room left for what an edit adds.
const LENGTH: usize = 11_000;

/// Cards of which one message shows no more in any case.
const CARDS: usize = 100;

/// Elements of one block of buttons.
const ELEMENTS: usize = 25;

/// What a title may take of its section.
const TITLE: usize = 1_200;

/// Length of the text that notifications show.
const NOTIFICATION: usize = 300;

/// A message for Slack: its blocks, and the text where blocks are not shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    pub blocks: Vec<SlackBlock>,
    pub text: String,
}

/// How many cards of a message one message in Slack shows.
pub fn fits(all: &Message, now: DateTime<Utc>) -> usize {
    all.most_that_fit(CARDS, |some| {
        let blocks = message(some, now).blocks;
        let json = serde_json::to_string(&blocks).unwrap_or_default();
        blocks.len() < BLOCKS && json.chars().count() <= LENGTH
    })
}

/// A message that is delivered at `now`.
pub fn message(message: &Message, now: DateTime<Utc>) -> Content {
    let mut blocks = Blocks::default();
    if let Some(instead) = render::message::instead(message) {
        blocks.text(&instead);
    }
    if let Some(notice) = &message.notice {
        blocks.text(notice);
    }
    let heading = render::message::heading(message);
    if let Some(heading) = &heading {
        blocks.heading(heading);
    }
    let (whole, rest) = message.shown();
    for card in whole {
        blocks.card(card, Some(now));
        if !card.sample {
            blocks.buttons(&card_buttons(card));
        }
    }
    if !rest.is_empty() {
        let line = |card: &Card| {
            format!("• {}", link(card.url.as_deref(), &render::message::line(card), 600))
        };
        blocks.text(&render::message::more(rest.len()));
        blocks.lines(rest.iter().map(line));
    }
    let first = message.cards.first().map(title_and_company);
    let text = message.notice.clone().or(heading).or(first).unwrap_or_default();
    blocks.done(&text)
}

/// What a message would show by now, under it: a line a card.
pub fn news(message: &Message) -> Content {
    let mut blocks = Blocks::default();
    for card in &message.cards {
        let mut lines = vec![format!("*{}*", link(card.url.as_deref(), &card.title, TITLE))];
        lines.extend(card.closed.then(|| CLOSED.to_owned()));
        lines.extend(card::facts(card).map(|facts| escaped(&facts, 600)));
        lines.push(escaped(&card::origin(card, card.times.matched), 1_000));
        blocks.section(lines.join("\n"));
    }
    blocks.done("There is news of this posting.")
}

/// An answer.
pub fn reply(reply: &Reply) -> Content {
    let mut blocks = Blocks::default();
    let mut text = None;
    for part in &reply.parts {
        match part {
            Part::Text(said) => {
                text.get_or_insert(said.as_str());
                blocks.text(said);
            }
            Part::Code(code) => blocks.code(code),
            Part::List(lines) => {
                blocks.list(lines);
            }
            Part::Link { label, url } => blocks.link(label, url),
            Part::Card { card, note } => {
                blocks.card(card, None);
                blocks.context(&[note.as_str()]);
            }
        }
    }
    blocks.buttons(&reply.buttons);
    blocks.done(text.unwrap_or("earlybrd"))
}

fn title_and_company(card: &Card) -> String {
    match &card.company {
        Some(company) => format!("{} · {company}", card.title),
        None => card.title.clone(),
    }
}

/// Blocks as they are put together.
#[derive(Default)]
pub struct Blocks {
    blocks: Vec<SlackBlock>,
    pressable: usize,
}

impl Blocks {
    pub fn heading(&mut self, text: &str) {
        self.section(format!("*{}*", escaped(text, 200)));
    }

    /// So many of them at the most.
    pub fn all(mut self, most: usize) -> Vec<SlackBlock> {
        self.blocks.truncate(most);
        self.blocks
    }

    /// A paragraph that a stranger may have had a hand in.
    pub fn text(&mut self, text: &str) {
        for piece in pieces(text, SECTION) {
            let text = plain(&piece, SECTION);
            if !text.trim().is_empty() {
                let text = SlackBlockPlainText { text, emoji: Some(false) };
                self.blocks.push(SlackSectionBlock::new().with_text(text.into()).into());
            }
        }
    }

    /// Mrkdwn of ours.
    pub fn section(&mut self, text: String) {
        let text = SlackBlockMarkDownText { text, verbatim: Some(true) };
        self.blocks.push(SlackSectionBlock::new().with_text(text.into()).into());
    }

    /// An address of ours.
    pub fn link(&mut self, label: &str, url: &str) {
        let url = url.replace('&', "&amp;").replace('<', "%3C").replace('>', "%3E");
        self.section(format!("<{}|{}>", url.replace('|', "%7C"), escaped(label, 200)));
    }

    fn code(&mut self, code: &str) {
        let code = text::code(&code.replace("```", "'''"), SECTION - 10);
        self.section(format!("```\n{code}\n```"));
    }

    /// Short lines; one that ends with an address is a link.
    pub fn list(&mut self, lines: &[String]) {
        self.lines(lines.iter().map(|line| {
            let (said, url) = match line.rsplit_once(" · ") {
                Some((said, end)) if end.starts_with("http") => (said, Some(end)),
                _ => (line.as_str(), None),
            };
            format!("• {}", link(url, said, 1_000))
        }));
    }

    /// Lines that are mrkdwn already, as many to a section as it holds.
    pub fn lines(&mut self, lines: impl Iterator<Item = String>) {
        let (mut section, mut length) = (String::new(), 0);
        for line in lines {
            let more = line.chars().count() + 1;
            if length + more > SECTION {
                self.section(std::mem::take(&mut section));
                length = 0;
            }
            if !section.is_empty() {
                section.push('\n');
            }
            section.push_str(&line);
            length += more;
        }
        if !section.is_empty() {
            self.section(section);
        }
    }

    /// Small lines.
    pub fn context(&mut self, lines: &[&str]) {
        let lines = lines.iter().map(|line| plain(line, 1_000)).filter(|line| !line.is_empty());
        let elements = lines.map(|text| SlackBlockPlainText { text, emoji: Some(false) }.into());
        let elements: Vec<_> = elements.collect();
        if !elements.is_empty() {
            self.blocks.push(SlackContextBlock::new(elements).into());
        }
    }

    /// A card; `delivered` is when, for one that was.
    fn card(&mut self, card: &Card, delivered: Option<DateTime<Utc>>) {
        let title = link(card.url.as_deref(), &card.title, TITLE);
        let mut lines = vec![format!("*{title}*")];
        lines.extend(card::facts(card).map(|facts| escaped(&facts, 600)));
        let excerpt = card::excerpt(&card.body).join(" ");
        if !excerpt.is_empty() {
            lines.push(escaped(&excerpt, 400));
        }
        if card.closed {
            lines.insert(0, CLOSED.to_owned());
        }
        if card.sample && delivered.is_some() {
            lines.insert(0, SAMPLE.to_owned());
        }
        self.section(lines.join("\n"));
        let origin = card::origin(card, delivered.unwrap_or(card.times.matched));
        let delays = delivered.filter(|_| !card.sample).map(|at| card::delays(&card.times, at));
        let attribution = card.attribution.as_deref().unwrap_or_default();
        self.context(&[&origin, attribution, delays.as_deref().unwrap_or_default()]);
    }

    /// Things to press.
    pub fn buttons(&mut self, buttons: &[Button]) {
        for row in buttons.chunks(ELEMENTS) {
            let elements = row.iter().map(|button| self.button(button)).collect();
            self.blocks.push(SlackActionsBlock::new(elements).into());
        }
    }

    /// A paragraph with a menu of a few things to press beside it, by this name if it needs one.
    pub fn menu(&mut self, block: Option<String>, text: &str, buttons: &[Button]) {
        let option = |button: &Button| {
            let label: SlackBlockPlainTextOnly = plain(&button.label, LABEL).into();
            SlackBlockChoiceItem::new(label, Value::of(&button.press).to_string())
        };
        let menu = SlackBlockOverflowElement::new(buttons.iter().map(option).collect())
            .with_action_id(self.name().into());
        let text = SlackBlockPlainText { text: plain(text, SECTION), emoji: Some(false) };
        let section = SlackSectionBlock::new().with_text(text.into()).with_accessory(menu.into());
        let section = SlackSectionBlock { block_id: block.map(Into::into), ..section };
        self.blocks.push(section.into());
    }

    /// A name for something to press: no two of a message may have one.
    fn name(&mut self) -> String {
        self.pressable += 1;
        format!("press:{}", self.pressable)
    }

    fn button(&mut self, button: &Button) -> SlackActionBlockElement {
        let name = self.name();
        let label = SlackBlockPlainText { text: plain(&button.label, LABEL), emoji: Some(false) };
        SlackBlockButtonElement::new(label.into())
            .with_action_id(name.into())
            .with_value(Value::of(&button.press).to_string())
            .into()
    }

    /// All of them; `text` is what a notification says.
    pub fn done(mut self, text: &str) -> Content {
        let text = escaped(text, NOTIFICATION);
        let text = if text.trim().is_empty() { "earlybrd".to_owned() } else { text };
        if self.blocks.is_empty() {
            self.text(&text);
        }
        self.blocks.truncate(BLOCKS);
        Content { blocks: self.blocks, text }
    }
}

/// A long text in pieces, cut at lines where there are some.
fn pieces(text: &str, most: usize) -> Vec<String> {
    let (mut pieces, mut piece, mut length) = (Vec::new(), String::new(), 0);
    for line in text.split_inclusive('\n') {
        let more = line.chars().count();
        if length > 0 && length + more > most {
            pieces.push(std::mem::take(&mut piece));
            length = 0;
        }
        piece.push_str(line);
        length += more;
    }
    pieces.push(piece);
    pieces
}
