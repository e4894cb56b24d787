//! All integration tests in one binary: one Postgres for the process, one database for each test.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect ends there"
)]

mod architecture;
mod ask;
mod billing;
mod billing_limits;
mod billing_mail;
mod billing_orders;
mod billing_stripe;
mod browser;
mod channel_filters;
mod commands;
mod discord_choices;
mod discord_closed;
mod discord_door;
mod discord_gateway;
mod discord_limits;
mod discord_people;
mod discord_process;
mod discord_send;
mod docs;
#[cfg(feature = "chaos")]
mod failpoints;
mod fakes;
mod far;
mod faults_addresses;
mod faults_answers;
mod faults_boards;
mod faults_bodies;
mod faults_database;
mod faults_dns;
mod faults_feeds;
mod faults_leases;
mod faults_mail;
mod faults_polling;
mod faults_postgres;
mod faults_redirects;
mod faults_replicas;
mod faults_rolling;
mod faults_sessions;
mod faults_slow_database;
mod faults_versions;
mod faults_xml;
mod flow_address;
mod flow_at_once;
mod flow_backlog;
mod flow_deliver;
mod flow_details;
mod flow_doubt;
mod flow_edits;
mod flow_email;
mod flow_given_up;
mod flow_joining;
mod flow_kinds;
mod flow_match;
mod flow_openings;
mod flow_parts;
mod flow_poll;
mod flow_quiet;
mod flow_sweep;
mod flow_when;
mod fuzz_corpus;
mod hall;
mod keys;
mod migrations;
mod office;
mod openings;
mod own_boards;
mod playground;
mod post;
mod previews;
mod process;
mod rates;
mod recorded;
mod server;
mod site;
mod slack_channels;
mod slack_door;
mod slack_faults;
mod slack_first;
mod slack_forms;
mod slack_install;
mod slack_manifest;
mod slack_reasons;
mod slack_send;
mod slack_socket;
mod slack_tokens;
mod till;
mod world;
