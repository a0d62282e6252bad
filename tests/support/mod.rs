//! Servers and clients for the tests.

pub mod browser;
pub mod client;
pub mod generation;
pub mod handoff;
pub mod http2;
pub mod load;
pub mod opcache;
pub mod pki;
pub mod server;
pub mod site;
pub mod stopped;
pub mod storm;

#[allow(unused_imports, reason = "not every test binary uses all of them")]
pub use browser::Browser;
pub use client::{Client, get};
#[allow(unused_imports, reason = "not every test binary uses all of them")]
pub use load::Load;
#[allow(unused_imports, reason = "not every test binary uses all of them")]
pub use server::{Mode, Server, descriptors, signal};

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// Bound of every wait: far beyond what a healthy server needs, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Sends `count` requests at the same time and gives the texts of their answers. A worker that works on for a while
/// after its answer takes only one of them.
pub fn at_once(address: SocketAddr, target: &str, count: usize) -> Vec<String> {
    let ask = || {
        let target = target.to_owned();
        std::thread::spawn(move || get(address, &target).text())
    };
    let asked: Vec<_> = (0..count).map(|_| ask()).collect();
    asked.into_iter().map(|answer| answer.join().expect("an answer")).collect()
}

/// Waits until `condition` holds.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "in vain waited until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
