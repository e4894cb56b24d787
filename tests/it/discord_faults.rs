//! A Discord that is slow, and one that refuses everybody.

use std::sync::Arc;
use std::time::Duration;

use earlybrd::discord::INVALID_A_WINDOW;
use earlybrd::worker::Worker;
use earlybrd::workers::deliver::Deliver;
use earlybrd::workers::outbox::Outbox;
use futures_util::future::join_all;

use crate::discord_limits::{BROKEN, OWED, told};
use crate::fakes::discord::{Slow, Trick};
use crate::hall::Hall;
use crate::world::drain;

/// Everybody's conversation was opened some time ago.
async fn know_all(hall: &Hall) {
    let known = "INSERT INTO discord_places (address, channel_id)
                 SELECT address, '9' || substr(address, 2) FROM targets";
    sqlx::query(known).execute(&hall.world.pool).await.unwrap();
}

/// Senders that share what they claim, as those of a process do.
fn senders(hall: &Hall, count: usize) -> Vec<Deliver> {
    let outbox = Outbox::new(hall.world.base(), hall.platform(), Arc::default(), count);
    vec![Deliver { outbox: Arc::new(outbox) }; count]
}

async fn tick(senders: &mut [Deliver]) {
    for tick in join_all(senders.iter_mut().map(Worker::tick)).await {
        tick.unwrap();
    }
}

/// Fault 23: what was answered too slowly may have arrived, and Discord knows it again.
#[tokio::test]
async fn an_answer_that_comes_too_slowly_doubles_no_message_and_loses_none() {
    for slow in [Slow::Silent, Slow::Drips, Slow::Endless] {
        let hall = Hall::new().await;
        told(&hall, 1).await;
        know_all(&hall).await;
        let mut hasty = hall.ours.platform(hall.world.pool.clone(), hall.world.base().clock);
        hasty.api.deadline = Duration::from_millis(300);
        hall.discord.play("messages", Trick::Slow(slow));
        drain(&mut hall.world.sender_of(Arc::new(hasty))).await;
        let doubt = "SELECT count(*) FROM deliveries WHERE doubt_since IS NOT NULL";
        assert_eq!(hall.world.count(doubt).await, 1, "{slow:?}");
        hall.world.clock.advance(Duration::from_secs(30));
        hall.deliver().await;
        assert_eq!(hall.world.count(OWED).await, 0, "{slow:?}");
        assert_eq!(hall.discord.calls("messages").len(), 2, "{slow:?}");
        assert_eq!(hall.discord.posted().len(), 1, "{slow:?}");
    }
}

/// Fault 23: a sender waits ten seconds for its answer; the others go on meanwhile.
#[tokio::test]
async fn nobody_waits_for_somebody_whose_message_is_not_answered() {
    let hall = Hall::new().await;
    told(&hall, 4).await;
    know_all(&hall).await;
    hall.discord.play("messages", Trick::Hang);
    let mut senders = senders(&hall, 2);
    let all = join_all(senders.iter_mut().map(drain));
    let others = async {
        while hall.discord.posted().len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = all => panic!("the one that hangs was not waited for"),
        () = others => {}
    }
    assert_eq!(hall.discord.calls("messages").len(), 4);
}

/// Fault 22: Discord shuts a machine out after ten thousand refusals in ten minutes; half of that is ours.
#[tokio::test]
async fn of_twenty_thousand_who_refuse_us_five_thousand_are_asked_in_ten_minutes() {
    let hall = Hall::new().await;
    told(&hall, 20_000).await;
    know_all(&hall).await;
    hall.discord.refuse("*", 50_007);
    let mut senders = senders(&hall, 5);
    let (begun, budget) = (hall.world.now(), usize::try_from(INVALID_A_WINDOW).unwrap());
    while (hall.world.now() - begun).num_minutes() < 10 {
        tick(&mut senders).await;
        // Five calls pass in an eighth of a second; once everything rests, time flies.
        let rests = hall.discord.called() >= budget;
        hall.world.clock.advance(Duration::from_millis(if rests { 10_000 } else { 125 }));
    }
    let called = hall.discord.called();
    assert!((budget..5_000).contains(&called), "{called}");
    let broken = usize::try_from(hall.world.count(BROKEN).await).unwrap();
    assert!((1..=called).contains(&broken), "{broken}");
    // The others are told when they take messages again.
    hall.discord.refuse("*", None);
    hall.world.clock.advance(Duration::from_mins(3));
    for _ in 0..5 {
        tick(&mut senders).await;
    }
    assert!(!hall.discord.posted().is_empty());
}
