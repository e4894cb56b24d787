//! The chat page in a real browser: type a command, see a card, press a button.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use earlybrd::http;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::process::binary::{Home, until};
use crate::server::setting;

const CHROMIUM: &str = "/usr/bin/chromium";
const DRIVER: &str = "/usr/bin/chromedriver";

/// The key Enter, as WebDriver writes it.
const ENTER: char = '\u{e007}';

/// A browser that is driven by the W3C's WebDriver protocol.
struct Browser {
    driver: Child,
    client: Client,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    async fn start() -> Self {
        let port =
            std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let driver = Command::new(DRIVER)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let profile = tempfile::tempdir().unwrap();
        let arguments = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1200,900",
            format!("--user-data-dir={}", profile.path().display()),
        ]);
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments, "binary": CHROMIUM } } } });
        let client = http::for_operator("test").unwrap();
        let base = format!("http://127.0.0.1:{port}");
        let since = Instant::now();
        let session = loop {
            let asked =
                client.post(format!("{base}/session")).body(wanted.to_string()).send().await;
            if let Ok(answer) = asked {
                let value = value_of(answer).await.expect("a session");
                break format!("{base}/session/{}", value["sessionId"].as_str().unwrap());
            }
            assert!(since.elapsed() < Duration::from_secs(20), "chromedriver does not answer");
            sleep(Duration::from_millis(50)).await;
        };
        Self { driver, client, session, _profile: profile }
    }

    async fn post(&self, path: &str, body: Value) -> Option<Value> {
        let url = format!("{}/{path}", self.session);
        value_of(self.client.post(url).body(body.to_string()).send().await.unwrap()).await
    }

    /// Waits for an element and gives its handle.
    async fn element(&self, css: &str) -> String {
        let since = Instant::now();
        loop {
            let query = json!({ "using": "css selector", "value": css });
            if let Some(found) = self.post("element", query).await {
                let handle = found.as_object().unwrap().values().next().unwrap();
                return handle.as_str().unwrap().to_owned();
            }
            assert!(since.elapsed() < Duration::from_mins(1), "no {css} on the page");
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn click(&self, css: &str) {
        let element = self.element(css).await;
        self.post(&format!("element/{element}/click"), json!({})).await.expect("a click");
    }

    async fn type_line(&self, text: &str) {
        let line = self.element("#line").await;
        let keys = json!({ "text": format!("{text}{ENTER}") });
        self.post(&format!("element/{line}/value"), keys).await.expect("typing");
    }

    /// What a script of the page gives.
    async fn eval(&self, script: &str) -> Value {
        let body = json!({ "script": format!("return {script}"), "args": [] });
        self.post("execute/sync", body).await.expect("a script")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.driver.kill().ok();
        self.driver.wait().ok();
    }
}

/// The `value` of an answer; `None` for an error such as "no such element".
async fn value_of(answer: reqwest::Response) -> Option<Value> {
    let good = answer.status().is_success();
    let body = http::read_capped(answer, 50 << 20).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    good.then(|| body["value"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_types_a_command_sees_a_card_and_presses_a_button() {
    rustls::crypto::ring::default_provider().install_default().ok();
    if !Path::new(CHROMIUM).exists() || !Path::new(DRIVER).exists() {
        assert!(setting("CI").is_none(), "CI must install chromium and chromedriver");
        #[expect(clippy::print_stderr, reason = "the reader of the test's output should know")]
        {
            eprintln!("not tested: there is no chromium with chromedriver");
        }
        return;
    }
    let home = Home::new();
    let running = home.start(&["try"]);
    until("the page's address", || home.stderr().contains("/playground")).await;
    let stderr = home.stderr();
    let address = stderr.split_whitespace().find(|word| word.ends_with("/playground")).unwrap();
    let browser = Browser::start().await;
    browser.post("url", json!({ "url": address })).await.expect("the page");
    // The examples of the welcome are there, and no script or style was refused.
    browser.element("button[data-say]").await;
    assert_eq!(
        browser.eval("getComputedStyle(document.querySelector('#log')).display").await,
        "flex"
    );
    browser.type_line("watch the").await;
    browser.click("button[data-act^=save]").await;
    // A card of a posting that appeared since; the sample has no buttons.
    browser.click("#log > .card button[data-act^=saved]").await;
    browser.element("button[data-act^=unmark]").await;
    // A reload shows it all again.
    let before = browser.eval("document.querySelectorAll('#log > .card').length").await;
    browser.post("refresh", json!({})).await.expect("a reload");
    browser.element("button[data-act^=unmark]").await;
    let after = browser.eval("document.querySelectorAll('#log > .card').length").await;
    assert!(after.as_u64() >= before.as_u64(), "{before} cards before, {after} after");
    assert!(running.terminate().await.success);
}
