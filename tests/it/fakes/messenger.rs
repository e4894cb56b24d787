//! A platform that keeps a ledger of what it accepted and fails as it is told.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use earlybrd::domain::delivery::{MessageRef, SentMessage, Verdict};
use earlybrd::domain::message::Message;
use earlybrd::domain::target::{Platform, Target};
use earlybrd::messenger::Messenger;
use earlybrd::render::card;

#[derive(Default)]
pub struct FakeMessenger {
    ledger: Mutex<Vec<String>>,
    /// What messages that were sent show since.
    edited: Mutex<Vec<String>>,
    /// Played before any success.
    failures: Mutex<VecDeque<Failure>>,
}

/// How a send fails.
#[derive(Debug, Clone)]
pub enum Failure {
    Verdict(Verdict),
    Panic,
}

impl FakeMessenger {
    pub fn fail(&self, failure: Failure) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push_back(failure);
    }

    /// `target: title | origin` of every edit, with a mark before what is closed.
    pub fn edited(&self) -> Vec<String> {
        self.edited.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fails(&self) -> Result<(), Verdict> {
        let failure = self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match failure {
            Some(Failure::Verdict(verdict)) => Err(verdict),
            Some(Failure::Panic) => panic!("the platform's client panics"),
            None => Ok(()),
        }
    }

    pub fn sent(&self) -> Vec<String> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Messenger for FakeMessenger {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    async fn send(&self, target: &Target, message: &Message) -> Result<MessageRef, Verdict> {
        self.fails()?;
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notice) = &message.notice {
            ledger.push(format!("{}: {notice}", target.address));
        }
        for card in &message.cards {
            ledger.push(format!("{}: {}", target.address, card.title));
        }
        Ok(MessageRef(format!("fake-{}", message.delivery)))
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
        self.fails()?;
        let mut edited = self.edited.lock().unwrap_or_else(PoisonError::into_inner);
        for card in &message.cards {
            let closed = if card.closed { "closed " } else { "" };
            let facts = card::facts(card).unwrap_or_default();
            let (title, origin) = (&card.title, card::origin(card, sent.at));
            edited.push(format!("{}: {closed}{title} | {facts} | {origin}", target.address));
        }
        Ok(())
    }
}
