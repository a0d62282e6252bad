//! The body of a `RoadRunner\Http\Request`: whole, or as a stream (`shim/body.c`).

use std::{
    ffi::{c_char, c_int, c_void},
    time::Duration,
};

use ext_php_rs::{exception::PhpException, prelude::PhpResult};
use http::{StatusCode, header};

use super::{method, request};
use crate::{
    handoff::{Blocked, Read},
    http::{Beyond, BodyError, Request, Spilled},
    php::{
        exception::{self, Misuse},
        local::{self, Exchange},
        oversight,
    },
};

/// What the shim's functions return: `RR_BODY_THROWN`, `RR_BODY_LENT`, `RR_BODY_ON_DISK`.
const THROWN: c_int = -1;
const LENT: c_int = 0;
const ON_DISK: c_int = 1;

/// Why a read gave nothing: `RR_READ_THROWN`, `RR_READ_TIMED_OUT`.
pub(super) const READ_THROWN: isize = -1;
pub(super) const READ_TIMED_OUT: isize = -2;

/// Waits until the body of a request is whole, and a form with files taken apart.
pub(super) fn whole(exchange: &Exchange) -> PhpResult<()> {
    let collected = exchange.with(|request| match request.beyond.as_deref() {
        None | Some(Beyond::Disk(_)) => Ok(None),
        Some(Beyond::Arriving(arrival)) if !arrival.is_read() => {
            local::with(|local| local.worker().collect(arrival)).map(Some).ok_or(Misuse::NotAWorker.into())
        }
        Some(Beyond::Arriving(_) | Beyond::Spent) => Err(Misuse::BodyTaken.into()),
        Some(Beyond::Failed(error)) => Err(failure(*error)),
    })??;
    match collected {
        None => Ok(()),
        Some(Blocked::Interrupted) => Err(interrupted()),
        Some(Blocked::Ready | Blocked::TimedOut) => settle(exchange)?.map_or(Ok(()), |error| Err(failure(error))),
    }
}

/// Takes what a body has ended with. Returns why it did not arrive, if it did not.
fn settle(exchange: &Exchange) -> PhpResult<Option<BodyError>> {
    Ok(exchange.with_mut(|request| {
        let Some(Beyond::Arriving(arrival)) = request.beyond.as_deref() else { return None };
        let read = arrival.is_read();
        match arrival.take_end().unwrap_or(Err(BodyError::Broken)) {
            Ok(received) => {
                request.take(received);
                if read {
                    request.beyond = Some(Box::new(Beyond::Spent));
                }
                None
            }
            Err(error) => {
                request.beyond = Some(Box::new(Beyond::Failed(error)));
                Some(error)
            }
        }
    })?)
}

/// What PHP hears of a body that did not arrive.
fn failure(error: BodyError) -> PhpException {
    let status = match error {
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TimedOut => StatusCode::REQUEST_TIMEOUT,
        BodyError::Malformed(_) | BodyError::Undecodable => StatusCode::BAD_REQUEST,
        BodyError::Broken => {
            // The answer of a request that took too long ends what it reads.
            if let Some(timeout) = oversight::timeout() {
                return timeout;
            }
            return exception::client_gone("the client has gone: the request body broke off".to_owned());
        }
        BodyError::Unwritten => return exception::server(error.to_string()),
    };
    exception::bad_request(status.as_u16(), &error.to_string())
}

fn interrupted() -> PhpException {
    if let Some(timeout) = oversight::timeout() {
        return timeout;
    }
    exception::server("the wait for the request body was interrupted: the server ends".to_owned())
}

fn is_form(request: &Request) -> bool {
    let media_type = request.head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// Shows the body, once it is whole: its text, or its length if it is on disk. `form`: nothing, if it is no form.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_body_view(
    exchange: *mut c_void,
    form: bool,
    text: *mut *const c_char,
    length: *mut usize,
) -> c_int {
    method(THROWN, || {
        // SAFETY: the shim passes a living object's native part.
        let exchange = unsafe { request::exchange(exchange) }?;
        whole(exchange)?;
        let (shown, place) = exchange.with(|request| match request.beyond.as_deref() {
            _ if form && !is_form(request) => ((c"".as_ptr().cast(), 0), LENT),
            Some(Beyond::Disk(spilled)) => ((c"".as_ptr().cast(), size(spilled)), ON_DISK),
            _ => ((request.body.as_ptr(), request.body.len()), LENT),
        })?;
        // SAFETY: places of the shim's.
        unsafe { request::lend(shown, text, length) };
        Ok(place)
    })
}

fn size(spilled: &Spilled) -> usize {
    usize::try_from(spilled.length()).unwrap_or(usize::MAX)
}

/// Reads a body that is on disk, all of it.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_body_copy(exchange: *mut c_void, to: *mut c_char, length: usize) -> bool {
    method(false, || {
        // SAFETY: the shim passes a living object's native part, and memory of its own that it has zeroed.
        let (exchange, buffer) =
            unsafe { (request::exchange(exchange)?, std::slice::from_raw_parts_mut(to.cast::<u8>(), length)) };
        let mut position = 0;
        while position < length {
            match kept(exchange, &mut buffer[position..], position as u64)? {
                0 => {
                    return Err(exception::server(
                        "the request body cannot be read from disk: it has been cut".to_owned(),
                    ));
                }
                read => position += read,
            }
        }
        Ok(true)
    })
}

/// Reads some of a body that has arrived.
fn kept(exchange: &Exchange, buffer: &mut [u8], position: u64) -> PhpResult<usize> {
    exchange.with(|request| {
        if let Some(Beyond::Disk(spilled)) = request.beyond.as_deref() {
            let read = spilled.read_at(buffer, position);
            return read
                .map_err(|error| exception::server(format!("the request body cannot be read from disk: {error}")));
        }
        let rest = usize::try_from(position).ok().and_then(|position| request.body.get(position..)).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    })?
}

/// Begins to read a body as a stream. `arriving`: it cannot be read twice; else `length` is that of the body.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_body_open(exchange: *mut c_void, arriving: *mut bool, length: *mut u64) -> bool {
    method(false, || {
        // SAFETY: the shim passes a living object's native part.
        let exchange = unsafe { request::exchange(exchange) }?;
        let (still, bytes) = open(exchange)?;
        // SAFETY: places of the shim's.
        unsafe { (*arriving, *length) = (still, bytes) };
        Ok(true)
    })
}

/// Says that the body is read piece by piece. Returns whether it still arrives; its length, if it does not.
pub(super) fn open(exchange: &Exchange) -> PhpResult<(bool, u64)> {
    exchange.with(|request| match request.beyond.as_deref() {
        None => Ok((false, request.body.len() as u64)),
        Some(Beyond::Disk(spilled)) => Ok((false, spilled.length())),
        Some(Beyond::Arriving(arrival)) if arrival.begin() => Ok((true, 0)),
        Some(Beyond::Arriving(_) | Beyond::Spent) => Err(Misuse::BodyTaken.into()),
        Some(Beyond::Failed(error)) => Err(failure(*error)),
    })?
}

/// Reads some bytes, of a body that has arrived from `position` on. One that arrives is waited for, but not longer than
/// `patience` microseconds, if that is not negative. `over` is set once nothing more comes.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_body_read(
    exchange: *mut c_void,
    arriving: bool,
    position: u64,
    to: *mut c_char,
    length: usize,
    patience: i64,
    over: *mut bool,
) -> isize {
    method(READ_THROWN, || {
        // SAFETY: the shim passes a share of a request, the buffer of a stream of PHP's, and a place of its own.
        let (exchange, buffer) =
            unsafe { (request::exchange(exchange)?, std::slice::from_raw_parts_mut(to.cast::<u8>(), length)) };
        let (read, ended) = some(exchange, arriving, position, buffer, self::patience(patience))?;
        // SAFETY: as above.
        unsafe { *over = ended };
        Ok(read)
    })
}

/// A time to wait in microseconds; negative: for ever.
pub(super) fn patience(microseconds: i64) -> Duration {
    u64::try_from(microseconds).map_or(Duration::MAX, Duration::from_micros)
}

/// Reads some of a body, which is `arriving` or has arrived. The second value: nothing more comes.
pub(super) fn some(
    exchange: &Exchange,
    arriving: bool,
    position: u64,
    buffer: &mut [u8],
    patience: Duration,
) -> PhpResult<(isize, bool)> {
    if arriving {
        return arriving_piece(exchange, buffer, patience);
    }
    let read = kept(exchange, buffer, position)?;
    Ok((isize::try_from(read).unwrap_or(isize::MAX), read == 0))
}

/// Reads some of a body that arrives. The second value: nothing more comes.
fn arriving_piece(exchange: &Exchange, buffer: &mut [u8], patience: Duration) -> PhpResult<(isize, bool)> {
    if buffer.is_empty() {
        return Ok((0, false));
    }
    let read = exchange.with(|request| match request.beyond.as_deref() {
        Some(Beyond::Arriving(arrival)) => {
            let read = local::with(|local| local.worker().read(arrival, buffer, patience)).ok_or(Misuse::NotAWorker)?;
            Ok(Some((read, arrival.is_spent())))
        }
        Some(Beyond::Failed(error)) => Err(failure(*error)),
        _ => Ok(None),
    })??;
    match read {
        None => Ok((0, true)),
        Some((Read::Bytes(length), spent)) => {
            // An error is thrown by the next read.
            let whole = spent && settle(exchange)?.is_none();
            Ok((isize::try_from(length).unwrap_or(isize::MAX), whole))
        }
        Some((Read::Ended, _)) => settle(exchange)?.map_or(Ok((0, true)), |error| Err(failure(error))),
        Some((Read::TimedOut, _)) => Ok((READ_TIMED_OUT, false)),
        Some((Read::Interrupted, _)) => Err(interrupted()),
    }
}
