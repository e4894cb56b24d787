//! Whether what the settings say of the app is so.

use serde_json::Value as Json;

use super::api::{Api, Failure};
use super::line::text;
use super::register::is_registered;
use crate::config::{DiscordConfig, DiscordGateway};
use crate::secrets::hex_bytes;

/// What Discord says of the app.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// The bot's name.
    pub name: String,
    /// What keeps it from working.
    pub problems: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// Asks for the bot, its app and its commands; changes nothing.
pub async fn check(api: &Api, config: &DiscordConfig) -> Result<Checked, Failure> {
    let bot = api.get("users/@me").await?;
    let name = text(&bot, "/username").unwrap_or("a bot without a name").to_owned();
    let mut checked = Checked { name, ..Checked::default() };
    match api.get("applications/@me").await {
        Ok(app) => app_is_ours(&app, config, &mut checked),
        Err(failure) => checked.notes.push(format!("the app could not be asked for: {failure}")),
    }
    match is_registered(api, &config.app_id).await {
        Ok(true) => {}
        Ok(false) => checked.notes.push(
            "the commands are not registered for all servers as they are: earlybrd discord-register"
                .to_owned(),
        ),
        Err(failure) => checked.notes.push(format!("the commands could not be asked for: {failure}")),
    }
    Ok(checked)
}

fn app_is_ours(app: &Json, config: &DiscordConfig, checked: &mut Checked) {
    if text(app, "/id").is_some_and(|id| id != config.app_id) {
        checked.problems.push("DISCORD_APP_ID is not the app of DISCORD_TOKEN".to_owned());
    }
    let key = text(app, "/verify_key").and_then(hex_bytes::<32>);
    if config.public_key.zip(key).is_some_and(|(ours, theirs)| ours != theirs) {
        checked.problems.push("DISCORD_PUBLIC_KEY is not the app's public key".to_owned());
    }
    let endpoint = text(app, "/interactions_endpoint_url").filter(|url| !url.is_empty());
    match (&config.gateway, endpoint) {
        (DiscordGateway::Closed, Some(_))
        | (DiscordGateway::Discords | DiscordGateway::At(_), None) => {}
        (DiscordGateway::Closed, None) => checked.notes.push(
            "no Interactions Endpoint URL is set, so nothing that people type is brought yet"
                .to_owned(),
        ),
        (DiscordGateway::Discords | DiscordGateway::At(_), Some(url)) => {
            checked.problems.push(format!(
                "Discord sends what people type to {url}, and nothing over the gateway: remove the \
                 Interactions Endpoint URL, or set DISCORD_PUBLIC_KEY"
            ));
        }
    }
}
