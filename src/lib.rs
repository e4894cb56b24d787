//! earlybrd: watches job boards and tells people about new postings in the chat they already use.

pub mod app;
pub mod boards;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod console;
pub mod db;
pub mod domain;
pub mod email;
pub mod filter_lang;
pub mod http;
pub mod mail;
pub mod matching;
pub mod messenger;
pub mod normalize;
pub mod playground;
pub mod postgres;
pub mod render;
pub mod sample_board;
pub mod schedule;
pub mod secrets;
pub mod telemetry;
pub mod web;
pub mod worker;
pub mod workers;
