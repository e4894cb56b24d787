//! The private Postgres: finds the machine's binaries, makes a cluster, keeps the server running and
//! ends it with this process.
//!
//! Never listens on TCP: only a socket in a folder that nobody else can enter.

mod cluster;
mod find;
mod server;

pub use find::{Binaries, NotFound};
pub use server::{Durability, Server};
