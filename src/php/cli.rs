//! `RoadRunner\Cli`: the command `rr` in this process.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use ext_php_rs::{exception::PhpException, types::ZendHashTable};
use tracing::error;

use super::{
    class::method,
    engine::{self, c_string},
    exception::{self, Misuse},
    local,
    script::Script,
    sys,
};
use crate::{
    cli::{self, Worker, exit},
    config::Loaded,
    doctor, log,
};

/// PHP as `rr` needs it.
pub(super) struct Engine;

// === impl Engine ===

impl doctor::Php for Engine {
    fn version(&self) -> String {
        exception::text(sys::rr_php_version()).unwrap_or_default()
    }

    fn is_debug(&self) -> bool {
        sys::rr_is_debug()
    }

    fn has_extension(&self, name: &str) -> bool {
        // SAFETY: the name lives for the call, which keeps nothing of it.
        unsafe { sys::rr_has_extension(c_string(name).as_ptr()) }
    }

    fn setting(&self, name: &str) -> Option<String> {
        engine::ini(&c_string(name))
    }
}

impl cli::Php for Engine {
    fn serve(&self, loaded: Loaded, directory: &Path, worker: &Worker, serving: &dyn Fn()) -> u8 {
        let served = match (engine::foreign(), worker.path()) {
            (Some(reason), _) => Err(reason),
            (None, Err(reason)) => Err(format!("server.command {reason}")),
            (None, Ok(_)) => engine::launch(loaded, directory, &Script::of(directory, worker), serving),
        };
        match served {
            Ok(()) => exit::OK,
            Err(reason) if log::is_open() => {
                error!("Server cannot start: {reason}");
                exit::FAILURE
            }
            // The log itself could not be opened.
            Err(reason) => {
                cli::problem(&reason);
                exit::CONFIG
            }
        }
    }

    fn library(&self) -> Option<PathBuf> {
        exception::text(sys::rr_library()).and_then(|path| std::fs::canonicalize(path).ok())
    }

    fn configured(&self, name: &str) -> Option<String> {
        // SAFETY: on a PHP thread inside a request; the value is copied before it can change.
        exception::text(unsafe { sys::rr_configured(c_string(name).as_ptr()) })
    }
}

fn words(arguments: &ZendHashTable) -> Result<Vec<OsString>, PhpException> {
    let word =
        |value: &ext_php_rs::types::Zval| value.zend_str().map(|text| OsString::from_vec(text.as_bytes().to_vec()));
    arguments
        .values()
        .map(|value| word(value).ok_or_else(|| exception::type_("The arguments must be strings".to_owned())))
        .collect()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_cli(arguments: *const ZendHashTable) -> i64 {
    method(0, || {
        if sys::rr_is_forked() {
            return Err(Misuse::Forked.into());
        }
        if local::with(|_| ()).is_some() {
            return Err(exception::logic("a worker cannot run rr: start it as a process".to_owned()));
        }
        // SAFETY: the shim passes an array that it holds.
        let words = words(unsafe { &*arguments })?;
        Ok(i64::from(cli::run(&words, &Engine)))
    })
}
