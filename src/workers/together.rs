//! Calls that many tasks make at once become one: while one runs, the next ones gather.

use std::sync::{Mutex as SyncMutex, PoisonError};

use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Mutex, oneshot};

use crate::db;

/// Calls of one kind. An answer is of type `R`, what is asked of type `A`.
pub struct Together<A, R> {
    waiting: SyncMutex<Vec<(A, oneshot::Sender<R>)>>,
    /// Held by the task that makes the call for all that wait.
    turn: Mutex<()>,
}

impl<A, R> Default for Together<A, R> {
    fn default() -> Self {
        Self { waiting: SyncMutex::default(), turn: Mutex::default() }
    }
}

impl<A: Clone, R> Together<A, R> {
    /// Asks, together with whoever asks meanwhile. `all` answers each of its arguments, in their order.
    /// If it fails, everybody asks alone, so that one bad question is one failure; and once more if other
    /// sessions were in the way, since what is not written down is sent again.
    pub async fn call<Answers: Future<Output = sqlx::Result<Vec<R>>>>(
        &self,
        ask: A,
        all: impl Fn(Vec<A>) -> Answers,
    ) -> sqlx::Result<R> {
        let (sender, mut answer) = oneshot::channel();
        self.waiting().push((ask.clone(), sender));
        let turn = self.turn.lock().await;
        let mut answered = answer.try_recv();
        if matches!(answered, Err(TryRecvError::Empty)) {
            let (asks, senders): (Vec<A>, Vec<_>) =
                std::mem::take(&mut *self.waiting()).into_iter().unzip();
            // The senders of a call that fails, or is dropped half-way, are dropped with it.
            if let Ok(answers) = all(asks).await {
                for (sender, given) in senders.into_iter().zip(answers) {
                    sender.send(given).ok(); // Whoever asked may have gone.
                }
            }
            answered = answer.try_recv();
        }
        drop(turn);
        if let Ok(answer) = answered {
            return Ok(answer);
        }
        let mut tries = 2;
        loop {
            match all(vec![ask.clone()]).await {
                Ok(answers) => {
                    return Ok(answers.into_iter().next().expect("an answer for each question"));
                }
                Err(error) if db::is_tried_again(&error, tries).await => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<(A, oneshot::Sender<R>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
