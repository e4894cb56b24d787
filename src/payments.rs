//! The far side of the network that takes payments: what commands and workers ask of it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::account::AccountMark;
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
    /// Who pays.
    pub mark: &'a AccountMark,
    pub plan: Plan,
    /// Whom the service knows the account as, if it does.
    pub customer: Option<&'a str>,
    /// The same wish with the same key gives the same link.
    pub key: &'a str,
}

/// What became of a page on which somebody pays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// What was paid for.
    pub subscription: Option<String>,
    pub mark: Option<AccountMark>,
    /// The account that it names, where it bears no mark.
    pub account: Option<AccountId>,
    /// Nobody can pay on it any more.
    pub is_over: bool,
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
    /// Our mark on it, or another installation's.
    pub mark: Option<AccountMark>,
    /// `None`: a price that is none of ours.
    pub plan: Option<Plan>,
    /// The service's own word.
    pub status: String,
    pub cancels: bool,
    /// When it ends, if it was cancelled, or is paid until.
    pub period_ends: Option<DateTime<Utc>>,
}

/// What something that the service told us is about. Nothing of it is believed but where to look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hint {
    pub checkout: Option<String>,
    /// An invoice, where it does not say for which subscription.
    pub invoice: Option<String>,
    pub subscription: Option<String>,
    pub customer: Option<String>,
    /// A payment, where it does not say whose.
    pub charge: Option<String>,
    /// The customer is gone.
    pub customer_is_gone: bool,
    /// The operator has to see to it: what it is about.
    pub alarm: Option<String>,
    /// A payment that waits for whoever pays.
    pub waits: Option<String>,
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

    /// What became of a page on which somebody pays.
    async fn page(&self, checkout: &str) -> Result<Page, Failure>;

    async fn subscription(&self, id: &str) -> Result<Found, Failure>;

    /// The subscription that an invoice is for, if it is for one.
    async fn invoiced(&self, invoice: &str) -> Result<Option<String>, Failure>;

    /// All subscriptions, or those of a customer, a page of them behind `after`; whether there are more.
    async fn subscriptions(
        &self,
        customer: Option<&str>,
        after: Option<&str>,
    ) -> Result<(Vec<Found>, bool), Failure>;

    /// Who paid a charge, if that is a customer.
    async fn payer(&self, charge: &str) -> Result<Option<String>, Failure>;

    /// What of the settings cannot be bought with, or changed; nothing if all is well.
    async fn faults(&self) -> Result<Vec<String>, Failure>;

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
