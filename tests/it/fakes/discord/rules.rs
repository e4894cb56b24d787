//! What Discord enforces besides the shape of what it takes: how often, who may, and what it forgets.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

/// Discord knows a message again by its number for some minutes.
pub const KNOWN: TimeDelta = TimeDelta::seconds(150);

/// A token of an interaction is good for so long.
const TOKEN: TimeDelta = TimeDelta::minutes(15);

/// First millisecond of Discord's ids, after 1970.
const EPOCH: i64 = 1_420_070_400_000;

/// Calls within a second, of all kinds; and messages within five, into a channel.
const ALL: (usize, TimeDelta) = (50, TimeDelta::seconds(1));
const A_CHANNEL: (usize, TimeDelta) = (5, TimeDelta::seconds(5));

/// What was done, and what is not allowed.
#[derive(Default)]
pub struct Rules {
    done: BTreeMap<String, Vec<DateTime<Utc>>>,
    /// Channels, and people by `@` and their number, with the code that refuses us.
    refusing: BTreeMap<String, i64>,
    /// Tokens of interactions, and when they were given.
    tokens: BTreeMap<String, DateTime<Utc>>,
}

impl Rules {
    /// Counts a call; `Err` if Discord would limit it.
    pub fn call(&mut self, channel: Option<&str>, now: DateTime<Utc>) -> Result<(), String> {
        self.within("all", ALL, now)?;
        channel.map_or(Ok(()), |channel| self.within(channel, A_CHANNEL, now))
    }

    fn within(
        &mut self,
        what: &str,
        (most, span): (usize, TimeDelta),
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let done = self.done.entry(what.to_owned()).or_default();
        done.retain(|at| now - *at < span);
        done.push(now);
        if done.len() > most {
            Err(format!("{}. call of {what} within {span}", done.len()))
        } else {
            Ok(())
        }
    }

    pub fn refuse(&mut self, place: &str, code: Option<i64>) {
        match code {
            Some(code) => self.refusing.insert(place.to_owned(), code),
            None => self.refusing.remove(place),
        };
    }

    /// The code by which a channel, or somebody, refuses us; `*` does for all.
    pub fn refuses(&self, place: &str) -> Option<i64> {
        self.refusing.get(place).or_else(|| self.refusing.get("*")).copied()
    }

    pub fn give(&mut self, token: &str, now: DateTime<Utc>) {
        self.tokens.insert(token.to_owned(), now);
    }

    /// The code by which a token is refused.
    pub fn takes(&self, token: &str, now: DateTime<Utc>) -> Result<(), (u16, i64)> {
        match self.tokens.get(token) {
            None => Err((404, 10_015)),
            Some(at) if now - *at >= TOKEN => Err((401, 50_027)),
            Some(_) => Ok(()),
        }
    }
}

/// The number of the n-th thing, which says when it was made.
pub fn snowflake(now: DateTime<Utc>, n: usize) -> String {
    let n = i64::try_from(n).expect("few");
    ((now.timestamp_millis() - EPOCH) << 22 | n).to_string()
}
