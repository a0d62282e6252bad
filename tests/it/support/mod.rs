//! Servers, workers and clients for the tests.

#[path = "../../support/browser.rs"]
mod browser;
mod client;
mod gate;
#[path = "../../support/http2.rs"]
pub mod http2;
#[path = "../../support/pki.rs"]
pub mod pki;
mod server;
mod tls;

use std::time::{Duration, Instant};

pub use browser::Browser;
pub use client::{Client, Response, first_answered};
pub use gate::Gate;
pub use server::{Builder, Server, answer};
pub use tls::{Folder, TlsClient, VERSIONS, trusting, trusting_by};

/// Bound of every wait: far beyond what a healthy server needs, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` holds.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "in vain waited until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
