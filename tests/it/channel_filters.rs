//! A channel's filters: their numbers, their buttons, and what is said of them.

use std::time::Duration;

use earlybrd::commands::{self, Actor, Context, Here};
use earlybrd::db;
use earlybrd::domain::account::{AccountKind, Identity};
use earlybrd::domain::reply::{Press, Reply};
use earlybrd::domain::target::Platform;
use earlybrd::workers::quiet_filters::QuietFilters;

use crate::commands::words;
use crate::world::{World, drain};

/// Somebody in a channel, where others read too.
struct Room {
    world: World,
    context: Context,
    actor: Actor,
}

impl Room {
    async fn new() -> Self {
        let world = World::new().await;
        let (context, ann, now) = (world.context(), world.person("ann").await, world.now());
        let team = Identity {
            platform: Platform::Console,
            workspace: "T1".to_owned(),
            user: String::new(),
        };
        let here = db::in_tx(&world.pool, async |tx| {
            let account = db::accounts::of_identity(tx, &team, AccountKind::Team, now).await?;
            let target = db::accounts::target(tx, account, Platform::Console, "room", now).await?;
            Ok(Here { account, target, is_admin: false, in_role: None, open: None })
        });
        let here = Some(here.await.unwrap());
        let actor = Actor { here, ..Actor::alone(ann.account, ann.target) };
        Self { world, context, actor }
    }

    async fn says(&self, line: &str) -> Reply {
        commands::say(&self.context, self.actor, line).await
    }

    async fn presses(&self, reply: &Reply, label: &str) -> Reply {
        match press(reply, label) {
            Press::Act(action) => commands::press(&self.context, self.actor, action).await,
            Press::Say(line) | Press::Fill(line) => self.says(&line).await,
        }
    }

    /// Watches, saves, and gives what is said then.
    async fn saves(&self, line: &str) -> String {
        words(&self.presses(&self.says(line).await, "Save").await)
    }
}

fn press(reply: &Reply, label: &str) -> Press {
    let found = reply.buttons.iter().find(|button| button.label == label);
    found.unwrap_or_else(|| panic!("no {label}: {reply:?}")).press.clone()
}

#[tokio::test]
async fn the_buttons_of_a_channels_filter_leave_ones_own_alone() {
    let room = Room::new().await;
    assert!(room.saves("watch go").await.contains("Filter 1 is saved"));
    assert!(room.saves("watch rust here").await.contains("Filter c1 is saved"));
    let shown = room.says("show c1").await;
    assert!(words(&shown).contains("Filter c1, rust, is on"), "{shown:?}");
    assert_eq!(press(&shown, "Edit"), Press::Fill("edit c1 rust".to_owned()));
    let edited = room.says("edit c1 rust senior").await;
    assert!(words(&edited).contains("Filter c1, rust, would become"), "{edited:?}");
    assert_eq!(press(&edited, "Change"), Press::Fill("edit c1 rust senior".to_owned()));
    let paused = room.presses(&shown, "Pause").await;
    assert!(words(&paused).contains("Filter c1, rust, is paused"), "{paused:?}");
    let resumed = room.presses(&paused, "Resume").await;
    assert!(words(&resumed).contains("Filter c1, rust, is on again"), "{resumed:?}");
    let removed = room.presses(&shown, "Remove").await;
    assert!(words(&removed).contains("Filter c1, rust, is removed"), "{removed:?}");
    let own = room.says("show 1").await;
    assert!(words(&own).contains("Filter 1, go, is on"), "{own:?}");
    let back = room.presses(&removed, "Undo").await;
    assert!(words(&back).contains("Filter c1, rust, is back"), "{back:?}");
    let missing = words(&room.says("show c7").await);
    assert!(missing.contains("no filter c7") && missing.contains("c1"), "{missing}");
}

#[tokio::test]
async fn a_change_before_saving_keeps_where_the_cards_are_to_go() {
    let room = Room::new().await;
    let preview = room.says("watch rust here").await;
    assert_eq!(press(&preview, "Change"), Press::Fill("watch rust here".to_owned()));
    let preview = room.says("watch rust").await;
    assert_eq!(press(&preview, "Change"), Press::Fill("watch rust".to_owned()));
}

#[tokio::test]
async fn what_is_said_of_where_cards_go_is_where_they_go() {
    let room = Room::new().await;
    room.saves("watch go").await;
    room.saves("watch rust here").await;
    let targets = async || -> Vec<i64> {
        let targets = "SELECT target_id FROM filters ORDER BY name";
        sqlx::query_scalar(targets).fetch_all(&room.world.pool).await.unwrap()
    };
    let before = targets().await;
    let moved = room.says("to 1 here").await;
    assert!(words(&moved).contains("filter 1, go, come to you alone"), "{moved:?}");
    let all = Press::Say("watch go here".to_owned());
    assert_eq!(press(&moved, "Watch for all here"), all);
    let moved = room.says("to 1 dm").await;
    assert!(words(&moved).contains("come to you alone") && moved.buttons.is_empty(), "{moved:?}");
    for line in ["to c1 dm", "to c1 email"] {
        let refused = words(&room.says(line).await);
        assert!(refused.contains("Filter c1, rust, is for all who read a channel"), "{refused}");
    }
    assert!(words(&room.says("to c7 dm").await).contains("no filter c7"));
    let moved = words(&room.says("to c1 here").await);
    assert!(moved.contains("Cards of filter c1, rust, come here from now on"), "{moved}");
    assert_eq!(targets().await, before);
    let alone = Actor { here: None, ..room.actor };
    let moved = words(&commands::say(&room.context, alone, "to 1 here").await);
    assert!(moved.contains("Cards of filter 1, go, come here from now on"), "{moved}");
}

#[tokio::test]
async fn a_list_in_a_channel_shows_both_sets() {
    let room = Room::new().await;
    let nothing = words(&room.says("list").await);
    assert!(nothing.contains("You have no filters") && nothing.contains("This channel has none"));
    room.saves("watch go").await;
    room.saves("watch rust here").await;
    let both = words(&room.says("list").await);
    assert!(both.contains("1 go") && both.contains("c1 rust"), "{both}");
    let alone = Actor { here: None, ..room.actor };
    let own = words(&commands::say(&room.context, alone, "list").await);
    assert!(own.contains("1 go") && !own.contains("rust"), "{own}");
}

#[tokio::test]
async fn a_quiet_filter_is_named_as_its_channel_knows_it() {
    let room = Room::new().await;
    room.saves("watch rust here").await;
    room.world.clock.advance(Duration::from_hours(24 * 8));
    drain(&mut QuietFilters { base: room.world.base() }).await;
    room.world.deliver().await;
    let said = room.world.sent().join("\n");
    assert!(said.contains("Filter c1, rust") && said.contains("show c1"), "{said}");
}
