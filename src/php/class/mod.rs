//! What the methods of the PHP classes do (`shim/class.c` has their arguments): convert, call the room, throw.

pub(super) mod answer;
mod body;
mod cache;
mod channel;
mod file;
mod lock;
mod metrics;
pub(super) mod parts;
mod request;
mod rpc;
mod server;
mod stream;
mod tls;
mod upload;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};

use ext_php_rs::{
    exception::{PhpException, PhpResult},
    types::{ZendStr, Zval},
};

use super::exception;

/// Runs a method: its error, or a panic, becomes a PHP exception and `otherwise` its value.
pub(super) fn method<T>(otherwise: T, inside: impl FnOnce() -> PhpResult<T>) -> T {
    let result = catch_unwind(AssertUnwindSafe(inside));
    result.unwrap_or_else(|_| Err(exception::internal())).unwrap_or_else(|error| {
        PhpException::throw(error);
        otherwise
    })
}

/// A PHP string of exactly these bytes.
fn string(bytes: &[u8]) -> Zval {
    let mut value = Zval::new();
    value.set_zend_string(ZendStr::new(bytes, false));
    value
}
