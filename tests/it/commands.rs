//! What people type and press, and what becomes of it.

use std::sync::Arc;

use std::time::Duration;

use earlybrd::clock::Clock;
use earlybrd::commands::{self, Actor, COMMANDS, Context};
use earlybrd::domain::reply::{Action, Part, Press, Reply};

use crate::fakes::board::{FakeBoard, Item};
use crate::world::World;

/// A world with one board and one person at a chat.
pub struct Chat {
    pub world: World,
    pub board: FakeBoard,
    pub context: Context,
    pub actor: Actor,
}

impl Chat {
    pub async fn new() -> Self {
        let world = World::new().await;
        let board = FakeBoard::start().await;
        world.board("b", &board.url).await;
        world.poll().await;
        let person = world.person("ann").await;
        let clock: Arc<dyn Clock> = Arc::<crate::world::TestClock>::clone(&world.clock);
        let context = Context::new(world.pool.clone(), clock, world.fetcher());
        let actor = Actor::alone(person.account, person.target);
        Self { world, board, context, actor }
    }

    pub async fn say(&self, text: &str) -> Reply {
        commands::say(&self.context, self.actor, text).await
    }

    pub async fn press(&self, reply: &Reply, label: &str) -> Reply {
        commands::press(&self.context, self.actor, action(reply, label)).await
    }

    pub async fn show(&self, titles: &[&str]) {
        let items: Vec<Item<'_>> = titles.iter().map(|title| Item::titled(title)).collect();
        self.board.show(&items);
        self.world.run().await;
    }

    pub async fn watch(&self, filter: &str) {
        let shown = self.say(&format!("watch {filter}")).await;
        let saved = self.press(&shown, "Save").await;
        check(&saved, "is saved");
    }
}

fn action(reply: &Reply, label: &str) -> Action {
    let button = reply.buttons.iter().find(|button| button.label == label);
    match &button.unwrap_or_else(|| panic!("no button {label}: {reply:?}")).press {
        Press::Act(action) => *action,
        other @ (Press::Say(_) | Press::Fill(_)) => {
            panic!("{label} is not done by the server: {other:?}")
        }
    }
}

pub fn words(reply: &Reply) -> String {
    let parts = reply.parts.iter().map(|part| match part {
        Part::Text(text) | Part::Code(text) => text.clone(),
        Part::List(lines) => lines.join("\n"),
        Part::Link { label, .. } => label.clone(),
        Part::Card { card, note } => format!("[{}] {note}", card.title),
    });
    parts.collect::<Vec<_>>().join("\n")
}

#[track_caller]
pub fn check(reply: &Reply, want: &str) {
    let said = words(reply);
    assert!(said.contains(want), "{want:?} is not in:\n{said}");
}

#[tokio::test]
async fn a_filter_is_shown_at_work_saved_and_proved_by_a_sample() {
    let chat = Chat::new().await;
    chat.show(&["Rust one", "Rust two", "Go three"]).await;
    let shown = chat.say("watch RUST").await;
    check(&shown, "would have sent 2 cards from 3 postings");
    check(&shown, "[Rust one] rust — title:");
    assert_eq!(chat.world.count("SELECT count(*) FROM filters").await, 0, "nothing is saved yet");
    let saved = chat.press(&shown, "Save").await;
    check(&saved, "Filter 1 is saved: rust");
    chat.world.deliver().await;
    assert_eq!(chat.world.sent(), ["ann: Rust one"], "the sample, of a posting that matches");
    check(&chat.press(&shown, "Save").await, "decided already");
    assert_eq!(chat.world.count("SELECT count(*) FROM filters").await, 1);
    // The sample owes nothing: what comes is told, and told once.
    chat.show(&["Rust four", "Rust one", "Rust two", "Go three"]).await;
    assert_eq!(chat.world.sent(), ["ann: Rust one", "ann: Rust four"]);
}

#[tokio::test]
async fn a_change_is_shown_as_a_difference() {
    let chat = Chat::new().await;
    chat.show(&["Rust one", "Rust two", "Go three"]).await;
    chat.watch("rust").await;
    let shown = chat.say("edit 1 go OR one").await;
    check(&shown, "+1 / −1");
    check(&chat.press(&shown, "Save").await, "Filter 1 is changed: go OR one");
    check(&chat.say("list").await, "go OR one");
    check(&chat.say("edit 1 go OR one").await, "nothing changes");
    check(&chat.press(&chat.say("edit 1 zig").await, "Cancel").await, "Nothing was saved");
}

#[tokio::test]
async fn a_filter_that_finds_nothing_says_which_part_keeps_most_out() {
    let chat = Chat::new().await;
    chat.show(&["Rust one", "Rust two", "Go three"]).await;
    check(
        &chat.say("test rust cobol").await,
        "Most are kept out by cobol: without it, it would be 2",
    );
}

#[tokio::test]
async fn filters_are_paused_resumed_renamed_and_removed() {
    let chat = Chat::new().await;
    chat.watch("rust").await;
    check(&chat.say("pause 1").await, "is paused");
    check(&chat.say("list").await, "1 rust (paused)");
    chat.show(&["Rust unseen"]).await;
    assert!(chat.world.sent().is_empty());
    chat.world.clock.advance(Duration::from_secs(1));
    check(&chat.say("resume 1").await, "on again");
    check(&chat.say("resume 1").await, "was on all the time");
    chat.show(&["Rust seen", "Rust unseen"]).await;
    assert_eq!(chat.world.sent(), ["ann: Rust seen"]);
    check(&chat.say("rename 1 Crabs").await, "is Crabs now");
    check(&chat.say("show 1").await, "Filter 1, Crabs, is on");
    let removed = chat.say("remove 1").await;
    check(&chat.say("list").await, "no filters yet");
    check(&chat.say("show 1").await, "You have no filter 1");
    check(&chat.press(&removed, "Undo").await, "is back");
    check(&chat.say("list").await, "1 Crabs: rust");
    let removed = chat.say("remove 1").await;
    chat.world.clock.advance(Duration::from_mins(11));
    check(&chat.press(&removed, "Undo").await, "Ten minutes are over");
    chat.watch("go").await;
    check(&chat.say("list").await, "2 go");
}

#[tokio::test]
async fn cards_are_marked_only_by_those_who_got_them() {
    let chat = Chat::new().await;
    chat.watch("rust").await;
    chat.show(&["Rust one"]).await;
    let opening = chat.world.count("SELECT opening_id FROM owed").await;
    let saved = format!("saved:{opening}").parse().unwrap();
    let done = commands::press(&chat.context, chat.actor, saved).await;
    check(&done, "Saved.");
    assert_eq!(chat.world.count("SELECT count(*) FROM marks WHERE mark = 'saved'").await, 1);
    check(&chat.press(&done, "Undo").await, "Taken back");
    assert_eq!(chat.world.count("SELECT count(*) FROM marks").await, 0);
    let bob = chat.world.person("bob").await;
    let bob = Actor::alone(bob.account, bob.target);
    check(&commands::press(&chat.context, bob, saved).await, "not yours");
    assert_eq!(chat.world.count("SELECT count(*) FROM marks").await, 0);
}

/// Whatever somebody types or presses, another's filters and drafts are neither read nor changed.
#[tokio::test]
async fn nobody_reaches_what_is_anothers() {
    let chat = Chat::new().await;
    chat.show(&["Rust one"]).await;
    chat.watch("rust").await;
    let draft = chat.say("watch go").await;
    let bob = chat.world.person("bob").await;
    let bob = Actor::alone(bob.account, bob.target);
    for text in ["show 1", "edit 1 go", "rename 1 x", "pause 1", "resume 1", "remove 1"] {
        check(&commands::say(&chat.context, bob, text).await, "You have no filter 1");
    }
    for label in ["Save", "Cancel"] {
        let reply = commands::press(&chat.context, bob, action(&draft, label)).await;
        check(&reply, "decided already");
    }
    check(&commands::press(&chat.context, bob, Action::Restore(1)).await, "You have no filter 1");
    check(&chat.say("list").await, "1 rust");
    check(&chat.press(&draft, "Save").await, "Filter 2 is saved: go");
}

#[tokio::test]
async fn boards_and_status_say_how_early_and_what_fails() {
    let chat = Chat::new().await;
    chat.watch("rust").await;
    chat.show(&["Rust one"]).await;
    check(&chat.say("boards").await, "b (b): works; 1 postings");
    check(&chat.say("status").await, "delivered 0 ms");
    chat.board.status(503, &[]);
    chat.world.poll_again().await;
    check(&chat.say("status").await, "fails: answered 503");
}

#[tokio::test]
async fn help_knows_every_command_and_every_command_answers() {
    let chat = Chat::new().await;
    let help = words(&chat.say("help").await);
    for spec in COMMANDS {
        assert!(help.contains(spec.help.usage), "{}", spec.name);
        check(&chat.say(&format!("help {}", spec.name)).await, spec.help.usage);
        let answer = words(&chat.say(spec.help.example).await);
        assert!(!answer.is_empty() && !answer.contains("went wrong"), "{}: {answer}", spec.name);
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_not_blamed_on_the_person() {
    let chat = Chat::new().await;
    chat.world.pool.close().await;
    check(&chat.say("list").await, "Something went wrong here; nothing was changed");
}

#[tokio::test]
async fn a_save_that_fails_can_be_pressed_again() {
    let chat = Chat::new().await;
    let shown = chat.say("watch rust").await;
    let rename = async |statement: &'static str| {
        sqlx::query(statement).execute(&chat.world.pool).await.unwrap();
    };
    rename("ALTER TABLE filters RENAME COLUMN revision TO away").await;
    check(&chat.press(&shown, "Save").await, "went wrong here");
    rename("ALTER TABLE filters RENAME COLUMN away TO revision").await;
    check(&chat.press(&shown, "Save").await, "Filter 1 is saved");
}

#[tokio::test]
async fn what_is_saved_over_a_removed_or_paused_filter_is_said_as_it_is() {
    let chat = Chat::new().await;
    chat.show(&["Rust one"]).await;
    chat.watch("rust").await;
    chat.watch("go").await;
    chat.world.deliver().await;
    let sent = chat.world.sent().len();
    let (first, second) = (chat.say("edit 1 zig").await, chat.say("edit 2 rust one").await);
    chat.say("remove 1").await;
    check(&chat.press(&first, "Save").await, "decided already");
    chat.say("pause 2").await;
    check(&chat.press(&second, "Save").await, "Filter 2 is changed: rust one. It stays paused");
    chat.world.deliver().await;
    assert_eq!(chat.world.sent().len(), sent, "a paused filter sends no sample");
}

#[tokio::test]
async fn undo_brings_a_filter_back_as_it_was() {
    let chat = Chat::new().await;
    chat.watch("rust").await;
    chat.say("pause 1").await;
    let removed = chat.say("remove 1").await;
    check(&chat.press(&removed, "Undo").await, "is back, paused as it was");
    check(&chat.press(&removed, "Undo").await, "is back, paused as it was");
    check(&chat.say("list").await, "1 rust (paused)");
    let nowhere = commands::press(&chat.context, chat.actor, Action::Restore(7)).await;
    check(&nowhere, "Yours are 1");
}

#[tokio::test]
async fn neither_save_nor_undo_goes_over_the_limit() {
    let chat = Chat::new().await;
    chat.watch("rust").await;
    let removed = chat.say("remove 1").await;
    let shown = chat.say("watch go").await;
    sqlx::query(
        "INSERT INTO filters (account_id, number, name, query, target_id, state, active_from,
                              created_at, revision)
         SELECT account_id, number + n, name, query, target_id, 'active', active_from, created_at,
                revision FROM filters, generate_series(1, 1000) AS n",
    )
    .execute(&chat.world.pool)
    .await
    .unwrap();
    check(&chat.press(&removed, "Undo").await, "which is the limit");
    check(&chat.press(&shown, "Save").await, "which is the limit");
    sqlx::query("UPDATE filters SET state = 'removed' WHERE number > 990")
        .execute(&chat.world.pool)
        .await
        .unwrap();
    check(&chat.press(&removed, "Undo").await, "is back");
    sqlx::query("UPDATE accounts SET last_filter_number = 1001")
        .execute(&chat.world.pool)
        .await
        .unwrap();
    check(&chat.press(&shown, "Save").await, "Filter 1002 is saved");
}
