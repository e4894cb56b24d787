//! Sends what is owed: claim a lane, send, settle — never a transaction across a send.

use std::hash::Hasher;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use siphasher::sip::SipHasher13;

use super::outbox::{Begin, Begun, Claimed, LEASE, Outbox};
use crate::db::lanes::ClaimedLane;
use crate::db::settle::{Settlement, Showing, Turn};
use crate::domain::delivery::{ClaimedDelivery, Doubt, NextStep, SentMessage, Verdict};
use crate::domain::message::{Kind, Message};
use crate::domain::target::Platform;
use crate::schedule::backoff::{Tried, next_step, rest_of};
use crate::worker::{Tick, Worker, catch_panic};

/// A send is begun only with so much of the lease left besides its own deadline, so that its end falls inside.
const RESERVE: Duration = Duration::from_secs(5);

/// One sender. Several share an outbox, in one process or many.
#[derive(Clone)]
pub struct Deliver {
    pub outbox: Arc<Outbox>,
}

/// How a try ended, and what the platform wants to hear nothing of meanwhile.
struct Ended {
    settlement: Settlement,
    rest: Option<(String, DateTime<Utc>)>,
}

impl From<Settlement> for Ended {
    fn from(settlement: Settlement) -> Self {
        Self { settlement, rest: None }
    }
}

impl Worker for Deliver {
    const NAME: &'static str = "deliver";

    /// A platform whose senders are stuck is seen although the others' move.
    fn name(&self) -> String {
        format!("{} {}", Self::NAME, self.outbox.messenger.platform())
    }

    async fn tick(&mut self) -> anyhow::Result<Tick> {
        let Some((claimed, _busy)) = self.outbox.next().await? else {
            let next = self.outbox.until_next().await?;
            return Ok(next.map_or(Tick::Idle, Tick::IdleFor));
        };
        let target = claimed.lane.target.id;
        if !self.serve(claimed).await? {
            tracing::warn!(target.id = target.0, "lost the lease on target {target}");
        }
        Ok(Tick::Busy)
    }
}

impl Deliver {
    /// Sends to a lane and gives it back. `false` if it was taken over meanwhile.
    async fn serve(&self, claimed: Claimed) -> sqlx::Result<bool> {
        let Claimed { mut lane, head, at } = claimed;
        let patience = self.outbox.messenger.patience();
        let mut head = head.into_iter().peekable();
        while let Some(delivery) = head.next() {
            if self.outbox.stop.is_cancelled() || self.outbox.since(at) + patience + RESERVE > LEASE
            {
                break;
            }
            let begin = Begin {
                shows: delivery.edits.as_ref().map_or(delivery.id, |sent| sent.delivery),
                delivery: delivery.id,
                limits: self.outbox.messenger.limits(&lane.target),
                lane: lane.clone(),
            };
            let message = match self.outbox.begin(begin).await? {
                Begun::Yes(message) => message,
                Begun::Lost => return Ok(false),
                Begun::Wait(until) => return self.outbox.leave(lane, until).await,
            };
            let Ended { settlement, rest } = match &delivery.edits {
                _ if self.is_held_up(at) => self.not_sent().into(),
                Some(sent) => self.edit(&lane, sent, &message).await,
                None => self.send(&lane, &delivery, &message, at).await,
            };
            // One that is to be tried again stops its lane, or its order would break.
            let goes_on = match settlement {
                Settlement::Sent { .. }
                | Settlement::Edited { .. }
                | Settlement::Refused { .. }
                | Settlement::GivenUp { .. }
                | Settlement::Dead { .. } => head.peek().is_some(),
                Settlement::Again { .. }
                | Settlement::Limited { .. }
                | Settlement::TargetGone { .. } => false,
            };
            if matches!(settlement, Settlement::Sent { .. }) {
                lane.failing_since = None;
            }
            let leave = (!goes_on).then(|| self.outbox.base.now());
            let tried = vec![(delivery, settlement)];
            let turn = Turn { lane: lane.clone(), tried, rest, leave };
            let ours = self.outbox.settle(turn).await?;
            if !ours || !goes_on {
                return Ok(ours);
            }
        }
        self.outbox.leave(lane, self.outbox.base.now()).await
    }

    async fn send(
        &self,
        lane: &ClaimedLane,
        delivery: &ClaimedDelivery,
        message: &Message,
        at: DateTime<Utc>,
    ) -> Ended {
        let sent = |sent| Settlement::Sent { message: sent, shown: showing(message) };
        let doubt = delivery.doubt_since.map(|since| (since, self.doubt(lane, since)));
        if let Some((since, Doubt::Ask)) = doubt {
            let (target, messenger) = (&lane.target, &self.outbox.messenger);
            match self.within(lane, messenger.find(target, message, since)).await {
                Ok(Some(found)) => return sent(found).into(),
                // The answer may be as old as that: somebody else may have sent it since.
                Ok(None) if self.is_held_up(at) => return self.not_sent().into(),
                Ok(None) => {}
                Err(Verdict::Rejected { why: _ }) if self.is_held_up(at) => {
                    return self.not_sent().into();
                }
                Err(Verdict::Rejected { why }) => {
                    tracing::warn!(delivery.id = delivery.id.0, "sent again in doubt: {why}");
                }
                // The question has no answer yet; that leaves the message where it was.
                Err(Verdict::Unknown { why } | Verdict::Strange { why }) => {
                    return self.after_failure(Verdict::Retry { why, after: None }, lane, delivery);
                }
                Err(verdict) => return self.after_failure(verdict, lane, delivery),
            }
        }
        let says_nothing = message.notice.is_none() && message.kind != Kind::Verify;
        if message.cards.is_empty() && says_nothing {
            return Settlement::Dead { why: "nothing is left to show".to_owned() }.into();
        }
        let sending = self.outbox.messenger.send(&lane.target, message);
        let outcome = self.within(lane, sending).await;
        #[cfg(feature = "chaos")]
        if outcome.is_ok() {
            crate::failpoint::reach(crate::failpoint::Point::Sent);
        }
        match outcome {
            Ok(message) => sent(message).into(),
            Err(verdict) => self.after_failure(verdict, lane, delivery),
        }
    }

    /// Whether so much time went by since the claim that a send could end after the lease: the process was
    /// stopped, or the database kept it waiting. Somebody else may be sending by now.
    fn is_held_up(&self, at: DateTime<Utc>) -> bool {
        self.outbox.since(at) + self.outbox.messenger.patience() > LEASE
    }

    /// For whoever has the lane next; nothing went wrong with the message.
    fn not_sent(&self) -> Settlement {
        let why = "its sender was held up".to_owned();
        Settlement::Limited { due_at: self.outbox.base.now(), why, fails: false }
    }

    fn doubt(&self, lane: &ClaimedLane, since: DateTime<Utc>) -> Doubt {
        let tried = (self.outbox.base.now() - since).to_std().unwrap_or_default();
        self.outbox.messenger.in_doubt(&lane.target, tried)
    }

    /// One that fails is not tried again at once, since others wait behind it; `edit_cards` comes back
    /// to it. One that the platform refuses is over.
    async fn edit(&self, lane: &ClaimedLane, sent: &SentMessage, message: &Message) -> Ended {
        let (target, id) = (&lane.target, message.delivery);
        let shown = Some(showing(message));
        // What changed may be nothing that this account may see.
        if shown.as_ref().map(|shown| shown.content) == sent.content {
            return Settlement::Edited { shown }.into();
        }
        let outcome = self.within(lane, self.outbox.messenger.edit(target, sent, message)).await;
        let Err(verdict) = outcome else {
            return Settlement::Edited { shown }.into();
        };
        let why = verdict.why().to_owned();
        tracing::warn!(delivery.id = id.0, "delivery {id} could not be edited: {why}");
        let rest = self.rest(&verdict);
        let settlement = match verdict {
            Verdict::Retry { .. }
            | Verdict::Limited { .. }
            | Verdict::Rests { .. }
            | Verdict::Unknown { .. }
            | Verdict::Strange { .. } => Settlement::Edited { shown: None },
            Verdict::Rejected { .. } => Settlement::Edited { shown },
            Verdict::Gone { .. } => Settlement::TargetGone { why, in_doubt: false },
        };
        Ended { settlement, rest }
    }

    /// What the platform wants to hear nothing of, and until when. A rest that is kept already is not written
    /// again: whoever looked would make it longer by that.
    fn rest(&self, verdict: &Verdict) -> Option<(String, DateTime<Utc>)> {
        match verdict {
            Verdict::Limited { after, key, .. } => {
                Some((key.clone(), self.outbox.after(rest_of(*after))))
            }
            Verdict::Retry { .. }
            | Verdict::Rests { .. }
            | Verdict::Unknown { .. }
            | Verdict::Strange { .. }
            | Verdict::Rejected { .. }
            | Verdict::Gone { .. } => None,
        }
    }

    fn after_failure(
        &self,
        verdict: Verdict,
        lane: &ClaimedLane,
        delivery: &ClaimedDelivery,
    ) -> Ended {
        let (id, why) = (delivery.id, verdict.why().to_owned());
        if let Some((key, until)) = self.rest(&verdict) {
            tracing::warn!(delivery.id = id.0, "delivery {id} waits, {key} is limited: {why}");
            let settlement = Settlement::Limited { due_at: until, why, fails: false };
            return Ended { settlement, rest: Some((key, until)) };
        }
        let attempts = delivery.attempts.saturating_add(1);
        let now = self.outbox.base.now();
        let is_mail = lane.target.platform == Platform::Email;
        let tried = Tried {
            attempts,
            doubts: delivery.doubts,
            again: delivery.last_error.as_ref() == Some(&why),
            doubt: self.doubt(lane, now),
            failing: lane.failing_since.map(|at| self.outbox.since(at)).unwrap_or_default(),
            mail: is_mail.then(|| self.outbox.since(delivery.created)),
        };
        let step = next_step(&verdict, tried, fastrand::f64());
        if step == NextStep::Refused {
            // Our mistake, or a code that is missing in a table: nobody but the operator sees to it.
            tracing::error!(delivery.id = id.0, attempts, "delivery {id} is given up: {why}");
        } else {
            let what = if matches!(step, NextStep::Wait(_)) { "waits" } else { "failed" };
            tracing::warn!(delivery.id = id.0, attempts, ?step, "delivery {id} {what}: {why}");
        }
        let in_doubt = matches!(verdict, Verdict::Unknown { .. });
        let settlement = match step {
            NextStep::Again(rest) => {
                Settlement::Again { due_at: self.outbox.after(rest), why, in_doubt }
            }
            NextStep::Wait(rest) => {
                let fails = matches!(verdict, Verdict::Rests { fails: true, .. });
                Settlement::Limited { due_at: self.outbox.after(rest), why, fails }
            }
            NextStep::Refused => Settlement::Refused { why },
            NextStep::GivenUp => Settlement::GivenUp { why },
            NextStep::Dead => Settlement::Dead { why },
            NextStep::TargetGone => Settlement::TargetGone { why, in_doubt },
        };
        settlement.into()
    }

    /// Waits for a platform, not for long.
    async fn within<T>(
        &self,
        lane: &ClaimedLane,
        call: impl Future<Output = Result<T, Verdict>>,
    ) -> Result<T, Verdict> {
        let platform = lane.target.platform;
        let call = tokio::time::timeout(self.outbox.messenger.patience(), call);
        match catch_panic(AssertUnwindSafe(call)).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Verdict::Unknown { why: format!("{platform}: no answer in time") }),
            Err(_) => Err(Verdict::Retry { why: format!("{platform}: panic"), after: None }),
        }
    }
}

/// What is kept of what a message shows.
fn showing(message: &Message) -> Showing {
    let mut hasher = SipHasher13::new();
    for card in &message.cards {
        // What else there is does not change, or is not seen.
        let seen = (&card.title, &card.url, &card.pay, &card.also_on, card.closed, card.posted);
        hasher.write(format!("{seen:?}").as_bytes());
    }
    let versions = message.cards.iter().map(|card| (card.opening, card.version)).collect();
    Showing { versions, content: hasher.finish().cast_signed() }
}
