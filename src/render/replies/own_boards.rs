//! Boards that somebody adds or takes away.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{count, fill, only, say, text};
use crate::domain::ids::OpeningId;
use crate::domain::message::Card;
use crate::domain::posting::Posting;
use crate::domain::reply::{Part, Press, Reply};
use crate::render::span::span;

/// A board that is watched for somebody from now on.
#[derive(Debug)]
pub struct AddedReply<'a> {
    pub number: i64,
    pub name: &'a str,
    pub slug: &'a str,
    /// Postings that it shows now.
    pub postings: usize,
    /// Those that were too many to be read.
    pub left_out: usize,
    /// The newest of them.
    pub cards: Vec<Card>,
    /// How often it is asked.
    pub every: Duration,
}

/// Why a board is not watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAdded {
    /// It is no address.
    NoAddress,
    /// It cannot be read, for this reason.
    Unreadable(String),
    /// The address carries a secret.
    Secret,
    /// The account has as many boards as it may have.
    TooMany(usize),
    /// It is the account's already; its name.
    Yours(String),
    /// It is watched for everybody: name and slug.
    Everybodys(String, String),
    /// The operator keeps it off: name and reason.
    TurnedOff(String, String),
}

pub fn added(added: AddedReply<'_>) -> Reply {
    let AddedReply { number, name, slug, postings, left_out, .. } = added;
    let every = span(TimeDelta::from_std(added.every).unwrap_or_default());
    let shows = match postings {
        0 => "It shows no posting now.".to_owned(),
        _ => format!("It shows {} now.", count(postings, "posting", "postings")),
    };
    let cut = match left_out {
        0 => String::new(),
        more => format!(" It has {more} more, which are too many: the newest {postings} are read."),
    };
    let said = format!(
        "{name} is watched for you now, as board {number}; filters can name it board:{slug}. \
         {shows}{cut} It is asked every {every}, and what is new from now on is matched."
    );
    let mut parts = vec![text(said)];
    let note = || "shown now, not new".to_owned();
    parts
        .extend(added.cards.into_iter().map(|card| Part::Card { card: card.into(), note: note() }));
    let buttons = vec![
        fill("Watch all of it", format!("watch board:{slug}")),
        say("Remove", format!("boards remove {number}")),
    ];
    Reply { parts, buttons }
}

/// What was added for all who read there: so are its buttons.
pub fn added_for_all(mut reply: Reply) -> Reply {
    for button in &mut reply.buttons {
        match &mut button.press {
            Press::Fill(line) => line.push_str(" here"),
            Press::Say(line) => *line = line.replace("boards remove ", "boards remove c"),
            Press::Act(_) => {}
        }
    }
    reply.parts.insert(0, text("For all who read here:"));
    reply
}

pub fn not_added(typed: &str, why: &NotAdded) -> Reply {
    let said = match why {
        NotAdded::NoAddress => {
            return example(
                "That is no address. After boards add stands one as a browser shows it.",
            );
        }
        NotAdded::Unreadable(why) => format!("{typed} cannot be watched: {why}."),
        NotAdded::Secret => format!(
            "{typed} seems to carry a secret, which cannot be kept safely here: the operator has \
             set no keys. So it is not added."
        ),
        NotAdded::TooMany(limit) => {
            format!("You have {limit} boards, which is the limit. Remove one first.")
        }
        NotAdded::Yours(name) => format!("{name} is among your boards already."),
        NotAdded::Everybodys(name, slug) => {
            format!("{name} is watched for everybody already, as board:{slug}.")
        }
        NotAdded::TurnedOff(name, why) => {
            format!("{name} is known, and kept off by the operator: {why}.")
        }
    };
    let mut reply = only(said);
    if !matches!(why, NotAdded::Unreadable(_)) {
        reply.buttons.push(say("My boards", "boards"));
    }
    reply
}

fn example(said: &str) -> Reply {
    let mut reply = only(said);
    reply.buttons.push(fill("Example", "boards add https://example.com/jobs.rss"));
    reply
}

pub fn no_such_board(number: i64, numbers: &[i64]) -> Reply {
    let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let have = if list.is_empty() {
        "You have added none yet.".to_owned()
    } else {
        format!("Yours are {}.", list.join(", "))
    };
    only(format!("You have no board {number}. {have} Boards without a number are everybody's."))
}

/// `url` where it may be shown.
pub fn board_removed(number: i64, name: &str, url: Option<&str>) -> Reply {
    let mut reply = only(format!("Board {number}, {name}, is not watched for you any more."));
    reply.buttons.extend(url.map(|url| say("Add it again", format!("boards add {url}"))));
    reply
}

/// A posting of a board that was just added, as its card will look.
pub fn new_board_card(posting: Posting, board: &str, seen: DateTime<Utc>) -> Card {
    Card::sample(OpeningId(0), posting, board.to_owned(), seen, seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_is_said() {
        let reply = added(AddedReply {
            number: 2,
            name: "Acme",
            slug: "lever.acme",
            postings: 500,
            left_out: 312,
            cards: Vec::new(),
            every: Duration::from_mins(15),
        });
        let said = format!("{reply:?}");
        assert!(said.contains("board 2") && said.contains("board:lever.acme"), "{said}");
        assert!(said.contains("312 more") && said.contains("newest 500"), "{said}");
        assert!(said.contains("every 15 min"), "{said}");
    }

    #[track_caller]
    fn check(why: NotAdded, want: &str) {
        let said = format!("{:?}", not_added("https://x.example", &why));
        assert!(said.contains(want), "{said}");
    }

    #[test]
    fn a_refusal_says_why() {
        check(NotAdded::NoAddress, "no address");
        check(NotAdded::Unreadable("answered 404".to_owned()), "watched: answered 404.");
        check(NotAdded::Secret, "seems to carry a secret");
        check(NotAdded::TooMany(50), "50 boards");
        check(NotAdded::Yours("Acme".to_owned()), "Acme is among your boards");
        check(NotAdded::Everybodys("B".to_owned(), "b".to_owned()), "board:b");
        check(NotAdded::TurnedOff("B".to_owned(), "its terms".to_owned()), "operator: its terms");
    }
}
