//! A platform that keeps a ledger of what it accepted and fails as it is told.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use earlybrd::domain::delivery::{MessageRef, Verdict};
use earlybrd::domain::message::Message;
use earlybrd::domain::target::{Platform, Target};
use earlybrd::messenger::Messenger;

#[derive(Default)]
pub struct FakeMessenger {
    ledger: Mutex<Vec<String>>,
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
        let failure = self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match failure {
            Some(Failure::Verdict(verdict)) => return Err(verdict),
            Some(Failure::Panic) => panic!("the platform's client panics"),
            None => {}
        }
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notice) = &message.notice {
            ledger.push(format!("{}: {notice}", target.address));
        }
        for card in &message.cards {
            ledger.push(format!("{}: {}", target.address, card.title));
        }
        Ok(MessageRef(format!("fake-{}", message.delivery)))
    }
}
