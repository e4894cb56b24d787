//! A whole conversation: a filter, its cards, why they were dismissed, and what the filter learns of it.

use serde_json::Value;

use crate::fakes::board::FakeBoard;
use crate::fakes::slack::{shown, value_of};
use crate::office::{Office, text};

const AT: (&str, &str) = ("U1", "D1");

/// Somebody who watches Rust, and a board.
async fn watched() -> (Office, FakeBoard) {
    let office = Office::new().await;
    let board = office.board().await;
    let preview = office.types("U1", "watch rust").await;
    let saved = office.presses(AT, &preview["blocks"], "Save").await;
    assert!(text(&saved).contains("saved"), "{}", text(&saved));
    (office, board)
}

/// Shows a posting, dismisses its card for a reason, and gives the last answer.
async fn dismiss(office: &Office, board: &FakeBoard, title: &str, reason: &str) -> Value {
    office.show(board, title).await;
    let card = office.slack.posted().pop().unwrap().arguments["blocks"].clone();
    assert!(shown(&card).contains(title), "{}", shown(&card));
    let why = office.presses(AT, &card, "Not for me").await;
    assert!(text(&why).contains("Why?"), "{}", text(&why));
    office.presses(AT, &why["blocks"], reason).await
}

#[tokio::test]
async fn equal_reasons_become_a_proposal_that_changes_nothing_until_it_is_saved() {
    let (office, board) = watched().await;
    for title in ["Senior Rust Engineer", "Senior Rust Accountant"] {
        let noted = dismiss(&office, &board, title, "Level").await;
        assert!(text(&noted).contains("Noted"), "{}", text(&noted));
        assert!(value_of(&noted["blocks"], "Save").is_none());
    }
    // Another reason is not counted with them.
    let other = dismiss(&office, &board, "Junior Rust Cook", "Other").await;
    assert!(value_of(&other["blocks"], "Save").is_none());
    let proposal = dismiss(&office, &board, "Senior Rust Designer", "Level").await;
    let said = text(&proposal);
    assert!(said.contains("dismissed 3 postings for its level"), "{said}");
    assert!(said.contains("rust -level:senior"), "{said}");
    assert!(said.contains("+0 / −3"), "{said}");
    assert!(text(&office.types("U1", "show 1").await).contains("rust"));
    assert!(!text(&office.types("U1", "show 1").await).contains("-level:senior"));
    // The same three are not held against it again.
    let noted = dismiss(&office, &board, "Senior Rust Nurse", "Level").await;
    assert!(value_of(&noted["blocks"], "Save").is_none(), "{}", text(&noted));
    let saved = office.presses(AT, &proposal["blocks"], "Save").await;
    assert!(text(&saved).contains("rust -level:senior"), "{}", text(&saved));
    assert!(text(&office.types("U1", "show 1").await).contains("-level:senior"));
}

#[tokio::test]
async fn a_company_can_be_muted_at_once() {
    let (office, board) = watched().await;
    let noted = dismiss(&office, &board, "Rust Engineer", "Company").await;
    let muted = office.presses(AT, &noted["blocks"], "Mute Acme").await;
    assert!(text(&muted).contains("Acme"), "{}", text(&muted));
    assert!(text(&office.types("U1", "muted").await).contains("Acme"));
}

#[tokio::test]
async fn only_what_somebody_dismissed_themselves_has_a_reason() {
    let (office, board) = watched().await;
    office.show(&board, "Rust Engineer").await;
    let card = office.slack.posted().pop().unwrap().arguments["blocks"].clone();
    let why = office.presses(AT, &card, "Not for me").await;
    let stolen = office.presses(("U2", "D2"), &why["blocks"], "Pay").await;
    assert!(text(&stolen).contains("not yours"), "{}", text(&stolen));
    office.presses(AT, &why["blocks"], "Undo").await;
    let late = office.presses(AT, &why["blocks"], "Pay").await;
    assert!(text(&late).contains("not yours"), "{}", text(&late));
    assert_eq!(office.world.count("SELECT count(*) FROM marks WHERE reason IS NOT NULL").await, 0);
}
