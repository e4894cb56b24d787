//! The settings of Discord: one app, its bot's token, and how its requests come: signed with a key, or over a
//! connection that we open.

use anyhow::{Context, ensure};
use secrecy::SecretString;
use url::Url;

use crate::secrets::hex_bytes;

/// Where Discord's API is.
const API: &str = "https://discord.com/api/v10/";

/// How Discord is reached, and what reaches us.
#[derive(Debug, Clone)]
pub struct DiscordConfig {
    /// Ends with a slash.
    pub api: Url,
    /// A number.
    pub app_id: String,
    pub token: SecretString,
    /// What Discord signs its requests with, if it sends them to us.
    pub public_key: Option<[u8; 32]>,
    pub gateway: Gateway,
}

/// Whether we open a connection to Discord.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gateway {
    /// No: it sends us its requests.
    Closed,
    /// Where it says.
    Discords,
    /// There.
    At(Url),
}

/// `None` without any of the settings.
pub(super) fn read(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<DiscordConfig>> {
    const ALL: [&str; 2] = ["DISCORD_APP_ID", "DISCORD_TOKEN"];
    const MORE: [&str; 3] = ["DISCORD_PUBLIC_KEY", "DISCORD_API_URL", "DISCORD_GATEWAY_URL"];
    let Some(given) = ALL.iter().chain(&MORE).find(|name| var(name).is_some()) else {
        return Ok(None);
    };
    for needed in ALL {
        ensure!(var(needed).is_some(), "{given} needs {needed}, too");
    }
    let [app_id, token] = ALL.map(|name| var(name).unwrap_or_default().trim().to_owned());
    let is_number =
        (1..=20).contains(&app_id.len()) && app_id.bytes().all(|it| it.is_ascii_digit());
    ensure!(is_number, "DISCORD_APP_ID is the app's number");
    ensure!(
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()),
        "DISCORD_TOKEN is the bot's token, without the word Bot"
    );
    let key = var("DISCORD_PUBLIC_KEY").map(|key| hex_bytes(key.trim()));
    ensure!(key != Some(None), "DISCORD_PUBLIC_KEY is 64 hexadecimal digits");
    let public_key = key.flatten();
    let api = var("DISCORD_API_URL");
    let api = super::slack::base(api.as_deref().unwrap_or(API), "/api/v10/");
    let mut api = api.context("DISCORD_API_URL")?;
    // As libraries of Discord have it, without a version.
    if api.path().ends_with("/api/") {
        api.set_path(&format!("{}v10/", api.path()));
    }
    let gateway = match (var("DISCORD_GATEWAY_URL"), public_key) {
        (Some(url), _) => {
            let url = Url::parse(url.trim()).context("DISCORD_GATEWAY_URL")?;
            let is_socket = ["ws", "wss"].contains(&url.scheme()) && url.has_host();
            ensure!(is_socket, "DISCORD_GATEWAY_URL begins with wss://");
            Gateway::At(url)
        }
        (None, Some(_)) => Gateway::Closed,
        (None, None) => Gateway::Discords,
    };
    Ok(Some(DiscordConfig { api, app_id, token: token.into(), public_key, gateway }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF";

    fn read_with(settings: &[(&str, &str)]) -> anyhow::Result<Option<DiscordConfig>> {
        read(|name| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn all_settings_or_none() {
        assert!(read_with(&[]).unwrap().is_none());
        let all =
            [("DISCORD_APP_ID", "12"), ("DISCORD_TOKEN", "hunter2"), ("DISCORD_PUBLIC_KEY", KEY)];
        let config = read_with(&all).unwrap().unwrap();
        assert_eq!(config.api.as_str(), API);
        for (given, want) in [
            ("http://127.0.0.1:9", "http://127.0.0.1:9/api/v10/"),
            ("http://127.0.0.1:9/api/v10", "http://127.0.0.1:9/api/v10/"),
            ("http://127.0.0.1:9/api", "http://127.0.0.1:9/api/v10/"),
            ("http://127.0.0.1:9/x/", "http://127.0.0.1:9/x/"),
        ] {
            let with = [&all[..], &[("DISCORD_API_URL", given)]].concat();
            assert_eq!(read_with(&with).unwrap().unwrap().api.as_str(), want);
        }
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.gateway, Gateway::Closed);
        let without = read_with(&all[..2]).unwrap().unwrap();
        assert_eq!((without.public_key, without.gateway), (None, Gateway::Discords));
        for left in 0..2 {
            let mut some = all.to_vec();
            let (name, _) = some.remove(left);
            let error = read_with(&some).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        let error = read_with(&[("DISCORD_API_URL", "http://127.0.0.1:1")]).unwrap_err();
        assert!(error.to_string().contains("DISCORD_APP_ID"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_named() {
        for (name, wrong) in [
            ("DISCORD_APP_ID", "jobs"),
            ("DISCORD_TOKEN", "Bot x"),
            ("DISCORD_PUBLIC_KEY", "abc"),
            ("DISCORD_API_URL", "ftp://x"),
            ("DISCORD_GATEWAY_URL", "https://x"),
        ] {
            let mut all = vec![
                (name, wrong),
                ("DISCORD_APP_ID", "12"),
                ("DISCORD_TOKEN", "x"),
                ("DISCORD_PUBLIC_KEY", KEY),
            ];
            all.dedup_by_key(|it| it.0);
            let error = format!("{:#}", read_with(&all).unwrap_err());
            assert!(error.contains(name), "{error}");
        }
    }
}
