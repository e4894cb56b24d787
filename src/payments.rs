//! The far side of the network that takes payments: what commands and workers ask of it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::ids::AccountId;
use crate::domain::plan::{Plan, Plans};

/// Why a call did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no such thing.
    #[error("the payment service knows no such thing")]
    Unknown,
    /// It refused, and would again.
    #[error("the payment service refused: {0}")]
    Refused(String),
    /// It may do it later.
    #[error("the payment service did not answer: {0}")]
    Away(String),
}

/// Somebody who wants to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish<'a> {
    pub account: AccountId,
    /// Who pays, which for a team is one of its people.
    pub payer: AccountId,
    pub plan: Plan,
    /// Whom the service knows the account as, if it does.
    pub customer: Option<&'a str>,
    /// The same wish with the same key gives the same link.
    pub key: &'a str,
}

/// A page on which somebody pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    pub id: String,
    pub url: String,
}

/// A subscription as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub id: String,
    pub customer: Option<String>,
    /// What our own marks on it say.
    pub account: Option<AccountId>,
    /// `None`: a price that is none of ours.
    pub plan: Option<Plan>,
    /// The service's own word.
    pub status: String,
    pub cancels: bool,
    pub period_ends: Option<DateTime<Utc>>,
}

/// What something that the service told us is about. Nothing of it is believed but where to look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hint {
    pub checkout: Option<String>,
    pub subscription: Option<String>,
    pub customer: Option<String>,
    /// The customer is gone.
    pub customer_is_gone: bool,
    /// The operator has to see to it.
    pub alarm: bool,
}

impl Hint {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Takes payments.
#[async_trait]
pub trait Payments: Send + Sync {
    /// A link to where one pays for a plan.
    async fn checkout(&self, wish: Wish<'_>) -> Result<Checkout, Failure>;

    /// A link to where a customer changes or cancels what they pay for.
    async fn portal(&self, customer: &str) -> Result<String, Failure>;

    /// The subscription that a checkout led to, if it was completed.
    async fn of_checkout(&self, checkout: &str) -> Result<Option<String>, Failure>;

    async fn subscription(&self, id: &str) -> Result<Found, Failure>;

    /// All subscriptions, or those of a customer, a page of them behind `after`; whether there are more.
    async fn subscriptions(
        &self,
        customer: Option<&str>,
        after: Option<&str>,
    ) -> Result<(Vec<Found>, bool), Failure>;

    /// Ends a subscription at once.
    async fn cancel(&self, id: &str) -> Result<(), Failure>;

    /// Whether a plan has a price.
    fn sells(&self, plan: Plan) -> bool;

    /// What an event of this kind, with this body, is about.
    fn hint(&self, kind: &str, body: &str) -> Hint;

    /// Whether plans are paid for in earnest.
    fn is_live(&self) -> Option<bool>;

    /// What the plans allow.
    fn plans(&self) -> &Plans;
}
