//! One file for each subcommand. Results go to standard output, everything else to standard error;
//! the exit code is 0 for success, 1 for failure, 2 for wrong arguments.

mod bench;
mod bench_commands;
mod bench_openings;
mod bench_outbox;
mod bench_polling;
pub mod board_server;
mod boards;
#[cfg(feature = "chaos")]
pub mod chaos;
pub mod curve;
mod deliveries;
mod discord_register;
mod doctor;
mod filter;
pub mod generate;
mod hostile;
mod keys;
mod mail;
mod measure;
mod migrate;
mod openings;
mod output;
mod page_visit;
mod sample_run;
mod serve;
mod slack_manifest;
mod try_it;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use url::Url;

use crate::config::Config;
use crate::domain::board::BoardKind;
use crate::domain::role::Roles;
use crate::telemetry;

/// Watches job boards and tells people about new postings in the chat they already use.
#[derive(Debug, Parser)]
#[command(name = "earlybrd", version, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows the whole way from a board to a message, with nothing set up
    Try {
        /// Ends once each example filter has had a card
        #[arg(long)]
        once: bool,
    },
    /// Runs the service
    Serve {
        /// What this replica does, with commas between: web, poll, match, deliver; all if not given
        #[arg(long, value_name = "ROLES")]
        roles: Option<Roles>,
    },
    /// Brings the schema of `DATABASE_URL` up to date
    Migrate,
    /// Says what is set, what can be reached and what is missing
    Doctor,
    /// Prints what was not sent as JSON, one delivery a line
    Deliveries {
        #[command(subcommand)]
        action: Option<Deliveries>,
        /// The most to print, the oldest first
        #[arg(long, default_value_t = 1_000)]
        limit: u32,
    },
    /// Makes Discord know /jobs, if it changed
    DiscordRegister {
        /// For this server alone, at once, instead of all
        #[arg(long)]
        guild: Option<String>,
        /// Prints what would be registered, and asks nobody
        #[arg(long)]
        print: bool,
    },
    /// Prints the manifest that makes a Slack app
    SlackManifest {
        /// The address under which Slack reaches this service: `https://jobs.example.com`
        #[arg(long, required_unless_present = "socket", conflicts_with = "socket")]
        url: Option<Url>,
        /// For one workspace whose requests come over a connection that we open (Socket Mode)
        #[arg(long)]
        socket: bool,
    },
    /// Works on the keys that addresses are encrypted with
    #[command(subcommand)]
    Keys(Keys),
    /// Works on mails
    #[command(subcommand)]
    Mail(Mail),
    /// Works on boards
    #[command(subcommand)]
    Boards(Boards),
    /// Works on filters
    #[command(subcommand)]
    Filter(Filter),
    /// Works on openings: the postings of one job
    #[command(subcommand)]
    Openings(Openings),
    /// Measures the service on this machine
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Debug, Subcommand)]
enum Deliveries {
    /// Has deliveries tried again that were given up
    Retry {
        /// Their numbers, as `deliveries` prints them
        #[arg(required_unless_present = "all")]
        ids: Vec<i64>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Prints a new key, to be put first in `EARLYBRD_KEYS`
    Generate,
}

#[derive(Debug, Subcommand)]
enum Mail {
    /// Writes mails as .eml, .html and .txt files, with made-up postings
    Preview {
        /// Which one; all if not given
        template: Option<mail::Template>,
        /// Folder for the files
        #[arg(long, default_value = ".")]
        out: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum Boards {
    /// Prints the postings of a response as JSON, one a line
    Read {
        /// How to read it, as docs/boards.md lists: feed, greenhouse, remoteok, …
        #[arg(long)]
        kind: BoardKind,
        /// A TOML file of rules, for a web page
        #[arg(long)]
        rules: Option<PathBuf>,
        /// Where a file came from: relative addresses in it are of there
        #[arg(long)]
        url: Option<Url>,
        /// Whose jobs it shows, where the response does not say
        #[arg(long)]
        company: Option<String>,
        /// A file, an http(s) address, or - for standard input
        source: String,
    },
    /// Says which board an address means and prints its first postings: a feed, a company's jobs, a
    /// page that names either
    Detect { address: String },
}

#[derive(Debug, Subcommand)]
enum Filter {
    /// Prints a filter in its canonical form, or where it is wrong
    Check {
        #[arg(allow_hyphen_values = true)]
        text: String,
    },
    /// Reads postings as JSON lines and prints those that match
    Match {
        #[arg(allow_hyphen_values = true)]
        text: String,
        /// Adds to each the clauses that decided
        #[arg(long)]
        explain: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Openings {
    /// Reads postings as JSON lines and prints them with the number of the opening that each is of
    Group,
    /// Draws precision and recall over labelled pairs against the threshold, as SVG
    Curve {
        /// Files of pairs, at most two: lines `{"same": true, "a": {…}, "b": {…}}`
        #[arg(required = true, num_args = 1..=2)]
        pairs: Vec<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Delay from a board's response to the card, on the sample board
    Early {
        /// Cards to wait for
        #[arg(long, default_value_t = 200)]
        cards: u32,
        /// Folder for the database; a temporary one if not given
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Time of previews over stored postings
    Previews {
        /// Postings to store
        #[arg(long, default_value_t = 50_000)]
        postings: u32,
        /// Filters to preview
        #[arg(long, default_value_t = 200)]
        filters: u32,
        /// Filters that are made to be slow
        #[arg(long)]
        hostile: bool,
    },
    /// Boards polled a second: all new, and unchanged
    Polling {
        /// Boards to poll, each on an address of its own
        #[arg(long, default_value_t = 2_000)]
        boards: u32,
        /// Postings that each shows
        #[arg(long, default_value_t = 50)]
        items: u32,
    },
    /// Speed of finding the opening of postings
    Openings {
        /// Postings to store first
        #[arg(long, default_value_t = 1_000_000)]
        stored: u32,
        /// Of these, postings to group anew
        #[arg(long, default_value_t = 100_000)]
        grouped: u32,
    },
    /// Messages a second: queued, sent by nobody in batches and one by one, and sent for real
    Outbox {
        /// Messages that are queued first
        #[arg(long, default_value_t = 100_000)]
        rows: u32,
        /// Print one JSON object instead of lines
        #[arg(long)]
        json: bool,
    },
    /// How soon Slack's commands are acknowledged while the database is busy
    Commands {
        /// Commands a second
        #[arg(long, default_value_t = 200)]
        rate: u32,
        #[arg(long, default_value_t = 30)]
        seconds: u32,
    },
    /// Serves the boards of `bench polling`
    #[command(hide = true)]
    Boards {
        #[arg(long)]
        items: u32,
    },
    /// Speed of the matcher over files of filters and postings
    Matching(measure::Wanted),
    /// Writes files of filters and postings for `bench matching`
    Generate {
        #[command(flatten)]
        wanted: generate::Wanted,
        /// Folder for filters.jsonl and postings.jsonl
        #[arg(long)]
        out: PathBuf,
    },
    /// Delay from a command on the chat page to its answer
    Answers {
        /// Commands to send
        #[arg(long, default_value_t = 300)]
        commands: u32,
    },
}

/// Runs a command and says how it ended.
pub fn run(arguments: Arguments) -> ExitCode {
    match start(arguments) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs a command with the settings, on a runtime that ends with it.
fn with_runtime(
    command: impl AsyncFnOnce(Config) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    telemetry::start(&config.log);
    // Every client of rustls panics without it.
    let ring = rustls::crypto::ring::default_provider();
    if ring.install_default().is_err() {
        tracing::debug!("rustls had a provider already");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let code = runtime.block_on(command(config));
    // A blocking task may still hang on a read of standard input; the process ends all the same.
    runtime.shutdown_background();
    code
}

fn start(arguments: Arguments) -> anyhow::Result<ExitCode> {
    with_runtime(async |config| match arguments.command {
        Command::Try { once } => try_it::run(&config, once).await,
        Command::Serve { roles } => serve::run(&config, &roles.unwrap_or_else(Roles::all)).await,
        Command::Migrate => migrate::run(&config).await,
        Command::Doctor => doctor::run(&config).await,
        Command::Deliveries { action: None, limit } => deliveries::list(&config, limit).await,
        Command::Deliveries { action: Some(Deliveries::Retry { ids, .. }), .. } => {
            deliveries::retry(&config, &ids).await
        }
        Command::DiscordRegister { print: true, .. } => discord_register::print(),
        Command::DiscordRegister { guild, .. } => {
            discord_register::run(&config, guild.as_deref()).await
        }
        Command::SlackManifest { url, .. } => slack_manifest::run(url.as_ref()),
        Command::Keys(Keys::Generate) => keys::generate(),
        Command::Mail(Mail::Preview { template, out }) => mail::preview(&config, template, &out),
        Command::Boards(Boards::Read { kind, rules, url, company, source }) => {
            let (rules, company) = (rules.as_deref(), company.as_deref());
            let wanted =
                boards::Wanted { kind, rules, url: url.as_ref(), company, source: &source };
            boards::read(&config, wanted).await
        }
        Command::Boards(Boards::Detect { address }) => boards::detect(&config, &address).await,
        Command::Filter(Filter::Check { text }) => filter::check(&text),
        Command::Filter(Filter::Match { text, explain }) => filter::match_lines(&text, explain),
        Command::Openings(Openings::Group) => openings::group(),
        Command::Openings(Openings::Curve { pairs }) => curve::run(&pairs),
        Command::Bench(Bench::Early { cards, data }) => bench::early(config, cards, data).await,
        Command::Bench(Bench::Openings { stored, grouped }) => {
            bench_openings::run(config, stored, grouped).await
        }
        Command::Bench(Bench::Outbox { rows, json }) => {
            Box::pin(bench_outbox::run(config, rows, json)).await
        }
        Command::Bench(Bench::Commands { rate, seconds }) => {
            Box::pin(bench_commands::run(config, rate, seconds)).await
        }
        Command::Bench(Bench::Previews { postings, filters, hostile }) => {
            let seed = 1;
            let wanted =
                generate::Wanted { filters, postings, seed, dense: false, fold: true, hostile };
            Box::pin(bench::previews(config, wanted)).await
        }
        Command::Bench(Bench::Polling { boards, items }) => {
            Box::pin(bench_polling::run(config, boards, items)).await
        }
        Command::Bench(Bench::Boards { items }) => board_server::serve(items).await,
        Command::Bench(Bench::Matching(wanted)) => measure::run(&wanted),
        Command::Bench(Bench::Generate { wanted, out }) => generate::run(wanted, &out),
        Command::Bench(Bench::Answers { commands }) => bench::answers(config, commands).await,
    })
}
