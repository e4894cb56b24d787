//! Mails about what somebody pays, and where their buttons lead.

use std::sync::Arc;

use chrono::TimeDelta;
use earlybrd::commands;
use earlybrd::db;
use earlybrd::domain::email::Sender;
use earlybrd::email::{Bills, EmailPlatform, bills_router};
use earlybrd::mail::{Mail, Memory, Transport};
use earlybrd::messenger::Messenger;
use earlybrd::secrets::{Keys, Link, Purpose};
use earlybrd::web;
use reqwest::StatusCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::office::said;
use crate::till::{Till, days};
use crate::world::drain;

/// Somebody whom no chat reaches, and the pages of links.
struct Reader {
    till: Till,
    keys: Arc<Keys>,
    mail: Arc<EmailPlatform>,
    base: Url,
}

impl Reader {
    async fn new() -> Self {
        let mut till = Till::new().await;
        let keys: Keys = format!("k1:{}", "A".repeat(43)).parse().unwrap();
        let keys = Arc::new(keys);
        till.context.mail_keys = Some(Arc::clone(&keys));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let bills = Bills { context: till.context.clone(), keys: Arc::clone(&keys) };
        let router = web::router(till.world.health(), None, None, None, bills_router(bills));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(web::serve(listener, router, CancellationToken::new()));
        let from: Sender = "earlybrd <jobs@earlybrd.example>".parse().unwrap();
        let mail = Mail { from, transport: Transport::Memory(Memory::default()) };
        let (pool, clock) = (till.world.pool.clone(), till.world.base().clock);
        let (keys_of, public_url) = (Arc::clone(&keys), base.clone());
        let mail = Arc::new(EmailPlatform { mail, keys: keys_of, pool, clock, public_url });
        commands::say(&till.context, till.actor, "email ann@example.com").await;
        let (id, now) = (till.world.count("SELECT max(id) FROM emails").await, till.world.now());
        let link = [7; 32];
        db::emails::keep_link(&till.world.pool, id, &link).await.unwrap();
        db::in_tx(&till.world.pool, async |tx| db::emails::confirm(tx, id, &link, now).await)
            .await
            .unwrap();
        sqlx::query(
            "UPDATE targets SET broken_at = $1, broken_why = 'gone' WHERE platform = 'console'",
        )
        .bind(now)
        .execute(&till.world.pool)
        .await
        .unwrap();
        Self { till, keys, mail, base }
    }

    async fn settle(&self) {
        drain(&mut self.till.worker()).await;
        let mail: Arc<dyn Messenger> = Arc::<EmailPlatform>::clone(&self.mail);
        drain(&mut self.till.world.sender_of(mail)).await;
    }

    /// The mails, as their readers see them.
    fn mails(&self) -> Vec<String> {
        let Transport::Memory(memory) = &self.mail.mail.transport else { return Vec::new() };
        let unfold = |mail: &String| mail.replace("=\r\n", "").replace("=3D", "=");
        memory.mails().iter().map(unfold).collect()
    }

    fn link(&self, page: &str, purpose: Purpose) -> String {
        let expires = Some(self.till.world.now() + TimeDelta::days(1));
        let link = Link { purpose, id: self.till.actor.account.0, expires };
        self.base.join(&format!("/{page}?token={}", self.keys.sign(link))).unwrap().into()
    }
}

#[tokio::test]
async fn a_mail_about_a_plan_has_a_subject_and_a_button_that_leads_to_stripe() {
    let reader = Reader::new().await;
    reader.settle().await;
    reader.till.world.clock.advance(days(12));
    reader.settle().await;
    let mails = reader.mails();
    let mail = mails.iter().find(|mail| mail.contains("Subject: Your trial ends soon")).unwrap();
    assert!(mail.contains("Your trial of pro ends on"), "{mail}");
    assert!(mail.contains(&format!("{}upgrade?token=", reader.base)), "{mail}");
    assert!(mail.contains("Keep the plan"), "{mail}");
    let client = &reader.till.client;
    let link = reader.link("upgrade", Purpose::Upgrade);
    // Whoever opens it for its reader changes nothing.
    let page = client.get(&link).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(said(page).await.contains("Go on to Stripe"));
    assert!(reader.till.stripe.sessions().is_empty());
    let led = client.post(&link).send().await.unwrap();
    assert_eq!(led.status(), StatusCode::SEE_OTHER);
    let to = led.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with("https://checkout.stripe.test/c/cs_"), "{to}");
    // A link leads to one thing, and nobody makes one up.
    let nothing = client.post(reader.link("billing", Purpose::Billing)).send().await.unwrap();
    assert!(said(nothing).await.contains("You pay for nothing"));
    for wrong in [
        reader.link("billing", Purpose::Upgrade),
        reader.link("upgrade", Purpose::Unsubscribe),
        reader.base.join("/upgrade").unwrap().into(),
    ] {
        assert_eq!(client.post(&wrong).send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    }
    let open = reader.till.stripe.sessions()[0]["id"].as_str().unwrap().to_owned();
    let (_, event) = reader.till.stripe.pay(&open);
    reader.till.told(&event).await;
    reader.settle().await;
    let mails = reader.mails();
    let on = mails.iter().find(|mail| mail.contains("Subject: Your plan is on")).unwrap();
    assert!(on.contains(&format!("{}billing?token=", reader.base)), "{on}");
    let led = client.post(reader.link("billing", Purpose::Billing)).send().await.unwrap();
    assert!(led.headers()["location"].to_str().unwrap().contains("billing.stripe.test"));
}
