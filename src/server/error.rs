//! Why a server did not come to run.

use super::IdentityError;
use crate::{http, metrics, net::BindError, rpc, tls, trace};

/// Why a server did not come to run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address cannot be used.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A certificate, or a key, cannot be used.
    #[error("http.ssl: {0}")]
    Tls(#[from] tls::Error),
    /// A directory of files is not there.
    #[error(transparent)]
    Files(#[from] http::NoDirectory),
    /// The process cannot become the user that it is to be.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The command that runs before the workers failed.
    #[error("{0}")]
    OnInit(String),
    /// Calls from outside cannot be taken.
    #[error(transparent)]
    Rpc(#[from] rpc::ListenError),
    /// A metric of the configuration cannot be declared.
    #[error("metrics.collect: {0}")]
    Metric(#[from] metrics::Error),
    /// Traces cannot be sent.
    #[error(transparent)]
    Traces(trace::Error),
    /// The system gives no threads.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The script ends before its first wait, again and again.
    #[error("the worker script never came to wait for a request: see the log entries above")]
    Boot,
    /// The script takes too long to its first wait.
    #[error("no worker came to wait for a request within {0} seconds")]
    BootTimeout(u64),
}
