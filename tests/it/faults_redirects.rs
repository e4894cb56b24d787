//! Redirects: few, each checked anew, and nothing told to who has no business with it.

use earlybrd::domain::board::{BoardKind, Visibility};

use crate::ask::{ask, ask_for, body, fetcher, why};
use crate::fakes::board::{Answer, FakeBoard};
use crate::fakes::raw::Trap;
use crate::process::binary::Home;

fn to(status: u16, location: &str) -> Answer {
    Answer { status, headers: vec![("location", location.to_owned())], body: Vec::new() }
}

/// A board at a path that moved to another, where it shows what is `there`.
async fn moved(status: u16, there: &str) -> FakeBoard {
    let board = FakeBoard::start().await;
    board.answer(to(status, "/there"));
    board.body_at("/there", there);
    board
}

#[tokio::test]
async fn a_redirect_leads_to_no_address_that_a_stranger_may_not_choose() {
    let (trap, fetcher) = (Trap::set(), fetcher());
    let board = FakeBoard::start().await;
    let port = trap.port;
    let forbidden = "this address can't be used";
    let unusable = "redirected to an address that can't be used";
    for (location, want) in [
        (format!("http://127.0.0.1:{port}/"), forbidden),
        (format!("//127.0.0.1:{port}/"), forbidden),
        (format!("http://localhost:{port}/"), forbidden),
        (format!("http://[::1]:{port}/"), forbidden),
        (format!("http://[::ffff:7f00:1]:{port}/"), forbidden),
        (format!("http://2130706433:{port}/"), forbidden),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), forbidden),
        ("https://metadata.google.internal/".to_owned(), forbidden),
        ("https://example.com:22/".to_owned(), forbidden),
        ("file:///etc/passwd".to_owned(), unusable),
        (format!("gopher://127.0.0.1:{port}/"), unusable),
        (format!("http://a@127.0.0.1:{port}/"), unusable),
        (format!("http://:b@127.0.0.1:{port}/"), unusable),
        ("javascript:alert(1)".to_owned(), unusable),
        ("http://".to_owned(), "redirected to something that is no address"),
    ] {
        for status in [301, 302, 303, 307, 308] {
            board.answer(to(status, &location));
            assert_eq!(why(ask(&fetcher, &board.url).await), want, "{status} {location}");
        }
    }
    assert_eq!(trap.caught(), 0);
}

#[tokio::test]
async fn a_chain_is_followed_for_five_hops() {
    for (hops, followed) in [(1, true), (5, true), (6, false), (30, false)] {
        let board = FakeBoard::start().await;
        for hop in 0..hops {
            // The texts by which answers are found live as long as the test binary.
            let part: &'static str = format!("/hop/{hop}/").leak();
            board.answer_at(part, to(302, &format!("/hop/{}/", hop + 1)));
        }
        let answer = ask(&fetcher(), &board.url.join("/hop/0/").unwrap()).await;
        assert_eq!(answer.is_ok(), followed, "{hops}: {answer:?}");
        assert_eq!(board.requests().len(), if followed { hops + 1 } else { 6 });
    }
}

#[tokio::test]
async fn a_board_that_is_asked_by_a_post_is_asked_so_where_it_moved() {
    for status in [307, 308] {
        let board = moved(status, "{}").await;
        let url = board.url.join("/wday/cxs/acme/AcmeCareers/jobs").unwrap();
        let asked = ask_for(&fetcher(), &url, BoardKind::Workday, Visibility::Catalogue).await;
        assert_eq!(body(asked), b"{}");
        let posted = board.posted();
        assert_eq!((posted.len(), board.addresses().len()), (2, 2));
        assert_eq!(posted[0], posted[1]);
    }
    let (trap, board) = (Trap::set(), FakeBoard::start().await);
    board.answer(to(308, trap.url().as_str()));
    let asked = ask_for(&fetcher(), &board.url, BoardKind::Workday, Visibility::Catalogue).await;
    assert_eq!((why(asked).as_str(), trap.caught()), ("this address can't be used", 0));
}

#[tokio::test]
async fn what_a_redirect_and_its_answer_set_is_not_sent_back() {
    let board = moved(302, "<rss/>").await;
    let cookie = vec![("set-cookie", "id=1; Path=/".to_owned()), ("location", "/there".to_owned())];
    board.answer(Answer { status: 302, headers: cookie, body: Vec::new() });
    body(ask(&fetcher(), &board.url).await);
    for request in board.requests() {
        for name in ["cookie", "referer", "authorization", "origin"] {
            assert!(request.get(name).is_none(), "{name}");
        }
    }
}

/// A proxy would resolve names for us, past every check.
#[tokio::test(flavor = "multi_thread")]
async fn proxies_of_the_environment_are_ignored() {
    let (trap, board) = (Trap::set(), FakeBoard::start().await);
    let mut home = Home::new();
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        home = home.setting(name, trap.url().as_str());
    }
    let home = home.setting("NO_PROXY", "").setting("no_proxy", "");
    let url = board.url.as_str();
    let ended = home.start(&["boards", "read", "--kind", "feed", url]).wait().await;
    assert!(ended.success, "{}", ended.stderr);
    assert_eq!((board.requests().len(), trap.caught()), (1, 0));
}
