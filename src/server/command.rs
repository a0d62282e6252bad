//! What a running server can be told.

use crossbeam_channel::Sender;

/// What a running server can be told.
#[derive(Clone, Debug)]
pub enum Command {
    /// Finish the requests under way, then end.
    Shutdown,
    /// Start another process like this one on the same sockets; once it serves, end as by [`Command::Shutdown`].
    Restart,
    /// Take up what has changed outside of the server: code and certificates.
    Reload(Which),
    /// Add a worker to a pool.
    Add {
        /// Its name.
        pool: String,
        /// Is told how it went; has room for that.
        done: Sender<Result<(), String>>,
    },
    /// Let a worker of a pool leave.
    Remove {
        /// Its name.
        pool: String,
        /// Is told how it went; has room for that.
        done: Sender<Result<(), String>>,
    },
}

/// What is reloaded.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// The name of a pool; `None`: all of them.
    pub pool: Option<String>,
    /// Is told how it went, once by each pool; has room for that.
    pub done: Option<Sender<Result<(), String>>>,
}
