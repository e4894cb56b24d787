//! Discord: messages as embeds with buttons, and the same commands as everywhere.
//!
//! Invariant: a message is sent under the number of its delivery, by which Discord knows it again; nothing
//! of a posting can ping, link or format; nothing that is not signed is believed.

mod api;
mod check;
mod choices;
mod content;
mod counted;
mod desk;
mod errors;
mod events;
mod gateway;
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

use std::sync::{Arc, Mutex};

use axum::Router;
use reqwest::Client;
use sqlx::PgPool;
use tokio_util::task::TaskTracker;

pub use api::{Api, Failure};
pub use check::Checked;
pub use counted::INVALID_A_WINDOW;
pub use errors::{CODES, Means};
pub use http::{EVENTS, INTERACTIONS};
pub use register::{Registered, manifest};
pub use schema::commands;
pub use send::DiscordPlatform;

use crate::clock::Clock;
use crate::commands::Context;
use crate::config::{DiscordConfig, DiscordGateway};
pub use desk::Desk;
pub use gateway::{Gateway, Patience, Queue, Trust};

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
        DiscordPlatform { api: self.api.clone(), pool, clock, buckets: Mutex::default() }
    }

    /// What answers.
    pub fn desk(&self, context: Context, tasks: TaskTracker) -> Arc<Desk> {
        Arc::new(Desk { context, api: self.api.clone(), tasks })
    }

    /// Where Discord's requests come in, if it sends them to us.
    pub fn router(&self, desk: &Arc<Desk>) -> Option<Router> {
        let key = self.config.public_key?;
        Some(http::router(http::Door { desk: Arc::clone(desk), key }))
    }

    /// The connection over which it brings them, if we open one.
    pub fn gateway(&self, desk: Arc<Desk>) -> Option<Gateway> {
        let url = match &self.config.gateway {
            DiscordGateway::Closed => return None,
            DiscordGateway::Discords => None,
            DiscordGateway::At(url) => Some(url.clone()),
        };
        let api = &self.config.api;
        let trust = match &url {
            Some(url) => Trust::Operator { tls: url.scheme() == "wss" },
            None if api.host_str() == Some("discord.com") => Trust::Discord,
            None => Trust::Operator { tls: api.scheme() == "https" },
        };
        let (token, patience) = (self.config.token.clone(), Patience::default());
        let queue = Queue::new(&desk);
        Some(Gateway { desk, token, url, trust, patience, queue })
    }

    /// Asks Discord who we are, and whether what the settings say of the app is so.
    pub async fn check(&self) -> Result<Checked, Failure> {
        check::check(&self.api, &self.config).await
    }

    /// Makes Discord know our commands, if it does not yet.
    pub async fn register(&self, guild: Option<&str>) -> Result<Registered, Failure> {
        register::register(&self.api, &self.config.app_id, guild).await
    }
}
