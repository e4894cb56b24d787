//! The console platform: prints cards to a terminal, for `earlybrd try`.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::clock::Clock;
use crate::domain::delivery::{MessageRef, Verdict};
use crate::domain::message::{Card, Message};
use crate::domain::target::{Platform, Target};
use crate::messenger::Messenger;
use crate::render::{card, message};

/// Writes each card to one output, whatever the target's address.
pub struct Console<W> {
    output: Mutex<W>,
    clock: Arc<dyn Clock>,
}

impl<W: Write + Send> Console<W> {
    pub fn new(output: W, clock: Arc<dyn Clock>) -> Self {
        Self { output: Mutex::new(output), clock }
    }
}

#[async_trait]
impl<W: Write + Send> Messenger for Console<W> {
    fn platform(&self) -> Platform {
        Platform::Console
    }

    fn at_once(&self) -> usize {
        1
    }

    async fn send(&self, _: &Target, message: &Message) -> Result<MessageRef, Verdict> {
        let now = self.clock.now();
        let (whole, rest) = message.shown();
        let above = message::instead(message).into_iter().chain(message.notice.clone());
        let above = above.chain(message::heading(message));
        let cards = whole.iter().map(|card| card::text(card, now));
        let parts: Vec<String> = above.chain(cards).chain(lines(rest)).collect();
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        // One write, so that a crash leaves a whole message or none.
        output
            .write_all(format!("\n{}\n", parts.join("\n\n")).as_bytes())
            .and_then(|()| output.flush())
            .map_err(|error| Verdict::Retry { why: format!("console: {error}"), after: None })?;
        Ok(MessageRef(format!("console-{}", message.delivery)))
    }
}

/// Cards of which a line is enough.
fn lines(rest: &[Card]) -> Option<String> {
    let line = |card: &Card| {
        let url = card.url.as_ref().map(|url| format!("\n  {url}")).unwrap_or_default();
        format!("- {}{url}", message::line(card))
    };
    let lines: Vec<String> = rest.iter().map(line).collect();
    (!lines.is_empty()).then(|| format!("{}\n{}", message::more(lines.len()), lines.join("\n")))
}
