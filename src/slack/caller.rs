//! Calls of Slack for one workspace. Each counts under its method; what is asked too often, or Slack wants to
//! rest, is not asked for meanwhile, by any replica. A token that is dead is forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::api::{Answer, Api, Failure};
use super::methods::{key, limit};
use super::workspaces::{Token, Workspaces};
use crate::clock::add;
use crate::db;
use crate::domain::limit::Limit;
use crate::schedule::backoff::rest_of;

/// What calls share.
#[derive(Clone)]
pub struct Caller {
    pub api: Api,
    pub workspaces: Workspaces,
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
        self.count(team, method).await?;
        self.write_with(&token, team, method, body).await
    }

    /// Calls a method that was counted before.
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
        self.count(team, method).await?;
        let answer = self.api.ask(method, Some(&token.secret), form).await;
        self.noted(&token, team, method, answer).await
    }

    /// Counts a call under its method, or refuses it while that rests.
    async fn count(&self, team: &str, method: &str) -> Result<(), Failure> {
        let now = self.workspaces.clock.now();
        match self.take(limit(team, method), now).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => {
                let (why, after) = (format!("{method} rests"), (until - now).to_std());
                Err(Failure::Rests { why, after: after.unwrap_or_default() })
            }
            Err(error) => Err(Failure::Away(format!("the database is away: {error}"))),
        }
    }

    async fn take(
        &self,
        limit: Limit,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Result<(), DateTime<Utc>>> {
        let pool = &self.workspaces.pool;
        // What cannot pass keeps nobody waiting who could.
        if let Err(until) = db::limits::look(pool, &limit, now).await? {
            return Ok(Err(until));
        }
        let limits = [vec![limit]];
        let taken = db::in_tx(pool, async |tx| db::limits::take(tx, &limits, now).await).await?;
        Ok(taken.into_iter().next().unwrap_or(Ok(())))
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
