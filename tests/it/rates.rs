//! Exchange rates of the day, from the file to the filters that they decide.

use std::time::Duration;

use chrono::TimeDelta;
use earlybrd::http::for_operator;
use earlybrd::worker::Worker;
use earlybrd::workers::match_postings::MatchPostings;
use earlybrd::workers::refresh_rates::RefreshRates;

use crate::fakes::board::{FakeBoard, Item};
use crate::world::{World, drain};

const OWED: &str = "SELECT count(*) FROM owed";
const NEWEST: &str = "SELECT count(*) FROM exchange_rates WHERE as_of > '2025-06-30'";

const OTHERS: [&str; 20] = [
    "JPY", "CZK", "DKK", "GBP", "HUF", "PLN", "RON", "SEK", "CHF", "NOK", "TRY", "AUD", "BRL",
    "CAD", "CNY", "HKD", "IDR", "INR", "MXN", "ZAR",
];

/// The file of a day, some days ago, on which a euro bought so many dollars. Others move with it.
async fn file(world: &World, days_ago: i64, dollars: f64) -> String {
    let known = earlybrd::db::rates::newest(&world.pool).await.unwrap();
    let per_usd = |name: &str| -> f64 {
        let rate = known.each().find(|(currency, _)| currency.code() == name).unwrap().1;
        rate.to_string().parse().unwrap()
    };
    let line = |name: &str, rate: f64| format!("<Cube currency='{name}' rate='{rate}'/>");
    let others = OTHERS.iter().map(|name| line(name, per_usd(name) * dollars));
    let day = world.now().date_naive() - TimeDelta::days(days_ago);
    let lines: String = [line("USD", dollars)].into_iter().chain(others).collect();
    format!("<Envelope><Cube><Cube time='{day}'>{lines}</Cube></Cube></Envelope>")
}

fn worker(world: &World, bank: &FakeBoard) -> RefreshRates {
    let client = for_operator("test").unwrap();
    RefreshRates { base: world.base(), client, url: bank.url.clone(), next: world.now() }
}

fn job(name: &str) -> Item<'_> {
    Item { body: "Salary: €90,000 per year", ..Item::titled(name) }
}

#[tokio::test]
async fn new_rates_decide_from_then_on_without_a_restart() {
    let world = World::new().await;
    let (board, bank) = (FakeBoard::start().await, FakeBoard::start().await);
    let person = world.person("ann").await;
    world.filter(person, "cook pay>=$100k/yr!").await;
    world.board("kitchens", &board.url).await;
    world.poll().await;
    let mut matcher = MatchPostings::new(world.base());
    board.show(&[job("Cook 1")]);
    world.poll_again().await;
    drain(&mut matcher).await;
    assert_eq!(world.count(OWED).await, 1, "€90k was more than $100k");
    bank.body(file(&world, 0, 1.0).await);
    worker(&world, &bank).tick().await.unwrap();
    assert_eq!(world.count(NEWEST).await, 22);
    board.show(&[job("Cook 2"), job("Cook 1")]);
    world.poll_again().await;
    drain(&mut matcher).await;
    assert_eq!(world.count(OWED).await, 1, "€90k is no more than $90k today");
}

#[tokio::test]
async fn a_stale_or_odd_file_changes_nothing() {
    let world = World::new().await;
    let bank = FakeBoard::start().await;
    let good = file(&world, 0, 1.1).await;
    for wrong in [
        file(&world, -1, 1.1).await,
        file(&world, 8, 1.1).await,
        file(&world, 0, 2.6).await,
        good[..good.len() / 3].to_owned(),
        "<!doctype html><title>Maintenance</title>".to_owned(),
        String::new(),
        format!("{good}{}", " ".repeat(300_000)),
    ] {
        bank.body(wrong);
        worker(&world, &bank).tick().await.unwrap();
        assert_eq!(world.count(NEWEST).await, 0);
    }
    bank.status(503, &[]);
    worker(&world, &bank).tick().await.unwrap();
    assert_eq!(world.count(NEWEST).await, 0);
    bank.body(good);
    worker(&world, &bank).tick().await.unwrap();
    assert_eq!(world.count(NEWEST).await, 22);
}

#[tokio::test]
async fn the_bank_is_asked_every_three_hours_until_the_day_is_there() {
    let world = World::new().await;
    let bank = FakeBoard::start().await;
    bank.body(file(&world, 2, 1.1).await);
    let mut worker = worker(&world, &bank);
    for asked in [1, 1, 2] {
        worker.tick().await.unwrap();
        assert_eq!(bank.addresses().len(), asked);
        world.clock.advance(Duration::from_mins(100));
    }
    bank.body(file(&world, 0, 1.1).await);
    world.clock.advance(Duration::from_hours(3));
    for _ in 0..3 {
        worker.tick().await.unwrap();
        assert_eq!(bank.addresses().len(), 3);
        world.clock.advance(Duration::from_mins(30));
    }
}
