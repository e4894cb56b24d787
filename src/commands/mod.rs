//! Use cases that a person starts. Knows no platform: text or a button in, a [`Reply`] out.

mod actions;
mod boards;
mod channels;
mod command;
mod email;
mod guest;
mod habits;
mod here;
mod line;
mod list;
mod manage;
mod marked;
mod mutes;
mod own_boards;
mod plans;
mod proposal;
mod reasons;
mod refusals;
mod wanted_board;
mod watch;
mod why;

use std::num::NonZeroU32;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sqlx::PgPool;
use uuid::Uuid;

pub use boards::lines as board_lines;
pub use channels::{changes_filters, may_change};
pub use command::{Command, meant, parse};
pub use guest::{LOOK, Outlived};
pub use here::Here;
pub use line::split_place;
pub use list::COMMANDS;
pub use refusals::Refusals;

use crate::boards::fetch::Fetcher;
use crate::clock::Clock;
use crate::db;
use crate::db::backlog::Backlog;
use crate::domain::account::AccountKind;
use crate::domain::ids::{AccountId, TargetId};
use crate::domain::number::FilterNumber;
use crate::domain::reply::{Action, Part, Reply};
use crate::domain::target::Platform;
use crate::payments::Payments;
use crate::previews::Over;
use crate::render::replies;
use crate::secrets::Keys;

/// Addresses that one account may have looked at in a minute.
const ADDED_A_MINUTE: NonZeroU32 = NonZeroU32::new(6).expect("not zero");

/// What commands work with.
#[derive(Clone)]
pub struct Context {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    /// Asks boards that people add.
    pub fetcher: Fetcher,
    /// What addresses are sealed with; `None` where no mail is sent.
    pub mail_keys: Option<Arc<Keys>>,
    /// What addresses of boards are sealed with that open a feed to their owner alone.
    pub board_keys: Option<Arc<Keys>>,
    /// `None` where there are no plans, and no limits.
    pub payments: Option<Arc<dyn Payments>>,
    /// Names what this process began to read, among others.
    pub process: Uuid,
    figures: boards::SharedFigures,
    /// Adding boards makes requests to wherever somebody wants.
    adding: Arc<DefaultKeyedRateLimiter<AccountId>>,
    /// Who named addresses that are not to be asked.
    pub refusals: Refusals,
}

/// Who typed or pressed, and where cards for them go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    pub account: AccountId,
    pub target: TargetId,
    /// Where others read what was typed.
    pub here: Option<Here>,
    /// Where whoever acts for all of a channel is told themselves; `None` for who acts for themselves.
    pub acts_for_all: Option<TargetId>,
}

impl Actor {
    /// Somebody whom nobody else reads.
    pub fn alone(account: AccountId, target: TargetId) -> Self {
        Self { account, target, here: None, acts_for_all: None }
    }

    /// A filter's number as it is shown to them.
    fn number(self, number: i64) -> FilterNumber {
        let kind =
            if self.acts_for_all.is_some() { AccountKind::Team } else { AccountKind::Person };
        FilterNumber { of: kind, number }
    }
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The person can mend it: the answer says how.
    #[error("the person was answered")]
    Answer(Box<Reply>),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<Reply> for Failure {
    fn from(reply: Reply) -> Self {
        Self::Answer(Box::new(reply))
    }
}

type Outcome = Result<Reply, Failure>;

/// Whether the answer to a line waits for servers that are not ours.
pub fn asks_others(text: &str) -> bool {
    match parse(text) {
        Ok(command) => matches!(
            command,
            Command::AddBoard(..) | Command::Plan | Command::Upgrade(_) | Command::Billing
        ),
        Err(_) => false,
    }
}

/// Answers what somebody typed. A failure of ours is logged here and answered without its text.
pub async fn say(context: &Context, actor: Actor, text: &str) -> Reply {
    let mut reply = match here::line(actor, text) {
        Some((team, line)) => {
            let may =
                if here::only_looks(&line) { Ok(()) } else { may_change(context, actor).await };
            match may {
                Ok(()) => settle(read(context, team, &line).await),
                Err(refused) => settle(Err(refused)),
            }
        }
        None => settle(read(context, actor, text).await),
    };
    match trouble(context, actor).await {
        Ok(told) => reply.parts.splice(0..0, told).for_each(drop),
        Err(error) => tracing::error!("targets that are gone were not told: {error}"),
    }
    reply
}

async fn read(context: &Context, actor: Actor, text: &str) -> Outcome {
    let command = parse(text)?;
    let mut tries = 1;
    loop {
        let outcome = execute(context, actor, command.clone()).await;
        if !is_to_be_done_again(&outcome, tries).await {
            return outcome;
        }
        tries += 1;
    }
}

/// Where nothing reaches the person who typed, or the channel they typed in. The place they typed at is
/// used again.
async fn trouble(context: &Context, actor: Actor) -> sqlx::Result<Vec<Part>> {
    let broken = db::broken_targets::broken(&context.pool, actor.account).await?;
    let mut told = Vec::new();
    if let Some(here) = actor.here {
        told.extend(trouble_here(context, here).await?);
    }
    for broken in broken {
        // What is typed in a server of Discord's says nothing of somebody's direct messages.
        let is_there = actor.here.is_none() || broken.platform != Platform::Discord.as_str();
        if broken.target == actor.target.0 && is_there {
            let backlog = mend(context, actor.target).await?;
            told.push(replies::target_is_back(backlog.told, backlog.too_old));
        } else if let Ok(platform) = broken.platform.parse::<Platform>() {
            told.push(match platform {
                Platform::Email => replies::broken_address(&broken.why, broken.waiting),
                Platform::Console | Platform::Playground | Platform::Slack | Platform::Discord => {
                    replies::broken_target(platform.name(), &broken.why, broken.waiting)
                }
            });
        }
    }
    Ok(told)
}

/// Whoever types in a channel can read there, which does not say that we can write there.
async fn trouble_here(context: &Context, here: Here) -> sqlx::Result<Option<Part>> {
    let broken = db::broken_targets::broken(&context.pool, here.account).await?;
    let Some(broken) = broken.into_iter().find(|broken| broken.target == here.target.0) else {
        return Ok(None);
    };
    if here.open == Some(false) {
        return Ok(Some(replies::channel_is_closed(&broken.why, broken.waiting)));
    }
    mend(context, here.target).await?;
    Ok(Some(replies::channel_is_tried_again(&broken.why, broken.waiting)))
}

async fn mend(context: &Context, target: TargetId) -> sqlx::Result<Backlog> {
    let now = context.now();
    db::in_tx(&context.pool, async |tx| db::broken_targets::mend(tx, target, now).await).await
}

/// Answers a button.
pub async fn press(context: &Context, actor: Actor, action: Action) -> Reply {
    let mut tries = 1;
    loop {
        let outcome = actions::execute(context, actor, action).await;
        if !is_to_be_done_again(&outcome, tries).await {
            return settle(outcome);
        }
        tries += 1;
    }
}

/// Whether another session got in the way of a try: nobody types it again for us.
async fn is_to_be_done_again(outcome: &Outcome, tries: u64) -> bool {
    let Err(Failure::Internal(error)) = outcome else { return false };
    match of_database(error) {
        Some(error) => db::is_tried_again(error, tries).await,
        None => false,
    }
}

fn of_database(error: &anyhow::Error) -> Option<&sqlx::Error> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

fn settle(outcome: Outcome) -> Reply {
    match outcome {
        Ok(reply) => reply,
        Err(Failure::Answer(reply)) => *reply,
        Err(Failure::Internal(error)) => {
            tracing::error!("a command failed: {error:#}");
            replies::something_went_wrong()
        }
    }
}

async fn execute(context: &Context, actor: Actor, command: Command) -> Outcome {
    match command {
        Command::Watch(filter, place) => watch::watch(context, actor, &filter, place).await,
        Command::Test(filter) => watch::test(context, actor, &filter).await,
        Command::Edit(number, filter) => watch::edit(context, actor, number, &filter).await,
        Command::List => manage::list(context, actor).await,
        Command::Show(number) => manage::show(context, actor, number).await,
        Command::Rename(number, name) => manage::rename(context, actor, number, &name).await,
        Command::Pause(number) => manage::pause(context, actor, number).await,
        Command::Resume(number) => manage::resume(context, actor, number).await,
        Command::Remove(number) => manage::remove(context, actor, number).await,
        Command::Deliver(number, cadence) => habits::deliver(context, actor, number, cadence).await,
        Command::To(number, place) => email::to(context, actor, number, place).await,
        Command::Email(wanted) => email::email(context, actor, wanted).await,
        Command::Timezone(zone) => habits::timezone(context, actor, zone).await,
        Command::Quiet(quiet) => habits::quiet(context, actor, quiet).await,
        Command::Snooze(snooze) => habits::snooze(context, actor, snooze).await,
        Command::Mute(company) => habits::mute(context, actor, &company).await,
        Command::Unmute(company) => habits::unmute(context, actor, &company).await,
        Command::Muted => habits::muted(context, actor).await,
        Command::Marked(mark, page) => marked::list(context, actor, mark, page).await,
        Command::Why(url) => why::why(context, actor, &url).await,
        Command::Channels(wanted) => channels::channels(context, actor, wanted).await,
        Command::Plan => plans::plan(context, actor).await,
        Command::Upgrade(wanted) => plans::upgrade(context, actor, wanted).await,
        Command::Billing => plans::billing(context, actor).await,
        Command::Boards => boards::boards(context, actor).await,
        Command::AddBoard(url, place) => own_boards::add(context, actor, &url, place).await,
        Command::RemoveBoard(number, place) => {
            own_boards::remove(context, actor, number, place).await
        }
        Command::Status => boards::status(context, actor).await,
        Command::Help(about) => Ok(command::help(about.as_deref())),
    }
}

/// The account's filter of that number which is not removed.
async fn own_filter(
    context: &Context,
    actor: Actor,
    number: i64,
) -> Result<db::own_filters::OwnFilter, Failure> {
    let filters = db::own_filters::of_account(&context.pool, actor.account).await?;
    let live = |filter: &&db::own_filters::OwnFilter| {
        filter.state != db::own_filters::FilterState::Removed
    };
    let numbers = filters.iter().filter(live).map(|filter| actor.number(filter.number));
    let numbers: Vec<FilterNumber> = numbers.collect();
    let found = filters.into_iter().find(|filter| live(&filter) && filter.number == number);
    Ok(found.ok_or_else(|| replies::no_such_filter(actor.number(number), &numbers))?)
}

impl Context {
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>, fetcher: Fetcher) -> Self {
        let adding = Arc::new(RateLimiter::keyed(Quota::per_minute(ADDED_A_MINUTE)));
        let (mail_keys, board_keys, payments, figures, refusals) = Default::default();
        let process = Uuid::new_v4();
        Self {
            pool,
            clock,
            fetcher,
            mail_keys,
            board_keys,
            payments,
            process,
            figures,
            adding,
            refusals,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// What this person's previews are run over.
    fn over(&self, actor: Actor) -> Over<'_> {
        Over { pool: &self.pool, account: actor.account, now: self.now() }
    }
}
