//! All integration tests in one binary: one Postgres for the process, one database for each test.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect ends there"
)]

mod architecture;
mod browser;
mod commands;
mod docs;
mod fakes;
mod faults_boards;
mod faults_postgres;
mod flow_deliver;
mod flow_kinds;
mod flow_match;
mod flow_poll;
mod fuzz_corpus;
mod migrations;
mod openings;
mod playground;
mod previews;
mod process;
mod rates;
mod recorded;
mod server;
mod world;
