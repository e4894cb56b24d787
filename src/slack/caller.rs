//! Calls of Slack for one workspace. What Slack wants to rest is not asked for meanwhile, by any replica;
//! a token that is dead is forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::api::{Answer, Api, Failure};
use super::workspaces::{Token, Workspaces};
use crate::clock::add;
use crate::db;
use crate::schedule::backoff::rest_of;

/// What calls share.
#[derive(Clone)]
pub struct Caller {
    pub api: Api,
    pub workspaces: Workspaces,
}

/// What a 429 of a method counts by.
pub fn key(team: &str, method: &str) -> String {
    format!("slack/{team}/{method}")
}

impl Caller {
    /// Calls a method that writes.
    pub async fn write(
        &self,
        team: &str,
        method: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Answer, Failure> {
        let token = self.workspaces.token(team).await?;
        self.awake(team, method).await?;
        self.write_with(&token, team, method, body).await
    }

    /// Calls a method of which it is known that it does not rest.
    pub async fn write_with(
        &self,
        token: &Token,
        team: &str,
        method: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Answer, Failure> {
        let answer = self.api.call(method, &token.secret, body).await;
        self.noted(token, team, method, answer).await
    }

    /// Calls a method that reads.
    pub async fn read(
        &self,
        team: &str,
        method: &str,
        form: &[(&str, &str)],
    ) -> Result<Answer, Failure> {
        let token = self.workspaces.token(team).await?;
        self.awake(team, method).await?;
        let answer = self.api.ask(method, Some(&token.secret), form).await;
        self.noted(&token, team, method, answer).await
    }

    /// Refuses a call while its method rests.
    async fn awake(&self, team: &str, method: &str) -> Result<(), Failure> {
        let (pool, now) = (&self.workspaces.pool, self.workspaces.clock.now());
        match db::limits::rests_until(pool, &key(team, method), now).await {
            Ok(None) => Ok(()),
            Ok(Some(until)) => {
                let (why, after) = (format!("{method} rests"), (until - now).to_std());
                Err(Failure::Rests { why, after: after.unwrap_or_default() })
            }
            Err(error) => Err(Failure::Away(format!("the database is away: {error}"))),
        }
    }

    /// Notes what all calls for the workspace must know of an answer.
    async fn noted(
        &self,
        token: &Token,
        team: &str,
        method: &str,
        answer: Result<Answer, Failure>,
    ) -> Result<Answer, Failure> {
        let mut failure = match answer {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        if failure.token_is_dead() {
            failure = self.workspaces.is_dead(team, token, failure).await;
        }
        if let Some(after) = failure.asks_for_rest() {
            self.rest(team, method, after).await;
        }
        Err(failure)
    }

    async fn rest(&self, team: &str, method: &str, after: Option<Duration>) {
        let until = add(self.workspaces.clock.now(), rest_of(after));
        let rests = BTreeMap::from([(key(team, method), until)]);
        let noted = db::in_tx(&self.workspaces.pool, async |tx| db::limits::rest(tx, &rests).await);
        if let Err(error) = noted.await {
            tracing::error!("a rest of {method} was not noted: {error}");
        }
    }
}
