//! What somebody pays for, what it allows, and which plan follows from what is known.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::account::AccountKind;

/// What an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    Free,
    Pro,
    Team,
}

impl Plan {
    pub const ALL: [Self; 3] = [Self::Free, Self::Pro, Self::Team];

    /// The word that is typed, shown and stored in `accounts.plan`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Team => "team",
        }
    }

    /// What a kind of account tries, and pays for.
    pub fn of(kind: AccountKind) -> Self {
        match kind {
            AccountKind::Person => Self::Pro,
            AccountKind::Team => Self::Team,
        }
    }
}

impl FromStr for Plan {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|plan| plan.as_str().eq_ignore_ascii_case(word));
        found.ok_or("here stands pro or team")
    }
}

/// What a plan allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Filters that are on at a time.
    pub filters: u32,
    /// Boards that somebody adds.
    pub boards: u32,
    pub delay_minutes: u32,
    /// Whether cards go to channels.
    pub channels: bool,
}

impl Limits {
    /// Filters that an account may have on: those of a team go to channels.
    pub fn filters_of(self, kind: AccountKind) -> u32 {
        match kind {
            AccountKind::Team if !self.channels => 0,
            AccountKind::Person | AccountKind::Team => self.filters,
        }
    }

    /// How much later what is told at once is told.
    pub fn delay(self) -> Duration {
        Duration::from_mins(self.delay_minutes.into())
    }
}

/// Filters and boards that one account may have, whatever its plan: a mishap must not fill the database.
pub const MOST_FILTERS: usize = 1_000;
pub const MOST_BOARDS: usize = 200;

/// What each plan allows, as an operator's file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plans {
    pub free: Limits,
    pub pro: Limits,
    pub team: Limits,
}

impl Plans {
    pub fn limits(&self, plan: Plan) -> Limits {
        match plan {
            Plan::Free => self.free,
            Plan::Pro => self.pro,
            Plan::Team => self.team,
        }
    }
}

/// How a subscription stands, by Stripe's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Paid, or tried at Stripe.
    Active,
    /// A payment failed, and is tried again.
    PastDue,
    /// It gives nothing, and goes on once its payment is made or it is resumed.
    Open,
    /// Nothing is owed to whoever has it.
    Ended,
}

impl Status {
    /// What one of Stripe's words means; one that is not known gives nothing, and is told to the operator.
    pub fn read(word: &str) -> Self {
        match word {
            "active" | "trialing" => Self::Active,
            "past_due" => Self::PastDue,
            "unpaid" | "paused" | "incomplete" => Self::Open,
            _ => Self::Ended,
        }
    }

    /// The word stored in `subscriptions.status`, which says no more than whether it gives something.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Open | Self::Ended => "ended",
        }
    }
}

/// A subscription, as far as plans go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    pub plan: Plan,
    pub status: Status,
    /// When its payment failed first.
    pub past_due_since: Option<DateTime<Utc>>,
    /// When it ends, if it was cancelled or is not paid again.
    pub ends_at: Option<DateTime<Utc>>,
}

/// How long a plan is tried.
pub const TRIAL: TimeDelta = TimeDelta::days(14);

/// How long a plan stays although its payment failed.
pub const GRACE: TimeDelta = TimeDelta::days(7);

/// What an account has, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub plan: Plan,
    pub because: Because,
    /// When that may be otherwise without anybody doing anything.
    pub until: Option<DateTime<Utc>>,
}

/// Why an account has its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    Paid,
    /// Its payment failed.
    Grace,
    Trial,
    Nothing,
}

/// What an account has now: the best of what is paid, what is still left of a payment that failed, and what
/// is tried.
pub fn standing(
    kind: AccountKind,
    trial_until: DateTime<Utc>,
    subscriptions: &[Subscription],
    now: DateTime<Utc>,
) -> Standing {
    let trial =
        Standing { plan: Plan::of(kind), because: Because::Trial, until: Some(trial_until) };
    let of = |subscription: &Subscription| {
        let plan = subscription.plan;
        match subscription.status {
            Status::Active => Some(Standing { plan, because: Because::Paid, until: None }),
            Status::PastDue => {
                let until = Some(subscription.past_due_since.unwrap_or(now) + GRACE);
                Some(Standing { plan, because: Because::Grace, until })
            }
            Status::Open | Status::Ended => None,
        }
    };
    let lasts = |standing: &Standing| standing.until.is_none_or(|until| until > now);
    let all = subscriptions.iter().filter_map(of).chain([trial]).filter(lasts);
    // Of two that are as good, what is paid says more than what is tried.
    let rank = |standing: &Standing| match standing.because {
        Because::Paid => 3,
        Because::Grace => 2,
        Because::Trial => 1,
        Because::Nothing => 0,
    };
    all.max_by_key(|it| (it.plan, rank(it))).unwrap_or(Standing {
        plan: Plan::Free,
        because: Because::Nothing,
        until: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(days: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::days(days)
    }

    fn subscription(plan: Plan, status: Status, since: Option<i64>) -> Subscription {
        Subscription { plan, status, past_due_since: since.map(day), ends_at: None }
    }

    #[track_caller]
    fn check(subscriptions: &[Subscription], at: i64, want: (Plan, Because)) {
        let found = standing(AccountKind::Person, day(14), subscriptions, day(at));
        assert_eq!((found.plan, found.because), want);
        assert!(found.until.is_none_or(|until| until > day(at)));
    }

    #[test]
    fn a_plan_is_the_best_of_what_is_paid_and_tried() {
        let paid = subscription(Plan::Pro, Status::Active, None);
        let late = subscription(Plan::Pro, Status::PastDue, Some(20));
        let ended = subscription(Plan::Pro, Status::Ended, Some(20));
        check(&[], 0, (Plan::Pro, Because::Trial));
        check(&[], 14, (Plan::Free, Because::Nothing));
        check(&[paid], 0, (Plan::Pro, Because::Paid));
        check(&[paid], 999, (Plan::Pro, Because::Paid));
        check(&[late], 26, (Plan::Pro, Because::Grace));
        check(&[late], 27, (Plan::Free, Because::Nothing));
        check(&[ended], 20, (Plan::Free, Because::Nothing));
        check(&[ended, paid, late], 26, (Plan::Pro, Because::Paid));
        let team = subscription(Plan::Team, Status::PastDue, Some(20));
        check(&[paid, team], 26, (Plan::Team, Because::Grace));
        check(&[paid, team], 27, (Plan::Pro, Because::Paid));
    }

    #[test]
    fn teams_have_filters_where_channels_are_allowed() {
        let free = Limits { filters: 3, boards: 1, delay_minutes: 30, channels: false };
        assert_eq!(free.filters_of(AccountKind::Person), 3);
        assert_eq!(free.filters_of(AccountKind::Team), 0);
        assert_eq!(Limits { channels: true, ..free }.filters_of(AccountKind::Team), 3);
        assert_eq!(free.delay(), Duration::from_mins(30));
    }
}
