//! The settings of Discord: one app, its bot's token and the key that its requests are signed with.

use anyhow::{Context, ensure};
use secrecy::SecretString;
use url::Url;

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
    /// What Discord signs its requests with.
    pub public_key: [u8; 32],
}

/// `None` without any of the settings.
pub(super) fn read(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<DiscordConfig>> {
    const ALL: [&str; 3] = ["DISCORD_APP_ID", "DISCORD_TOKEN", "DISCORD_PUBLIC_KEY"];
    let api = var("DISCORD_API_URL");
    let given = ALL.iter().chain(&["DISCORD_API_URL"]).find(|name| var(name).is_some());
    let Some(given) = given else { return Ok(None) };
    for needed in ALL {
        ensure!(var(needed).is_some(), "{given} needs {needed}, too");
    }
    let [app_id, token, key] = ALL.map(|name| var(name).unwrap_or_default().trim().to_owned());
    let is_number =
        (1..=20).contains(&app_id.len()) && app_id.bytes().all(|it| it.is_ascii_digit());
    ensure!(is_number, "DISCORD_APP_ID is the app's number");
    ensure!(
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()),
        "DISCORD_TOKEN is the bot's token, without the word Bot"
    );
    let public_key = bytes(&key).context("DISCORD_PUBLIC_KEY is 64 hexadecimal digits")?;
    let api = super::slack::base(api.as_deref().unwrap_or(API)).context("DISCORD_API_URL")?;
    Ok(Some(DiscordConfig { api, app_id, token: token.into(), public_key }))
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = hex.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    let pairs = digits.chunks_exact(2);
    let bytes = pairs.map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit));
    bytes.collect::<Vec<u8>>().try_into().ok()
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
        assert!(!format!("{config:?}").contains("hunter2"));
        for left in 0..all.len() {
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
