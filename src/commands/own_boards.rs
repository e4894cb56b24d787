//! `boards add` and `boards remove`: boards that one account wants to have watched.

use std::time::Duration;

use chrono_tz::Tz;
use tokio::time::timeout;

use super::email::Place;
use super::guest::Guest;
use super::wanted_board::{INTERVAL, Kept, Wanted, insert, known};
use super::{Actor, Context, Failure, Outcome, channels, plans};
use crate::boards::ask::{Answered, Asked, Manners, ask};
use crate::boards::detect::{self, Detected};
use crate::boards::fetch::{FetchError, Whose};
use crate::boards::find::{Typed, find};
use crate::db;
use crate::db::added_boards::Known;
use crate::domain::board::{BoardKind, Validators, Visibility};
use crate::domain::plan::MOST_BOARDS;
use crate::previews::sample_card;
use crate::render::replies::{self, AddedReply, NotAdded, Things};

/// Postings that are shown of a new board.
const SHOWN: usize = 3;
const SHOWN_STORED: i64 = 3;

/// Whoever typed waits for the answer, and platforms do not wait long.
const PATIENCE: Duration = Duration::from_secs(8);

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
    let is_known = detect::by_address(&seen_at.url).is_some_and(|it| it.kind != BoardKind::Feed);
    let kept = || Kept::of(context, &seen_at.url);
    let seen = if is_known { Some(Kept::open(&seen_at.url)) } else { kept() };
    let Some(seen) = seen else {
        return Err(replies::not_added(text, &NotAdded::Secret).into());
    };
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
    if let Some(known) = known(context, &seen.urls, None).await? {
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
    let manners = Guest::of(context);
    let found =
        timeout(PATIENCE, find(&context.fetcher, &manners, &seen_at, Visibility::Subscribed));
    // What takes too long is read to its end all the same, and may end badly: its note stays for a while.
    let found = found.await.map_err(too_slow)?;
    manners.has_read().await?;
    let detected = found.map_err(refused)?;
    let Some(kept) = Kept::of(context, &detected.url) else {
        return Err(replies::not_added(text, &NotAdded::Secret).into());
    };
    let board = Wanted::new(detected, kept);
    if let Some(known) = board.known(context).await? {
        return share(context, actor, text, known).await;
    }
    let asked = timeout(PATIENCE, read(context, &manners, &board));
    let asked = asked.await.map_err(too_slow)?;
    manners.has_read().await?;
    let answered = asked.map_err(refused)?;
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
        zone: Tz::UTC,
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
    let url = Some(board.url.as_str()).filter(|_| !board.sealed);
    Ok(replies::board_removed(number, &board.name, url))
}
