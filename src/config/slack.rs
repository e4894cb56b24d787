//! The settings of Slack: an app that workspaces install, one workspace alone, or both.

use anyhow::{Context, bail, ensure};
use secrecy::SecretString;
use url::Url;

/// Where Slack's Web API is.
const API: &str = "https://slack.com/api/";

/// How Slack is reached, and what reaches us.
#[derive(Debug, Clone)]
pub struct SlackConfig {
    /// Ends with a slash.
    pub api: Url,
    pub app: Option<SlackApp>,
    pub one: Option<OneWorkspace>,
}

/// An app that workspaces install; Slack calls us.
#[derive(Debug, Clone)]
pub struct SlackApp {
    pub signing_secret: SecretString,
    pub client_id: String,
    pub client_secret: SecretString,
    /// Where browsers come back to after an installation.
    pub public_url: Url,
}

/// One workspace, whose tokens the operator copied; we call Slack (Socket Mode).
#[derive(Debug, Clone)]
pub struct OneWorkspace {
    pub bot_token: SecretString,
    pub app_token: SecretString,
}

/// `None` without any of the settings.
pub(super) fn read(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<SlackConfig>> {
    let app = app(&var)?;
    let one = one_workspace(&var)?;
    let api = var("SLACK_API_URL");
    if app.is_none() && one.is_none() {
        ensure!(
            api.is_none(),
            "SLACK_API_URL needs SLACK_SIGNING_SECRET, SLACK_CLIENT_ID and SLACK_CLIENT_SECRET, or \
             SLACK_BOT_TOKEN and SLACK_APP_TOKEN, too"
        );
        return Ok(None);
    }
    let api = base(api.as_deref().unwrap_or(API), "/api/").context("SLACK_API_URL")?;
    Ok(Some(SlackConfig { api, app, one }))
}

fn app(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<SlackApp>> {
    const OWN: [&str; 3] = ["SLACK_SIGNING_SECRET", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"];
    let Some(given) = OWN.iter().find(|name| var(name).is_some()) else { return Ok(None) };
    for needed in OWN.iter().chain(&["EARLYBRD_KEYS", "EARLYBRD_PUBLIC_URL"]) {
        ensure!(var(needed).is_some(), "{given} needs {needed}, too");
    }
    let [signing_secret, client_id, client_secret] =
        OWN.map(|name| var(name).unwrap_or_default().trim().to_owned());
    let public_url = var("EARLYBRD_PUBLIC_URL").unwrap_or_default();
    Ok(Some(SlackApp {
        signing_secret: signing_secret.into(),
        client_id,
        client_secret: client_secret.into(),
        public_url: Url::parse(&public_url).context("EARLYBRD_PUBLIC_URL")?,
    }))
}

fn one_workspace(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<OneWorkspace>> {
    let token = |name: &str, begins: &str| -> anyhow::Result<Option<SecretString>> {
        let Some(token) = var(name) else { return Ok(None) };
        let token = token.trim();
        ensure!(token.starts_with(begins), "{name} begins with {begins}");
        Ok(Some(token.into()))
    };
    let bot = token("SLACK_BOT_TOKEN", "xoxb-")?;
    let app = token("SLACK_APP_TOKEN", "xapp-")?;
    match (bot, app) {
        (None, None) => Ok(None),
        (Some(bot_token), Some(app_token)) => Ok(Some(OneWorkspace { bot_token, app_token })),
        (Some(_), None) => bail!("SLACK_BOT_TOKEN needs SLACK_APP_TOKEN, too"),
        (None, Some(_)) => bail!("SLACK_APP_TOKEN needs SLACK_BOT_TOKEN, too"),
    }
}

/// An address of an API, whose path is the usual one if none is given.
pub(super) fn base(text: &str, usual: &str) -> anyhow::Result<Url> {
    let mut url = Url::parse(text)?;
    ensure!(matches!(url.scheme(), "http" | "https"), "it must be http or https");
    ensure!(url.query().is_none() && url.fragment().is_none(), "nothing stands after the path");
    let path = url.path().trim_end_matches('/');
    let path = if path.is_empty() { usual.to_owned() } else { format!("{path}/") };
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: [(&str, &str); 5] = [
        ("SLACK_SIGNING_SECRET", "hunter2"),
        ("SLACK_CLIENT_ID", "1.2"),
        ("SLACK_CLIENT_SECRET", "hunter3"),
        ("EARLYBRD_KEYS", "x"),
        ("EARLYBRD_PUBLIC_URL", "https://example.com"),
    ];
    const ONE: [(&str, &str); 2] =
        [("SLACK_BOT_TOKEN", "xoxb-hunter4"), ("SLACK_APP_TOKEN", "xapp-hunter5")];

    fn read_with(settings: &[(&str, &str)]) -> anyhow::Result<Option<SlackConfig>> {
        read(|name| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_app_needs_all_of_its_settings_and_one_workspace_both_tokens() {
        assert!(read_with(&[]).unwrap().is_none());
        assert!(read_with(&APP[3..]).unwrap().is_none());
        for settings in [&APP[..], &ONE[..]] {
            for (missing, (name, _)) in settings.iter().enumerate() {
                let rest = settings.iter().enumerate().filter(|(at, _)| *at != missing);
                let rest: Vec<_> = rest.map(|(_, setting)| *setting).collect();
                let error = read_with(&rest).unwrap_err().to_string();
                assert!(error.contains(name), "{error}");
            }
        }
        let both = read_with(&[&APP[..], &ONE[..]].concat()).unwrap().unwrap();
        assert!(both.app.is_some() && both.one.is_some());
        let shown = format!("{both:?}");
        assert!(!shown.contains("hunter"), "{shown}");
    }

    #[test]
    fn the_address_of_the_api_ends_with_one_slash() {
        let with = |url| read_with(&[&ONE[..], &[("SLACK_API_URL", url)]].concat());
        let api = |url| with(url).unwrap().unwrap().api.to_string();
        assert_eq!(read_with(&ONE).unwrap().unwrap().api.as_str(), "https://slack.com/api/");
        assert_eq!(api("http://127.0.0.1:9/api"), "http://127.0.0.1:9/api/");
        assert_eq!(api("http://127.0.0.1:9/api/"), "http://127.0.0.1:9/api/");
        assert_eq!(api("http://127.0.0.1:9"), "http://127.0.0.1:9/api/");
        assert_eq!(api("https://slack.com"), "https://slack.com/api/");
        assert_eq!(api("http://127.0.0.1:9/slack"), "http://127.0.0.1:9/slack/");
        for wrong in ["ftp://x/api", "slack.com/api", "http://x/api?y"] {
            assert!(format!("{:#}", with(wrong).unwrap_err()).contains("SLACK_API_URL"), "{wrong}");
        }
        let alone = read_with(&[("SLACK_API_URL", "http://127.0.0.1:9/api")]).unwrap_err();
        assert!(alone.to_string().contains("SLACK_BOT_TOKEN"), "{alone}");
    }

    #[test]
    fn a_token_of_another_kind_is_refused_without_being_shown() {
        let swapped = [("SLACK_BOT_TOKEN", "xapp-hunter"), ("SLACK_APP_TOKEN", "xoxb-hunter")];
        let error = read_with(&swapped).unwrap_err().to_string();
        assert!(error.contains("SLACK_BOT_TOKEN") && !error.contains("hunter"), "{error}");
    }
}
