//! Calls of Stripe's API: async-stripe says what is asked; a deadline and a cap on each answer.
//!
//! async-stripe's own client forgets the status of an error beside which Stripe's words do not stand: so its
//! requests are sent from here.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method};
use secrecy::ExposeSecret;
use serde_json::Value as Json;
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest, VERSION};
use url::Url;

use super::answers::{Refusal, refusal};
use crate::config::BillingConfig;
use crate::http::{for_operator, read_capped, user_agent};
use crate::payments::Failure;

/// Deadline of one call.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Largest answer: a hundred subscriptions.
const CAP: usize = 8 * 1024 * 1024;

/// The API.
#[derive(Clone)]
pub struct Api {
    client: Client,
    base: String,
    /// With the secret key.
    authorization: HeaderValue,
}

impl Api {
    /// Fails if the key could not stand in a header.
    pub fn new(config: &BillingConfig) -> anyhow::Result<Self> {
        let key = format!("Bearer {}", config.secret_key.expose_secret());
        let mut authorization = HeaderValue::try_from(key)?;
        authorization.set_sensitive(true);
        let base = config.api.as_str().trim_end_matches('/').to_owned();
        Ok(Self { client: for_operator(&user_agent(None))?, base, authorization })
    }

    /// Makes a call once; what is made under a key is made once, however often it is asked for.
    pub async fn ask(
        &self,
        request: &impl StripeRequest,
        key: Option<&str>,
    ) -> Result<Json, Refusal> {
        let RequestBuilder { query, body, path, method } = request.build();
        let url = Url::parse(&format!("{}/v1{path}", self.base));
        let mut url = url.map_err(|error| Failure::Refused(error.to_string()))?;
        url.set_query(query.as_deref());
        let method = match method {
            StripeMethod::Get => Method::GET,
            StripeMethod::Post => Method::POST,
            StripeMethod::Delete => Method::DELETE,
        };
        let mut request = self.client.request(method, url).timeout(TIMEOUT);
        request = request.header(AUTHORIZATION, self.authorization.clone());
        request = request.header("stripe-version", VERSION.as_str());
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        }
        let response = request.send().await.map_err(|error| not_answered(&error))?;
        let status = response.status();
        let body = read_capped(response, CAP).await;
        if !status.is_success() {
            // What cannot be read says no more than the status does.
            let answer = body.ok().and_then(|body| serde_json::from_slice(&body).ok());
            return Err(refusal(status, &answer.unwrap_or_default()));
        }
        let body = body.map_err(|error| Failure::Away(error.to_string()))?;
        let unreadable = |_| Failure::Away(format!("an answer with {status} is no JSON"));
        Ok(serde_json::from_slice(&body).map_err(unreadable)?)
    }
}

fn not_answered(error: &reqwest::Error) -> Failure {
    Failure::Away(if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "it cannot be reached".to_owned()
    } else {
        "the connection was lost".to_owned()
    })
}
