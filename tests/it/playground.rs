//! The chat page from outside: what a browser may do, and what nobody else may.

use earlybrd::http;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;

use crate::fakes::board::{FakeBoard, Item};
use crate::site::{Browser, Site};

fn id_after(text: &str, what: &str) -> String {
    let before = text.split(what).next().unwrap();
    let id = before.rsplit("id: ").next().unwrap();
    id.lines().next().unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_page_shows_commands_answers_and_cards_and_shows_them_again() {
    let site = Site::start().await;
    let board = FakeBoard::start().await;
    site.world.board("b", &board.url).await;
    site.world.poll().await;
    board.show(&[Item::titled("Rust one")]);
    site.world.poll_again().await;
    let browser = site.browser().await;
    browser.say("watch rust").await;
    let shown = browser.read("0", "save:").await;
    assert!(shown.contains("Remote Rust"), "the welcome, with its examples");
    let draft = shown.split("save:").nth(1).unwrap().split('"').next().unwrap();
    browser.press(&format!("save:{draft}")).await;
    site.deliver().await;
    let sample = browser.read("0", "Sample: this is").await;
    assert!(sample.contains("is saved"));
    // A reload begins at the beginning; a lost connection where it was, and nothing comes twice.
    let again = browser.read("0", "Sample: this is").await;
    assert_eq!(again.matches("Sample: this is").count(), 1);
    let id = id_after(&again, "Sample: this is");
    browser.say("list").await;
    let rest = browser.read(&id, "1 rust").await;
    assert!(!rest.contains("Sample"), "{rest}");
}

#[tokio::test]
async fn two_browsers_are_two_people() {
    let site = Site::start().await;
    let (ann, bob) = (site.browser().await, site.browser().await);
    ann.say("watch annsecret").await;
    bob.say("list").await;
    let seen = bob.read("0", "no filters yet").await;
    assert!(!seen.contains("annsecret"), "{seen}");
}

#[tokio::test]
async fn a_card_that_is_sent_again_is_shown_once() {
    let site = Site::start().await;
    let board = FakeBoard::start().await;
    site.world.board("b", &board.url).await;
    site.world.poll().await;
    let browser = site.browser().await;
    browser.watch("rust").await;
    board.show(&[Item::titled("Rust one")]);
    site.tell().await;
    let again = "UPDATE deliveries SET state = 'pending', settled_at = NULL";
    sqlx::query(again).execute(&site.world.pool).await.unwrap();
    sqlx::query("UPDATE targets SET ready_at = now() - interval '10 years'")
        .execute(&site.world.pool)
        .await
        .unwrap();
    site.deliver().await;
    let cards = "SELECT count(*) FROM playground_messages WHERE html LIKE '%Rust one%'";
    assert_eq!(site.world.count(cards).await, 1);
    let sent = "SELECT count(*) FROM deliveries WHERE state = 'sent'";
    assert_eq!(site.world.count(sent).await, 1);
}

#[tokio::test]
async fn a_card_on_the_page_is_edited_in_place() {
    let site = Site::start().await;
    let (one, two) = site.two_boards().await;
    let browser = site.browser().await;
    browser.watch("rust").await;
    let job = Item { body: "Company: Acme\nLocation: Berlin", ..Item::titled("Rust one") };
    one.show(&[job]);
    site.tell().await;
    let page = browser.read("0", "Rust one").await;
    let (seen, card) = (id_after(&page, "Rust one"), message_of(&page, "Rust one"));
    browser.say("list").await;
    two.show(&[job]);
    site.world.poll_again().await;
    site.edit().await;
    // Under the number of the message that is there, before what came after it.
    let changed = browser.read(&seen, "1 rust").await;
    assert_eq!(message_of(&changed, "also on two"), card);
    assert!(changed.find("also on two").unwrap() < changed.find("1 rust").unwrap());
    // A page that begins anew finds it at its place.
    let again = browser.read_anew("1 rust").await;
    assert!(again.find("also on two").unwrap() < again.find("1 rust").unwrap());
    assert_eq!(again.matches("Rust one").count(), page.matches("Rust one").count());
}

/// The number of the message that holds a text.
fn message_of(stream: &str, text: &str) -> String {
    let before = stream.split(text).next().unwrap();
    let event = before.rsplit("\n\n").next().unwrap();
    let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    data.to_owned()
}

async fn refused(request: RequestBuilder, want: StatusCode) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), want);
    for header in ["content-security-policy", "x-content-type-options", "x-frame-options"] {
        assert!(answer.headers().contains_key(header), "{header}");
    }
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn nobody_but_the_page_itself_can_do_anything() {
    let site = Site::start().await;
    let ann = site.browser().await;
    let body = json!({ "text": "watch rust" });
    let say = || ann.post("/playground/say", &body);
    let bare =
        || ann.request(Method::POST, "/playground/say").header("content-type", "application/json");
    let get = |path| ann.request(Method::GET, path);
    // A name that was bound to this address, for reading and for writing.
    refused(get("/playground").header("host", "evil.example"), StatusCode::MISDIRECTED_REQUEST)
        .await;
    refused(say().header("host", "evil.example"), StatusCode::MISDIRECTED_REQUEST).await;
    refused(
        get("/playground/stream").header("host", "127.0.0.1:1"),
        StatusCode::MISDIRECTED_REQUEST,
    )
    .await;
    // A page elsewhere.
    let text = body.to_string();
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        refused(bare().header("origin", origin).body(text.clone()), StatusCode::FORBIDDEN).await;
    }
    refused(bare().body(text.clone()), StatusCode::FORBIDDEN).await;
    // A form, which a browser sends without asking.
    let form = ann
        .request(Method::POST, "/playground/say")
        .header("origin", format!("http://{}", site.address))
        .header("content-type", "text/plain")
        .body(text.clone());
    refused(form, StatusCode::UNSUPPORTED_MEDIA_TYPE).await;
    // Nonsense, too much, nobody.
    let wrong = ann.post("/playground/say", &json!({ "no": "text" }));
    refused(wrong, StatusCode::UNPROCESSABLE_ENTITY).await;
    let large = ann.post("/playground/say", &json!({ "text": "x".repeat(100_000) }));
    refused(large, StatusCode::PAYLOAD_TOO_LARGE).await;
    refused(site.request(Method::GET, "/playground/stream"), StatusCode::UNAUTHORIZED).await;
    let forged = site.request(Method::GET, "/playground/boards");
    refused(forged.header("cookie", "earlybrd_playground=1"), StatusCode::UNAUTHORIZED).await;
    assert_eq!(site.world.count("SELECT count(*) FROM drafts").await, 0);
}

#[tokio::test]
async fn behind_a_proxy_the_page_answers_to_its_public_name() {
    let site = Site::start_behind(Some("https://jobs.example".parse().unwrap())).await;
    let page = site.request(Method::GET, "/playground").header("host", "jobs.example");
    let page = page.send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let cookie = page.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Secure"), "{cookie}");
    let say = |origin: &'static str| {
        site.request(Method::POST, "/playground/say")
            .header("host", "jobs.example")
            .header("origin", origin)
            .header("cookie", cookie.split(';').next().unwrap())
            .header("content-type", "application/json")
            .body(r#"{"text": "list"}"#)
    };
    refused(say("http://jobs.example"), StatusCode::FORBIDDEN).await;
    assert_eq!(say("https://jobs.example").send().await.unwrap().status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn what_strangers_write_stays_text() {
    let site = Site::start().await;
    let ann = site.browser().await;
    ann.say("test <script>alert(1)</script>").await;
    ann.press("<img src=x>:1").await;
    let seen = ann.read("0", "not known any more").await;
    assert!(seen.contains("&#60;script&#62;") && !seen.contains("<script>"), "{seen}");
}

#[tokio::test]
async fn too_many_commands_are_slowed_down() {
    let site = Site::start().await;
    let ann = site.browser().await;
    let body = json!({ "text": "list" });
    let mut slowed = 0;
    // Sixty are free, and one a second: below a minute and a half some of these are too many.
    for _ in 0..150 {
        let status = ann.post("/playground/say", &body).send().await.unwrap().status();
        slowed += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!((1..=90).contains(&slowed), "{slowed}");
    let bob = site.browser().await;
    bob.say("list").await;
}

const ACCOUNTS: &str = "SELECT count(*) FROM accounts";

/// Else a new cookie for each request would be a way past every limit.
#[tokio::test]
async fn a_made_up_cookie_is_nobodys_and_makes_no_account() {
    let site = Site::start().await;
    let cookie = format!("earlybrd_playground={}", "a".repeat(64));
    for path in ["/playground/boards", "/playground/stream"] {
        let forged = site.request(Method::GET, path).header("cookie", &cookie);
        refused(forged, StatusCode::UNAUTHORIZED).await;
    }
    let forged = Browser { site: &site, cookie: cookie.clone() };
    let say = forged.post("/playground/say", &json!({ "text": "watch rust" }));
    refused(say, StatusCode::UNAUTHORIZED).await;
    assert_eq!(site.world.count(ACCOUNTS).await, 0);
    let page = forged.request(Method::GET, "/playground").send().await.unwrap();
    let given = page.headers()["set-cookie"].to_str().unwrap();
    assert!(!given.contains(&"a".repeat(64)), "{given}");
    assert_eq!(site.world.count(ACCOUNTS).await, 1);
}

/// A browser keeps a strict cookie back when a link elsewhere was followed; that must not replace
/// the account that it stands for.
#[tokio::test]
async fn a_link_from_elsewhere_makes_no_second_account() {
    let site = Site::start().await;
    let visit = async |from: &'static str| {
        let page = site.request(Method::GET, "/playground").header("sec-fetch-site", from);
        page.send().await.unwrap()
    };
    let answer = visit("cross-site").await;
    assert!(!answer.headers().contains_key("set-cookie"));
    let page = http::read_capped(answer, 10_000).await.unwrap();
    assert!(String::from_utf8_lossy(&page).contains("http-equiv=\"refresh\""));
    assert_eq!(site.world.count(ACCOUNTS).await, 0);
    assert!(visit("same-origin").await.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn control_characters_in_a_line_are_spaces() {
    let site = Site::start().await;
    let ann = site.browser().await;
    ann.say("test rust\u{0}go\u{1b}31m").await;
    let seen = ann.read("0", "test rust go 31m").await;
    assert!(!seen.contains('\u{1b}'), "{seen}");
}

#[tokio::test]
async fn one_browser_keeps_only_so_many_pages_open() {
    let site = Site::start().await;
    let ann = site.browser().await;
    let open = || ann.request(Method::GET, "/playground/stream").send();
    let mut pages = Vec::new();
    for _ in 0..8 {
        let page = open().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        pages.push(page);
    }
    assert_eq!(open().await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
    let bob = site.browser().await;
    bob.read("0", "Remote Rust").await;
    drop(pages);
    // The server sees that they are closed when it next writes to them.
    ann.say("list").await;
    let mut status = open().await.unwrap().status();
    for _ in 0..200 {
        if status == StatusCode::OK {
            break;
        }
        ann.site.changes.send(None).ok();
        tokio::task::yield_now().await;
        status = open().await.unwrap().status();
    }
    assert_eq!(status, StatusCode::OK);
}

/// Whoever sends a request slower than it takes to read is let go.
#[tokio::test]
async fn a_client_that_keeps_us_waiting_is_let_go() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let site = Site::start().await;
    let origin = format!("http://{}", site.address);
    let head = format!(
        "POST /playground/say HTTP/1.1\r\nhost: {}\r\norigin: {origin}\r\n\
         content-type: application/json\r\ncontent-length: 50\r\n\r\n{{",
        site.address
    );
    let answer = async |sent: &str| {
        let mut stream = tokio::net::TcpStream::connect(site.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        let read = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    };
    let (body, half_a_head) = tokio::join!(answer(&head), answer("GET /playground HTT"));
    assert_eq!((body.as_str(), half_a_head.as_str()), ("HTTP/1.1 408", ""));
}
