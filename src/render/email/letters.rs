//! Mails without postings: a heading, some sentences, and at most one button.

use askama::Template;
use url::Url;

use super::LINE_LEN;
use crate::domain::email::{Email, one_line};
use crate::domain::message::About;

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

/// What somebody is told of what they pay, with where the button leads.
pub fn bill(about: About, text: &str, page: &Url, unsubscribe: &Url) -> askama::Result<Email> {
    let (subject, label) = match about {
        About::TrialEnds => ("Your trial ends soon", "Keep the plan"),
        About::PaymentFailed => ("Your payment did not go through", "Check the card"),
        About::PaymentWaits => ("A payment waits for you", "See the bill"),
        About::PlanEnded => ("Your plan has ended", "Choose a plan"),
        About::PlanOn => ("Your plan is on", "See what you pay"),
    };
    Letter {
        subject,
        paragraphs: vec![one_line(text, 20 * LINE_LEN)],
        list: &[],
        button: Some(Button { label, url: page }),
        reason: "earlybrd sends this because it is about what you pay.",
        unsubscribe: Some(unsubscribe),
    }
    .render()
}
