//! Who lets us in and who throws us out: people, by Discord's webhook events, and servers.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value as Json;
use sqlx::PgConnection;

use super::choices::server;
use super::desk::Desk;
use super::line::{Who, text};
use super::place::{Place, is_id};
use crate::db;
use crate::domain::account::AccountKind;
use crate::domain::target::Platform;
use crate::render::notices;

/// A server that was joined longer ago is not met for the first time.
const NEW: TimeDelta = TimeDelta::hours(1);

/// When something happened, as Discord writes it: with a zone or without.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let zoned = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let plain = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    zoned.ok().or_else(|| plain().map(|at| at.and_utc()))
}

fn id(json: &Json, path: &str) -> Option<String> {
    text(json, path).filter(|id| is_id(id)).map(str::to_owned)
}

impl Desk {
    /// Takes a webhook event, each decision of somebody's once and none after a later one.
    pub async fn happened(&self, payload: &Json) -> sqlx::Result<()> {
        let given = match text(payload, "/event/type") {
            Some("APPLICATION_AUTHORIZED") => true,
            Some("APPLICATION_DEAUTHORIZED") => false,
            _ => return Ok(()),
        };
        let Some(user) = id(payload, "/event/data/user/id") else { return Ok(()) };
        let guild = id(payload, "/event/data/guild/id");
        let now = self.context.clock.now();
        let at = text(payload, "/event/timestamp").and_then(time).unwrap_or(now);
        db::in_tx(&self.context.pool, async |tx| {
            if !db::discord::decided(&mut *tx, &user, at).await? {
                return Ok(());
            }
            if given {
                self.let_in(tx, &user, guild.as_deref()).await
            } else {
                thrown_out(tx, &user, now).await
            }
        })
        .await
    }

    /// Somebody lets us write to them, or to their server. Who never spoke with the bot is welcomed.
    async fn let_in(
        &self,
        tx: &mut PgConnection,
        user: &str,
        guild: Option<&str>,
    ) -> sqlx::Result<()> {
        let now = self.context.clock.now();
        let address = Place::Person(user.to_owned()).to_string();
        for whose in [Some(address.as_str()), guild].into_iter().flatten() {
            for target in db::discord::came_back(&mut *tx, whose).await? {
                db::broken_targets::mend(tx, target, now).await?;
            }
        }
        let known = self.known_in(tx, &Who::alone(user)).await?;
        if known.is_new {
            let notice = [(known.actor.target, notices::introduction_in_discord())];
            db::deliveries::queue_notices(tx, &notice, now).await?;
        }
        Ok(())
    }

    /// We are in a server: again, still, or for the first time, which is said where it says such things.
    pub async fn came(&self, guild: &str, event: &Json) -> sqlx::Result<()> {
        let now = self.context.clock.now();
        let joined = text(event, "/joined_at").and_then(time);
        let channel =
            id(event, "/system_channel_id").filter(|_| joined.is_some_and(|at| now - at < NEW));
        db::in_tx(&self.context.pool, async |tx| {
            for target in db::discord::came_back(&mut *tx, guild).await? {
                db::broken_targets::mend(tx, target, now).await?;
            }
            let team = server(guild);
            let Some(channel) = channel.as_deref() else { return Ok(()) };
            if db::accounts::is_known(&mut *tx, &team).await? {
                return Ok(());
            }
            let account = db::accounts::of_identity(tx, &team, AccountKind::Team, now).await?;
            let (guild, channel) = (guild.to_owned(), channel.to_owned());
            let address = Place::Channel { guild, channel }.to_string();
            let target =
                db::accounts::target(tx, account, Platform::Discord, &address, now).await?;
            let notice = [(target, notices::introduction_in_discord())];
            db::deliveries::queue_notices(tx, &notice, now).await
        })
        .await
    }

    /// We are in a server no more: nothing is sent there.
    pub async fn left(&self, guild: &str) -> sqlx::Result<()> {
        let now = self.context.clock.now();
        db::discord::leave(&self.context.pool, guild, now).await
    }

    pub async fn closed(&self, guild: &str, channel: &str) -> sqlx::Result<()> {
        let (guild, channel) = (guild.to_owned(), channel.to_owned());
        let address = Place::Channel { guild, channel }.to_string();
        let gone = (address.as_str(), db::discord::DELETED);
        let now = self.context.clock.now();
        db::broken_targets::place_is_gone(&self.context.pool, Platform::Discord, gone, now).await
    }

    /// What a server's channels, or one, let us do has changed: those that refused are tried again.
    pub async fn changed(&self, guild: &str, channel: Option<&str>) -> sqlx::Result<()> {
        let now = self.context.clock.now();
        for target in db::discord::refusing(&self.context.pool, guild, channel).await? {
            let mended = async |tx: &mut _| db::broken_targets::mend(tx, target, now).await;
            db::in_tx(&self.context.pool, mended).await?;
        }
        Ok(())
    }
}

/// Whoever took their permission back is written to no more.
async fn thrown_out(tx: &mut PgConnection, user: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    let address = Place::Person(user.to_owned()).to_string();
    let gone = (address.as_str(), db::discord::DEAUTHORIZED);
    db::broken_targets::place_is_gone(tx, Platform::Discord, gone, now).await
}
