//! Stripe's API: async-stripe makes and sends the requests, a deadline on each; what comes back is read
//! leniently, since its types refuse fields and values that they do not know.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde_json::Value as Json;
use stripe::{
    Client, ClientBuilder, CustomizedStripeRequest, IdempotencyKey, RequestStrategy, StripeError,
    StripeRequest,
};
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::subscription::{
    CancelSubscription, ListSubscription, ListSubscriptionStatus, RetrieveSubscription,
};
use stripe_checkout::CheckoutSessionMode;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAutomaticTax, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionSubscriptionData, RetrieveCheckoutSession,
};
use stripe_client_core::StripeClient;
use tokio::time::sleep;

use super::hints::hint;
use crate::config::BillingConfig;
use crate::domain::ids::AccountId;
use crate::domain::plan::{Plan, Plans};
use crate::payments::{Checkout, Failure, Found, Hint, Payments, Wish};

/// Deadline of one call.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Rests between the tries of a call.
const TRIES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// Under which our account's number stands in Stripe's objects.
pub const ACCOUNT: &str = "earlybrd_account";

/// Subscriptions of a page.
const PAGE: i64 = 100;

/// Stripe, with the prices of the plans.
#[derive(Clone)]
pub struct Stripe {
    client: Client,
    config: BillingConfig,
}

/// A client of Stripe's that keeps the answer as it came.
struct Kept<'a> {
    client: &'a Client,
    answer: Mutex<Option<Bytes>>,
}

impl StripeClient for Kept<'_> {
    type Err = StripeError;

    async fn execute(&self, request: CustomizedStripeRequest) -> Result<Bytes, StripeError> {
        let answer = self.client.execute(request).await?;
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        Ok(Bytes::from_static(b"null"))
    }
}

impl Stripe {
    /// Fails if the key could not stand in a header.
    pub fn new(config: &BillingConfig) -> anyhow::Result<Self> {
        let client = ClientBuilder::new(config.secret_key.expose_secret())
            .url(config.api.as_str())
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { client, config: config.clone() })
    }

    /// Makes a call, again if that may help: all tries have one key, if they change something.
    async fn call(&self, request: &impl StripeRequest, key: Option<&str>) -> Result<Json, Failure> {
        let strategy = match key {
            Some(key) => {
                let key = IdempotencyKey::new(key);
                let key = key.map_err(|error| Failure::Refused(error.to_string()))?;
                RequestStrategy::Idempotent(key)
            }
            None => RequestStrategy::Once,
        };
        let mut rests = TRIES.into_iter();
        loop {
            let kept = Kept { client: &self.client, answer: Mutex::new(None) };
            let once = request.build().customize::<()>().request_strategy(strategy.clone());
            let failure = match once.send(&kept).await {
                Ok(()) => return read(kept.answer),
                Err(error) => failure(&error),
            };
            match rests.next().filter(|_| matches!(failure, Failure::Away(_))) {
                Some(rest) => sleep(rest).await,
                None => return Err(failure),
            }
        }
    }

    fn price(&self, plan: Plan) -> Option<&str> {
        match plan {
            Plan::Free => None,
            Plan::Pro => self.config.price_pro.as_deref(),
            Plan::Team => self.config.price_team.as_deref(),
        }
    }

    fn found(&self, subscription: &Json) -> Option<Found> {
        let text = |path: &str| subscription.pointer(path).and_then(Json::as_str);
        let items = subscription.pointer("/items/data").and_then(Json::as_array);
        let items = items.map_or(&[][..], Vec::as_slice);
        let price = |item: &Json| {
            let price = item.pointer("/price/id").or_else(|| item.pointer("/plan/id"));
            price.and_then(Json::as_str).map(str::to_owned)
        };
        let prices: Vec<String> = items.iter().filter_map(price).collect();
        let is_ours = |plan: &Plan| {
            self.price(*plan).is_some_and(|ours| prices.iter().any(|price| price == ours))
        };
        // Older versions of the API say it of the whole.
        let ends = |item: &Json| item.pointer("/current_period_end").and_then(Json::as_i64);
        let ends = items.iter().filter_map(ends).max().or_else(|| ends(subscription));
        let account = subscription.pointer("/metadata").and_then(|marks| marks.get(ACCOUNT));
        let account = account.and_then(Json::as_str).and_then(|account| account.parse().ok());
        Some(Found {
            id: text("/id")?.to_owned(),
            customer: id_of(subscription.pointer("/customer")).map(str::to_owned),
            account: account.map(AccountId),
            plan: [Plan::Team, Plan::Pro].into_iter().find(is_ours),
            status: text("/status").unwrap_or("unknown").to_owned(),
            cancels: subscription.pointer("/cancel_at_period_end").and_then(Json::as_bool)
                == Some(true)
                || subscription.pointer("/cancel_at").and_then(Json::as_i64).is_some(),
            period_ends: ends.and_then(|at| DateTime::<Utc>::from_timestamp(at, 0)),
        })
    }
}

/// An object's id, whether it stands there alone or whole.
pub fn id_of(value: Option<&Json>) -> Option<&str> {
    let value = value?;
    value.as_str().or_else(|| value.pointer("/id").and_then(Json::as_str))
}

fn read(answer: Mutex<Option<Bytes>>) -> Result<Json, Failure> {
    let answer = answer.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_default();
    serde_json::from_slice(&answer).map_err(|_| Failure::Away("an answer is no JSON".to_owned()))
}

/// Without what a message of Stripe's may hold of a key.
fn failure(error: &StripeError) -> Failure {
    match error {
        StripeError::Stripe(_, 404) => Failure::Unknown,
        StripeError::Stripe(_, status @ (409 | 429 | 500..)) => Failure::Away(status.to_string()),
        StripeError::Stripe(_, status @ 401) => {
            Failure::Refused(format!("{status}: the key is not taken"))
        }
        StripeError::Stripe(error, status) => {
            let text = error.message.as_deref().unwrap_or("it does not say why");
            Failure::Refused(format!("{status}: {}", text.chars().take(200).collect::<String>()))
        }
        StripeError::Timeout => Failure::Away("no answer in time".to_owned()),
        StripeError::JSONDeserialize(_) => Failure::Away("an answer is no JSON".to_owned()),
        StripeError::ClientError(_) => Failure::Away("it cannot be reached".to_owned()),
        StripeError::ConfigError(why) => Failure::Refused(why.clone()),
    }
}

fn unreadable() -> Failure {
    Failure::Away("an answer does not say what it should".to_owned())
}

/// An address that people may be sent to.
fn link(answer: &Json) -> Option<String> {
    let url = answer.pointer("/url").and_then(Json::as_str)?;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_one = url.len() <= 2_000 && !url.contains(|c: char| c.is_whitespace() || c.is_control());
    (is_web && is_one).then(|| url.to_owned())
}

#[async_trait]
impl Payments for Stripe {
    async fn checkout(&self, wish: Wish<'_>) -> Result<Checkout, Failure> {
        let price = self.price(wish.plan);
        let price = price.ok_or_else(|| Failure::Refused("there is no price".to_owned()))?;
        let marks = HashMap::from([(ACCOUNT.to_owned(), wish.account.to_string())]);
        let item = CreateCheckoutSessionLineItems {
            price: Some(price.to_owned()),
            quantity: Some(1),
            ..CreateCheckoutSessionLineItems::new()
        };
        let data = CreateCheckoutSessionSubscriptionData {
            metadata: Some(marks.clone()),
            ..CreateCheckoutSessionSubscriptionData::new()
        };
        let page = |end: &str| {
            let mut url = self.config.public_url.clone();
            url.set_path("/upgraded");
            url.set_query(Some(end));
            url.to_string()
        };
        let mut request = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Subscription)
            .line_items([item])
            .client_reference_id(wish.account.to_string())
            .metadata(marks)
            .subscription_data(data)
            .allow_promotion_codes(true)
            .success_url(page("paid=yes"))
            .cancel_url(page("paid=no"));
        if let Some(customer) = wish.customer {
            request = request.customer(customer);
        }
        if self.config.tax {
            request = request.automatic_tax(CreateCheckoutSessionAutomaticTax::new(true));
        }
        let answer = self.call(&request, Some(wish.key)).await?;
        let id = answer.pointer("/id").and_then(Json::as_str).map(str::to_owned);
        let (id, url) = id.zip(link(&answer)).ok_or_else(unreadable)?;
        Ok(Checkout { id, url })
    }

    async fn portal(&self, customer: &str) -> Result<String, Failure> {
        let request = CreateBillingPortalSession::new()
            .customer(customer)
            .return_url(self.config.public_url.as_str());
        let answer = self.call(&request, None).await?;
        link(&answer).ok_or_else(unreadable)
    }

    async fn of_checkout(&self, checkout: &str) -> Result<Option<String>, Failure> {
        let answer = self.call(&RetrieveCheckoutSession::new(checkout), None).await?;
        Ok(id_of(answer.pointer("/subscription")).map(str::to_owned))
    }

    async fn subscription(&self, id: &str) -> Result<Found, Failure> {
        let answer = self.call(&RetrieveSubscription::new(id), None).await?;
        self.found(&answer).ok_or_else(unreadable)
    }

    async fn subscriptions(
        &self,
        customer: Option<&str>,
        after: Option<&str>,
    ) -> Result<(Vec<Found>, bool), Failure> {
        let mut request = ListSubscription::new().status(ListSubscriptionStatus::All).limit(PAGE);
        if let Some(customer) = customer {
            request = request.customer(customer);
        }
        if let Some(after) = after {
            request = request.starting_after(after);
        }
        let answer = self.call(&request, None).await?;
        let data = answer.pointer("/data").and_then(Json::as_array).ok_or_else(unreadable)?;
        let found: Vec<Found> = data.iter().filter_map(|it| self.found(it)).collect();
        let more = answer.pointer("/has_more").and_then(Json::as_bool) == Some(true);
        Ok((found, more))
    }

    async fn cancel(&self, id: &str) -> Result<(), Failure> {
        match self.call(&CancelSubscription::new(id), None).await {
            Ok(_) | Err(Failure::Unknown) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    fn sells(&self, plan: Plan) -> bool {
        self.price(plan).is_some()
    }

    fn hint(&self, kind: &str, body: &str) -> Hint {
        hint(kind, body)
    }

    fn is_live(&self) -> Option<bool> {
        self.config.is_live
    }

    fn plans(&self) -> &Plans {
        &self.config.plans
    }
}
