//! Discord: messages as embeds with buttons, and the same commands as everywhere.
//!
//! Invariant: a message is sent under the number of its delivery, by which Discord knows it again; nothing
//! of a posting can ping, link or format; nothing that is not signed is believed.

mod api;
mod choices;
mod content;
mod desk;
mod errors;
mod http;
mod line;
mod people;
mod place;
mod press;
mod register;
mod schema;
mod send;
mod signature;
mod text;

use std::sync::Arc;

use axum::Router;
use reqwest::Client;
use sqlx::PgPool;
use tokio_util::task::TaskTracker;

pub use api::{Api, Failure};
pub use errors::{CODES, Means};
pub use http::{EVENTS, INTERACTIONS};
pub use register::{Registered, register};
pub use schema::commands;
pub use send::{DiscordPlatform, INVALID_A_WINDOW};

use crate::clock::Clock;
use crate::commands::Context;
use crate::config::DiscordConfig;
use desk::Desk;

/// Discord as the settings have it.
#[derive(Clone)]
pub struct Discord {
    api: Api,
    config: DiscordConfig,
}

impl Discord {
    pub fn new(config: &DiscordConfig, client: Client) -> Self {
        Self { api: Api::new(client, config), config: config.clone() }
    }

    /// Where messages are sent.
    pub fn platform(&self, pool: PgPool, clock: Arc<dyn Clock>) -> DiscordPlatform {
        DiscordPlatform { api: self.api.clone(), pool, clock }
    }

    /// What Discord asks for.
    pub fn router(&self, context: Context, tasks: TaskTracker) -> Router {
        let desk = Desk { context, api: self.api.clone(), tasks };
        http::router(http::Door { desk: Arc::new(desk), key: self.config.public_key })
    }

    /// Asks Discord who we are.
    pub async fn check(&self) -> Result<String, Failure> {
        let app = self.api.get("users/@me").await?;
        let name = app.pointer("/username").and_then(serde_json::Value::as_str);
        Ok(name.unwrap_or("a bot without a name").to_owned())
    }

    /// Makes Discord know our commands, if it does not yet.
    pub async fn register(&self, guild: Option<&str>) -> Result<Registered, Failure> {
        register(&self.api, &self.config.app_id, guild).await
    }
}
