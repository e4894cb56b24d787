//! Stripe as what takes payments: what is asked of it, and again where that may help.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use ring::digest::{SHA256, digest};
use serde_json::Value as Json;
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::subscription::{
    CancelSubscription, ListSubscription, ListSubscriptionStatus, RetrieveSubscription,
};
use stripe_checkout::CheckoutSessionMode;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAutomaticTax, CreateCheckoutSessionCustomerUpdate,
    CreateCheckoutSessionCustomerUpdateAddress, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionSubscriptionData, RetrieveCheckoutSession,
};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest};
use tokio::time::sleep;

use super::answers::{ACCOUNT, found, id_of, link, mark_of, unreadable};
use super::api::Api;
use super::hints::hint;
use crate::config::BillingConfig;
use crate::domain::ids::AccountId;
use crate::domain::plan::{Plan, Plans};
use crate::payments::{Checkout, Failure, Found, Hint, Page, Payments, Wish};

/// Rests between the tries of a call.
const TRIES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// Subscriptions of a page.
const PAGE: i64 = 100;

/// Stripe, with the prices of the plans.
#[derive(Clone)]
pub struct Stripe {
    api: Api,
    config: BillingConfig,
}

/// A question for which async-stripe has no type.
struct Get(String);

impl StripeRequest for Get {
    type Output = ();

    fn build(&self) -> RequestBuilder {
        RequestBuilder::new(StripeMethod::Get, self.0.clone())
    }
}

impl Stripe {
    /// Fails if the key could not stand in a header.
    pub fn new(config: &BillingConfig) -> anyhow::Result<Self> {
        Ok(Self { api: Api::new(config)?, config: config.clone() })
    }

    /// Makes a call, again if that may help.
    async fn call(&self, request: &impl StripeRequest) -> Result<Json, Failure> {
        let mut rests = TRIES.into_iter();
        loop {
            let failure = match self.api.ask(request, None).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal.failure,
            };
            match rests.next().filter(|_| matches!(failure, Failure::Away(_))) {
                Some(rest) => sleep(rest).await,
                None => return Err(failure),
            }
        }
    }

    /// Makes something once, however often it is asked for under a key. Stripe keeps also the errors that it
    /// answered under one, and takes none for another wish: then the next key is tried, at last one that was
    /// never there.
    async fn make(&self, request: &impl StripeRequest, key: &str) -> Result<Json, Failure> {
        let mut keys = [format!("{key}-1"), format!("{key}-{:08x}", fastrand::u32(..))].into_iter();
        let mut rests = TRIES.into_iter();
        let mut key = key.to_owned();
        loop {
            let refusal = match self.api.ask(request, Some(&key)).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            if refusal.stays_with_key {
                match keys.next() {
                    Some(next) => key = next,
                    None => return Err(refusal.failure),
                }
            }
            match rests.next().filter(|_| matches!(refusal.failure, Failure::Away(_))) {
                Some(rest) => sleep(rest).await,
                None => return Err(refusal.failure),
            }
        }
    }

    fn prices(&self, plan: Plan) -> &[String] {
        match plan {
            Plan::Free => &[],
            Plan::Pro => &self.config.prices_pro,
            Plan::Team => &self.config.prices_team,
        }
    }

    /// A wish for a page to pay on, but for the key.
    fn wanted(&self, wish: Wish<'_>) -> Result<CreateCheckoutSession, Failure> {
        let price = self.prices(wish.plan).first();
        let price = price.ok_or_else(|| Failure::Refused("there is no price".to_owned()))?;
        let marks = HashMap::from([(ACCOUNT.to_owned(), wish.mark.to_string())]);
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
            .client_reference_id(wish.mark.account.to_string())
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
            if wish.customer.is_some() {
                // Whoever is known has no address yet that a tax could follow from.
                request = request.customer_update(CreateCheckoutSessionCustomerUpdate {
                    address: Some(CreateCheckoutSessionCustomerUpdateAddress::Auto),
                    ..CreateCheckoutSessionCustomerUpdate::new()
                });
            }
        }
        Ok(request)
    }
}

#[async_trait]
impl Payments for Stripe {
    async fn checkout(&self, wish: Wish<'_>) -> Result<Checkout, Failure> {
        let request = self.wanted(wish)?;
        // Whoever wishes for something else needs another key, as when the operator mends a price.
        let Self { config, .. } = self;
        let said = format!(
            "{:?} {:?} {} {}",
            self.prices(wish.plan).first(),
            wish.customer,
            config.tax,
            config.public_url
        );
        let digest = digest(&SHA256, said.as_bytes());
        let hash = digest.as_ref().iter().take(6).map(|byte| format!("{byte:02x}"));
        let hash = hash.collect::<Vec<_>>().concat();
        let answer = self.make(&request, &format!("{}-{hash}", wish.key)).await?;
        let id = answer.pointer("/id").and_then(Json::as_str).map(str::to_owned);
        let (id, url) = id.zip(link(&answer)).ok_or_else(unreadable)?;
        Ok(Checkout { id, url })
    }

    async fn portal(&self, customer: &str) -> Result<String, Failure> {
        let request = CreateBillingPortalSession::new()
            .customer(customer)
            .return_url(self.config.public_url.as_str());
        let answer = self.call(&request).await?;
        link(&answer).ok_or_else(unreadable)
    }

    async fn page(&self, checkout: &str) -> Result<Page, Failure> {
        let answer = self.call(&RetrieveCheckoutSession::new(checkout)).await?;
        let text = |path: &str| answer.pointer(path).and_then(Json::as_str);
        let is_marked = answer.pointer("/metadata").is_some_and(|it| it.get(ACCOUNT).is_some());
        let account = text("/client_reference_id").filter(|_| !is_marked);
        Ok(Page {
            subscription: id_of(answer.pointer("/subscription")).map(str::to_owned),
            mark: mark_of(&answer),
            account: account.and_then(|account| account.parse().ok()).map(AccountId),
            is_over: text("/status") == Some("expired"),
        })
    }

    async fn subscription(&self, id: &str) -> Result<Found, Failure> {
        let answer = self.call(&RetrieveSubscription::new(id)).await?;
        found(&answer, |plan| self.prices(plan)).ok_or_else(unreadable)
    }

    async fn invoiced(&self, invoice: &str) -> Result<Option<String>, Failure> {
        let answer = self.call(&Get(format!("/invoices/{invoice}"))).await?;
        Ok(super::hints::invoiced(&answer))
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
        let answer = self.call(&request).await?;
        let data = answer.pointer("/data").and_then(Json::as_array).ok_or_else(unreadable)?;
        let found = data.iter().filter_map(|it| found(it, |plan| self.prices(plan))).collect();
        let more = answer.pointer("/has_more").and_then(Json::as_bool) == Some(true);
        Ok((found, more))
    }

    async fn payer(&self, charge: &str) -> Result<Option<String>, Failure> {
        let answer = self.call(&Get(format!("/charges/{charge}"))).await?;
        Ok(id_of(answer.pointer("/customer")).map(str::to_owned))
    }

    async fn faults(&self) -> Result<Vec<String>, Failure> {
        let mut faults = Vec::new();
        for price in [Plan::Pro, Plan::Team].into_iter().flat_map(|plan| self.prices(plan)) {
            match self.call(&Get(format!("/prices/{price}"))).await {
                Ok(found) if found.pointer("/recurring").is_none_or(Json::is_null) => {
                    faults.push(format!("the price {price} is not paid again and again"));
                }
                Ok(_) => {}
                Err(Failure::Unknown) => faults.push(format!("Stripe knows no price {price}")),
                Err(failure) => return Err(failure),
            }
        }
        let portal = self.call(&Get("/billing_portal/configurations".to_owned())).await?;
        let portals = portal.pointer("/data").and_then(Json::as_array).map_or(0, Vec::len);
        if portals == 0 {
            faults.push("the customer portal is not set up".to_owned());
        }
        Ok(faults)
    }

    async fn cancel(&self, id: &str) -> Result<(), Failure> {
        match self.call(&CancelSubscription::new(id)).await {
            Ok(_) | Err(Failure::Unknown) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    fn sells(&self, plan: Plan) -> bool {
        !self.prices(plan).is_empty()
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
