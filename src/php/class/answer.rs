//! From PHP values to an answer.

use std::{
    cell::RefCell,
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
};

use bytes::Bytes;
use ext_php_rs::{
    exception::PhpException,
    prelude::PhpResult,
    types::{ZendHashTable, ZendStr, Zval},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, MaxSizeReached},
};

use crate::{
    http::Answer,
    php::{
        exception,
        local::{self, Local},
        sys,
    },
};

/// Longest piece of a wrong value that is shown in a message.
const SHOWN: usize = 60;

/// Pairs of constant strings that are remembered per thread. A power of two.
const REMEMBERED: usize = 32;

/// A header whose name and value are constants of the script, and what they are in Rust.
struct Constant {
    name: *const ZendStr,
    value: *const ZendStr,
    header: (HeaderName, HeaderValue),
}

thread_local! {
    /// Constants live as long as the run of the script, see [`forget`]; most scripts answer with the same few headers.
    static CONSTANTS: RefCell<[Option<Constant>; REMEMBERED]> = const { RefCell::new([const { None }; REMEMBERED]) };
}

/// The constants of a script end with its run.
pub(in crate::php) fn forget() {
    CONSTANTS.with_borrow_mut(|constants| constants.fill_with(|| None));
}

/// Builds an answer from what `respond()` was given.
pub(super) fn build(status: i64, body: Bytes, json: bool, headers: Option<&ZendHashTable>) -> PhpResult<Answer> {
    let mut answer = with_headers(status, body, headers)?;
    if json && !answer.has(&CONTENT_TYPE) {
        answer.append(CONTENT_TYPE, HeaderValue::from_static("application/json")).map_err(too_many)?;
    }
    Ok(answer)
}

/// Builds the head of an answer whose body is still to come.
pub(super) fn head(status: i64, headers: Option<&ZendHashTable>) -> PhpResult<Answer> {
    with_headers(status, Bytes::new(), headers)
}

fn with_headers(status: i64, body: Bytes, headers: Option<&ZendHashTable>) -> PhpResult<Answer> {
    let code = u16::try_from(status).ok().filter(|code| (200..=599).contains(code));
    let Some(status) = code.and_then(|code| StatusCode::from_u16(code).ok()) else {
        return Err(exception::value(format!("The status must be from 200 to 599, {status} given")));
    };
    let spare = local::with(Local::spare_headers).unwrap_or_default();
    let mut answer = Answer::recycling(spare, status, body);
    if let Some(headers) = headers {
        read(headers, true, |name, value| answer.append(name, value).map_err(too_many))?;
    }
    Ok(answer)
}

/// Reads headers into a map.
pub(super) fn header_map(array: &ZendHashTable) -> PhpResult<HeaderMap> {
    let mut headers = HeaderMap::try_with_capacity(array.len()).map_err(too_many)?;
    read(array, false, |name, value| headers.try_append(name, value).map(drop).map_err(too_many))?;
    Ok(headers)
}

/// Reads headers, name => value or list of values, and calls `take` with each. `remember` on threads of workers alone,
/// where [`forget`] is called.
fn read<T>(array: &ZendHashTable, remember: bool, take: T) -> PhpResult<()>
where
    T: FnMut(HeaderName, HeaderValue) -> PhpResult<()>,
{
    struct Reading<T> {
        take: T,
        remember: bool,
        result: PhpResult<()>,
    }
    unsafe extern "C" fn each<T: FnMut(HeaderName, HeaderValue) -> PhpResult<()>>(
        reading: *mut c_void,
        index: u64,
        name: *const ZendStr,
        value: *const Zval,
        constant: bool,
    ) -> bool {
        // SAFETY: the context is the one that was passed below; the shim lends name and value for this call.
        let (reading, name, value) = unsafe { (&mut *reading.cast::<Reading<T>>(), name.as_ref(), &*value) };
        let read = || match (name, constant && reading.remember) {
            (None, _) => {
                Err(exception::value(format!("Headers must be an array of name => value, but {index} is not a name")))
            }
            (Some(name), false) => header(name, value, &mut reading.take),
            (Some(name), true) => remembered(name, value, &mut reading.take),
        };
        reading.result = catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(exception::internal()));
        reading.result.is_ok()
    }
    let mut reading = Reading { take, remember, result: Ok(()) };
    // SAFETY: the array is lent by PHP; `each` gets the context that it expects, and no panic leaves it.
    unsafe { sys::rr_headers(array, each::<T>, (&raw mut reading).cast()) };
    reading.result
}

/// A header whose name and value are constants.
fn remembered(
    name: &ZendStr,
    value: &Zval,
    take: &mut impl FnMut(HeaderName, HeaderValue) -> PhpResult<()>,
) -> PhpResult<()> {
    let Some(text) = value.zend_str() else { return header(name, value, take) };
    let key = (ptr::from_ref(name), ptr::from_ref(text));
    let place = ((key.0.addr() >> 4) ^ (key.1.addr() >> 3)) % REMEMBERED;
    CONSTANTS.with_borrow_mut(|constants| {
        if let Some(known) = constants[place].as_ref().filter(|known| (known.name, known.value) == key) {
            return take(known.header.0.clone(), known.header.1.clone());
        }
        header(name, value, &mut |header, value| {
            constants[place] = Some(Constant { name: key.0, value: key.1, header: (header.clone(), value.clone()) });
            take(header, value)
        })
    })
}

/// A header with its value, or with a list of values.
fn header(
    name: &ZendStr,
    value: &Zval,
    take: &mut impl FnMut(HeaderName, HeaderValue) -> PhpResult<()>,
) -> PhpResult<()> {
    let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
        return Err(exception::value(format!("{} is not a header name", quoted(name.as_bytes()))));
    };
    match value.array() {
        None => {
            let value = header_value(&header, value)?;
            take(header, value)
        }
        Some(values) => values.values().try_for_each(|value| {
            let value = header_value(&header, value.dereference())?;
            take(header.clone(), value)
        }),
    }
}

pub(super) fn too_many(_: MaxSizeReached) -> PhpException {
    exception::value("There are too many headers".to_owned())
}

fn header_value(name: &HeaderName, value: &Zval) -> PhpResult<HeaderValue> {
    if let Some(number) = value.long() {
        return Ok(HeaderValue::from(number));
    }
    let Some(text) = value.zend_str() else {
        return Err(exception::type_(format!(
            "The value of header \"{name}\" must be a string, an integer or a list of them, {} given",
            // SAFETY: a living value; the name is copied at once.
            exception::text(unsafe { sys::rr_type_name(value) }).unwrap_or_default()
        )));
    };
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        exception::value(format!("The value {} of header \"{name}\" has a control character", quoted(text.as_bytes())))
    })
}

/// Shows bytes with what is not printable escaped, so that the message itself holds no line break.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let shown: String = bytes.iter().take(SHOWN).flat_map(|byte| byte.escape_ascii()).map(char::from).collect();
    format!("\"{shown}{}\"", if bytes.len() > SHOWN { "…" } else { "" })
}
