//! `boards add` and `boards remove`: boards that one account wants to have watched.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tokio::time::{sleep, timeout};
use url::Url;

use super::email::Place;
use super::{Actor, Context, Failure, Outcome, channels, plans};
use crate::boards::ask::{Answered, Asked, Manners, ask};
use crate::boards::detect::{self, Detected};
use crate::boards::fetch::{FetchError, Whose};
use crate::boards::find::{Typed, find};
use crate::clock::add as later;
use crate::db;
use crate::db::added_boards::{AddedBoard, Known};
use crate::db::postings::Shown;
use crate::db::settled_polls::Read;
use crate::domain::board::{BoardKind, Validators, Visibility};
use crate::domain::ids::BoardId;
use crate::domain::plan::MOST_BOARDS;
use crate::previews::sample_card;
use crate::render::replies::{self, AddedReply, NotAdded, Things};
use crate::schedule::polling::{self, HOST_GAP, Rhythm};

/// How often a board that somebody added is asked at the most: some hosts of feeds shut out whoever
/// asks a hundred times a day.
const INTERVAL: Duration = Duration::from_mins(15);

/// Postings that are shown of a new board.
const SHOWN: usize = 3;
const SHOWN_STORED: i64 = 3;

/// Whoever typed waits for the answer, and platforms do not wait long.
const PATIENCE: Duration = Duration::from_secs(8);

/// A host whose next turn is further away than this is busy.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// How somebody's request behaves: as polls do, one after the other to each host.
struct Guest<'a>(&'a Context);

impl Manners for Guest<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    async fn turn(&self, url: &Url) -> Result<(), FetchError> {
        let now = self.now();
        let turn = db::hosts::take_turn(&self.0.pool, url, now, HOST_GAP).await;
        let turn = turn.map_err(|error| format!("no turn at its host: {error}"))?;
        let wait = (turn - now).to_std().unwrap_or_default();
        if wait > LONGEST_WAIT {
            return Err("its host asks to be left alone for now".to_owned().into());
        }
        sleep(wait).await;
        Ok(())
    }

    async fn before_reading(&self, _: &[u8]) -> Result<(), FetchError> {
        Ok(())
    }
}

/// Whoever has a board: all who read where it was typed, or whoever typed.
async fn owner(context: &Context, actor: Actor, place: Place) -> Result<Actor, Failure> {
    if place != Place::Here {
        return Ok(actor);
    }
    channels::may_change(context, actor).await?;
    Ok(actor.for_all_here())
}

/// Looks what is at an address, and watches it from now on.
pub async fn add(context: &Context, actor: Actor, text: &str, place: Place) -> Outcome {
    let is_shared = place == Place::Here && actor.here.is_some();
    let actor = owner(context, actor, place).await?;
    let reply = watched(context, actor, text).await?;
    Ok(if is_shared { replies::added_for_all(reply) } else { reply })
}

async fn watched(context: &Context, actor: Actor, text: &str) -> Outcome {
    let seen_at = address(context, actor, text)?;
    if detect::may_be_secret(&seen_at.url) {
        return Err(replies::not_added(text, &NotAdded::Secret).into());
    }
    let own = db::added_boards::of_account(&context.pool, actor.account).await?;
    if own.len() >= MOST_BOARDS {
        return Err(replies::not_added(text, &NotAdded::TooMany(MOST_BOARDS)).into());
    }
    plans::make_room(context, actor.account, Things::Boards).await?;
    let refused =
        db::in_tx(&context.pool, async |tx| plans::refuses_board(tx, context, actor.account).await);
    if let Some(full) = refused.await? {
        return Err(plans::no_room(context, actor, full).await);
    }
    if context.adding.check_key(&actor.account).is_err() {
        return Err(replies::slow_down().into());
    }
    if let Some(known) = known(context, &seen_at.url, None).await? {
        return share(context, actor, text, known).await;
    }
    let refused = |error: FetchError| {
        if error.whose == Whose::Refused {
            context.refusals.note(actor.account);
        }
        Failure::from(replies::not_added(text, &NotAdded::Unreadable(error.why)))
    };
    let too_slow = |_| {
        let why = format!("there was no answer within {} s", PATIENCE.as_secs());
        Failure::from(replies::not_added(text, &NotAdded::Unreadable(why)))
    };
    let manners = Guest(context);
    let found =
        timeout(PATIENCE, find(&context.fetcher, &manners, &seen_at, Visibility::Subscribed));
    let detected = found.await.map_err(too_slow)?.map_err(refused)?;
    if detect::may_be_secret(&detected.url) {
        return Err(replies::not_added(text, &NotAdded::Secret).into());
    }
    let board = Wanted::new(detected);
    if let Some(known) = board.known(context).await? {
        return share(context, actor, text, known).await;
    }
    let asked = timeout(PATIENCE, read(context, &manners, &board));
    let answered = asked.await.map_err(too_slow)?.map_err(refused)?;
    if let Some(problem) =
        answered.read.problems.first().filter(|_| answered.read.postings.is_empty())
    {
        let why = format!("none of its postings could be read: {problem}");
        return Err(replies::not_added(text, &NotAdded::Unreadable(why)).into());
    }
    store(context, actor, text, &board.named(&answered), &answered).await
}

/// What was typed, as an address that may be asked.
fn address(context: &Context, actor: Actor, text: &str) -> Result<Typed, Failure> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>');
    let typed = Typed::parse(text).ok().filter(|typed| typed.url.host_str().is_some());
    let short = |typed: &Typed| typed.url.as_str().len() <= 2_000;
    let typed = typed.filter(|typed| short(typed) && !text.contains(char::is_whitespace));
    let Some(typed) = typed else {
        return Err(replies::not_added(text, &NotAdded::NoAddress).into());
    };
    if let Err(refused) = context.fetcher.check(&typed.url) {
        context.refusals.note(actor.account);
        return Err(replies::not_added(text, &NotAdded::Unreadable(refused.to_string())).into());
    }
    Ok(typed)
}

/// A board that was recognised, and what it is to be called.
struct Wanted {
    detected: Detected,
    slug: String,
    name: String,
}

impl Wanted {
    fn new(detected: Detected) -> Self {
        let Detected { kind, url, company } = &detected;
        let host = url.host_str().unwrap_or_default().trim_start_matches("www.").to_owned();
        let (slug, name) = match company {
            Some(company) => (format!("{kind}.{company}"), titled(company)),
            // None of the catalogue's slugs has a dot.
            None if host.contains('.') => (host.clone(), host),
            None => (format!("{kind}.{host}"), host),
        };
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let slug = slug.to_lowercase().chars().map(plain).take(60).collect();
        Self { detected, slug, name }
    }

    /// What a company's postings call it, if all agree.
    fn named(self, answered: &Answered) -> Self {
        let mut names = answered.read.postings.iter().map(|posting| posting.company.as_ref());
        let first = names.next().flatten().filter(|_| self.detected.company.is_some());
        match first {
            Some(name) if names.all(|other| other == Some(name)) => {
                Self { name: name.clone(), ..self }
            }
            _ => self,
        }
    }

    async fn known(&self, context: &Context) -> sqlx::Result<Option<Known>> {
        let Detected { kind, url, .. } = &self.detected;
        known(context, url, Some(*kind).filter(|kind| kind.is_one_board())).await
    }
}

/// The board that is watched at an address, or that the catalogue has.
async fn known(
    context: &Context,
    url: &Url,
    alone: Option<BoardKind>,
) -> sqlx::Result<Option<Known>> {
    let known = db::added_boards::known(&context.pool, url, alone).await?;
    Ok(known.filter(|known| known.enabled || known.catalogue))
}

/// `acme-labs` → `Acme Labs`
fn titled(company: &str) -> String {
    let words = company.split(['-', '_', '/']).filter(|word| !word.is_empty());
    let words = words.map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect::<Vec<_>>().join(" ")
}

async fn read(
    context: &Context,
    manners: &Guest<'_>,
    board: &Wanted,
) -> Result<Answered, FetchError> {
    let Detected { kind, url, .. } = &board.detected;
    context.fetcher.check(url)?;
    manners.turn(url).await?;
    let asked = Asked {
        slug: &board.slug,
        name: &board.name,
        kind: *kind,
        rules: None,
        url,
        visibility: Visibility::Subscribed,
        validators: &Validators::default(),
    };
    ask(&context.fetcher, manners, asked).await
}

/// Shows the account a board that is watched already.
async fn share(context: &Context, actor: Actor, text: &str, known: Known) -> Outcome {
    if known.catalogue {
        let why = match known.off_why {
            Some(why) => NotAdded::TurnedOff(known.name, why),
            None => NotAdded::Everybodys(known.name, known.slug),
        };
        return Err(replies::not_added(text, &why).into());
    }
    let now = context.now();
    let number = db::in_tx(&context.pool, async |tx| {
        if let Some(full) = plans::refuses_board(tx, context, actor.account).await? {
            return Ok(Err(full));
        }
        db::added_boards::subscribe(tx, actor.account, known.id, actor.target, now).await.map(Ok)
    });
    let number = match number.await? {
        Ok(number) => number,
        Err(full) => return Err(plans::no_room(context, actor, full).await),
    };
    let Some(number) = number else {
        return Err(replies::not_added(text, &NotAdded::Yours(known.name)).into());
    };
    let newest = db::seen::newest_of(&context.pool, known.id, SHOWN_STORED).await?;
    let cards = newest.into_iter().map(|posting| sample_card(posting, now)).collect();
    Ok(replies::added(AddedReply {
        number,
        name: &known.name,
        slug: &known.slug,
        postings: usize::try_from(known.shown).unwrap_or_default(),
        left_out: 0,
        cards,
        every: INTERVAL,
    }))
}

/// Keeps a new board with what it shows now, as its first poll.
async fn store(
    context: &Context,
    actor: Actor,
    text: &str,
    board: &Wanted,
    answered: &Answered,
) -> Outcome {
    let now = context.now();
    let added = db::in_tx(&context.pool, async |tx| {
        if let Some(full) = plans::refuses_board(tx, context, actor.account).await? {
            return Ok(Err(full));
        }
        db::added_boards::lock(tx, &board.detected.url).await?;
        // Somebody else was first: their board serves both.
        if let Some(known) = board.known(context).await? {
            return Ok(Ok(Err(known)));
        }
        let new = insert(tx, board, answered, now).await?;
        let number =
            db::added_boards::subscribe(tx, actor.account, new.0, actor.target, now).await?;
        Ok(Ok(Ok((number, new.1))))
    });
    let added = match added.await? {
        Ok(added) => added,
        Err(full) => return Err(plans::no_room(context, actor, full).await),
    };
    context.figures.forget().await;
    let (number, slug) = match added {
        Ok((Some(number), slug)) => (number, slug),
        Ok((None, _)) => {
            return Err(replies::not_added(text, &NotAdded::Yours(board.name.clone())).into());
        }
        Err(known) => return share(context, actor, text, known).await,
    };
    let shown = answered.read.postings.iter().take(SHOWN).cloned();
    let cards = shown.map(|posting| replies::new_board_card(posting, &board.name, answered.at));
    Ok(replies::added(AddedReply {
        number,
        name: &board.name,
        slug: &slug,
        postings: answered.read.postings.len(),
        left_out: answered.read.left_out,
        cards: cards.collect(),
        every: INTERVAL,
    }))
}

async fn insert(
    tx: &mut PgConnection,
    board: &Wanted,
    answered: &Answered,
    now: DateTime<Utc>,
) -> sqlx::Result<(BoardId, String)> {
    let new = AddedBoard {
        slug: &board.slug,
        name: &board.name,
        kind: board.detected.kind,
        url: &board.detected.url,
        interval: INTERVAL,
    };
    let claimed = db::added_boards::insert(tx, new, now).await?;
    let shown = Shown { postings: &answered.read.postings, complete: false };
    let stored = db::postings::store(tx, &claimed, shown, answered.at).await?;
    let rhythm = Rhythm { interval: INTERVAL, quiet: None, stays: answered.stays };
    let read = Read {
        at: answered.at,
        validators: &answered.validators,
        shown: answered.read.postings.len(),
        left_out: answered.read.left_out,
        newest: stored.newest,
        anything_new: false,
        next_poll_at: later(now, polling::after_success(rhythm, fastrand::f64())),
    };
    db::settled_polls::read(tx, &claimed, read).await?;
    Ok((claimed.id, claimed.slug))
}

/// Takes a board from the account.
pub async fn remove(context: &Context, actor: Actor, number: i64, place: Place) -> Outcome {
    let actor = owner(context, actor, place).await?;
    let own = db::added_boards::of_account(&context.pool, actor.account).await?;
    let numbers: Vec<i64> = own.iter().map(|board| board.number).collect();
    let Some(board) = own.into_iter().find(|board| board.number == number) else {
        return Err(replies::no_such_board(number, &numbers).into());
    };
    db::in_tx(&context.pool, async |tx| {
        db::added_boards::unsubscribe(tx, actor.account, board.id).await?;
        // There may be room for another one.
        db::plans::look(tx, actor.account, context.now()).await
    })
    .await?;
    Ok(replies::board_removed(number, &board.name, &board.url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_companys_name_is_made_readable() {
        assert_eq!(titled("acme-labs"), "Acme Labs");
        assert_eq!(titled("acme.wd5/AcmeCareers"), "Acme.wd5 AcmeCareers");
    }
}
