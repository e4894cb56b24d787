//! The binary with a Stripe: a link, a payment, what Stripe tells of it, and a message in the chat.

use std::time::Duration;

use earlybrd::http;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::json;

use super::binary::{Home, seconds, until};
use crate::fakes::stripe::{FakeStripe, KEY, SECRET, signed};
use crate::office::said;
use crate::server::TestDatabase;

fn home(database: &TestDatabase, stripe: &FakeStripe) -> Home {
    Home::new()
        .with_database(&database.url())
        .setting("EARLYBRD_PLAYGROUND", "on")
        .setting("EARLYBRD_PUBLIC_URL", "https://jobs.example.com")
        .setting("STRIPE_API_URL", stripe.url.as_str())
        .setting("STRIPE_SECRET_KEY", KEY)
        .setting("STRIPE_WEBHOOK_SECRET", SECRET)
        .setting("STRIPE_PRICE_PRO", "price_pro")
}

/// The chat page of a binary that runs.
struct Chat {
    client: Client,
    base: String,
    cookie: String,
}

impl Chat {
    async fn open(home: &Home) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let heard = || {
            let said = home.stderr();
            Some(said.split("listening on ").nth(1)?.split_whitespace().next()?.to_owned())
        };
        until("the pages", || heard().is_some()).await;
        let base = format!("http://{}", heard().unwrap());
        let client = http::for_operator("test").unwrap();
        let page = client.get(format!("{base}/playground")).send().await.unwrap();
        let cookie = page.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { client, base, cookie }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base)).header("cookie", &self.cookie)
    }

    async fn say(&self, text: &str) {
        let request = self.client.post(format!("{}/playground/say", self.base));
        let request = request.header("cookie", &self.cookie).header("origin", &self.base);
        let request = request.header("content-type", "application/json");
        let answer = request.body(json!({ "text": text }).to_string()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{text}");
    }

    /// Reads the chat until this is said.
    async fn until(&self, enough: &str) {
        let mut stream = self.get("/playground/stream").send().await.unwrap();
        let mut text = String::new();
        while !text.contains(enough) {
            let chunk = tokio::time::timeout(Duration::from_mins(1), stream.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("{enough} is not said: {text}")).unwrap();
            text.push_str(&String::from_utf8_lossy(&chunk.expect("the stream goes on")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_pays_hears_of_it_in_the_chat_within_five_seconds() {
    let (database, stripe) = (TestDatabase::new().await, FakeStripe::start().await);
    let home = home(&database, &stripe);
    let serve = home.start(&["serve"]);
    let chat = Chat::open(&home).await;
    chat.say("upgrade").await;
    chat.until("https://checkout.stripe.test/c/").await;
    let session = stripe.sessions()[0]["id"].as_str().unwrap().to_owned();
    let (_, event) = stripe.pay(&session);
    let body = event.to_string();
    let header = signed(SECRET, seconds(), &body);
    let told = chat.client.post(format!("{}/stripe/webhook", chat.base));
    let told = told.header("stripe-signature", header).body(body).send().await.unwrap();
    assert_eq!(told.status(), StatusCode::OK);
    chat.until("You have the plan pro now. Thank you!").await;
    let page = chat.get("/upgraded?paid=yes").send().await.unwrap();
    assert!(said(page).await.contains("Thank you!"));
    chat.say("plan").await;
    chat.until("You have the plan pro (paid)").await;
    chat.say("billing").await;
    chat.until("https://billing.stripe.test/cus_").await;
    assert!(serve.terminate().await.success, "{}", home.stderr());
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_is_wrong_with_prices_and_keys() {
    let (database, stripe) = (TestDatabase::new().await, FakeStripe::start().await);
    let good = home(&database, &stripe).start(&["doctor"]).wait().await;
    assert!(good.success, "{}", good.stdout);
    for line in
        ["Stripe: the key is good; test mode", "Stripe: the prices and the portal are set up"]
    {
        assert!(good.stdout.contains(&format!("ok    {line}")), "{}", good.stdout);
    }
    let home = home(&database, &stripe).setting("STRIPE_PRICE_TEAM", "price_lost");
    let wrong = home.start(&["doctor"]).wait().await;
    assert!(!wrong.success && wrong.stdout.contains("price_lost"), "{}", wrong.stdout);
    let home = self::home(&database, &stripe).setting("STRIPE_SECRET_KEY", "sk_test_other");
    let wrong = home.start(&["doctor"]).wait().await;
    assert!(wrong.stdout.contains("FAIL  Stripe: "), "{}", wrong.stdout);
}
