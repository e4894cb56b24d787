//! `earlybrd doctor`: what is set, what can be reached, what is missing — in words.

use std::io::ErrorKind;
use std::process::ExitCode;

use tokio::net::TcpListener;

use super::output;
use super::serve::catalogue;
use crate::app;
use crate::app::Database;
use crate::boards::catalog::Entry;
use crate::boards::fetch::{Fetcher, Request};
use crate::clock::{Clock, SharedClock};
use crate::config::{Config, SETTINGS};
use crate::db;
use crate::domain::board::{Validators, Visibility};
use crate::http::{for_operator, user_agent};
use crate::mail::Mail;
use crate::postgres::Binaries;
use crate::slack;

/// Whether anything was found that keeps the service from running.
#[derive(Default)]
struct Findings {
    failed: bool,
}

impl Findings {
    fn bad(&mut self, said: &str) -> anyhow::Result<()> {
        self.failed = true;
        output::line(&format!("FAIL  {said}"))
    }
}

fn good(said: &str) -> anyhow::Result<()> {
    output::line(&format!("ok    {said}"))
}

/// Worth knowing; the service runs all the same.
fn note(said: &str) -> anyhow::Result<()> {
    output::line(&format!("note  {said}"))
}

/// Checks everything that `serve` needs. Fails if it could not run.
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let mut findings = Findings::default();
    settings(config)?;
    let running = database(config, &mut findings).await?;
    pages(config, running, &mut findings).await?;
    mail(config, &mut findings).await?;
    slack(config, &mut findings).await?;
    discord(config, &mut findings).await?;
    payments(config, &mut findings).await?;
    match catalogue(config) {
        Ok(entries) => boards(config, &entries).await?,
        Err(error) => findings.bad(&format!("catalogue: {error:#}"))?,
    }
    output::line(if findings.failed { "serve could not run" } else { "serve can run" })?;
    Ok(if findings.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn settings(config: &Config) -> anyhow::Result<()> {
    for setting in SETTINGS {
        let set = config.set.contains(&setting.name);
        let state = if set { "set" } else { "not set" };
        good(&format!("{} is {state}: {}", setting.name, setting.meaning))?;
    }
    if config.contact.is_none() {
        note("no EARLYBRD_CONTACT: a board that minds our visits cannot tell you")?;
    }
    Ok(())
}

/// Whether a service runs on the database already.
async fn database(config: &Config, findings: &mut Findings) -> anyhow::Result<bool> {
    if let Some(folder) = Database::not_made_yet(config) {
        match Binaries::find(config.pg_bin_dir.as_deref(), &config.search_path) {
            Ok(_) => {
                let at = folder.display();
                good(&format!(
                    "private Postgres: its programs are here; the first start makes {at}"
                ))?;
            }
            Err(error) => findings.bad(&format!("database: {error}"))?,
        }
        return Ok(false);
    }
    let database = match Database::attach(config).await {
        Ok(database) => database,
        Err(error) => {
            findings.bad(&format!("database: {error:#}"))?;
            return Ok(false);
        }
    };
    let kind = if config.database_url.is_some() { "DATABASE_URL" } else { "private Postgres" };
    let state = db::schema_state(database.url()).await;
    database.close().await;
    let state = match state {
        Ok(state) => state,
        Err(error) => {
            findings.bad(&format!("{kind}: cannot be used: {error}"))?;
            return Ok(false);
        }
    };
    good(&format!("{kind}: answers, version {}", state.server))?;
    match state.missing {
        0 => good("schema: up to date")?,
        missing => note(&format!(
            "schema: {missing} migrations are missing; `earlybrd migrate` or the next start applies \
             them"
        ))?,
    }
    if state.unknown {
        note("schema: made by a newer version of earlybrd; the one before it runs on it, too")?;
    }
    if state.in_use {
        note("an earlybrd runs on this database now")?;
    }
    Ok(state.in_use)
}

async fn pages(config: &Config, running: bool, findings: &mut Findings) -> anyhow::Result<()> {
    if config.playground != Some(true) {
        return good("pages: off in serve (EARLYBRD_PLAYGROUND=on turns them on)");
    }
    match TcpListener::bind(config.listen).await {
        Ok(_) => good(&format!("pages: {} is free", config.listen)),
        Err(error) if running && error.kind() == ErrorKind::AddrInUse => {
            note(&format!("pages: {} is taken, most likely by that earlybrd", config.listen))
        }
        Err(error) => findings.bad(&format!("pages: cannot listen on {}: {error}", config.listen)),
    }
}

/// Dials the server and logs in; sends nothing.
async fn mail(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    let Some(settings) = &config.mail else {
        return note("mail: no EARLYBRD_MAIL_URL, so nobody can be written to");
    };
    let checked = match Mail::new(settings) {
        Ok(mail) => mail.check().await.map_err(|failure| failure.why),
        Err(error) => Err(format!("mail: {error:#}")),
    };
    match checked {
        Ok(()) => good(&format!("mail: {} takes us", settings.to)),
        Err(why) => findings.bad(&why),
    }
}

/// Asks Slack who we are; sends nothing.
async fn slack(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    let Some(settings) = &config.slack else {
        return note("Slack: no SLACK_ settings, so nobody is told there");
    };
    let client = for_operator(&user_agent(config.contact.as_deref()))?;
    match slack::check(settings, client).await {
        Ok(Some(team)) => good(&format!("Slack: the tokens are good, for {team}")),
        Ok(None) => note("Slack: the app's secrets are set; only an installation can prove them"),
        Err(error) => findings.bad(&format!("Slack: {error}")),
    }
}

/// Asks Discord who we are; sends nothing.
async fn discord(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    let Some(discord) = app::discord(config)? else {
        return note("Discord: no DISCORD_ settings, so nobody is told there");
    };
    match discord.check().await {
        Ok(checked) => {
            good(&format!("Discord: the token is good, for {}", checked.name))?;
            for problem in checked.problems {
                findings.bad(&format!("Discord: {problem}"))?;
            }
            checked.notes.iter().try_for_each(|said| note(&format!("Discord: {said}")))
        }
        Err(error) => findings.bad(&format!("Discord: {error}")),
    }
}

/// Asks Stripe for a page of subscriptions; changes nothing.
async fn payments(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    let Some(payments) = app::payments(config)? else {
        return note("Stripe: no STRIPE_SECRET_KEY, so there are no plans and no limits");
    };
    match payments.subscriptions(None, None).await {
        Ok(_) => {
            let mode = match payments.is_live() {
                Some(true) => "people pay in earnest",
                Some(false) => "test mode: nobody pays in earnest",
                None => "the key does not say whether it is for tests",
            };
            good(&format!("Stripe: the key is good; {mode}"))?;
        }
        Err(failure) => return findings.bad(&format!("Stripe: {failure}")),
    }
    match payments.faults().await {
        Ok(faults) if faults.is_empty() => good("Stripe: the prices and the portal are set up"),
        Ok(faults) => faults.iter().try_for_each(|fault| findings.bad(&format!("Stripe: {fault}"))),
        // A restricted key need not be allowed to.
        Err(failure) => note(&format!("Stripe: prices and portal were not looked at: {failure}")),
    }
}

async fn boards(config: &Config, entries: &[Entry]) -> anyhow::Result<()> {
    let fetcher = Fetcher::new(config.contact.as_deref(), &config.trusted_hosts)?;
    let clock = SharedClock::of_this_machine();
    for entry in entries {
        if let Some(off) = &entry.off {
            note(&format!("board {}: off, {off}", entry.name))?;
            continue;
        }
        let Some(kind) = entry.kind else { continue };
        let request = Request {
            kind,
            url: &entry.url,
            visibility: Visibility::Catalogue,
            validators: &Validators::default(),
            now: clock.now(),
        };
        match fetcher.fetch(request).await {
            Ok(_) => good(&format!("board {}: answers", entry.name))?,
            Err(error) => note(&format!("board {}: {error}", entry.name))?,
        }
    }
    Ok(())
}
