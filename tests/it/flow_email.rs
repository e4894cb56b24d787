//! E-mail: nothing before a yes, and what the chat does not take.

use std::time::Duration;

use earlybrd::commands::{self, Actor};
use earlybrd::domain::delivery::Verdict;
use earlybrd::domain::reply::Press;
use reqwest::StatusCode;

use crate::commands::check;
use crate::fakes::messenger::Failure;
use crate::post::{Post, get, post};

#[tokio::test]
async fn an_address_is_written_to_after_its_yes_and_stands_nowhere_in_the_clear() {
    let here = Post::new().await;
    check(&here.say("watch cook email").await, "No address of yours is confirmed");
    check(&here.say("email Ann@Example.com").await, "A mail is on its way to Ann@example.com");
    here.deliver().await;
    let mails = here.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("Is this your address?") && mails[0].contains("To: Ann@example.com"));
    assert!(!mails[0].contains("List-Unsubscribe"), "nobody subscribed yet");
    let (status, page) = get(&here.yes()).await;
    assert!(status == StatusCode::OK && page.contains("Yes, write to me"));
    check(&here.say("to 1 email").await, "no filter 1");
    check(&here.say("email").await, "No address of yours");
    assert_eq!(post(&here.yes()).await.0, StatusCode::OK);
    check(&here.say("email").await, "Your address is Ann@example.com");
    check(&here.say("email ann@example.COM").await, "is confirmed already");

    let shown = here.say("watch cook email").await;
    let save = shown.buttons.iter().find(|button| button.label == "Save").unwrap();
    let Press::Act(action) = save.press else { panic!("{save:?}") };
    check(&commands::press(&here.context, here.actor, action).await, "is saved");
    here.show(&["Head Cook"]).await;
    let mails = here.mails();
    assert!(mails.last().unwrap().contains("Subject: Head Cook"), "{mails:?}");
    assert!(mails.last().unwrap().contains("List-Unsubscribe: <http"));
    check(&here.say("to 1 here").await, "come here from now on");
    here.show(&["Sous Cook"]).await;
    assert_eq!(here.world.sent(), ["ann: Sous Cook"]);
    let dump = "SELECT count(*) FROM (SELECT e::text AS it FROM emails e UNION ALL
                SELECT t::text FROM targets t UNION ALL SELECT d::text FROM deliveries d) rows
                WHERE it ILIKE '%example.com%' OR it ILIKE '%' || encode('example.com', 'hex') || '%'";
    assert_eq!(here.world.count(dump).await, 0);
}

#[tokio::test]
async fn links_that_are_not_ours_too_old_or_for_something_else_do_nothing() {
    let here = Post::new().await;
    here.say("email ann@example.com").await;
    here.deliver().await;
    let (verify, other) = (here.yes(), here.no());
    let swapped = here.at("verify", other.split('=').next_back().unwrap());
    let bare = here.base.join("/verify").unwrap();
    for bad in [swapped.as_str(), &verify[..verify.len() - 2], bare.as_str()] {
        assert_eq!(post(bad).await.0, StatusCode::GONE, "{bad}");
        assert_eq!(get(bad).await.0, StatusCode::GONE, "{bad}");
    }
    here.world.clock.advance(Duration::from_hours(25));
    let (status, page) = get(&verify).await;
    assert!(status == StatusCode::GONE && page.contains("too old"), "{page}");
    assert_eq!(post(&verify).await.0, StatusCode::GONE);
    let confirmed = "SELECT count(*) FROM emails WHERE verified_at IS NOT NULL";
    assert_eq!(here.world.count(confirmed).await, 0);
}

#[tokio::test]
async fn nobody_is_asked_for_a_yes_again_and_again() {
    let here = Post::new().await;
    for _ in 0..3 {
        check(&here.say("email ann@example.com").await, "is on its way");
    }
    check(&here.say("email ann@example.com").await, "several times today");
    let other = here.world.person("bob").await;
    let bob = Actor::alone(other.account, other.target);
    let said = commands::say(&here.context, bob, "email ANN@example.com").await;
    check(&said, "several times today");
    here.deliver().await;
    assert_eq!(here.mails().len(), 3);
    here.world.clock.advance(Duration::from_hours(25));
    check(&here.say("email ann@example.com").await, "is on its way");
}

#[tokio::test]
async fn what_the_chat_does_not_take_comes_by_mail_with_the_reason_and_once() {
    let here = Post::new().await;
    here.confirmed().await;
    here.world.filter(here.person(), "cook").await;
    let why = "its direct messages are closed".to_owned();
    here.world.messenger.fail(Failure::Verdict(Verdict::Gone { why }));
    here.show(&["Cook one"]).await;
    let mails = here.mails();
    assert_eq!(mails.len(), 2, "the question, and the card");
    let plain = mails[1].replace("=\r\n", "");
    assert!(plain.contains("Cook one") && plain.contains("direct messages are closed"), "{plain}");
    here.show(&["Cook two"]).await;
    assert_eq!(here.mails().len(), 3, "as long as the chat is gone");
    check(&here.say("list").await, "Cards come here again.");
    here.show(&["Cook three"]).await;
    assert_eq!(here.world.sent(), ["ann: Cook three"], "and nothing that went by mail");
    assert_eq!(here.mails().len(), 3);
    assert_eq!(here.world.count("SELECT count(*) FROM owed WHERE state = 'told'").await, 3);
}

#[tokio::test]
async fn without_an_address_it_waits_for_the_chat() {
    let here = Post::new().await;
    here.world.filter(here.person(), "cook").await;
    let why = "closed".to_owned();
    here.world.messenger.fail(Failure::Verdict(Verdict::Gone { why }));
    here.show(&["Cook one"]).await;
    here.show(&["Cook two", "Cook one"]).await;
    assert!(here.world.sent().is_empty() && here.mails().is_empty());
    check(&here.say("list").await, "2 postings that waited come now, as a digest");
    here.deliver().await;
    assert_eq!(here.world.sent(), ["ann: Cook two", "ann: Cook one"], "a digest");
}
