//! Why a posting was dismissed, and what a filter could learn of it.

use super::{act, count, only, say, text};
use crate::domain::ids::OpeningId;
use crate::domain::reply::{Action, Button, Reason, Reply};

/// A reason to choose each.
pub fn buttons(opening: OpeningId) -> Vec<Button> {
    let label = |reason| match reason {
        Reason::Pay => "Pay",
        Reason::Place => "Place",
        Reason::Level => "Level",
        Reason::Company => "Company",
        Reason::Duplicate => "Seen before",
        Reason::Expired => "Expired",
        Reason::Other => "Other",
    };
    let button = |reason| act(label(reason), Action::Because(opening, reason));
    Reason::ALL.into_iter().map(button).collect()
}

/// Noted, and nothing follows from it yet.
pub fn because(reason: Reason) -> Reply {
    only(match reason {
        Reason::Pay | Reason::Place | Reason::Level => {
            "Noted. After a few for the same reason a change of the filter is proposed here."
        }
        Reason::Duplicate => {
            "Noted. Postings that are known to be one job come once; this one was not known to be."
        }
        Reason::Expired => "Noted. Boards take closed postings down at their own pace.",
        Reason::Company | Reason::Other => "Noted.",
    })
}

/// A company can be kept out at once.
pub fn because_of_company(company: Option<&str>) -> Reply {
    let company = company.map(str::trim).filter(|name| !name.is_empty());
    // What is longer cannot be muted by its name.
    let Some(company) = company.filter(|name| name.chars().count() <= 80) else {
        return because(Reason::Company);
    };
    let mut reply = only(format!("Noted. All cards from {company} can be kept away:"));
    reply.buttons.push(say(&format!("Mute {company}"), format!("mute company {company}")));
    reply
}

/// A change that is proposed; `edit` is how it would be shown if it had been typed.
pub fn proposal(reason: Reason, times: usize, mut edit: Reply) -> Reply {
    let what = match reason {
        Reason::Pay => "for its pay",
        Reason::Place => "for its place",
        Reason::Level => "for its level",
        Reason::Company => "for its company",
        Reason::Duplicate | Reason::Expired | Reason::Other => "for one reason",
    };
    let dismissed = count(times, "posting", "postings");
    let said = format!(
        "You dismissed {dismissed} {what}. A proposal; nothing changes unless you save it."
    );
    edit.parts.insert(0, text(said));
    edit
}
