//! The small process above the server's.

use std::{ffi::OsString, net::SocketAddr, time::Duration};

use tracing::error;

use crate::program;

/// What the parent runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Command line of the server's process; the first word is the program. Not empty.
    pub command: Vec<OsString>,
    /// Environment added for it, as name and value.
    pub env: Vec<(OsString, OsString)>,
    /// Where the server listens.
    pub addresses: Vec<SocketAddr>,
    /// Longest time that the server may take to end once it was told to.
    pub grace: Duration,
}

/// Runs the server until it ends. Returns the exit code.
pub fn run(options: &Options) -> u8 {
    let variables = program::environment().into_iter().chain(options.env.clone()).collect();
    let failure = program::exec(&options.command, variables);
    error!(error = %failure, "Cannot start the server's process");
    1
}
