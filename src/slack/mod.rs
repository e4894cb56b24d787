//! Slack: messages in Block Kit, and the same commands as everywhere.
//!
//! Invariant: a message counts as sent only when Slack says so and names it; nothing of a posting can ping,
//! link or format; nothing that is not signed is believed.

mod again;
mod api;
mod blocks;
mod body;
mod caller;
mod desk;
mod errors;
mod event;
mod events;
mod filter_form;
mod forms;
mod home;
mod http;
mod install;
mod interact;
mod manifest;
mod methods;
mod people;
mod place;
mod press;
mod send;
mod signature;
mod socket;
mod text;
mod thread;
mod workspaces;

use std::sync::Arc;

use axum::Router;
use reqwest::Client;
use tokio_util::task::TaskTracker;

pub use api::{Api, Failure};
pub use body::Brought;
pub use desk::Desk;
pub use errors::{CODES, Means};
pub use events::EVENTS;
pub use http::PATHS;
pub use install::SCOPES;
pub use manifest::manifest;
pub use methods::METHODS;
pub use send::SlackPlatform;
pub use signature::sign;
pub use socket::Socket;

use caller::Caller;
use workspaces::{One, Serves, Workspaces};

use crate::commands::Context;
use crate::config::{OneWorkspace, SlackApp, SlackConfig};
use crate::secrets::Keys;

/// Slack as the settings have it.
#[derive(Clone)]
pub struct Slack {
    caller: Caller,
    app: Option<SlackApp>,
    one: Option<OneWorkspace>,
}

impl Slack {
    pub fn new(
        config: &SlackConfig,
        client: Client,
        context: &Context,
        keys: Option<Arc<Keys>>,
    ) -> Self {
        let api = Api::new(client, config.api.clone());
        let serves = if config.app.is_some() { Serves::ItsOwn } else { Serves::All };
        let one = config.one.as_ref();
        let one = one.map(|one| One::new(api.clone(), one.bot_token.clone(), serves));
        let (pool, clock) = (context.pool.clone(), Arc::clone(&context.clock));
        let workspaces = Workspaces { pool, clock, keys, one };
        Self {
            caller: Caller { api, workspaces },
            app: config.app.clone(),
            one: config.one.clone(),
        }
    }

    /// Where messages are sent.
    pub fn platform(&self) -> SlackPlatform {
        SlackPlatform { caller: self.caller.clone() }
    }

    /// What answers people.
    pub fn desk(&self, context: Context, tasks: TaskTracker) -> Arc<Desk> {
        Desk::new(context, self.caller.clone(), tasks)
    }

    /// The connection that brings the one workspace's requests.
    pub fn socket(&self, desk: &Arc<Desk>) -> Option<Socket> {
        let app_token = self.one.as_ref()?.app_token.clone();
        Some(Socket { desk: Arc::clone(desk), app_token, silence: socket::SILENCE })
    }

    /// What Slack and browsers ask for, where workspaces install the app.
    pub fn router(&self, desk: &Arc<Desk>) -> Option<Router> {
        let app = self.app.clone()?;
        let signing_secret = app.signing_secret.clone();
        let requests = http::router(http::Door { desk: Arc::clone(desk), signing_secret });
        Some(requests.merge(install::router(install::Pages::new(Arc::clone(desk), app))))
    }
}

/// Asks Slack who we are, and whether it lets us connect, where that can be known before anybody installs
/// the app.
pub async fn check(config: &SlackConfig, client: Client) -> Result<Option<String>, Failure> {
    let Some(one) = &config.one else { return Ok(None) };
    let api = Api::new(client, config.api.clone());
    api.ask(socket::OPEN_METHOD, Some(&one.app_token), &[]).await?;
    let answer = api.ask("auth.test", Some(&one.bot_token), &[]).await?;
    Ok(Some(answer.text("/team").unwrap_or("a workspace without a name").to_owned()))
}
