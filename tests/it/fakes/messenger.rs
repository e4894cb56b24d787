//! A platform that keeps a ledger of what it accepted and fails as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use earlybrd::domain::delivery::{Doubt, MessageRef, SentMessage, Verdict};
use earlybrd::domain::ids::DeliveryId;
use earlybrd::domain::limit::Limit;
use earlybrd::domain::message::Message;
use earlybrd::domain::target::{Platform, Target};
use earlybrd::messenger::Messenger;
use earlybrd::render::card;

#[derive(Default)]
pub struct FakeMessenger(Mutex<State>);

#[derive(Default)]
struct State {
    ledger: Vec<String>,
    arrived: BTreeMap<DeliveryId, MessageRef>,
    /// What messages that were sent show since, and the addresses that they lead to.
    edited: Vec<String>,
    links: Vec<Option<String>>,
    /// Played before any success.
    failures: VecDeque<Failure>,
    /// Questions for messages that were answered.
    asked: usize,
    /// What it can do about a message in doubt.
    doubt: Option<Doubt>,
    limit: Option<Limit>,
    limited: Option<String>,
    /// Cards that one message shows.
    fits: Option<usize>,
}

/// How a send fails.
#[derive(Debug, Clone)]
pub enum Failure {
    Verdict(Verdict),
    /// The message arrives, and the answer does not.
    Lost,
    Panic,
}

impl FakeMessenger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn fail(&self, failure: Failure) {
        self.state().failures.push_back(failure);
    }

    /// Makes it one that can be asked, or knows its messages again.
    pub fn in_doubt(&self, doubt: Doubt) {
        self.state().doubt = Some(doubt);
    }

    /// One message shows so many cards.
    pub fn fits(&self, cards: usize) {
        self.state().fits = Some(cards);
    }

    /// One message so often, to all targets together.
    pub fn limit(&self, every: Duration) {
        self.state().limit = Some(Limit { key: "fake".to_owned(), every, burst: 1 });
    }

    /// One message so often to this target.
    pub fn limit_each(&self, target: &str, every: Duration) {
        self.limit(every);
        self.state().limited = Some(target.to_owned());
    }

    /// `target: title | origin` of every edit, with a mark before what is closed.
    pub fn edited(&self) -> Vec<String> {
        self.state().edited.clone()
    }

    /// Where the card of each edit leads.
    pub fn edited_links(&self) -> Vec<Option<String>> {
        self.state().links.clone()
    }

    pub fn sent(&self) -> Vec<String> {
        self.state().ledger.clone()
    }

    pub fn asked(&self) -> usize {
        self.state().asked
    }
}

impl State {
    fn fails(&mut self) -> Result<(), Verdict> {
        match self.failures.pop_front() {
            Some(Failure::Verdict(verdict)) => Err(verdict),
            Some(Failure::Lost) => Err(Verdict::Unknown { why: "no answer".to_owned() }),
            Some(Failure::Panic) => panic!("the platform's client panics"),
            None => Ok(()),
        }
    }

    fn accept(&mut self, target: &Target, message: &Message) -> MessageRef {
        if let (Some(Doubt::Same), Some(same)) = (self.doubt, self.arrived.get(&message.delivery)) {
            return same.clone();
        }
        if let Some(notice) = &message.notice {
            self.ledger.push(format!("{}: {notice}", target.address));
        }
        for card in &message.cards {
            self.ledger.push(format!("{}: {}", target.address, card.title));
        }
        let named = MessageRef(format!("fake-{}", message.delivery));
        self.arrived.insert(message.delivery, named.clone());
        named
    }
}

#[async_trait]
impl Messenger for FakeMessenger {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    fn fits(&self, message: &Message, _: DateTime<Utc>) -> usize {
        self.state().fits.unwrap_or(message.cards.len())
    }

    fn limits(&self, target: &Target) -> Vec<Limit> {
        let state = self.state();
        let counts = state.limited.as_ref().is_none_or(|limited| *limited == target.address);
        state.limit.clone().filter(|_| counts).into_iter().collect()
    }

    fn in_doubt(&self, _: &Target, _: Duration) -> Doubt {
        self.state().doubt.unwrap_or(Doubt::Once)
    }

    async fn find(
        &self,
        _: &Target,
        message: &Message,
        _: DateTime<Utc>,
    ) -> Result<Option<MessageRef>, Verdict> {
        let mut state = self.state();
        state.fails()?;
        state.asked += 1;
        Ok(state.arrived.get(&message.delivery).cloned())
    }

    async fn send(&self, target: &Target, message: &Message) -> Result<MessageRef, Verdict> {
        let mut state = self.state();
        if let Some(Failure::Lost) = state.failures.front() {
            state.accept(target, message);
        }
        state.fails()?;
        Ok(state.accept(target, message))
    }

    fn edits(&self) -> bool {
        true
    }

    async fn edit(
        &self,
        target: &Target,
        sent: &SentMessage,
        message: &Message,
    ) -> Result<(), Verdict> {
        assert_eq!(sent.message.0, format!("fake-{}", message.delivery), "that message was sent");
        let mut state = self.state();
        state.fails()?;
        for card in &message.cards {
            let closed = if card.closed { "closed " } else { "" };
            let facts = card::facts(card).unwrap_or_default();
            let (title, origin) = (&card.title, card::origin(card, sent.at));
            let edited = format!("{}: {closed}{title} | {facts} | {origin}", target.address);
            state.edited.push(edited);
            state.links.push(card.url.clone());
        }
        Ok(())
    }
}
