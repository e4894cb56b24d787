//! Every setting, read once, as a function of a look-up; the only reader of the environment.

mod billing;
mod discord;
mod mail;
mod settings;
mod slack;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use secrecy::SecretString;
use url::Url;

use crate::secrets::Keys;

pub use billing::BillingConfig;
pub use discord::{DiscordConfig, Gateway as DiscordGateway};
pub use mail::{Login, MailConfig, MailTo, SmtpServer, Tls};
pub use settings::{SETTINGS, Setting};
pub use slack::{OneWorkspace, SlackApp, SlackConfig};

/// The daily file of the European Central Bank.
const EURO_RATES: &str = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml";

/// The settings of this process.
#[derive(Debug)]
pub struct Config {
    /// `None`: supervise a private server.
    pub database_url: Option<SecretString>,
    /// `None` where neither a setting nor a home folder says where data may lie.
    pub data_dir: Option<PathBuf>,
    pub pg_bin_dir: Option<PathBuf>,
    /// `PATH`, split.
    pub search_path: Vec<PathBuf>,
    pub catalogue: Option<PathBuf>,
    pub contact: Option<String>,
    /// Hosts that are not public and that boards may be added on, as `host` or `host:port`.
    pub trusted_hosts: Vec<String>,
    /// Where exchange rates are fetched; `None`: nowhere.
    pub rates: Option<Url>,
    pub listen: SocketAddr,
    pub public_url: Option<Url>,
    /// `None`: as the command thinks best.
    pub playground: Option<bool>,
    /// `None`: there is no page of metrics.
    pub metrics_token: Option<SecretString>,
    /// `None`: nothing can be encrypted.
    pub keys: Option<Arc<Keys>>,
    /// `None`: no mail is sent.
    pub mail: Option<MailConfig>,
    /// `None`: nobody is told in Slack.
    pub slack: Option<SlackConfig>,
    /// `None`: there are no plans, and no limits.
    pub billing: Option<BillingConfig>,
    /// `None`: nobody is told in Discord.
    pub discord: Option<DiscordConfig>,
    pub log: LogConfig,
    /// Names of the settings that are set, for `doctor`.
    pub set: Vec<&'static str>,
}

/// What is logged and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Reads the process's environment.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    pub fn from_env() -> anyhow::Result<Self> {
        for setting in SETTINGS {
            if let Err(std::env::VarError::NotUnicode(_)) = std::env::var(setting.name) {
                bail!("{} is not valid UTF-8", setting.name);
            }
        }
        Self::read(|name| std::env::var(name).ok(), rustix::process::geteuid().is_root())
    }

    /// Reads settings through `var`. An empty value counts as unset.
    pub fn read(var: impl Fn(&str) -> Option<String>, root: bool) -> anyhow::Result<Self> {
        let var = |name: &str| var(name).filter(|value| !value.trim().is_empty());
        let path = |name: &str| var(name).map(PathBuf::from);
        let database_url = var("DATABASE_URL");
        if let Some(url) = &database_url {
            let known = ["postgres://", "postgresql://"];
            ensure!(
                known.iter().any(|scheme| url.starts_with(scheme)),
                "DATABASE_URL must begin with postgres://"
            );
        }
        let contact = var("EARLYBRD_CONTACT");
        ensure!(
            contact.as_ref().is_none_or(|text| text.chars().all(|c| c.is_ascii_graphic())),
            "EARLYBRD_CONTACT must be one word of ASCII, such as https://example.com/bot"
        );
        let listen = var("EARLYBRD_LISTEN").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        let listen = listen.parse().with_context(|| {
            format!("EARLYBRD_LISTEN is {listen:?}; it is an address and a port: 127.0.0.1:8080")
        })?;
        let public_url = match var("EARLYBRD_PUBLIC_URL") {
            Some(url) => Some(web_address(&url).context("EARLYBRD_PUBLIC_URL")?),
            None => None,
        };
        let playground = match var("EARLYBRD_PLAYGROUND").as_deref() {
            None => None,
            Some("on") => Some(true),
            Some("off") => Some(false),
            Some(other) => bail!("EARLYBRD_PLAYGROUND is {other:?}; it can be on or off"),
        };
        let data_dir = match (path("EARLYBRD_DATA"), path("XDG_DATA_HOME"), path("HOME")) {
            (Some(dir), _, _) => Some(dir),
            (None, Some(xdg), _) => Some(xdg.join("earlybrd")),
            (None, None, _) if root => Some(PathBuf::from("/var/lib/earlybrd")),
            (None, None, home) => home.map(|home| home.join(".local/share/earlybrd")),
        };
        Ok(Self {
            database_url: database_url.map(SecretString::from),
            data_dir,
            pg_bin_dir: path("EARLYBRD_PG_BIN_DIR"),
            search_path: var("PATH")
                .map(|path| std::env::split_paths(&path).collect())
                .unwrap_or_default(),
            catalogue: path("EARLYBRD_CATALOGUE"),
            // People who want to say something find the service itself, too.
            contact: contact.or_else(|| public_url.as_ref().map(Url::to_string)),
            trusted_hosts: trusted_hosts(var("EARLYBRD_TRUSTED_HOSTS"))?,
            rates: rates_address(var("EARLYBRD_RATES"))?,
            listen,
            public_url,
            playground,
            metrics_token: metrics_token(var("EARLYBRD_METRICS_TOKEN"))?,
            keys: var("EARLYBRD_KEYS")
                .map(|text| text.parse().map(Arc::new).context("EARLYBRD_KEYS"))
                .transpose()?,
            mail: mail::read(var)?,
            slack: slack::read(var)?,
            billing: billing::read(var)?,
            discord: discord::read(var)?,
            log: log(var("EARLYBRD_LOG"), var("EARLYBRD_LOG_FORMAT"))?,
            set: SETTINGS.iter().map(|s| s.name).filter(|name| var(name).is_some()).collect(),
        })
    }
}

fn log(filter: Option<String>, format: Option<String>) -> anyhow::Result<LogConfig> {
    let format = match format.as_deref() {
        None | Some("text") => LogFormat::Text,
        Some("json") => LogFormat::Json,
        Some(other) => bail!("EARLYBRD_LOG_FORMAT is {other:?}; it can be text or json"),
    };
    let filter = filter.unwrap_or_else(|| "info".to_owned());
    filter
        .parse::<tracing_subscriber::EnvFilter>()
        .with_context(|| format!("EARLYBRD_LOG is {filter:?}"))?;
    Ok(LogConfig { filter, format })
}

fn metrics_token(setting: Option<String>) -> anyhow::Result<Option<SecretString>> {
    ensure!(
        setting.as_ref().is_none_or(|token| token.len() >= 16),
        "EARLYBRD_METRICS_TOKEN must have 16 characters at least"
    );
    Ok(setting.map(SecretString::from))
}

fn rates_address(setting: Option<String>) -> anyhow::Result<Option<Url>> {
    match setting.as_deref().unwrap_or(EURO_RATES) {
        "off" => Ok(None),
        url => Ok(Some(any_address(url).context("EARLYBRD_RATES")?)),
    }
}

fn trusted_hosts(setting: Option<String>) -> anyhow::Result<Vec<String>> {
    let hosts = setting.unwrap_or_default();
    let hosts = hosts.split(',').map(|host| host.trim().to_lowercase());
    hosts
        .filter(|host| !host.is_empty())
        .map(|host| {
            let url = Url::parse(&format!("http://{host}/"));
            let plain = url.is_ok_and(|url| url.path() == "/" && url.username().is_empty());
            ensure!(plain, "EARLYBRD_TRUSTED_HOSTS: {host:?} is not a host or host:port");
            Ok(host)
        })
        .collect()
}

fn any_address(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text)?;
    ensure!(matches!(url.scheme(), "http" | "https"), "it must be http or https");
    Ok(url)
}

fn web_address(text: &str) -> anyhow::Result<Url> {
    let url = any_address(text)?;
    ensure!(url.path() == "/" && url.query().is_none(), "it must be a host without a path");
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)], root: bool) -> anyhow::Result<Config> {
        let var = |name: &str| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Config::read(var, root)
    }

    #[track_caller]
    fn check_data(settings: &[(&str, &str)], root: bool, want: Option<&str>) {
        assert_eq!(read(settings, root).unwrap().data_dir, want.map(PathBuf::from));
    }

    #[test]
    fn the_data_folder_is_the_setting_then_xdg_then_the_system_or_home() {
        let all = [("EARLYBRD_DATA", "/a"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")];
        check_data(&all, true, Some("/a"));
        check_data(&all[1..], true, Some("/x/earlybrd"));
        check_data(&all[2..], true, Some("/var/lib/earlybrd"));
        check_data(&all[2..], false, Some("/h/.local/share/earlybrd"));
        check_data(&[("EARLYBRD_DATA", " ")], false, None);
    }

    #[test]
    fn boards_see_the_contact_or_else_the_service() {
        let public = ("EARLYBRD_PUBLIC_URL", "https://jobs.example");
        let contact = ("EARLYBRD_CONTACT", "https://example.com/bot");
        let seen = |settings: &[(&str, &str)]| read(settings, false).unwrap().contact;
        assert_eq!(seen(&[public]).as_deref(), Some("https://jobs.example/"));
        assert_eq!(seen(&[public, contact]).as_deref(), Some("https://example.com/bot"));
        assert_eq!(seen(&[]), None);
    }

    #[track_caller]
    fn check_refused(name: &str, value: &str) {
        let error = read(&[(name, value)], false).unwrap_err();
        assert!(format!("{error:#}").contains(name), "{error:#}");
    }

    #[test]
    fn a_wrong_setting_is_named() {
        check_refused("DATABASE_URL", "mysql://x");
        check_refused("EARLYBRD_LOG_FORMAT", "xml");
        check_refused("EARLYBRD_LOG", "info,,=x=");
        check_refused("EARLYBRD_LISTEN", "8080");
        check_refused("EARLYBRD_PUBLIC_URL", "https://example.com/earlybrd");
        check_refused("EARLYBRD_PLAYGROUND", "yes");
        check_refused("EARLYBRD_RATES", "file:///etc/passwd");
        check_refused("EARLYBRD_TRUSTED_HOSTS", "jobs.internal, http://x");
        check_refused("EARLYBRD_CONTACT", "a\r\nX-Evil: 1");
        check_refused("EARLYBRD_KEYS", "hunter2");
    }

    #[test]
    fn the_database_url_does_not_print() {
        let config = read(&[("DATABASE_URL", "postgres://u:hunter2@h/d")], false).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
