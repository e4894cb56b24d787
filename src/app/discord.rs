//! Discord as a part of the service: its messages and its pages.

use std::sync::Arc;

use axum::Router;

use super::{App, fetcher};
use crate::clock::{Clock, SharedClock};
use crate::commands::Context;
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
        let platform = discord.map(|discord| discord.platform(self.pool.clone(), clock));
        Ok(platform.map(|platform| -> Arc<dyn Messenger> { Arc::new(platform) }))
    }

    /// What Discord asks for.
    pub(super) fn discord_pages(&self, config: &Config) -> anyhow::Result<Option<Router>> {
        let Some(discord) = discord(config)? else { return Ok(None) };
        let clock: Arc<dyn Clock> = Arc::<SharedClock>::clone(&self.clock);
        let mut context = Context::new(self.pages_pool.clone(), clock, fetcher(config)?);
        context.mail_keys = config.mail.as_ref().and(config.keys.clone());
        Ok(Some(discord.router(context, self.tasks.clone())))
    }
}
