//! Plans: what somebody has and may have, and where they pay.

use chrono::{DateTime, Utc};

use super::{count, only, say, text};
use crate::domain::account::AccountKind;
use crate::domain::plan::{Because, Limits, Plan, Standing};
use crate::domain::reply::{Button, Part, Reply};

/// What an account has and uses.
#[derive(Debug, Clone, Copy)]
pub struct PlanLine {
    pub kind: AccountKind,
    pub standing: Standing,
    pub limits: Limits,
    /// Filters that are on.
    pub filters: usize,
    pub boards: usize,
    /// When what is paid ends, if it was cancelled.
    pub ends: Option<DateTime<Utc>>,
    /// Subscriptions that cost something.
    pub paid: usize,
    /// A payment is open, and gives nothing until it is made.
    pub waits: bool,
    /// The better plan has a price.
    pub can_buy: bool,
}

/// What a plan has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Things {
    /// Those that are on.
    Filters,
    /// Those that somebody added.
    Boards,
}

/// A plan that has no room for one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    pub things: Things,
    pub kind: AccountKind,
    pub plan: Plan,
    pub room: u32,
}

/// What there is for whoever needs more room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Where a better plan is paid for.
    Pay(Plan, Limits, String),
    /// The better plan, for whoever says that they want it.
    Ask(Plan, Limits),
    /// A payment for it is open.
    Settle,
}

fn date(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y").to_string()
}

fn because(line: &PlanLine) -> String {
    let Standing { because, until, .. } = line.standing;
    let until = until.map(date).unwrap_or_default();
    match (because, line.ends) {
        (Because::Paid, Some(ends)) => format!("paid, and cancelled: it ends on {}", date(ends)),
        (Because::Paid, None) => "paid".to_owned(),
        (Because::Grace, _) => format!("a payment failed; it stays on until {until}"),
        (Because::Trial, _) => format!("a trial until {until}"),
        (Because::Nothing, _) if line.waits => "a payment is open".to_owned(),
        (Because::Nothing, _) => "nothing to pay".to_owned(),
    }
}

fn lines(line: &PlanLine) -> Vec<String> {
    let PlanLine { kind, standing, limits, filters, boards, .. } = line;
    let whose = match kind {
        AccountKind::Person => "You have",
        AccountKind::Team => "The channels here have",
    };
    let delay = match limits.delay_minutes {
        0 => "at once".to_owned(),
        minutes => format!("{minutes} minutes later"),
    };
    let mut lines = vec![
        format!("{whose} the plan {} ({})", standing.plan.as_str(), because(line)),
        format!("filters that are on: {filters} of {}", limits.filters_of(*kind)),
        format!("boards that you added: {boards} of {}", limits.boards),
        format!("cards come {delay}; digests when they come"),
    ];
    if line.paid > 1 {
        lines.push(format!(
            "there are {} subscriptions that cost something: cancel what is too much with billing",
            line.paid
        ));
    }
    lines
}

/// What people have: whoever asked, and the team where they asked.
pub fn plan(all: &[PlanLine]) -> Reply {
    let parts = all.iter().map(|line| Part::List(lines(line))).collect();
    let mut buttons: Vec<Button> = Vec::new();
    for line in all {
        let better = Plan::of(line.kind);
        let is_less = line.standing.plan < better || line.standing.because == Because::Trial;
        if is_less && line.can_buy && !line.waits {
            buttons.push(upgrade_button(better));
        }
    }
    if all.iter().any(|line| line.paid > 0 || line.waits) {
        buttons.push(say("Billing", "billing"));
    }
    Reply { parts, buttons }
}

fn upgrade_button(plan: Plan) -> Button {
    say(&format!("Upgrade to {}", plan.as_str()), format!("upgrade {}", plan.as_str()))
}

/// There are no plans here.
pub fn service_is_free() -> Reply {
    only("This service is free: it has no plans, and none of its limits is one to pay for.")
}

fn gives(plan: Plan, limits: Limits) -> String {
    let number = |of: u32| usize::try_from(of).unwrap_or(usize::MAX);
    let channels = if limits.channels { ", in channels" } else { "" };
    let when = match limits.delay_minutes {
        0 => "cards at once".to_owned(),
        minutes => format!("cards {minutes} minutes later"),
    };
    format!(
        "{} gives {}{channels}, {} of your own, and {when}.",
        plan.as_str(),
        count(number(limits.filters), "filter", "filters"),
        count(number(limits.boards), "board", "boards"),
    )
}

fn pay(plan: Plan, url: String) -> Part {
    Part::Link { label: format!("Pay for {}", plan.as_str()), url }
}

/// Where one pays for a plan.
pub fn pay_here(plan: Plan, limits: Limits, url: String) -> Reply {
    let what =
        format!("{} Stripe takes the payment; you can cancel at any time.", gives(plan, limits));
    Reply { parts: vec![text(what), pay(plan, url)], buttons: Vec::new() }
}

/// Where what is open of a plan's payments is settled; without a link for whoever may not.
pub fn payment_is_open(plan: Plan, portal: Option<String>) -> Reply {
    let plan = plan.as_str();
    let Some(url) = portal else {
        return only(format!(
            "A payment for {plan} is open. Whoever paid before, or an admin, settles it with: billing"
        ));
    };
    let said = format!("A payment for {plan} is open: settle it, and the plan is on again.");
    let label = "Settle the payment".to_owned();
    Reply { parts: vec![text(said), Part::Link { label, url }], buttons: Vec::new() }
}

pub fn has_it_already(plan: Plan) -> Reply {
    let mut reply = only(format!("{} is paid for already.", plan.as_str()));
    reply.buttons.push(say("Billing", "billing"));
    reply
}

pub fn cannot_be_bought(plan: Plan) -> Reply {
    only(format!("The plan {} cannot be bought here.", plan.as_str()))
}

pub fn team_where() -> Reply {
    only("Type that in a channel: the plan team is for a workspace or a server, and its channels.")
}

/// Where somebody changes or cancels what they pay for: for themselves, and for the team.
pub fn bills(own: Vec<String>, team: Vec<String>) -> Reply {
    let own = own.into_iter().map(|url| ("Your invoices, card and plan", url));
    let team = team.into_iter().map(|url| ("Those of the team", url));
    let link = |(label, url): (&str, String)| Part::Link { label: label.to_owned(), url };
    Reply { parts: own.chain(team).map(link).collect(), buttons: Vec::new() }
}

pub fn nothing_paid(team: bool) -> Reply {
    let mut reply = only(if team {
        "You pay for nothing, and what is paid for the channels here, whoever paid and admins see."
    } else {
        "You pay for nothing."
    });
    reply.buttons.push(say("Plan", "plan"));
    reply
}

/// The far side of payments is away.
pub fn no_link_now() -> Reply {
    only("Stripe does not answer just now; nothing was paid. Please try again in some minutes.")
}

/// A plan has no room for one more.
pub fn no_room(full: Full, offer: Option<Offer>) -> Reply {
    let (plan, room) = (full.plan.as_str(), usize::try_from(full.room).unwrap_or(usize::MAX));
    let mut said = match (full.things, room) {
        (Things::Filters, 0) => format!("The plan {plan} has no filters for channels."),
        (Things::Filters, room) => format!(
            "The plan {plan} has room for {} that are on. Pause or remove one to have room.",
            count(room, "filter", "filters")
        ),
        (Things::Boards, room) => format!(
            "The plan {plan} has room for {} of your own. Remove one to have room.",
            count(room, "board", "boards")
        ),
    };
    let (mut parts, mut buttons) = (Vec::new(), Vec::new());
    match offer {
        Some(Offer::Pay(better, limits, url)) => {
            said = format!("{said} {}", gives(better, limits));
            parts.push(pay(better, url));
        }
        Some(Offer::Ask(better, limits)) => {
            said = format!("{said} {}", gives(better, limits));
            buttons.push(upgrade_button(better));
        }
        Some(Offer::Settle) => {
            said.push_str(" A payment is open: once it is settled there is more.");
            buttons.push(say("Billing", "billing"));
        }
        None => {}
    }
    parts.insert(0, text(said));
    Reply { parts, buttons }
}
