//! Discord as a part of the service: its messages and its pages.

use std::sync::Arc;

use axum::Router;

use super::App;
use crate::clock::{Clock, SharedClock};
use crate::config::Config;
use crate::discord::Discord;
use crate::http::{for_operator, user_agent};
use crate::messenger::Messenger;

/// Discord as the settings have it, if they do.
pub fn discord(config: &Config) -> anyhow::Result<Option<Discord>> {
    let Some(settings) = &config.discord else { return Ok(None) };
    let client = for_operator(&user_agent(config.contact.as_deref()))?;
    Ok(Some(Discord::new(settings, client)))
}

impl App {
    /// Discord as a platform, if it is set up.
    pub fn discord(&self, config: &Config) -> anyhow::Result<Option<Arc<dyn Messenger>>> {
        let clock: Arc<dyn Clock> = Arc::<SharedClock>::clone(&self.clock);
        let discord = discord(config)?;
        let Some(discord) = discord else { return Ok(None) };
        let platform = Arc::new(discord.platform(self.pool.clone(), clock));
        let ours = Arc::clone(&platform);
        self.spawn_task(async move {
            if let Err(error) = ours.look_at_token().await {
                tracing::warn!("Discord's token was not looked at: {error}");
            }
        });
        Ok(Some(platform))
    }

    /// What Discord asks for.
    pub(super) fn discord_pages(&self, config: &Config) -> anyhow::Result<Option<Router>> {
        let Some(discord) = discord(config)? else { return Ok(None) };
        let desk = discord.desk(self.context(config, self.pages_pool.clone())?, self.tasks.clone());
        Ok(discord.router(&desk))
    }

    /// Opens the connection over which Discord brings what people type, if that is set up.
    pub fn start_discord_gateway(&self, config: &Config) -> anyhow::Result<()> {
        let Some(discord) = discord(config)? else { return Ok(()) };
        let desk = discord.desk(self.context(config, self.pages_pool.clone())?, self.tasks.clone());
        if let Some(gateway) = discord.gateway(desk) {
            self.spawn_task(gateway.run(self.stop.clone()));
        }
        Ok(())
    }
}
