//! A platform of the replicas: one of the three kinds that the ledger knows by itself.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::{Client, RequestBuilder, StatusCode};

use super::ledger::{Asked, Kind, Sent};
use crate::domain::delivery::{Doubt, MessageRef, Verdict};
use crate::domain::limit::Limit;
use crate::domain::message::Message;
use crate::domain::target::{Platform, Target};
use crate::http::read_capped;
use crate::messenger::Messenger;

/// Longest answer.
const ANSWER: usize = 1_000;

/// How long the key of a message is known, as we are told; after that nobody relies on it.
const KNOWN: Duration = Duration::from_mins(5);

/// The name under which a kind's targets are stored.
pub fn platform(kind: Kind) -> Platform {
    match kind {
        Kind::Key => Platform::Console,
        Kind::LookUp => Platform::Playground,
        Kind::Mail => Platform::Email,
        Kind::Slack => Platform::Slack,
        Kind::Discord => Platform::Discord,
    }
}

pub struct StandIn {
    pub kind: Kind,
    pub ledger: String,
    pub client: Client,
}

impl StandIn {
    /// A request's status and answer. What failed before it was sent never arrived.
    async fn ask(&self, request: RequestBuilder) -> Result<(StatusCode, String), Verdict> {
        let answer = request.send().await.map_err(|error| {
            let why = error.to_string();
            if error.is_connect() {
                Verdict::Retry { why, after: None }
            } else {
                Verdict::Unknown { why }
            }
        })?;
        let status = answer.status();
        let answer = read_capped(answer, ANSWER).await;
        let answer = answer.map_err(|error| Verdict::Unknown { why: error.to_string() })?;
        Ok((status, String::from_utf8_lossy(&answer).into_owned()))
    }

    fn key(&self) -> String {
        format!("chaos/{:?}", self.kind)
    }
}

fn verdict(status: StatusCode, key: String) -> Verdict {
    let why = format!("the ledger says {status}");
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            Verdict::Limited { why, after: Some(Duration::from_secs(1)), key }
        }
        StatusCode::SERVICE_UNAVAILABLE => Verdict::Retry { why, after: None },
        _ => Verdict::Unknown { why },
    }
}

#[async_trait]
impl Messenger for StandIn {
    fn platform(&self) -> Platform {
        platform(self.kind)
    }

    fn at_once(&self) -> usize {
        16
    }

    fn limits(&self, _: &Target) -> Vec<Limit> {
        vec![Limit { key: self.key(), every: Duration::from_millis(5), burst: 100 }]
    }

    fn in_doubt(&self, _: &Target, tried: Duration) -> Doubt {
        match self.kind {
            Kind::Key if tried < KNOWN => Doubt::Same,
            Kind::Key | Kind::LookUp | Kind::Slack | Kind::Discord => Doubt::Ask,
            Kind::Mail => Doubt::Once,
        }
    }

    async fn find(
        &self,
        _: &Target,
        message: &Message,
        _: DateTime<Utc>,
    ) -> Result<Option<MessageRef>, Verdict> {
        let asked = Asked { kind: self.kind, delivery: message.delivery.0 };
        let url = format!("{}find?{}", self.ledger, query(asked));
        match self.ask(self.client.get(url)).await? {
            (StatusCode::OK, number) => Ok(Some(MessageRef(number))),
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, _) => Err(verdict(status, self.key())),
        }
    }

    async fn send(&self, target: &Target, message: &Message) -> Result<MessageRef, Verdict> {
        let sent = Sent {
            kind: self.kind,
            delivery: message.delivery.0,
            target: target.address.clone(),
            titles: message.cards.iter().map(|card| card.title.clone()).collect(),
        };
        let body = serde_json::to_vec(&sent);
        let body = body.map_err(|error| Verdict::Rejected { why: error.to_string() })?;
        let url = format!("{}send", self.ledger);
        let request = self.client.post(url).header("content-type", "application/json").body(body);
        match self.ask(request).await? {
            (StatusCode::OK, number) => Ok(MessageRef(number)),
            (status, _) => Err(verdict(status, self.key())),
        }
    }
}

fn query(asked: Asked) -> String {
    let kind = serde_json::to_value(asked.kind).ok();
    let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    format!("kind={kind}&delivery={}", asked.delivery)
}
