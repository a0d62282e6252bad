//! `RoadRunner\Locks`, `RoadRunner\HeldLock`

use std::{
    ffi::{c_char, c_int},
    time::Duration,
};

use data_encoding::HEXLOWER;
use ext_php_rs::{exception::PhpException, prelude::PhpResult, types::ZendStr};

use super::method;
use crate::{
    handoff::Blocked,
    lock::{Asked, LockError, Locks, Request, Ties},
    php::{
        exception::{self, Misuse},
        local, oversight, sys,
    },
};

/// What the shim's functions return: `RR_THROWN`, `RR_GONE`, `RR_DONE`.
const THROWN: c_int = -1;
const GONE: c_int = 0;
const DONE: c_int = 1;

/// Bytes of an id: `RR_LOCK_ID`.
const ID: usize = 32;

impl From<LockError> for PhpException {
    fn from(error: LockError) -> Self {
        match error {
            LockError::TooMany(_) | LockError::TooManyWait(_) | LockError::Untied => {
                exception::server(error.to_string())
            }
            _ => exception::value(format!("The lock cannot be taken: {error}")),
        }
    }
}

/// Calls `inside` with the locks of this server and the runs of this worker's script.
fn with<T>(inside: impl FnOnce(&Ties) -> T) -> PhpResult<T> {
    if sys::rr_is_forked() {
        return Err(Misuse::Forked.into());
    }
    local::with(|local| inside(local.ties())).ok_or(Misuse::NotAWorker.into())
}

/// Looks at a lock, or changes it, without waiting.
///
/// # Safety
///
/// `name` is a string of PHP's that is held for the call, `id` of `length` bytes or null.
unsafe fn act(
    name: *const ZendStr,
    id: *const c_char,
    length: usize,
    inside: impl FnOnce(&Locks, &[u8], Option<&[u8]>) -> bool,
) -> bool {
    method(false, || {
        // SAFETY: as promised by the caller.
        let (name, id) = unsafe { (bytes(name), super::stream::text(id, length)) };
        with(|ties| inside(ties.locks(), name, id))
    })
}

/// # Safety
///
/// It is a string of PHP's that is held for the call.
unsafe fn bytes<'a>(text: *const ZendStr) -> &'a [u8] {
    // SAFETY: as promised by the caller.
    unsafe { text.as_ref() }.map(ZendStr::as_bytes).unwrap_or_default()
}

/// A time in seconds. `None`: longer than any clock.
fn time(seconds: f64, what: &str) -> PhpResult<Option<Duration>> {
    if seconds.is_nan() || seconds < 0.0 {
        return Err(exception::value(format!("The ${what} of a lock must be 0 or greater, {seconds} given")));
    }
    Ok(Duration::try_from_secs_f64(seconds).ok())
}

/// How long a lock is kept. `None`: until it is released.
fn kept(seconds: f64) -> PhpResult<Option<Duration>> {
    // What is less than a microsecond is not for ever.
    let least = Duration::from_micros(1);
    let ttl = time(seconds, "ttl")?.filter(|_| seconds > 0.0);
    Ok(ttl.map(|ttl| ttl.max(least)))
}

fn acquire(mut request: Request<'_>, wait: Option<Duration>, tied: bool) -> PhpResult<c_int> {
    let done = |there: bool| if there { DONE } else { GONE };
    if tied {
        request.tie = Some(with(Ties::tie)?.ok_or(LockError::Untied)?);
    }
    if wait == Some(Duration::ZERO) {
        return Ok(done(with(|ties| ties.locks().take(request))??));
    }
    let wait_for = match with(|ties| ties.locks().ask(request))?? {
        Asked::Granted => return Ok(DONE),
        Asked::Wait(wait) => wait,
    };
    let patience = wait.unwrap_or(Duration::MAX);
    let blocked = local::with(|local| local.worker().block(patience, |waker| wait_for.is_settled(waker)));
    match blocked.ok_or(Misuse::NotAWorker)? {
        Blocked::Ready | Blocked::TimedOut => Ok(done(wait_for.finish())),
        Blocked::Interrupted => {
            drop(wait_for);
            Err(oversight::timeout().unwrap_or_else(|| {
                exception::server("the wait for the lock was interrupted: the server ends".to_owned())
            }))
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_lock_id(id: *mut c_char) -> bool {
    method(false, || {
        let mut random = [0; ID / 2];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| exception::server("the system gives no randomness".to_owned()))?;
        // SAFETY: the shim passes so many bytes of its own.
        HEXLOWER.encode_mut(&random, unsafe { std::slice::from_raw_parts_mut(id.cast(), ID) });
        Ok(true)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_lock_acquire(
    name: *const ZendStr,
    id: *const c_char,
    shared: bool,
    ttl: f64,
    wait: f64,
    tied: bool,
) -> c_int {
    method(THROWN, || {
        // SAFETY: the shim passes a string that it holds, and an id of its own.
        let (name, id) = unsafe { (bytes(name), std::slice::from_raw_parts(id.cast(), ID)) };
        let request = Request { name, id, shared, ttl: kept(ttl)?, tie: None };
        acquire(request, time(wait, "wait")?, tied)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_lock_release(name: *const ZendStr, id: *const c_char, length: usize) -> bool {
    // SAFETY: the shim passes strings that it holds.
    unsafe { act(name, id, length, |locks, name, id| id.is_some_and(|id| locks.release(name, id))) }
}

/// Releases a lock behind a function that was called with it. In a fork of the worker nothing: it is the worker's.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_lock_leave(name: *const ZendStr, id: *const c_char) {
    // SAFETY: the shim passes a string that it holds, and an id of its own.
    let (name, id) = unsafe { (bytes(name), std::slice::from_raw_parts(id.cast(), ID)) };
    local::guarded(|| {
        local::with(|local| local.ties().locks().release(name, id));
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_lock_force_release(name: *const ZendStr) -> bool {
    // SAFETY: as above.
    unsafe { act(name, std::ptr::null(), 0, |locks, name, _| locks.force_release(name)) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_lock_exists(name: *const ZendStr, id: *const c_char, length: usize) -> bool {
    // SAFETY: as above.
    unsafe { act(name, id, length, Locks::exists) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_lock_extend(name: *const ZendStr, id: *const ZendStr, ttl: f64) -> bool {
    method(false, || {
        // SAFETY: as above.
        let (name, id) = unsafe { (bytes(name), bytes(id)) };
        let ttl = kept(ttl)?;
        with(|ties| ties.locks().update(name, id, ttl))
    })
}
