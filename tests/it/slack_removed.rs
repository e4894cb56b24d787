//! Workspaces that remove the app: what stays for a month, what goes then, and what comes back before.

use std::time::Duration;

use earlybrd::db;
use earlybrd::workers::housekeeping::Sweep;
use serde_json::json;

use crate::fakes::slack::TOKEN;
use crate::office::Office;
use crate::slack_install::install_as;
use crate::slack_send::{self, Workspace};
use crate::world::{World, drain};

const DAY: Duration = Duration::from_hours(24);

async fn sweep(office: &Office) {
    drain(&mut Sweep { base: office.world.base() }).await;
}

/// How many rows a month leaves: of accounts and of all that is theirs.
async fn rows(world: &World) -> [i64; 6] {
    let mut rows = [0; 6];
    for (count, table) in rows.iter_mut().zip([
        "SELECT count(*) FROM accounts",
        "SELECT count(*) FROM filters",
        "SELECT count(*) FROM targets",
        "SELECT count(*) FROM owed",
        "SELECT count(*) FROM marks",
        "SELECT count(*) FROM slack_workspaces",
    ]) {
        *count = world.count(table).await;
    }
    rows
}

/// Somebody's own filter and one of a channel, a card of each, one of which is saved; and a board that
/// nobody else has.
async fn in_use(office: &Office) {
    let board = office.board().await;
    for (line, at) in [("watch rust", ("U1", "D1")), ("watch rust here", ("U1", "C1"))] {
        let preview = office.types_in(at, line).await;
        office.presses(at, &preview["blocks"], "Save").await;
    }
    office.show(&board, "Rust one").await;
    let card = office.slack.posted().pop().unwrap().arguments["blocks"].clone();
    office.presses(("U1", "D1"), &card, "Save").await;
    sqlx::raw_sql(
        "INSERT INTO boards (slug, name, kind, url, host, visibility, interval_seconds, created_at,
                             next_poll_at, enabled)
         SELECT 'own', 'own', kind, 'https://own.example/', 'own.example', 'subscribed',
                interval_seconds, created_at, next_poll_at + interval '1 year', true
         FROM boards WHERE slug = 'b';
         INSERT INTO board_subscriptions (account_id, board_id, since, number)
         SELECT a.id, b.id, a.created_at, 1 FROM accounts a, boards b
         WHERE a.kind = 'team' AND b.slug = 'own'",
    )
    .execute(&office.world.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn all_of_a_workspace_goes_a_month_after_it_removed_the_app() {
    let office = Office::new().await;
    in_use(&office).await;
    // Another workspace, and somebody who never was in any.
    office.installed("T2", TOKEN).await;
    let ann = office.world.person("ann").await;
    office.world.filter(ann, "cook").await;
    let before = rows(&office.world).await;
    assert_eq!(before, [3, 3, 3, 2, 1, 2]);
    office.happens(json!({ "type": "app_uninstalled" })).await;
    office.world.clock.advance(DAY * 29);
    sweep(&office).await;
    assert_eq!(rows(&office.world).await, before);
    office.world.clock.advance(DAY);
    office.world.clock.advance(Duration::from_mins(1));
    sweep(&office).await;
    let on = "SELECT count(*) FROM filters WHERE state = 'active'";
    assert_eq!(office.world.count(on).await, 1, "whoever matches hears of it first");
    office.world.clock.advance(Duration::from_hours(2));
    sweep(&office).await;
    assert_eq!(rows(&office.world).await, [1, 1, 1, 0, 0, 1]);
    let asked = "SELECT count(*) FROM boards WHERE slug = 'own' AND enabled";
    assert_eq!(office.world.count(asked).await, 0, "nobody has the board any more");
}

#[tokio::test]
async fn whoever_still_pays_is_erased_when_they_do_not() {
    let office = Office::new().await;
    in_use(&office).await;
    sqlx::query(
        "INSERT INTO subscriptions (id, account_id, plan, status, status_word, cancels, asked_at)
         SELECT 'sub_1', id, 'team', 'active', 'active', false, $1 FROM accounts WHERE kind = 'team'",
    )
    .bind(office.world.now())
    .execute(&office.world.pool)
    .await
    .unwrap();
    // By the card of somebody else than the team.
    sqlx::query(
        "WITH page AS (INSERT INTO checkouts (id, account_id, payer_id, plan, begun_at, subscription)
                       SELECT 'cs_1', t.id, p.id, 'team', $1, 'sub_1' FROM accounts t, accounts p
                       WHERE t.kind = 'team' AND p.kind = 'person' RETURNING payer_id)
         INSERT INTO checkout_askers (checkout_id, account_id) SELECT 'cs_1', payer_id FROM page",
    )
    .bind(office.world.now())
    .execute(&office.world.pool)
    .await
    .unwrap();
    office.happens(json!({ "type": "app_uninstalled" })).await;
    let at_the_end = async || {
        for _ in 0..2 {
            office.world.clock.advance(DAY * 31);
            sweep(&office).await;
        }
        rows(&office.world).await
    };
    assert_eq!(at_the_end().await[..2], [2, 2]);
    sqlx::query("UPDATE subscriptions SET status = 'ended'")
        .execute(&office.world.pool)
        .await
        .unwrap();
    assert_eq!(at_the_end().await, [0; 6]);
}

/// What waited is told, what is new is, too, and whoever brings the app back hears so.
#[tokio::test]
async fn a_workspace_that_comes_back_within_a_month_finds_all_as_it_was_and_is_told_so_once() {
    let office = Office::empty().await;
    let board = office.board().await;
    install_as(&office, "good1").await;
    // The stand-in's workspace, and whoever installs the app there.
    let who = sqlx::query_as("SELECT account_id, id FROM targets WHERE address = 'T9/U7'");
    let (account, target): (i64, i64) = who.fetch_one(&office.world.pool).await.unwrap();
    let person = crate::world::Person { account: account.into(), target: target.into() };
    office.world.filter(person, "rust").await;
    let now = office.world.now();
    db::in_tx(&office.world.pool, async |tx| db::slack::remove(tx, "T9", now, now).await)
        .await
        .unwrap();
    office.world.clock.advance(DAY * 27);
    sweep(&office).await;
    let before = office.slack.posted().len();
    office.show(&board, "Rust one").await;
    assert_eq!(office.slack.posted().len(), before);
    office.world.clock.advance(DAY);
    for code in ["good2", "good3"] {
        install_as(&office, code).await;
        for _ in 0..3 {
            office.world.clock.advance(Duration::from_secs(2));
            office.deliver().await;
        }
        let said = office.slack.shown();
        assert_eq!(said.matches("as it was, with 1 filter").count(), 1, "{said}");
        assert_eq!(said.matches("Rust one").count(), 1, "{said}");
    }
    office.world.clock.advance(DAY * 60);
    sweep(&office).await;
    assert_eq!(office.world.count("SELECT count(*) FROM filters").await, 1);
}

/// A workspace that removed the app, and somebody's filter there.
async fn left() -> Workspace {
    let slack = Workspace::new().await;
    let person = slack.person().await;
    slack.world.filter(person, "rust").await;
    let now = slack.world.now();
    db::in_tx(&slack.world.pool, async |tx| db::slack::remove(tx, "T1", now, now).await)
        .await
        .unwrap();
    slack
}

async fn keeps_its_filter(slack: &Workspace) {
    for _ in 0..2 {
        slack.world.clock.advance(DAY * 31);
        drain(&mut Sweep { base: slack.world.base() }).await;
    }
    assert_eq!(slack.count("SELECT count(*) FROM filters WHERE state = 'active'").await, 1);
}

/// The app was installed by a page, and later the operator set a token for the workspace.
#[tokio::test]
async fn nothing_goes_of_a_workspace_that_the_operators_own_token_serves() {
    let slack = left().await;
    let own = slack_send::platform(&slack.world, &slack.slack, Some(TOKEN));
    let slack = Workspace { platform: own, ..slack };
    slack_send::queue(&slack, slack.at("T1/U2").await, "hello").await;
    slack.deliver().await;
    assert_eq!(slack.slack.posted().len(), 1);
    keeps_its_filter(&slack).await;
}

/// Nobody wrote, and nothing was to be told, since the token was set.
#[tokio::test]
async fn a_token_that_is_good_keeps_what_its_workspace_has() {
    let slack = left().await;
    // As the version before wrote it.
    sqlx::query("UPDATE targets SET broken_why = 'earlybrd was removed from the workspace'")
        .execute(&slack.world.pool)
        .await
        .unwrap();
    let own = slack_send::platform(&slack.world, &slack.slack, Some(TOKEN));
    own.caller.workspaces.prove().await.unwrap();
    let gone = "SELECT count(*) FROM targets WHERE broken_at IS NOT NULL";
    assert_eq!(slack.count(gone).await, 0);
    keeps_its_filter(&slack).await;
}

#[tokio::test]
async fn whoever_is_told_by_mail_stays() {
    let office = Office::new().await;
    in_use(&office).await;
    office.happens(json!({ "type": "app_uninstalled" })).await;
    sqlx::raw_sql(
        "INSERT INTO emails (account_id, digest, sealed, asked_at, verified_at)
         SELECT id, decode(repeat('ab', 32), 'hex'), '\\x00', created_at, created_at
         FROM accounts WHERE kind = 'person'",
    )
    .execute(&office.world.pool)
    .await
    .unwrap();
    let on = "SELECT count(*) FROM filters WHERE state = 'active'";
    let a_month = async || {
        for _ in 0..2 {
            office.world.clock.advance(DAY * 31);
            sweep(&office).await;
        }
        office.world.count(on).await
    };
    assert_eq!(a_month().await, 1, "the channel's filter goes");
    sqlx::raw_sql("UPDATE emails SET ended_at = asked_at")
        .execute(&office.world.pool)
        .await
        .unwrap();
    assert_eq!(a_month().await, 0);
}
