//! The small process above the server's, of `rr serve`.
//!
//! It holds the listening sockets, so that connections wait instead of being refused while the server's process is
//! started anew; it starts that process, after a crash again, passes signals on to it, and has another one take over when
//! the generation changes. It runs no script and has one thread.

mod child;
mod pause;
mod state;

use std::{ffi::OsString, time::Duration};

use tracing::{error, info};

use crate::{
    net::{self, Bound, Endpoint, Inherited},
    process::Signals,
    server::{Relay, add_from_manager},
};
use state::State;

/// What the parent runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Command line of the server's process; the first word is the path of the program. Not empty.
    pub command: Vec<OsString>,
    /// Environment added for it, as name and value.
    pub env: Vec<(OsString, OsString)>,
    /// Where the server listens.
    pub endpoints: Vec<Endpoint>,
    /// Longest time for a successor to become ready, from the start of its process.
    pub boot: Duration,
    /// Longest time that the server may take to end once it was told to. It is killed soon after.
    pub grace: Duration,
}

/// Runs the server until it ends. Returns the exit code: that of the server's process, 128 and the number of the signal
/// that has ended it, or 1 when this process can do nothing.
///
/// Meant for a process with one thread: signals are blocked, for good, and every child that ends is waited for.
pub fn run(options: &Options) -> u8 {
    let mut inherited = Inherited::default();
    add_from_manager(&mut inherited);
    let opened = Bound::adopt(&options.endpoints, net::reactors(), inherited).and_then(|bound| {
        bound.open()?;
        Ok(bound)
    });
    let bound = match opened {
        Ok(bound) => bound,
        Err(error) => {
            error!("Server cannot start: {error}");
            return 1;
        }
    };
    let signals = match Signals::collect(&state::SIGNALS) {
        Ok(signals) => signals,
        Err(error) => {
            error!(%error, "Signals cannot be waited for");
            return 1;
        }
    };
    for address in bound.addresses() {
        info!("Listening on {address}");
    }
    State::new(options, bound, signals, Relay::find()).run()
}
