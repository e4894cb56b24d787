//! E-mail as a platform: what is told to a confirmed address, the mail that asks for its yes, and the
//! pages behind the links of mails.
//!
//! Invariant: nothing but the question goes to an address that did not say yes, and nothing at all to one
//! that is suppressed.

mod bills;
mod pages;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use sqlx::PgPool;
use url::Url;

pub use bills::{Bills, router as bills_router};
pub use pages::{State, router};

use crate::clock::Clock;
use crate::db;
use crate::db::emails::cell;
use crate::domain::delivery::{MessageRef, Verdict};
use crate::domain::email::{Email, EmailAddress};
use crate::domain::ids::AccountId;
use crate::domain::message::{Kind, Message};
use crate::domain::target::{Platform, Target};
use crate::mail::letter::Letter;
use crate::mail::{Mail, Trouble};
use crate::messenger::Messenger;
use crate::render::email::{self, Fallback, Frame};
use crate::secrets::{Keys, Link, Purpose, Subject};

/// How long a link that says yes works.
const YES_WITHIN: TimeDelta = TimeDelta::hours(48);

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
        16
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
        let suppressed = db::emails::suppressed(&self.pool, &digests).await.map_err(away)?;
        if let Some(why) = suppressed {
            return Err(gone(&format!("the address takes no mail: {why}")));
        }
        self.waits_for(address.host()).await?;
        let unsubscribe = self.link("unsubscribe", Purpose::Unsubscribe, row.id);
        let email =
            self.written(message, (row.account, row.id), &unsubscribe).map_err(|error| {
                Verdict::Rejected { why: format!("the mail could not be written: {error}") }
            })?;
        let unsubscribe = Some(&unsubscribe).filter(|_| message.kind != Kind::Verify);
        let (delivery, created) = (message.delivery, message.created);
        let letter = Letter { to: &address, email: &email, delivery, created, unsubscribe };
        match self.mail.send(&letter, self.clock.now()).await {
            Ok(sent) => Ok(sent),
            Err(failure) => {
                let now = self.clock.now();
                if failure.trouble == Trouble::Gone {
                    let digest = self.keys.digest(Subject::Suppressed, &folded);
                    db::emails::suppress(&self.pool, &digest, &failure.why, now)
                        .await
                        .map_err(away)?;
                }
                if failure.trouble == Trouble::Policy {
                    let rests = BTreeMap::from([(rest_of(address.host()), now + REFUSED)]);
                    db::in_tx(&self.pool, async |tx| db::limits::rest(tx, &rests).await)
                        .await
                        .map_err(away)?;
                }
                Err(failure.verdict())
            }
        }
    }
}

/// What the rest of a host that refuses us counts by.
fn rest_of(host: &str) -> String {
    format!("mail/{host}")
}

impl EmailPlatform {
    /// A host that refused us is left alone, whoever of it is written to.
    async fn waits_for(&self, host: &str) -> Result<(), Verdict> {
        let (now, key) = (self.clock.now(), rest_of(host));
        match db::limits::rests_until(&self.pool, &key, now).await {
            Ok(None) => Ok(()),
            Ok(Some(until)) => {
                let why = format!("{host} refuses mail from us");
                Err(Verdict::Limited { why, after: (until - now).to_std().ok(), key })
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
        (account, id): (AccountId, i64),
        unsubscribe: &Url,
    ) -> askama::Result<Email> {
        if message.kind == Kind::Verify {
            let hours = u32::try_from(YES_WITHIN.num_hours()).unwrap_or_default();
            return email::verification(&self.link("verify", Purpose::Verify, id), hours);
        }
        if let Some(notice) = &message.notice {
            let Some(about) = message.about else {
                return email::notice(notice, Some(unsubscribe));
            };
            let (page, purpose) = if about.sells() {
                ("upgrade", Purpose::Upgrade)
            } else {
                ("billing", Purpose::Billing)
            };
            return email::bill(about, notice, &self.link(page, purpose, account.0), unsubscribe);
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
            cards => email::digest(cards, 0, &frame),
        }
    }

    fn link(&self, page: &str, purpose: Purpose, id: i64) -> Url {
        let expires = match purpose {
            Purpose::Verify => Some(self.clock.now() + YES_WITHIN),
            Purpose::Unsubscribe => None,
            Purpose::Upgrade | Purpose::Billing => Some(self.clock.now() + BILLS_WITHIN),
        };
        let token = self.keys.sign(Link { purpose, id, expires });
        let mut url = self.public_url.clone();
        url.set_path(page);
        url.query_pairs_mut().clear().append_pair("token", &token);
        url
    }
}
