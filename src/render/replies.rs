//! Every text that answers a command: pure functions from facts to replies.

mod boards;
mod channels;
mod email;
mod filters;
mod habits;
mod help;
mod marked;
mod own_boards;
mod plans;
mod preview;
mod reasons;
mod why;

use crate::domain::ids::OpeningId;
use crate::domain::message::Card;
use crate::domain::reply::{Action, Button, Mark, Part, Press, Reply};

pub use boards::{BoardLine, boards, status};
pub use channels::{
    admins_decide, admins_only, cannot_write_here, channel_filters, no_channel_here, no_roles_here,
    role_only,
};
pub use email::{
    address, address_asked, address_confirmed, address_takes_no_mail, address_too_often,
    broken_address, broken_target, channel_is_closed, channel_is_tried_again, goes_by_email,
    goes_here, goes_to_you_alone, mail_is_off, no_address, no_mail, not_told, stays_in_channels,
    target_is_back,
};
pub use filters::{
    ChannelLines, FilterLine, changed_while_paused, if_none_comes, list, no_such_filter,
    nothing_changes, paused, removed, renamed, restored, resumed, same_filter, saved, show,
    too_late_to_restore, too_many_filters,
};
pub use habits::{
    When, cadence, mute_for_whom, muted, muted_for_all, muted_now, no_company, quiet, snooze,
    timezone, too_many_muted, unmuted,
};
pub use help::{CommandHelp, help, help_for, unknown_command, wrong_command};
pub use marked::{Marked, marked_list};
pub use own_boards::{
    AddedReply, NotAdded, added, added_for_all, board_removed, new_board_card, no_such_board,
    not_added,
};
pub use plans::{
    Full, Offer, PlanLine, Things, bills, cannot_be_bought, has_it_already, no_link_now, no_room,
    nothing_paid, pay_here, payment_is_open, plan, service_is_free, team_where,
};
pub use preview::{Preview, Sample, edit, test, watch};
pub use reasons::{because, because_of_company, proposal};
pub use why::{Became, Opinion, PausedBy, Why, never_seen, not_an_address, why};

/// The three filters that a newcomer is offered.
pub const EXAMPLES: [(&str, &str); 3] = [
    ("Remote Rust", "remote rust"),
    ("Design, no internships", "(design OR designer) -intern"),
    ("Python from $80k", "python pay>=80k"),
];

fn text(text: impl Into<String>) -> Part {
    Part::Text(text.into())
}

fn only(said: impl Into<String>) -> Reply {
    Reply { parts: vec![text(said)], buttons: Vec::new() }
}

fn act(label: &str, action: Action) -> Button {
    Button { label: label.to_owned(), press: Press::Act(action) }
}

fn fill(label: &str, line: impl Into<String>) -> Button {
    Button { label: label.to_owned(), press: Press::Fill(line.into()) }
}

fn say(label: &str, line: impl Into<String>) -> Button {
    Button { label: label.to_owned(), press: Press::Say(line.into()) }
}

/// `1 posting`, `2 postings`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// First contact.
pub fn welcome() -> Reply {
    let parts = vec![text(
        "earlybrd tells you about new postings within seconds of a board showing them. Say \
             what you look for in one line, or begin with an example:",
    )];
    let example = |(name, filter): &(&str, &str)| say(name, format!("watch {filter}"));
    Reply { parts, buttons: EXAMPLES.iter().map(example).collect() }
}

pub fn something_went_wrong() -> Reply {
    only("Something went wrong here; nothing was changed. Please try again in a minute.")
}

pub fn unknown_button() -> Reply {
    only("This button is not known any more.")
}

pub fn slow_down() -> Reply {
    only("That was a lot at once. Please wait a minute.")
}

pub fn draft_is_gone() -> Reply {
    only("This was decided already, or is too old. Type the command again.")
}

pub fn cancelled() -> Reply {
    only("Nothing was saved.")
}

pub fn card_is_gone() -> Reply {
    only("This card is not yours, or its posting is gone.")
}

pub fn marked(opening: OpeningId, mark: Mark) -> Reply {
    let said = match mark {
        Mark::Saved => "Saved.",
        Mark::Applied => "Noted that you applied. Good luck!",
        Mark::Dismissed => "Noted as not for you. Why? Your filters can learn from it.",
    };
    let mut reply = only(said);
    if mark == Mark::Dismissed {
        reply.buttons = reasons::buttons(opening);
    }
    reply.buttons.push(act("Undo", Action::Unmark(opening)));
    reply
}

pub fn unmarked() -> Reply {
    only("Taken back.")
}

/// The buttons of a card that was sent; a sample has none.
pub fn card_buttons(card: &Card) -> Vec<Button> {
    let button = |mark, label| act(label, Action::Mark(card.opening, mark));
    let mut buttons = vec![
        button(Mark::Saved, "Save"),
        button(Mark::Applied, "Applied"),
        button(Mark::Dismissed, "Not for me"),
    ];
    let company = card.company.as_deref().map(str::trim);
    // What is longer cannot be muted by its name.
    let company = company.filter(|name| !name.is_empty() && name.chars().count() <= 80);
    buttons.extend(company.map(|name| act(&format!("Mute {name}"), Action::Mute(card.opening))));
    buttons.push(act("Why?", Action::Why(card.opening)));
    buttons
}
