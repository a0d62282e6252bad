//! `RoadRunner\Worker`

use std::{
    ffi::{c_char, c_void},
    ptr,
    rc::Rc,
};

use ext_php_rs::types::ZendHashTable;

use super::{answer, method, request};
use crate::{
    handoff::Leave,
    http,
    php::{
        engine,
        exception::Misuse,
        local::{self, Local, Waited},
        sys,
    },
    pool::Reason,
};

#[unsafe(no_mangle)]
extern "C" fn rr_rs_serve() {
    method((), engine::serve);
}

/// Waits for a request. `called`: it is a call that is to be answered.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_wait(called: *mut bool) -> *mut c_void {
    method(ptr::null_mut(), || {
        Ok(match local::with(Local::wait) {
            Some(Waited::Request(exchange)) => Rc::into_raw(exchange).cast_mut().cast(),
            Some(Waited::Call) => {
                // SAFETY: the shim passes a variable of its own.
                unsafe { *called = true };
                ptr::null_mut()
            }
            Some(Waited::Leave) | None => ptr::null_mut(),
        })
    })
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_stop() {
    method((), || {
        local::with(|local| local.worker().leave(Leave::Recycle, Reason::Asked))
            .ok_or_else(|| Misuse::NotAWorker.into())
    });
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_is_stopping() -> bool {
    method(false, || Ok(local::with(|local| local.worker().is_leaving()).unwrap_or(false)))
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Answers the request of `exchange`, or, if that is null, the one received last.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_respond(
    exchange: *mut c_void,
    status: i64,
    body: *const c_char,
    length: usize,
    json: bool,
    headers: *const ZendHashTable,
) -> bool {
    method(false, || {
        if sys::rr_is_forked() {
            return Err(Misuse::Forked.into());
        }
        // SAFETY: the shim passes a PHP string that it holds, and an array that it holds or null.
        let (body, headers) = unsafe { (std::slice::from_raw_parts(body.cast::<u8>(), length), headers.as_ref()) };
        let answer = answer::build(status, http::copied(body), json, headers)?;
        if exchange.is_null() {
            let current = local::with(Local::current).ok_or(Misuse::NotAWorker)?.ok_or(Misuse::NoRequest)?;
            return Ok(local::answer(&current, answer)?);
        }
        // SAFETY: the shim passes the native part of a living object.
        Ok(local::answer(unsafe { request::exchange(exchange) }?, answer)?)
    })
}
