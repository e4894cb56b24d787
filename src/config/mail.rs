//! The settings of mail: all of them or none.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

use crate::domain::email::Sender;

/// How mail is sent.
#[derive(Debug, Clone)]
pub struct MailConfig {
    pub to: MailTo,
    pub from: Sender,
    /// What Mailgun signs its webhooks with.
    pub mailgun: Option<SecretString>,
}

/// Where mail goes.
#[derive(Debug, Clone)]
pub enum MailTo {
    Smtp(SmtpServer),
    Folder(PathBuf),
}

/// An SMTP server.
#[derive(Clone)]
pub struct SmtpServer {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub login: Option<Login>,
    /// A certificate that is trusted besides the usual ones, in PEM.
    pub root: Option<Vec<u8>>,
}

/// Who we are to the server.
#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub password: SecretString,
}

/// When a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    FromTheStart,
    /// Before anything is said; a server that does not offer it gets nothing.
    StartTls,
    Never,
}

impl fmt::Display for MailTo {
    /// Without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(server) => write!(f, "{}:{}", server.host, server.port),
            Self::Folder(folder) => folder.display().fmt(f),
        }
    }
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} ({:?})", self.host, self.port, self.tls)
    }
}

/// `None` without `EARLYBRD_MAIL_URL`.
pub(super) fn read(var: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<MailConfig>> {
    let Some(url) = var("EARLYBRD_MAIL_URL") else { return Ok(None) };
    for needed in ["EARLYBRD_MAIL_FROM", "EARLYBRD_KEYS", "EARLYBRD_PUBLIC_URL"] {
        ensure!(var(needed).is_some(), "EARLYBRD_MAIL_URL needs {needed}, too");
    }
    let root = match var("EARLYBRD_MAIL_CA") {
        Some(path) => {
            Some(std::fs::read(&path).with_context(|| format!("EARLYBRD_MAIL_CA: {path}"))?)
        }
        None => None,
    };
    let from = var("EARLYBRD_MAIL_FROM").unwrap_or_default();
    Ok(Some(MailConfig {
        to: destination(&url, root).context("EARLYBRD_MAIL_URL")?,
        from: from.parse().context("EARLYBRD_MAIL_FROM")?,
        mailgun: var("EARLYBRD_MAILGUN_KEY").map(SecretString::from),
    }))
}

/// No error shows the address: it holds a password.
fn destination(text: &str, root: Option<Vec<u8>>) -> anyhow::Result<MailTo> {
    let wanted =
        "it is smtp://user:password@host:587, smtps://user:password@host:465 or file:///folder";
    let Ok(url) = Url::parse(text) else { bail!(wanted) };
    let (usual, mut tls) = match url.scheme() {
        "file" => match url.to_file_path() {
            Ok(folder) => return Ok(MailTo::Folder(folder)),
            Err(()) => bail!(wanted),
        },
        "smtp" => (587, Tls::StartTls),
        "smtps" => (465, Tls::FromTheStart),
        _ => bail!(wanted),
    };
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else { bail!(wanted) };
    ensure!(matches!(url.path(), "" | "/"), "nothing stands after the host but ?tls=off");
    match url.query() {
        None if tls == Tls::StartTls && is_here(host) => tls = Tls::Never,
        None | Some("tls=on") => {}
        Some("tls=off") => tls = Tls::Never,
        Some(_) => bail!("only ?tls=off and ?tls=on can stand after the host"),
    }
    let login = match (url.username(), url.password()) {
        ("", None) => None,
        (user, Some(password)) => {
            Some(Login { user: decoded(user)?, password: decoded(password)?.into() })
        }
        (_, None) => bail!("a user without a password"),
    };
    let host = host.trim_matches(['[', ']']).to_owned();
    Ok(MailTo::Smtp(SmtpServer { host, port: url.port().unwrap_or(usual), tls, login, root }))
}

/// Whether mail would not leave this machine.
fn is_here(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => false,
    }
}

fn decoded(text: &str) -> anyhow::Result<String> {
    let Ok(text) = percent_decode_str(text).decode_utf8() else { bail!("it is not UTF-8") };
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_with(settings: &[(&str, &str)]) -> anyhow::Result<Option<MailConfig>> {
        read(|name| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    const OTHERS: [(&str, &str); 3] = [
        ("EARLYBRD_MAIL_FROM", "earlybrd <alerts@example.com>"),
        ("EARLYBRD_KEYS", "x"),
        ("EARLYBRD_PUBLIC_URL", "https://example.com"),
    ];

    fn with(url: &str) -> anyhow::Result<MailConfig> {
        Ok(read_with(&[&[("EARLYBRD_MAIL_URL", url)], &OTHERS[..]].concat())?.expect("mail"))
    }

    #[track_caller]
    fn check(url: &str, want: &str) {
        let config = with(url).unwrap();
        let shown = match &config.to {
            MailTo::Smtp(server) => {
                format!("{server:?} {}", server.login.as_ref().map_or("", |login| &login.user))
            }
            MailTo::Folder(folder) => folder.display().to_string(),
        };
        assert_eq!(shown.trim(), want);
    }

    #[test]
    fn mail_goes_where_its_url_says_and_is_encrypted_unless_it_stays_here() {
        check("smtp://u%40x:p@mail.example.com", "mail.example.com:587 (StartTls) u@x");
        check("smtps://u:p@mail.example.com/", "mail.example.com:465 (FromTheStart) u");
        check("smtp://mail.example.com:2525", "mail.example.com:2525 (StartTls)");
        check("smtp://mail.example.com:25?tls=off", "mail.example.com:25 (Never)");
        check("smtp://localhost:25", "localhost:25 (Never)");
        check("smtp://127.0.0.1:25", "127.0.0.1:25 (Never)");
        check("smtp://[::1]:25", "::1:25 (Never)");
        check("smtp://localhost:25?tls=on", "localhost:25 (StartTls)");
        check("file:///var/mail/out", "/var/mail/out");
    }

    #[test]
    fn a_wrong_url_is_refused_without_its_password() {
        for url in [
            "mail.example.com:25",
            "smtp://",
            "smtp://u:hunter2@h/x",
            "smtp://u:hunter2@h?tls=maybe",
            "http://u:hunter2@h",
            "smtp://hunter2@h",
            "file://other/folder",
            "smtp://u:hunter2@h:x",
        ] {
            let error = format!("{:#}", with(url).unwrap_err());
            assert!(error.contains("EARLYBRD_MAIL_URL") && !error.contains("hunter2"), "{error}");
        }
        let config = format!("{:?}", with("smtp://u:hunter2@h.example").unwrap());
        assert!(!config.contains("hunter2"), "{config}");
    }

    #[test]
    fn mail_needs_a_sender_keys_and_pages() {
        assert!(read_with(&OTHERS).unwrap().is_none());
        for (missing, (name, _)) in OTHERS.iter().enumerate() {
            let mut settings = vec![("EARLYBRD_MAIL_URL", "smtp://localhost")];
            settings
                .extend(OTHERS.iter().enumerate().filter(|(at, _)| *at != missing).map(|it| it.1));
            let error = read_with(&settings).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        let mut settings = vec![("EARLYBRD_MAIL_URL", "smtp://localhost")];
        settings.extend(OTHERS);
        settings[1].1 = "nobody";
        assert!(format!("{:#}", read_with(&settings).unwrap_err()).contains("EARLYBRD_MAIL_FROM"));
        settings[1].1 = "a@example.com";
        settings.push(("EARLYBRD_MAIL_CA", "/no/such/file"));
        assert!(format!("{:#}", read_with(&settings).unwrap_err()).contains("/no/such/file"));
    }
}
