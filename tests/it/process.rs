//! The binary itself: started, killed, started again.

mod billing;
pub mod binary;
mod commands;
#[cfg(target_os = "linux")]
mod memory;
mod private_postgres;
mod slack;

use binary::{Home, until};

use crate::fakes::board::{FakeBoard, Item};

#[tokio::test(flavor = "multi_thread")]
async fn try_once_shows_a_card_of_each_filter_from_an_empty_folder() {
    let home = Home::new();
    let ended = home.start(&["try", "--once"]).wait().await;
    assert!(ended.success, "{}", ended.stderr);
    for filter in ["\"Remote Rust\"", "\"Design, no internships\"", "\"Python from $80k\""] {
        assert!(ended.stdout.contains(filter), "{filter} has no card:\n{}", ended.stdout);
    }
    let cards = ended.stdout.matches("posted → seen ").count();
    assert!(cards >= 3 && ended.stdout.matches(" → delivered ").count() == cards);
    assert!(ended.stderr.contains("95 % within"), "{}", ended.stderr);
    assert_eq!(std::fs::read_dir(home.folder()).unwrap().count(), 0, "the folder stays empty");
}

/// Kills the process, then its Postgres, while postings stream in, the last time many at once: every one
/// is told, and nothing twice but what was in flight.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_try_starts_again_and_loses_nothing() {
    // So few are told at once; of more, the rest waits for its minute.
    const FEW: usize = 2;
    const MANY: usize = 6;
    let board = FakeBoard::start().await;
    let home = Home::new().with_board(&board.url);
    let mut titles: Vec<String> = Vec::new();
    let show_more = |titles: &mut Vec<String>, more: usize| {
        for _ in 0..more {
            titles.push(format!("Remote Rust job {}.", titles.len()));
        }
        let items: Vec<Item<'_>> = titles.iter().rev().map(|title| Item::titled(title)).collect();
        board.show(&items);
    };
    let mut running = home.start(&["try"]);
    until("the first poll", || board.requests().len() > 1).await;
    for (step, more) in [FEW, FEW, MANY].into_iter().enumerate() {
        show_more(&mut titles, more);
        let newest = titles.last().unwrap().clone();
        match step {
            // Without waiting: whatever stage it is in.
            0 => {
                let asked = board.requests().len();
                until("a poll", || board.requests().len() > asked).await;
                running.kill();
                running = home.start(&["try"]);
            }
            1 => {
                let server = home.postgres_pid();
                until("the card", || home.stdout().contains(&newest)).await;
                rustix::process::kill_process(server, rustix::process::Signal::KILL).unwrap();
                until("another server", || {
                    home.postgres_pid_if_any().is_some_and(|pid| pid != server)
                })
                .await;
            }
            _ => {
                let told = |title: &String| home.stdout().contains(title);
                until("a card", || titles[2 * FEW..].iter().any(told)).await;
                running.kill();
                show_more(&mut titles, MANY);
                running = home.start(&["try"]);
            }
        }
        let newest = titles.last().unwrap();
        until("the newest card", || home.stdout().contains(newest)).await;
    }
    let ended = running.terminate().await;
    assert!(ended.success, "{}", ended.stderr);
    let shown = home.stdout();
    // The first of many at once are cards, the others items of a list.
    let is_of = |line: &str, title: &str| line.trim_start_matches("- ").starts_with(title);
    let times = |title: &String| shown.lines().filter(|line| is_of(line, title)).count();
    let lost: Vec<_> = titles.iter().filter(|title| times(title) == 0).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let doubled = titles.iter().filter(|title| times(title) > 1).count();
    // Many at once are one message.
    assert!(doubled <= 3 * MANY, "one message in flight at each of three kills, not {doubled}");
    let often: Vec<_> = titles.iter().filter(|title| times(title) > 2).collect();
    assert!(often.is_empty(), "each kill meets another message: {often:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_that_cannot_be_reached_is_reported_and_stops_nothing() {
    let gone = "http://127.0.0.1:9/feed".parse().unwrap();
    let home = Home::new().with_board(&gone);
    let running = home.start(&["try"]);
    until("the reason", || home.stderr().contains("cannot be reached")).await;
    until("a card all the same", || home.stdout().contains(" → delivered ")).await;
    assert!(running.terminate().await.success);
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_runs_on_the_given_database_and_ends_on_sigterm() {
    let database = crate::server::TestDatabase::empty().await;
    let board = FakeBoard::start().await;
    let home = Home::new().with_board(&board.url).with_database(&database.url());
    let migrated = home.start(&["migrate"]).wait().await;
    assert!(migrated.success, "{}", migrated.stderr);
    let running = home.start(&["serve"]);
    until("a poll", || !board.requests().is_empty()).await;
    let ended = running.terminate().await;
    assert!(ended.success, "{}", ended.stderr);
    assert!(!home.data().exists(), "no private server was made");
}
