//! Servers and clients for the tests.

pub mod client;
pub mod opcache;
pub mod server;
pub mod storm;

pub use client::{Client, get, post};
pub use server::{Mode, Server};

use std::time::{Duration, Instant};

/// Bound of every wait: far beyond what a healthy server needs, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` holds.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "in vain waited until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
