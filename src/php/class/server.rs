//! `RoadRunner\Server`

use ext_php_rs::{prelude::PhpResult, types::ZendStr};

use super::method;
use crate::{
    php::{
        engine,
        exception::{self, Misuse},
        local, sys,
    },
    server::{Command, Which},
};

/// Tells the server what `command` makes of the pools there are, if this is a worker.
fn tell(command: impl FnOnce(&[String]) -> PhpResult<Command>) {
    method((), || {
        if sys::rr_is_forked() {
            return Err(Misuse::Forked.into());
        }
        let command = local::with(|local| command(local.pools())).ok_or(Misuse::NotAWorker)?;
        engine::command(command?);
        Ok(())
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_server_reload(pool: *const ZendStr) {
    tell(|pools| {
        // SAFETY: a string of PHP's that the shim holds for the call, or null.
        let pool = unsafe { pool.as_ref() }.map(|pool| String::from_utf8_lossy(pool.as_bytes()).into_owned());
        if let Some(name) = pool.as_ref().filter(|name| !pools.contains(*name)) {
            let there_are = pools.join(", ");
            return Err(exception::value(format!("There is no pool \"{name}\", only {there_are}")));
        }
        Ok(Command::Reload(Which { pool, done: None }))
    });
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_server_restart() {
    tell(|_| Ok(Command::Restart));
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_server_shutdown() {
    tell(|_| Ok(Command::Shutdown));
}
