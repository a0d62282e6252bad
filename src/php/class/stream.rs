//! `RoadRunner\Http\ResponseStream` and `RoadRunner\Http\ServerSentEvents`, and the bodies that `respond()` streams.

use std::{
    ffi::{c_char, c_int, c_void},
    rc::Rc,
};

use ext_php_rs::{
    exception::PhpException,
    types::{ZendHashTable, ZendStr},
};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName},
};

use super::{answer, channel::names_of, method, request};
use crate::{
    channel::{self, Event, Form, Lines},
    php::{
        exception::{self, Misuse},
        local::{self, Started, Wrote},
        sys,
    },
};

/// What the shim's functions return: `RR_GONE`, `RR_DONE`, `RR_THROWN`, `RR_NO_BODY`.
const GONE: c_int = 0;
const DONE: c_int = 1;
const THROWN: c_int = -1;
const NO_BODY: c_int = 2;

/// Headers of a stream of events, unless the script gives its own.
const EVENTS: [(HeaderName, HeaderValue); 3] = [
    (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // nginx would hold events back.
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];

/// Starts the answer of `exchange`, or, if that is null, of the request received last. `share` gets what the object that
/// shows the stream is to hold.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_stream_start(
    exchange: *mut c_void,
    status: i64,
    headers: *const ZendHashTable,
    events: bool,
    share: *mut *mut c_void,
) -> c_int {
    method(THROWN, || {
        if sys::rr_is_forked() {
            return Err(Misuse::Forked.into());
        }
        // SAFETY: the shim passes an array that it holds, or null.
        let mut answer = answer::head(status, unsafe { headers.as_ref() })?;
        if events {
            for (name, value) in EVENTS {
                if !answer.has(&name) {
                    answer.append(name, value).map_err(answer::too_many)?;
                }
            }
        }
        // SAFETY: the shim passes the native part of a living object, or null.
        let exchange = unsafe { request::answerable(exchange) }?;
        let started = local::with(|local| local.start(&exchange, answer)).ok_or(Misuse::NotAWorker)??;
        // SAFETY: a place of the shim's.
        unsafe { *share = Rc::into_raw(exchange).cast_mut().cast() };
        Ok(match started {
            Started::Streaming => DONE,
            Started::WithoutBody => NO_BODY,
            Started::Gone => GONE,
        })
    })
}

/// Writes to the stream of a living object.
///
/// # Safety
///
/// `exchange` is the native part of a living object; `bytes` are valid for `length`.
unsafe fn write(exchange: *mut c_void, bytes: *const c_char, length: usize, waits: bool) -> c_int {
    method(THROWN, || {
        // SAFETY: as promised by the caller.
        let (exchange, bytes) =
            unsafe { (request::exchange(exchange)?, std::slice::from_raw_parts(bytes.cast::<u8>(), length)) };
        let wrote = local::with(|local| local.write(exchange, bytes, waits)).ok_or(Misuse::NotAWorker)??;
        Ok(if wrote == Wrote::Yes { DONE } else { GONE })
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_stream_write(exchange: *mut c_void, bytes: *const c_char, length: usize) -> c_int {
    // SAFETY: the shim passes a living object's native part and a string that it holds.
    unsafe { write(exchange, bytes, length, true) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_stream_try_write(exchange: *mut c_void, bytes: *const c_char, length: usize) -> c_int {
    // SAFETY: as above.
    unsafe { write(exchange, bytes, length, false) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_stream_is_open(exchange: *mut c_void) -> bool {
    // SAFETY: the shim passes a living object's native part.
    method(false, || Ok(unsafe { request::exchange(exchange) }?.is_streaming()))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_stream_end(exchange: *mut c_void, trailers: *const ZendHashTable) -> bool {
    method(false, || {
        // SAFETY: the shim passes a living object's native part, and an array that it holds or null.
        let (exchange, trailers) = unsafe { (request::exchange(exchange)?, trailers.as_ref()) };
        let trailers = trailers.filter(|trailers| !trailers.is_empty()).map(answer::header_map).transpose()?;
        Ok(exchange.end_stream(trailers))
    })
}

/// Cuts the answer off.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_stream_break(exchange: *mut c_void) {
    method((), || {
        // SAFETY: the shim passes a living object's native part.
        unsafe { request::exchange(exchange) }?.break_stream();
        Ok(())
    });
}

/// A text of PHP's, or none.
///
/// # Safety
///
/// `text` is null or valid for `length` bytes.
pub(super) unsafe fn text<'a>(text: *const c_char, length: usize) -> Option<&'a [u8]> {
    // SAFETY: as promised by the caller.
    (!text.is_null()).then(|| unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) })
}

/// Sends one event. `retry` below 0: none.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_event(
    exchange: *mut c_void,
    data: *const c_char,
    data_length: usize,
    event: *const c_char,
    event_length: usize,
    id: *const c_char,
    id_length: usize,
    retry: i64,
) -> c_int {
    let lines = method(None, || {
        // SAFETY: the shim passes strings that it holds, or null.
        let (data, kind, id) = unsafe { (text(data, data_length), text(event, event_length), text(id, id_length)) };
        let event = Event { data: data.unwrap_or_default(), kind, id, retry: u64::try_from(retry).ok() };
        Ok(Some(event.format().map_err(|lines| several(lines, &event))?))
    });
    let Some(lines) = lines else { return THROWN };
    // SAFETY: the shim passes a living object's native part.
    unsafe { write(exchange, lines.as_ptr().cast(), lines.len(), true) }
}

/// A field of an event has more than its one line.
pub(super) fn several(Lines(field): Lines, event: &Event<'_>) -> PhpException {
    let value = if field == "id" { event.id } else { event.kind };
    exception::value(format!("The {field} {} has a line break or a NUL", answer::quoted(value.unwrap_or_default())))
}

/// Sends a comment.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_comment(exchange: *mut c_void, comment: *const c_char, length: usize) -> c_int {
    // SAFETY: the shim passes a string that it holds.
    let lines = channel::comment(unsafe { text(comment, length) }.unwrap_or_default());
    // SAFETY: the shim passes a living object's native part.
    unsafe { write(exchange, lines.as_ptr().cast(), lines.len(), true) }
}

/// Hands the stream of a living object over to channels.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_stream_detach(
    exchange: *mut c_void,
    names: *const ZendHashTable,
    name: *const ZendStr,
    events: bool,
    last: *const c_char,
    last_length: usize,
) -> bool {
    method(false, || {
        // SAFETY: the shim passes a living object's native part and values that it holds, or null.
        let (exchange, names, last) = unsafe {
            (request::exchange(exchange)?, names_of(names.as_ref(), name.as_ref())?, text(last, last_length))
        };
        let form = if events { Form::Event } else { Form::Data };
        Ok(local::with(|local| local.detach(exchange, &names, form, last)).ok_or(Misuse::NotAWorker)??)
    })
}

/// Sends headers ahead of the answer.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_early_hints(exchange: *mut c_void, headers: *const ZendHashTable) -> bool {
    method(false, || {
        // SAFETY: the shim passes a living object's native part and an array that it holds.
        let (exchange, headers) = unsafe { (request::exchange(exchange)?, &*headers) };
        let headers = answer::header_map(headers)?;
        exchange.is_answerable()?;
        let hints = exchange.with(|request| request.hints.clone())?;
        Ok(!exchange.is_aborted() && hints.is_some_and(|hints| hints.send(&headers)))
    })
}
