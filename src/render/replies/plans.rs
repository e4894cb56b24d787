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
        if line.standing.plan < better || line.standing.because == Because::Trial {
            buttons.push(upgrade_button(better));
        }
    }
    if all.iter().any(|line| line.paid > 0) {
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

/// Where one pays for a plan.
pub fn pay_here(plan: Plan, limits: Limits, url: String) -> Reply {
    let filters = usize::try_from(limits.filters).unwrap_or(usize::MAX);
    let boards = usize::try_from(limits.boards).unwrap_or(usize::MAX);
    let channels = if limits.channels { ", in channels" } else { "" };
    let what = format!(
        "{} gives {}{channels}, {} of your own, and cards at once. Stripe takes the payment; you can cancel \
         at any time.",
        plan.as_str(),
        count(filters, "filter", "filters"),
        count(boards, "board", "boards"),
    );
    let label = format!("Pay for {}", plan.as_str());
    Reply { parts: vec![text(what), Part::Link { label, url }], buttons: Vec::new() }
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
pub fn bills(own: Option<String>, team: Option<String>) -> Reply {
    let link = |label: &str, url| Part::Link { label: label.to_owned(), url };
    let own = own.map(|url| link("Your invoices, card and plan", url));
    let team = team.map(|url| link("Those of the team", url));
    Reply { parts: own.into_iter().chain(team).collect(), buttons: Vec::new() }
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
pub fn no_room(kind: AccountKind, plan: Plan, limits: Limits) -> Reply {
    let room = limits.filters_of(kind);
    let mut reply = only(match room {
        0 => format!("The plan {} has no filters for channels.", plan.as_str()),
        room => format!(
            "The plan {} has room for {} that are on. Pause or remove one, or have more room:",
            plan.as_str(),
            count(usize::try_from(room).unwrap_or(usize::MAX), "filter", "filters")
        ),
    });
    if plan < Plan::of(kind) {
        reply.buttons.push(upgrade_button(Plan::of(kind)));
    }
    reply
}

/// So with boards.
pub fn no_room_for_boards(kind: AccountKind, plan: Plan, limits: Limits) -> Reply {
    let room = count(usize::try_from(limits.boards).unwrap_or(usize::MAX), "board", "boards");
    let mut reply = only(format!("The plan {} has room for {room} of your own.", plan.as_str()));
    if plan < Plan::of(kind) {
        reply.buttons.push(upgrade_button(Plan::of(kind)));
    }
    reply
}
