//! `earlybrd mail preview`: what mails look like.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;
use url::Url;

use super::output;
use crate::clock::{Clock, SharedClock};
use crate::config::Config;
use crate::domain::account::AccountKind;
use crate::domain::email::{Email, Sender};
use crate::domain::ids::{DeliveryId, OpeningId};
use crate::domain::message::{About, Card, Times};
use crate::domain::pay::{Currency, Pay, Period};
use crate::domain::plan::{Limits, Plan};
use crate::domain::posting::Remote;
use crate::email::{YES_WITHIN, hours};
use crate::mail::letter::{Letter, compose};
use crate::render::email::{self, Fallback, Frame};
use crate::render::notices::{self, Again, PlanChange};
use crate::schedule::rank::best_first;

/// The mails that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// One posting
    Card,
    /// Many postings
    Digest,
    /// A posting that no chat took
    Fallback,
    /// Something that is said without a posting
    Notice,
    /// Whether an address is read by who entered it
    Verification,
    /// What somebody pays
    PaymentFailed,
    TrialEnding,
    Downgrade,
}

/// Writes each mail, with made-up postings, as .eml, .html and .txt, and prints the names of the files.
pub fn preview(config: &Config, only: Option<Template>, folder: &Path) -> anyhow::Result<ExitCode> {
    let now = SharedClock::of_this_machine().now();
    let from = match &config.mail {
        Some(mail) => mail.from.clone(),
        None => "earlybrd <alerts@example.com>".parse()?,
    };
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for template in Template::value_variants() {
        if only.is_none_or(|only| only == *template) {
            let value = template.to_possible_value().context("a template without a name")?;
            write(&folder.join(value.get_name()), *template, &from, now)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, template: Template, from: &Sender, now: DateTime<Utc>) -> anyhow::Result<()> {
    let link = |path: &str| Url::parse(&format!("https://earlybrd.example/{path}"));
    let (unsubscribe, page) = (link("unsubscribe/sample")?, link("verify/sample")?);
    let unsubscribe = (template != Template::Verification).then_some(&unsubscribe);
    let email = sample(template, unsubscribe, &page, now)?;
    let letter = Letter {
        to: &"ada@example.org".parse()?,
        email: &email,
        delivery: DeliveryId(1),
        created: now,
        unsubscribe,
    };
    let composed = compose(&letter, from, now).map_err(|failure| anyhow!(failure.why))?;
    let files: [(&str, &[u8]); 3] =
        [("eml", &composed.bytes), ("html", email.html.as_bytes()), ("txt", email.text.as_bytes())];
    for (end, bytes) in files {
        let path: PathBuf = path.with_extension(end);
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        output::line(&path.display().to_string())?;
    }
    Ok(())
}

fn sample(
    template: Template,
    unsubscribe: Option<&Url>,
    page: &Url,
    now: DateTime<Utc>,
) -> anyhow::Result<Email> {
    let fallback = Fallback {
        place: "Slack",
        why: "your direct messages are closed",
        again: "To be told there again, open a direct message with earlybrd and type: resume 1",
    };
    let fallback = (template == Template::Fallback).then_some(fallback);
    let frame = Frame { now, unsubscribe, fallback };
    let cards = cards(now);
    let (on, pro, buy) = (now + TimeDelta::days(3), Plan::Pro, Again::Buy(Plan::Pro));
    let paused = [(4, "Design, no internships".to_owned()), (5, "Python from $80k".to_owned())];
    let ended = PlanChange {
        before: pro,
        now: Plan::Free,
        paid: false,
        paused: &paused,
        woken: &[],
        paused_boards: &[],
        woken_boards: &[],
        limits: Limits { filters: 3, boards: 1, delay_minutes: 30, channels: false },
        kind: AccountKind::Person,
        again: buy,
    };
    let bill = |about, text: &str| email::bill(about, text, page, unsubscribe.unwrap_or(page));
    Ok(match template {
        Template::Card | Template::Fallback => {
            email::card(cards.first().context("a sample")?, &frame)?
        }
        Template::Digest => email::digest(&cards, &frame)?,
        Template::Notice => email::notice(
            "Your board 3, Acme careers, could not be read for a week (404) and is not asked any \
             more. To try again: boards add https://example.com/jobs.rss",
            unsubscribe,
        )?,
        Template::Verification => email::verification(page, hours(YES_WITHIN))?,
        Template::TrialEnding => bill(About::TrialEnds, &notices::trial_ends(pro, on, buy))?,
        Template::PaymentFailed => bill(About::PaymentFailed, &notices::payment_failed(pro, on))?,
        Template::Downgrade => bill(About::PlanEnded, &notices::plan_changed(&ended))?,
    })
}

fn cards(now: DateTime<Utc>) -> Vec<Card> {
    let year = |least: i64, most: i64, currency| {
        Pay::new(Some(least.into()), Some(most.into()), currency, Period::Year)
    };
    let rust = Card {
        opening: OpeningId(1),
        sample: false,
        version: 1,
        title: "Senior Rust Engineer (Payments & Ledgers)".to_owned(),
        url: Some("https://example.com/jobs/1?from=earlybrd&lang=en".to_owned()),
        company: Some("Acme".to_owned()),
        location: Some("EU only".to_owned()),
        remote: Some(Remote::Yes),
        pay: year(90_000, 110_000, Currency::EUR),
        body: "You will build the ledger that every payment of ours passes through, in Rust, with a \
               small team that writes tests first and ships every day. We look for somebody who has \
               run Postgres at night."
            .to_owned(),
        board: "We Work Remotely".to_owned(),
        also_on: Vec::new(),
        closed: false,
        posted: None,
        attribution: Some("Jobs by We Work Remotely".to_owned()),
        filters: vec!["remote rust".to_owned()],
        times: Times {
            posted: Some(now - TimeDelta::minutes(3)),
            seen: now - TimeDelta::seconds(20),
            matched: now - TimeDelta::milliseconds(19_990),
        },
    };
    let other = |opening, title: &str, company: &str, place: &str| Card {
        opening: OpeningId(opening),
        title: title.to_owned(),
        company: Some(company.to_owned()),
        location: Some(place.to_owned()),
        remote: None,
        also_on: Vec::new(),
        closed: false,
        posted: None,
        attribution: None,
        ..rust.clone()
    };
    let mut cards = vec![
        Card { sample: true, ..other(4, &"Principal ".repeat(12), "Wordy", "Anywhere") },
        rust.clone(),
        Card {
            pay: year(140_000, 180_000, Currency::USD),
            ..other(2, "Staff Backend Engineer", "Müller & Söhne GmbH", "Berlin, Germany (hybrid)")
        },
        Card {
            pay: None,
            url: None,
            body: String::new(),
            ..other(3, "מפתח Rust בכיר", "<Bold> Startup", "Tel Aviv")
        },
    ];
    best_first(&mut cards);
    cards
}
