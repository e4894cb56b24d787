//! Calls of the outbox: each counts under its route, what Discord takes amiss counts in all replicas together,
//! and whoever refuses us is asked three times a day at the most.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde_json::Value as Json;

use super::api::{ALL, Failure};
use super::send::DiscordPlatform;
use crate::clock::add;
use crate::db;
use crate::domain::delivery::Verdict;
use crate::domain::limit::Limit;
use crate::domain::target::Target;

/// Discord lets fifty calls a second through, for all that the bot does.
const A_CALL: Duration = Duration::from_millis(25);
const AT_ONCE: u32 = 5;

/// Five messages in five seconds into a channel, and as many edits and questions.
const IN_A_PLACE: (Duration, u32) = (Duration::from_secs(1), 5);

/// Whoever opens many conversations is taken for a spammer.
const OPENED: (Duration, u32) = (Duration::from_millis(200), 10);

/// Calls that Discord takes amiss in ten minutes before we call nobody any more, so that with those on their
/// way there are five thousand at the most; at ten thousand it would answer nobody from this machine for an
/// hour.
pub const INVALID_A_WINDOW: i64 = 4_500;
const WINDOW: Duration = Duration::from_mins(10);

/// Calls that Discord counts by themselves, each in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    Open,
    Message,
    Edit,
    History,
}

impl Route {
    const IN_PLACES: [Self; 3] = [Self::Message, Self::Edit, Self::History];

    /// What such a call counts under.
    pub fn key(self, target: &Target) -> String {
        match self {
            Self::Open => "discord/open".to_owned(),
            Self::Message => format!("discord/{}", target.address),
            Self::Edit => format!("discord/edit/{}", target.address),
            Self::History => format!("discord/history/{}", target.address),
        }
    }

    pub fn limit(self, target: &Target) -> Limit {
        let (every, burst) = if self == Self::Open { OPENED } else { IN_A_PLACE };
        Limit { key: self.key(target), every, burst }
    }
}

/// What every call counts under.
pub fn all() -> Limit {
    Limit { key: ALL.to_owned(), every: A_CALL, burst: AT_ONCE }
}

/// A call that is to be made.
pub struct Call<'a> {
    pub route: Route,
    pub method: Method,
    pub path: &'a str,
    pub body: Option<&'a Json>,
}

impl DiscordPlatform {
    /// Asks whether a call may be made that a message does not count: one on top of its own, or an edit.
    pub(super) async fn may(
        &self,
        target: &Target,
        route: Route,
        limits: Vec<Limit>,
    ) -> Result<(), Verdict> {
        let now = self.clock.now();
        let taken =
            db::in_tx(&self.pool, async |tx| db::limits::take(tx, &[limits], now).await).await;
        let key = if route == Route::Edit { route } else { Route::Message }.key(target);
        match taken.map(|taken| taken.into_iter().find_map(Result::err)) {
            Ok(None) => Ok(()),
            Ok(Some(until)) => {
                let why = "Discord lets nothing more pass for now".to_owned();
                Err(Verdict::Limited { why, after: (until - now).to_std().ok(), key })
            }
            Err(error) => Err(Verdict::Retry { why: error.to_string(), after: None }),
        }
    }

    /// Makes a call. Where it was the last of a while, its route rests in all replicas; at the limit of
    /// what Discord takes amiss, everything does.
    pub(super) async fn call(
        &self,
        target: &Target,
        call: Call<'_>,
    ) -> Result<Result<Json, Failure>, Verdict> {
        let said = self.api.ask(call.method, call.path, call.body).await;
        let shared = self.shared(call.route, said.bucket);
        if let Some(rest) = said.used_up.filter(|_| said.answer.is_ok()) {
            let until = add(self.clock.now(), rest);
            self.rest(shared.iter().map(|route| (route.key(target), until)).collect()).await;
        }
        self.count(&said.answer).await?;
        Ok(said.answer)
    }

    /// The routes that Discord counts together with this one, by what it calls what they count under.
    fn shared(&self, route: Route, bucket: Option<String>) -> Vec<Route> {
        let mut known = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = bucket {
            known.insert(route, bucket);
        }
        let ours = known.get(&route);
        let same = |other: &Route| *other != route && ours.is_some() && known.get(other) == ours;
        let others = Route::IN_PLACES.into_iter().filter(|_| route != Route::Open);
        others.filter(same).chain([route]).collect()
    }

    async fn rest(&self, rests: BTreeMap<String, DateTime<Utc>>) {
        let noted = db::in_tx(&self.pool, async |tx| db::limits::rest(tx, &rests).await).await;
        if let Err(error) = noted {
            // What was asked for is done; a 429 will say it again.
            tracing::warn!("a rest in Discord was not noted: {error}");
        }
    }

    /// What a sender must do about a call that failed. Who refuses for the third time within a day is gone,
    /// whatever the reason, until they are tried again.
    pub(super) async fn verdict(&self, target: &Target, route: Route, failure: Failure) -> Verdict {
        let refuses = failure.is_refusal();
        let verdict = failure.verdict(&route.key(target));
        if !refuses || !matches!(verdict, Verdict::Retry { .. } | Verdict::Gone { .. }) {
            return verdict;
        }
        match db::discord::refused(&self.pool, &target.address, self.clock.now()).await {
            Ok(true) => Verdict::Gone { why: verdict.why().to_owned() },
            Ok(false) => verdict,
            Err(error) => {
                tracing::error!("a refusal of Discord's was not noted: {error}");
                verdict
            }
        }
    }

    /// Counts what Discord takes amiss, in all replicas together; at the limit everything rests.
    async fn count(&self, answer: &Result<Json, Failure>) -> Result<(), Verdict> {
        let Err(failure) = answer else { return Ok(()) };
        if !failure.counts_as_invalid() {
            return Ok(());
        }
        let counted = db::discord::count_invalid(&self.pool, self.clock.now(), WINDOW).await;
        match counted {
            Ok(count) if count < INVALID_A_WINDOW => Ok(()),
            Ok(_) => {
                tracing::error!("Discord refused {INVALID_A_WINDOW} calls in ten minutes: resting");
                let why = format!("too many calls were refused; the last: {failure}");
                Err(Verdict::Limited { why, after: Some(WINDOW), key: ALL.to_owned() })
            }
            Err(error) => {
                tracing::error!("a refusal of Discord's was not counted: {error}");
                Ok(())
            }
        }
    }
}
