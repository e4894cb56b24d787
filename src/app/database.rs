//! Which database: the one of the setting, or a private server.

use std::path::Path;

use anyhow::Context;
use secrecy::SecretString;

use crate::config::Config;
use crate::postgres::{Binaries, Durability, Server};

/// A database that answers.
#[derive(Debug)]
pub enum Database {
    Given(SecretString),
    Private(Server),
}

impl Database {
    /// `DATABASE_URL`, or a private server on the machine's binaries.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        if let Some(url) = &config.database_url {
            return Ok(Self::Given(url.clone()));
        }
        let base = config.data_dir.clone().context(
            "nothing says where the database may lie: set EARLYBRD_DATA to a folder, or \
             DATABASE_URL to a server",
        )?;
        let binaries = Binaries::find(config.pg_bin_dir.as_deref(), &config.search_path)?;
        let start = move || Server::start(&base, &binaries, Durability::Full);
        let server = tokio::task::spawn_blocking(start).await??;
        Ok(Self::Private(server))
    }

    /// The folder in which the first start will make a private server's data.
    pub fn not_made_yet(config: &Config) -> Option<&Path> {
        let folder = config.data_dir.as_deref().filter(|_| config.database_url.is_none())?;
        (!folder.join("pgdata").exists()).then_some(folder)
    }

    /// As [`Database::open`], but beside a service that runs on the private server already.
    pub async fn attach(config: &Config) -> anyhow::Result<Self> {
        let running = config.data_dir.as_deref().and_then(Server::url_of_running);
        match running {
            Some(url) if config.database_url.is_none() => Ok(Self::Given(url)),
            _ => Self::open(config).await,
        }
    }

    pub fn url(&self) -> &SecretString {
        match self {
            Self::Given(url) => url,
            Self::Private(server) => server.url(),
        }
    }

    /// Whether nobody but this process can use it.
    pub fn is_private(&self) -> bool {
        matches!(self, Self::Private(_))
    }

    /// Ends a private server and waits for it.
    pub async fn close(self) {
        let closed = tokio::task::spawn_blocking(move || drop(self)).await;
        if closed.is_err() {
            tracing::error!("ending Postgres panicked");
        }
    }
}
