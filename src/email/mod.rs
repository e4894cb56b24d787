//! E-mail as a platform: what is told to a confirmed address, the mail that asks for its yes, and the
//! pages behind the links of mails.
//!
//! Invariant: nothing but the question goes to an address that did not say yes, and nothing at all to one
//! that is suppressed.

mod bills;
mod ending;
mod page;
mod pages;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use url::Url;

pub use bills::{Bills, router as bills_router};
use ending::Ending;
pub use pages::{State, router};

use crate::clock::Clock;
use crate::db;
use crate::db::emails::cell;
use crate::db::suppressed::Cause;
use crate::domain::delivery::{MessageRef, Verdict};
use crate::domain::email::{Email, EmailAddress};
use crate::domain::ids::AccountId;
use crate::domain::limit::ALL_MAIL;
use crate::domain::message::{Kind, Message};
use crate::domain::target::{Platform, Target};
use crate::mail::letter::Letter;
use crate::mail::{Failure, MOST_CONNECTIONS, Mail, Trouble, WHOLE};
use crate::messenger::Messenger;
use crate::render::email::{self, Fallback, Frame};
use crate::secrets::{Keys, Link, Purpose, Subject, token_digest};

/// How long a link that says yes works.
pub const YES_WITHIN: TimeDelta = TimeDelta::hours(24);

/// Trouble of the operator's that comes again within this is the same.
const SAME_TROUBLE: TimeDelta = TimeDelta::minutes(15);

/// How long a link to where somebody pays works.
const BILLS_WITHIN: TimeDelta = TimeDelta::days(30);

/// How long a host that refuses us, and not the address, is left alone.
const REFUSED: TimeDelta = TimeDelta::hours(1);

/// E-mail.
pub struct EmailPlatform {
    pub mail: Mail,
    pub keys: Arc<Keys>,
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    pub public_url: Url,
}

#[async_trait]
impl Messenger for EmailPlatform {
    fn platform(&self) -> Platform {
        Platform::Email
    }

    fn at_once(&self) -> usize {
        MOST_CONNECTIONS
    }

    fn fits(&self, message: &Message, _: DateTime<Utc>) -> usize {
        message.cards.len().min(email::MOST_CARDS)
    }

    fn patience(&self) -> Duration {
        WHOLE
    }

    async fn send(&self, target: &Target, message: &Message) -> Result<MessageRef, Verdict> {
        let away =
            |error: sqlx::Error| Verdict::Retry { why: format!("mail: {error}"), after: None };
        let gone = |why: &str| Verdict::Gone { why: why.to_owned() };
        let row = db::emails::of_target(&self.pool, target.id).await.map_err(away)?;
        let row = row.ok_or_else(|| gone("the address was removed"))?;
        if !(row.wanted || message.kind == Kind::Verify) {
            return Err(gone("the address is not confirmed"));
        }
        let address = self.open(row.account, &row.sealed)?;
        let folded = address.folded();
        let digests: Vec<Vec<u8>> =
            self.keys.digests(Subject::Suppressed, &folded).iter().map(|it| it.to_vec()).collect();
        let suppressed = db::suppressed::find(&self.pool, &digests).await.map_err(away)?;
        if let Some(suppressed) = suppressed
            && !(suppressed.may_be_asked && message.kind == Kind::Verify)
        {
            return Err(gone(&format!("the address takes no mail: {}", suppressed.why)));
        }
        self.waits_for(ALL_MAIL, "no mail leaves", false).await?;
        let host = format!("{} refuses mail from us", address.host());
        self.waits_for(&rest_of(address.host()), &host, true).await?;
        let (unsubscribe, _) = self.link(Purpose::Unsubscribe, row.id, None);
        let (verify, token) =
            self.link(Purpose::Verify, row.id, Some(message.created + YES_WITHIN));
        if message.kind == Kind::Verify {
            // The same at every try.
            let kept = db::emails::keep_link(&self.pool, row.id, &token_digest(&token)).await;
            kept.map_err(away)?;
        }
        let links = Links { verify: &verify, unsubscribe: &unsubscribe };
        let email = self.written(message, row.account, links).map_err(|error| {
            Verdict::Rejected { why: format!("the mail could not be written: {error}") }
        })?;
        let unsubscribe = Some(&unsubscribe).filter(|_| message.kind != Kind::Verify);
        let (delivery, created) = (message.delivery, message.created);
        let letter = Letter { to: &address, email: &email, delivery, created, unsubscribe };
        match self.mail.send(&letter, self.clock.now()).await {
            Ok(sent) => Ok(sent),
            Err(failure) => {
                self.note(&failure, &address).await.map_err(away)?;
                Err(failure.verdict())
            }
        }
    }
}

/// Where a mail leads besides its cards.
#[derive(Debug, Clone, Copy)]
struct Links<'a> {
    verify: &'a Url,
    unsubscribe: &'a Url,
}

/// Until when a host that refuses us is left alone.
fn rests(host: &str, now: DateTime<Utc>) -> BTreeMap<String, DateTime<Utc>> {
    BTreeMap::from([(rest_of(host), now + REFUSED)])
}

/// What the rest of a host that refuses us counts by.
fn rest_of(host: &str) -> String {
    format!("mail/{host}")
}

impl EmailPlatform {
    /// Does what a failure asks for besides what becomes of the mail.
    async fn note(&self, failure: &Failure, address: &EmailAddress) -> sqlx::Result<()> {
        let now = self.clock.now();
        match failure.trouble {
            // What the mail carried goes elsewhere by the verdict.
            Trouble::Gone => {
                let ending = Ending { keys: &self.keys, address, why: &failure.why };
                db::in_tx(&self.pool, async |tx| ending.end(tx, Some(Cause::Bounce), now).await)
                    .await
            }
            Trouble::Policy => {
                let rests = rests(address.host(), now);
                db::in_tx(&self.pool, async |tx| db::limits::rest(tx, &rests).await).await
            }
            Trouble::Operator => {
                let lately = now - SAME_TROUBLE;
                if db::limits::rests_until(&self.pool, ALL_MAIL, lately).await?.is_none() {
                    tracing::error!("no mail leaves, and none is lost: {}", failure.why);
                }
                Ok(())
            }
            Trouble::Full
            | Trouble::Message
            | Trouble::Busy
            | Trouble::Unreachable
            | Trouble::Unknown => Ok(()),
        }
    }

    /// What refused us is left alone, whoever is written to. `fails` if that is the address' host: its mails
    /// get older by it.
    async fn waits_for(&self, key: &str, why: &str, fails: bool) -> Result<(), Verdict> {
        let now = self.clock.now();
        match db::limits::rests_until(&self.pool, key, now).await {
            Ok(None) => Ok(()),
            Ok(Some(until)) => {
                let after = (until - now).to_std().unwrap_or_default();
                Err(Verdict::Rests { why: why.to_owned(), after, fails })
            }
            Err(error) => Err(Verdict::Retry { why: format!("mail: {error}"), after: None }),
        }
    }

    fn open(&self, account: AccountId, sealed: &[u8]) -> Result<EmailAddress, Verdict> {
        // Our mistake, or the operator's: a key that is gone.
        let wrong = |why: String| Verdict::Retry { why, after: None };
        let text = self.keys.open(cell(account), sealed);
        let text = text.map_err(|error| wrong(format!("an address cannot be read: {error}")))?;
        text.expose_secret().parse().map_err(|error| wrong(format!("an address is none: {error}")))
    }

    fn written(
        &self,
        message: &Message,
        account: AccountId,
        Links { verify, unsubscribe }: Links<'_>,
    ) -> askama::Result<Email> {
        if message.kind == Kind::Verify {
            return email::verification(verify, hours(YES_WITHIN));
        }
        if let Some(notice) = &message.notice {
            let Some(about) = message.about else {
                return email::notice(notice, Some(unsubscribe));
            };
            let purpose = if about.sells() { Purpose::Upgrade } else { Purpose::Billing };
            let (bill, _) = self.link(purpose, account.0, Some(message.created + BILLS_WITHIN));
            return email::bill(about, notice, &bill, unsubscribe);
        }
        let again;
        let fallback = match &message.instead {
            None => None,
            Some(instead) => {
                let place = instead.of.name();
                again = format!("To be told there again, type any command in {place}.");
                Some(Fallback { place, why: &instead.why, again: &again })
            }
        };
        let now = self.clock.now();
        let frame = Frame { now, unsubscribe: Some(unsubscribe), fallback };
        match message.cards.as_slice() {
            [card] if message.kind != Kind::Digest => email::card(card, &frame),
            cards => email::digest(cards, &frame),
        }
    }

    /// A link, and its token.
    fn link(&self, purpose: Purpose, id: i64, expires: Option<DateTime<Utc>>) -> (Url, String) {
        let token = self.keys.sign(Link { purpose, id, expires });
        let mut url = self.public_url.clone();
        url.set_path(match purpose {
            Purpose::Verify => "verify",
            Purpose::Unsubscribe => "unsubscribe",
            Purpose::Upgrade => "upgrade",
            Purpose::Billing => "billing",
        });
        url.query_pairs_mut().clear().append_pair("token", &token);
        (url, token)
    }
}

/// A span as mails say it.
pub fn hours(span: TimeDelta) -> u32 {
    u32::try_from(span.num_hours()).unwrap_or_default()
}
