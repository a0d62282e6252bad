//! `RoadRunner\Channel`

use std::ffi::c_char;

use ext_php_rs::{
    prelude::PhpResult,
    types::{ZendHashTable, ZendStr},
};

use super::{method, stream};
use crate::{
    channel::{Event, LONGEST_NAME, Message},
    http::Channels,
    php::{
        exception::{self, Misuse},
        local, sys,
    },
};

/// What is returned with an exception pending.
const THROWN: i64 = -1;

/// The names of channels: those of a list, or the one.
pub(super) fn names_of<'a>(names: Option<&'a ZendHashTable>, name: Option<&'a ZendStr>) -> PhpResult<Vec<&'a [u8]>> {
    let mut all: Vec<_> = name.iter().map(|name| name.as_bytes()).collect();
    for value in names.into_iter().flat_map(ZendHashTable::values) {
        let value = value.dereference();
        let name = value.zend_str().ok_or_else(|| {
            // SAFETY: a living value; the name is copied at once.
            let given = exception::text(unsafe { sys::rr_type_name(value) }).unwrap_or_default();
            exception::type_(format!("The name of a channel must be a string, {given} given"))
        })?;
        all.push(name.as_bytes());
    }
    if all.is_empty() || all.iter().any(|name| name.is_empty()) {
        return Err(exception::value("The name of a channel must not be empty".to_owned()));
    }
    if let Some(name) = all.iter().find(|name| name.len() > LONGEST_NAME) {
        let length = name.len();
        return Err(exception::value(format!(
            "The name of a channel has at most {LONGEST_NAME} bytes, one of {length} given"
        )));
    }
    Ok(all)
}

/// Calls `inside` with the channels of this server and a name.
///
/// # Safety
///
/// `name` is a string of PHP's that is held for the call.
unsafe fn with_name(name: *const ZendStr, inside: impl FnOnce(&Channels, &[u8]) -> usize) -> i64 {
    method(THROWN, || {
        // SAFETY: as promised by the caller.
        let names = names_of(None, unsafe { name.as_ref() })?;
        with(|channels| names.first().map_or(0, |name| inside(channels, name)))
    })
}

fn with(inside: impl FnOnce(&Channels) -> usize) -> PhpResult<i64> {
    if sys::rr_is_forked() {
        return Err(Misuse::Forked.into());
    }
    let number = local::with(|local| inside(local.channels())).ok_or(Misuse::NotAWorker)?;
    Ok(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Sends to everyone who listens. `retry` below 0: none.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_channel_publish(
    names: *const ZendHashTable,
    name: *const ZendStr,
    data: *const c_char,
    data_length: usize,
    event: *const c_char,
    event_length: usize,
    id: *const c_char,
    id_length: usize,
    retry: i64,
) -> i64 {
    method(THROWN, || {
        // SAFETY: the shim passes values that it holds, or null.
        let (names, data, kind, id) = unsafe {
            let names = names_of(names.as_ref(), name.as_ref())?;
            (names, stream::text(data, data_length), stream::text(event, event_length), stream::text(id, id_length))
        };
        let event = Event { data: data.unwrap_or_default(), kind, id, retry: u64::try_from(retry).ok() };
        let message = Message::new(&event).map_err(|lines| stream::several(lines, &event))?;
        with(|channels| channels.publish(&names, &message))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_channel_count(name: *const ZendStr) -> i64 {
    // SAFETY: the shim passes a string that it holds.
    unsafe { with_name(name, Channels::count) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_channel_close(name: *const ZendStr) -> i64 {
    // SAFETY: as above.
    unsafe { with_name(name, Channels::close) }
}
