//! From PHP values to an answer.

use bytes::Bytes;
use ext_php_rs::{
    exception::PhpException,
    prelude::PhpResult,
    types::{ArrayKey, ZendHashTable, Zval},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, MaxSizeReached},
};

use crate::{
    http::Answer,
    php::{exception, sys},
};

/// Longest piece of a wrong value that is shown in a message.
const SHOWN: usize = 60;

/// Builds an answer from what `respond()` was given.
pub(super) fn build(status: i64, body: Bytes, json: bool, headers: Option<&ZendHashTable>) -> PhpResult<Answer> {
    let code = u16::try_from(status).ok().filter(|code| (200..=599).contains(code));
    let Some(status) = code.and_then(|code| StatusCode::from_u16(code).ok()) else {
        return Err(exception::value(format!("The status must be from 200 to 599, {status} given")));
    };
    let mut headers = headers.map_or_else(|| Ok(HeaderMap::new()), header_map)?;
    if json && !headers.contains_key(CONTENT_TYPE) {
        headers.try_insert(CONTENT_TYPE, HeaderValue::from_static("application/json")).map_err(too_many)?;
    }
    Ok(Answer { status, headers, body })
}

/// Reads headers: name => value, or list of values.
pub(super) fn header_map(array: &ZendHashTable) -> PhpResult<HeaderMap> {
    let mut headers = HeaderMap::try_with_capacity(array.len()).map_err(too_many)?;
    for (key, value) in array {
        let name = match &key {
            ArrayKey::Long(index) => {
                return Err(exception::value(format!(
                    "Headers must be an array of name => value, but {index} is not a name"
                )));
            }
            ArrayKey::String(name) => name.as_bytes(),
            ArrayKey::Str(name) => name.as_bytes(),
            ArrayKey::ZendString(name) => name.as_bytes(),
        };
        let Ok(header) = HeaderName::from_bytes(name) else {
            return Err(exception::value(format!("{} is not a header name", quoted(name))));
        };
        let value = value.dereference();
        match value.array() {
            None => {
                let value = header_value(&header, value)?;
                headers.try_append(header, value).map_err(too_many)?;
            }
            Some(values) => {
                for value in values.values() {
                    let value = header_value(&header, value.dereference())?;
                    headers.try_append(header.clone(), value).map_err(too_many)?;
                }
            }
        }
    }
    Ok(headers)
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
