//! The chat page as a browser uses it, for measuring.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::header::{CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Client, Response};
use serde_json::json;

use crate::http;

/// Where the page is.
pub struct Page {
    pub base: String,
}

/// One browser with its cookie and its stream.
pub struct Visit {
    base: String,
    cookie: String,
    client: Client,
    stream: Response,
    /// What came and was not looked at yet.
    rest: String,
}

impl Page {
    /// Opens the page and its stream, and waits for the welcome.
    pub async fn open(&self) -> anyhow::Result<Visit> {
        let client = http::for_operator("earlybrd bench")?;
        let base = self.base.clone();
        let page = client.get(format!("{base}/playground")).send().await?.error_for_status()?;
        let cookie = page.headers().get(SET_COOKIE).context("no cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let stream = client.get(format!("{base}/playground/stream")).header(COOKIE, &cookie);
        // As long as the visit lasts.
        let stream = stream.timeout(Duration::from_hours(1)).send().await?.error_for_status()?;
        let mut visit = Visit { base, cookie, client, stream, rest: String::new() };
        visit.wait_for("class=\"reply\"").await?;
        Ok(visit)
    }
}

impl Visit {
    /// Sends a line and waits for its answer; gives how long that took.
    pub async fn say(&mut self, line: &str) -> anyhow::Result<Duration> {
        let sent = Instant::now();
        let request = self
            .client
            .post(format!("{}/playground/say", self.base))
            .header(COOKIE, &self.cookie)
            .header(ORIGIN, &self.base)
            .header(CONTENT_TYPE, "application/json")
            .body(json!({ "text": line }).to_string());
        let answer = request.send().await?;
        ensure!(answer.status().is_success(), "{line}: answered {}", answer.status());
        self.wait_for("class=\"reply\"").await?;
        Ok(sent.elapsed())
    }

    /// Reads on until `what` has come, and takes it.
    async fn wait_for(&mut self, what: &str) -> anyhow::Result<()> {
        loop {
            if let Some(at) = self.rest.find(what) {
                self.rest.drain(..at + what.len());
                return Ok(());
            }
            let chunk = self.stream.chunk().await?.context("the stream ended")?;
            self.rest.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}
