//! The address that an account is written to, and targets that are gone.

use super::{count, only, say, text};
use crate::domain::number::FilterNumber;
use crate::domain::reply::{Part, Reply};

pub fn no_mail() -> Reply {
    only("This service sends no e-mail; its operator has not set it up.")
}

pub fn no_address() -> Reply {
    let mut reply = only("No address of yours is confirmed. email you@example.com asks for one.");
    reply.buttons.push(say("Help", "help email"));
    reply
}

pub fn address(address: &str) -> Reply {
    let mut reply = only(format!(
        "Your address is {address}. What your chat does not take goes there, and filters that you send \
         there: to 1 email"
    ));
    reply.buttons.push(say("Turn off", "email off"));
    reply
}

pub fn address_asked(address: &str) -> Reply {
    only(format!(
        "A mail is on its way to {address}. Nothing else is sent there until you follow its link, \
         within 24 hours."
    ))
}

pub fn address_confirmed(address: &str) -> Reply {
    only(format!("{address} is confirmed already."))
}

pub fn address_too_often() -> Reply {
    only("This address, or you, was sent such mails several times today. Please try later.")
}

pub fn address_takes_no_mail() -> Reply {
    only(
        "The owner of this address complained about mails from here; nothing is sent there any more.",
    )
}

pub fn mail_is_off() -> Reply {
    only(
        "No more mails. What waited, and filters that went there, come in your chat. \
         email you@example.com turns them on again.",
    )
}

pub fn goes_here(number: FilterNumber, name: &str) -> Reply {
    only(format!("Cards of filter {number}, {name}, come here from now on."))
}

pub fn goes_by_email(number: FilterNumber, name: &str) -> Reply {
    only(format!("Cards of filter {number}, {name}, come by e-mail from now on."))
}

/// The same where others read; `query` for whoever may have meant that all of them see the cards.
pub fn goes_to_you_alone(number: FilterNumber, name: &str, query: Option<&str>) -> Reply {
    let mut reply =
        only(format!("Cards of filter {number}, {name}, come to you alone from now on."));
    if let Some(query) = query {
        let said = "For all who read here, type watch and what it looks for, with here behind it.";
        reply.parts.push(text(said));
        reply.buttons.push(say("Watch for all here", format!("watch {query} here")));
    }
    reply
}

pub fn stays_in_channels(number: FilterNumber, name: &str) -> Reply {
    only(format!(
        "Filter {number}, {name}, is for all who read a channel, and its cards come in one: type to \
         {number} here in the one that you mean. For you alone, type watch and what it looks for."
    ))
}

/// What stands before an answer when somewhere else something does not arrive.
pub fn broken_target(place: &str, why: &str, waiting: i64) -> Part {
    let waits = waits(waiting);
    text(format!(
        "Nothing reaches you in {place}: {why}.{waits} Type a command there to be told again."
    ))
}

/// The same where no command can be typed.
pub fn broken_address(why: &str, waiting: i64) -> Part {
    text(format!(
        "Nothing reaches you in e-mail: {why}.{} To be written to again: email you@example.com",
        waits(waiting)
    ))
}

/// What stands before an answer in a channel that we may not write to.
pub fn channel_is_closed(why: &str, waiting: i64) -> Part {
    text(format!("Nothing of mine reaches this channel: {why}.{} Let me in.", waits(waiting)))
}

/// What stands before an answer in a channel that took nothing.
pub fn channel_is_tried_again(why: &str, waiting: i64) -> Part {
    text(format!(
        "Nothing of mine reached this channel: {why}.{} It is tried again now; if nothing comes, let me in \
         with /invite @earlybrd and type this again.",
        waits(waiting)
    ))
}

fn waits(waiting: i64) -> String {
    if waiting > 0 { format!(" {waiting} messages wait.") } else { String::new() }
}

/// What stands before an answer from a place that was gone.
pub fn target_is_back(told: usize, too_old: usize) -> Part {
    let comes = match told {
        0 => String::new(),
        1 => " 1 posting that waited comes now.".to_owned(),
        _ => format!(" {told} postings that waited come now, as a digest."),
    };
    let lost = if too_old == 0 {
        String::new()
    } else {
        let postings = count(too_old, "posting", "postings");
        format!(" {postings} waited for more than a week: too old to be told.")
    };
    text(format!("Cards come here again.{comes}{lost}"))
}

/// What a target did not take: `late` if it was gone for too long.
pub fn not_told(postings: i64, place: &str, (why, late): (&str, bool)) -> Part {
    let when = if late { " for more than a week" } else { "" };
    text(format!("{postings} not delivered: {place} did not take them{when} ({why})."))
}
