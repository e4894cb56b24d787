//! Mails without postings: a heading, some sentences, and at most one button.

use askama::Template;
use chrono::NaiveDate;
use url::Url;

use super::LINE_LEN;
use crate::domain::email::{Email, one_line};

#[derive(Template)]
#[template(path = "email/letter.html")]
struct LetterHtml<'a> {
    subject: &'a str,
    preview: &'a str,
    paragraphs: &'a [String],
    list: &'a [String],
    button: Option<Button<'a>>,
    reason: &'a str,
    unsubscribe: Option<&'a Url>,
}

#[derive(Template)]
#[template(path = "email/letter.txt")]
struct LetterText<'a> {
    subject: &'a str,
    paragraphs: &'a [String],
    list: &'a [String],
    button: Option<Button<'a>>,
    reason: &'a str,
    unsubscribe: Option<&'a Url>,
}

#[derive(Clone, Copy)]
struct Button<'a> {
    label: &'static str,
    url: &'a Url,
}

/// What one letter says.
struct Letter<'a> {
    subject: &'a str,
    paragraphs: Vec<String>,
    list: &'a [String],
    button: Option<Button<'a>>,
    reason: &'a str,
    unsubscribe: Option<&'a Url>,
}

impl Letter<'_> {
    fn render(&self) -> askama::Result<Email> {
        let Letter { subject, list, button, reason, unsubscribe, .. } = *self;
        let paragraphs = &self.paragraphs;
        let preview = paragraphs.first().map(String::as_str).unwrap_or_default();
        let text = LetterText { subject, paragraphs, list, button, reason, unsubscribe };
        let html = LetterHtml { subject, preview, paragraphs, list, button, reason, unsubscribe };
        Ok(Email { subject: subject.to_owned(), text: text.render()?, html: html.render()? })
    }
}

/// What somebody is told about what they pay. Dates are theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing<'a> {
    /// The trial ends and nothing is paid.
    TrialEnding { plan: &'a str, on: NaiveDate, upgrade: &'a Url },
    /// A payment failed; the plan goes on for a while.
    PaymentFailed { plan: &'a str, until: NaiveDate, portal: &'a Url },
    /// The plan has ended. `paused` names the filters above the new limit.
    Downgraded { from: &'a str, to: &'a str, paused: &'a [String], upgrade: &'a Url },
}

/// Asks whether an address is read by whoever entered it. `link` leads to a page with a button: a
/// scanner of links that opens it changes nothing.
pub fn verification(link: &Url, hours: u32) -> askama::Result<Email> {
    let paragraphs = vec![
        "Somebody, most likely you, asked earlybrd to send mail about new job postings to this \
         address."
            .to_owned(),
        format!("If it was you, confirm it within {hours} hours. Until then nothing more is sent."),
        "If it was not you, do nothing: you will not hear from us.".to_owned(),
    ];
    Letter {
        subject: "Is this your address?",
        paragraphs,
        list: &[],
        button: Some(Button { label: "Confirm this address", url: link }),
        reason: "earlybrd sends this once, because this address was entered there.",
        unsubscribe: None,
    }
    .render()
}

/// Something that is said without a posting: that a board was given up, say.
pub fn notice(text: &str, unsubscribe: Option<&Url>) -> askama::Result<Email> {
    let paragraphs = text.split("\n\n").map(|text| one_line(text, 20 * LINE_LEN)).collect();
    Letter {
        subject: "A note from earlybrd",
        paragraphs,
        list: &[],
        button: None,
        reason: "earlybrd sends this because mail is where you want to be told.",
        unsubscribe,
    }
    .render()
}

/// What somebody must know about what they pay; nobody subscribes to it.
pub fn billing(notice: &Billing<'_>) -> askama::Result<Email> {
    let keeps = "Nothing is deleted.".to_owned();
    let mut lines = Vec::new();
    let (subject, paragraphs, button) = match *notice {
        Billing::TrialEnding { plan, on, upgrade } => (
            format!("Your trial of {plan} ends on {}", day(on)),
            vec![
                format!("After {} your account goes on as a free one.", day(on)),
                "Filters above the free limit are paused then, and what is told at once comes half \
                 an hour later."
                    .to_owned(),
                keeps,
            ],
            Button { label: "Keep the plan", url: upgrade },
        ),
        Billing::PaymentFailed { plan, until, portal } => (
            "Your payment did not go through".to_owned(),
            vec![
                format!("Your plan, {plan}, goes on until {} all the same.", day(until)),
                "Please check your card by then; the payment is tried again.".to_owned(),
            ],
            Button { label: "Check the card", url: portal },
        ),
        Billing::Downgraded { from, to, paused, upgrade } => {
            lines = paused.iter().map(|name| one_line(name, LINE_LEN)).collect();
            let mut said = vec![format!("It was {from} before."), keeps];
            if !paused.is_empty() {
                said.push("These filters, the newest, are above its limit and paused:".to_owned());
            }
            (
                format!("Your plan is {to} now"),
                said,
                Button { label: "Choose a plan", url: upgrade },
            )
        }
    };
    Letter {
        subject: &subject,
        paragraphs,
        list: &lines,
        button: Some(button),
        reason: "earlybrd sends this because it is about what you pay.",
        unsubscribe: None,
    }
    .render()
}

/// `24 January 2026`
fn day(date: NaiveDate) -> String {
    date.format("%-d %B %Y").to_string()
}
