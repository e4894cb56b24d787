//! What happens in any order, and what somebody else's ids lead to.

use std::time::Duration;

use earlybrd::domain::ids::{DraftId, OpeningId};
use earlybrd::domain::reply::{Action, Mark, Reason};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::json;

use crate::fakes::slack::TOKEN;
use crate::office::{Office, trigger};
use crate::world::World;

/// What Slack may tell of a removal, and the installation that comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Revoked,
    Uninstalled,
    InstalledAgain,
}

use Told::{InstalledAgain, Revoked, Uninstalled};

fn orders(rest: &[Told]) -> Vec<Vec<Told>> {
    if rest.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, first) in rest.iter().enumerate() {
        let mut others = rest.to_vec();
        others.remove(at);
        all.extend(orders(&others).into_iter().map(|mut order| {
            order.insert(0, *first);
            order
        }));
    }
    all
}

/// Slack tells of a removal twice, in any order, and late: after the app was installed again, too.
#[tokio::test]
async fn a_removal_is_believed_in_any_order_and_never_of_a_newer_installation() {
    for order in orders(&[Revoked, Uninstalled, Uninstalled, InstalledAgain]) {
        let office = Office::new().await;
        let preview = office.types("U1", "watch rust").await;
        office.presses(("U1", "D1"), &preview["blocks"], "Save").await;
        let told = |told| match told {
            Revoked => {
                let revoked = json!({ "type": "tokens_revoked", "tokens": { "bot": ["U0"] } });
                Some(office.event(&trigger(), &revoked))
            }
            Uninstalled => Some(office.event(&trigger(), &json!({ "type": "app_uninstalled" }))),
            InstalledAgain => None,
        };
        // All happened before the new installation, whenever they are told.
        let events: Vec<_> = order.iter().map(|it| told(*it)).collect();
        office.world.clock.advance(Duration::from_mins(1));
        let live = "SELECT count(*) FROM slack_workspaces WHERE sealed IS NOT NULL";
        let broken = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";
        let mut again = false;
        for event in events {
            if let Some(event) = event {
                assert_eq!(event.send().await.unwrap().status(), StatusCode::OK);
                office.quiet().await;
            } else {
                office.installed("T1", TOKEN).await;
                again = true;
            }
            assert_eq!(office.world.count(live).await, i64::from(again), "{order:?}");
            assert_eq!(office.world.count(broken).await, i64::from(!again), "{order:?}");
        }
    }
}

/// Everything that a button can carry, with this number.
pub fn actions(number: i64) -> Vec<Action> {
    let (draft, opening) = (DraftId(number), OpeningId(number));
    let mut all = vec![
        Action::Save(draft),
        Action::Cancel(draft),
        Action::Restore(number),
        Action::RestoreHere(number),
        Action::Unmark(opening),
        Action::Mute(opening),
        Action::MuteHere(opening),
        Action::UnmuteHere(opening),
        Action::Why(opening),
    ];
    all.extend(Mark::ALL.map(|mark| Action::Mark(opening, mark)));
    all.extend(Reason::ALL.map(|reason| Action::Because(opening, reason)));
    all
}

/// All that is somebody's, as text.
pub async fn dump(world: &World) -> String {
    let query = "SELECT concat_ws(E'\\n',
        (SELECT string_agg(f::text, E'\\n' ORDER BY id) FROM filters f),
        (SELECT string_agg(d::text, E'\\n' ORDER BY id) FROM drafts d),
        (SELECT string_agg(m::text, E'\\n' ORDER BY account_id, opening_id) FROM marks m),
        (SELECT string_agg(o::text, E'\\n' ORDER BY target_id, opening_id) FROM owed o),
        (SELECT string_agg(e::text, E'\\n' ORDER BY id) FROM emails e),
        (SELECT string_agg(u::text, E'\\n' ORDER BY u::text) FROM mutes u),
        (SELECT string_agg(s::text, E'\\n' ORDER BY s::text) FROM board_subscriptions s))";
    sqlx::query_scalar(query).fetch_one(&world.pool).await.unwrap()
}

/// Somebody of another workspace presses everything with every number: nothing of anybody changes.
#[tokio::test]
async fn ids_of_somebody_else_lead_nowhere_whatever_the_button() {
    let office = Office::new().await;
    office.installed("T2", TOKEN).await;
    let board = office.board().await;
    let ours = office.types_in(("U1", "C1"), "watch rust here").await;
    office.presses(("U1", "C1"), &ours["blocks"], "Save").await;
    let own = office.types("U1", "watch rust").await;
    office.presses(("U1", "D1"), &own["blocks"], "Save").await;
    office.show(&board, "Rust one").await;
    let card = office.slack.posted().pop().unwrap().arguments["blocks"].clone();
    office.presses(("U1", "D1"), &card, "Save").await;
    office.types("U1", "watch go").await;
    office.types("U1", "remove 1").await;
    let before = dump(&office.world).await;
    let answers = office.slack.responses().len();
    assert!(before.contains("rust") && before.contains("go"), "{before}");
    for number in 0..8 {
        for action in actions(number) {
            let payload = json!({
                "type": "block_actions", "team": { "id": "T2" }, "user": { "id": "U1" },
                "channel": { "id": "C1" }, "trigger_id": trigger(),
                "response_url": office.slack.response_url(),
                "container": { "type": "message", "is_ephemeral": false },
                "actions": [{ "type": "button", "action_id": "press:1",
                              "value": format!("act:{action}") }],
            });
            office.interacts(&payload).await;
        }
    }
    office.quiet().await;
    assert_eq!(dump(&office.world).await, before);
    assert_eq!(office.slack.responses().len(), answers + 8 * actions(0).len());
}

/// Lines in buttons and forms of somebody of another workspace reach nothing of ours, either.
#[tokio::test]
async fn lines_of_somebody_else_lead_nowhere_whether_pressed_or_sent() {
    let office = Office::new().await;
    office.installed("T2", TOKEN).await;
    let ours = office.types_in(("U1", "C1"), "watch rust here").await;
    office.presses(("U1", "C1"), &ours["blocks"], "Save").await;
    let own = office.types("U1", "watch rust").await;
    office.presses(("U1", "D1"), &own["blocks"], "Save").await;
    let (before, answers) = (dump(&office.world).await, office.slack.responses().len());
    let lines =
        ["remove 1", "remove c1", "pause c1", "rename c1 x", "to c1 here", "deliver 1 hourly"];
    for line in lines {
        for kind in ["say", "fill"] {
            let payload = json!({
                "type": "block_actions", "team": { "id": "T2" }, "user": { "id": "U1" },
                "channel": { "id": "C1" }, "trigger_id": trigger(),
                "response_url": office.slack.response_url(),
                "container": { "type": "message", "is_ephemeral": false },
                "actions": [{ "type": "button", "action_id": "press:1",
                              "value": format!("{kind}:{line}") }],
            });
            office.interacts(&payload).await;
        }
        let form = json!({
            "type": "view_submission", "team": { "id": "T2" }, "user": { "id": "U1" },
            "trigger_id": trigger(),
            "view": { "id": "V1", "callback_id": "line", "type": "modal",
                      "private_metadata": "{\"channel\":\"C1\"}",
                      "state": { "values": { "line": { "line": { "value": line } } } } },
        });
        office.interacts(&form).await;
    }
    office.quiet().await;
    assert_eq!(dump(&office.world).await, before);
    assert_eq!(office.slack.responses().len(), answers + lines.len());
}

/// Two replicas are brought the same at once.
#[tokio::test]
async fn what_two_replicas_are_brought_is_done_once() {
    let office = Office::new().await;
    let other = office.replica().await;
    let line = json!({ "type": "message", "channel_type": "im", "channel": "D1", "user": "U1",
                       "text": "list" });
    // Two to each of them.
    let brings = async |request: &dyn Fn() -> RequestBuilder| {
        let requests = [&office.base, &other, &office.base, &other].map(|replica| {
            let mut request = request().build().unwrap();
            let path = request.url().path().to_owned();
            *request.url_mut() = replica.join(&path).unwrap();
            office.client.execute(request)
        });
        for answer in futures_util::future::join_all(requests).await {
            assert_eq!(answer.unwrap().status(), StatusCode::OK);
        }
        office.quiet().await;
    };
    brings(&|| office.event("Ev1", &line)).await;
    assert_eq!(office.slack.posted().len(), 1);
    brings(&|| office.command(("U1", "D1"), "watch rust", "one")).await;
    assert_eq!(office.world.count("SELECT count(*) FROM drafts").await, 1);
}
