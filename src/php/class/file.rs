//! Files as answers.

use std::{
    ffi::{OsStr, c_char, c_void},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use ext_php_rs::types::{ZendHashTable, Zval};

use super::{answer, method, request, string};
use crate::{
    http::{Opened, Unusable, disposition},
    php::{
        exception::{self, Misuse},
        local, sys,
    },
};

/// Answers the request of `exchange`, or, if that is null, the one received last, by the file at a path.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_send_file(
    exchange: *mut c_void,
    path: *const c_char,
    length: usize,
    headers: *const ZendHashTable,
) -> bool {
    method(false, || {
        if sys::rr_is_forked() {
            return Err(Misuse::Forked.into());
        }
        // SAFETY: the shim passes a path that it holds, and an array that it holds or null.
        let (path, headers) = unsafe { (std::slice::from_raw_parts(path.cast::<u8>(), length), headers.as_ref()) };
        let path = Path::new(OsStr::from_bytes(path));
        let answer = answer::head(200, headers)?;
        // SAFETY: the shim passes the native part of a living object, or null.
        let exchange = unsafe { request::answerable(exchange) }?;
        // A disk may have to be waited for.
        local::with(|local| local.worker().yield_role());
        let opened = Opened::open(path);
        let replied = exchange.with(|request| opened.and_then(|opened| opened.reply(&request.head, answer)))?;
        match replied {
            Ok(answer) => Ok(local::with(|local| local.give(&exchange, answer)).ok_or(Misuse::NotAWorker)??),
            Err(Unusable::Headers(many)) => Err(answer::too_many(many)),
            Err(error) => Err(exception::file(format!("cannot send {}: {error}", path.display()))),
        }
    })
}

/// Makes the value of `content-disposition` for a name.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_disposition(name: *const c_char, length: usize, is_inline: bool, place: *mut Zval) -> bool {
    method(false, || {
        // SAFETY: the shim passes a string that it holds.
        let name = unsafe { std::slice::from_raw_parts(name.cast::<u8>(), length) };
        let value = std::str::from_utf8(name).ok().and_then(|name| disposition(name, is_inline)).ok_or_else(|| {
            let message =
                format!("{} is no name for a file: UTF-8 without slashes and control characters", answer::quoted(name));
            exception::value(message)
        })?;
        // SAFETY: a place of the shim's.
        unsafe { place.write(string(value.as_bytes())) };
        Ok(true)
    })
}
