//! Slack as a part of the service: its messages, its pages, its connection.

use std::sync::Arc;

use axum::Router;

use super::App;
use crate::commands::Context;
use crate::config::Config;
use crate::http::{for_operator, user_agent};
use crate::messenger::Messenger;
use crate::slack::{Desk, Slack};

impl App {
    /// Slack as a platform, if it is set up.
    pub fn slack(&self, config: &Config) -> anyhow::Result<Option<Arc<dyn Messenger>>> {
        let context = self.context(config, self.pool.clone())?;
        let slack = slack(config, &context)?;
        Ok(slack.map(|slack| -> Arc<dyn Messenger> { Arc::new(slack.platform()) }))
    }

    /// What Slack and browsers ask for, where workspaces install the app.
    pub(super) fn slack_pages(&self, config: &Config) -> anyhow::Result<Option<Router>> {
        let Some((slack, desk)) = self.slack_desk(config)? else { return Ok(None) };
        Ok(slack.router(&desk))
    }

    /// Opens the connection that brings one workspace's requests, if that is set up.
    pub fn start_slack_socket(&self, config: &Config) -> anyhow::Result<()> {
        let Some((slack, desk)) = self.slack_desk(config)? else { return Ok(()) };
        if let Some(socket) = slack.socket(&desk) {
            self.spawn_task(socket.run(self.stop.clone()));
        }
        Ok(())
    }

    fn slack_desk(&self, config: &Config) -> anyhow::Result<Option<(Slack, Arc<Desk>)>> {
        let context = self.context(config, self.pages_pool.clone())?;
        let Some(slack) = slack(config, &context)? else { return Ok(None) };
        let desk = slack.desk(context, self.tasks.clone());
        Ok(Some((slack, desk)))
    }
}

fn slack(config: &Config, context: &Context) -> anyhow::Result<Option<Slack>> {
    let Some(settings) = &config.slack else { return Ok(None) };
    let client = for_operator(&user_agent(config.contact.as_deref()))?;
    Ok(Some(Slack::new(settings, client, context, config.keys.clone())))
}
