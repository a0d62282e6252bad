//! `RoadRunner\Http\Parts` and `RoadRunner\Http\Part`: a form part by part.

use std::{
    ffi::{c_char, c_int, c_void},
    time::Duration,
};

use ext_php_rs::{
    convert::IntoZval,
    prelude::PhpResult,
    types::{ZendHashTable, Zval},
};
use http::{StatusCode, header::CONTENT_TYPE};

use super::{
    body::{self, READ_THROWN, READ_TIMED_OUT},
    method, request, string,
};
use crate::{
    http::{BodyError, Malformed, NextPart, PartHead, Parts},
    php::{
        exception::{self, Misuse},
        local::Exchange,
    },
};

/// What the shim's functions return: `RR_THROWN`, `RR_GONE`, `RR_DONE`.
const THROWN: c_int = -1;
const NONE: c_int = 0;
const PART: c_int = 1;

/// Bytes that are read at a time.
const PIECE: usize = 64 * 1024;

/// A form while it is read.
pub(in crate::php) struct Walk {
    parts: Parts,
    /// Whether it still arrives, and cannot be read twice.
    arriving: bool,
    /// Bytes that were read.
    position: u64,
    buffer: Vec<u8>,
}

// === impl Walk ===

impl Walk {
    /// Reads on. Returns false when nothing came in time.
    fn feed(&mut self, exchange: &Exchange, patience: Duration) -> PhpResult<bool> {
        let (read, over) = body::some(exchange, self.arriving, self.position, &mut self.buffer, patience)?;
        if read == READ_TIMED_OUT {
            return Ok(false);
        }
        let read = usize::try_from(read).unwrap_or(0);
        self.position += read as u64;
        self.parts.feed(&self.buffer[..read]);
        if over {
            self.parts.end();
        }
        Ok(true)
    }
}

fn malformed(error: Malformed) -> ext_php_rs::exception::PhpException {
    exception::bad_request(StatusCode::BAD_REQUEST.as_u16(), &BodyError::from(error).to_string())
}

/// Begins to read a form.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_parts_open(exchange: *mut c_void) -> bool {
    method(false, || {
        // SAFETY: the shim passes a living object's native part.
        let exchange = unsafe { request::exchange(exchange) }?;
        let parts = exchange.with(|request| {
            if request.form.is_some() {
                return Err(Misuse::FormTaken.into());
            }
            let kind = request.head.headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
            if !kind.trim_ascii_start().get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/")) {
                let text = "the request body has no parts: its content-type is not multipart/form-data";
                return Err(exception::bad_request(StatusCode::UNSUPPORTED_MEDIA_TYPE.as_u16(), text));
            }
            Parts::new(kind).map_err(malformed)
        })??;
        let (arriving, _) = body::open(exchange)?;
        exchange.parts.replace(Some(Box::new(Walk { parts, arriving, position: 0, buffer: vec![0; PIECE] })));
        Ok(true)
    })
}

/// Goes on to the next part. `values` gets its number, name, file name, type and headers.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_parts_next(exchange: *mut c_void, values: *mut Zval) -> c_int {
    method(THROWN, || {
        // SAFETY: the shim passes a living object's native part.
        let exchange = unsafe { request::exchange(exchange) }?;
        let mut walk = exchange.parts.borrow_mut();
        let walk = walk.as_mut().ok_or(Misuse::Finished)?;
        loop {
            match walk.parts.advance().map_err(malformed)? {
                NextPart::Over => return Ok(NONE),
                NextPart::More => drop(walk.feed(exchange, Duration::MAX)?),
                // PHP, too, passes over what has no name.
                NextPart::Part(PartHead { name: None, .. }) => {}
                NextPart::Part(head) => {
                    let described = describe(walk.parts.number(), &head)?;
                    // SAFETY: a place of the shim's.
                    unsafe { values.write(described) };
                    return Ok(PART);
                }
            }
        }
    })
}

fn describe(number: u64, head: &PartHead) -> PhpResult<Zval> {
    let text = |text: Option<&[u8]>| text.map_or_else(Zval::new, string);
    let mut values = ZendHashTable::new();
    let mut count = Zval::new();
    count.set_long(i64::try_from(number).unwrap_or(i64::MAX));
    let mut headers = ZendHashTable::new();
    for (name, value) in &head.headers {
        if let Ok(name) = str::from_utf8(name) {
            headers.insert(name, string(value)).map_err(request::engine_error)?;
        }
    }
    let headers = headers.into_zval(false).map_err(request::engine_error)?;
    for value in [count, text(head.name.as_deref()), text(head.file.as_deref()), string(&head.media_type), headers] {
        values.push(value).map_err(request::engine_error)?;
    }
    values.into_zval(false).map_err(request::engine_error)
}

/// Reads some of the contents of part `number`, as `rr_rs_body_read` does of a body.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_part_read(
    exchange: *mut c_void,
    number: i64,
    to: *mut c_char,
    length: usize,
    patience: i64,
    over: *mut bool,
) -> isize {
    method(READ_THROWN, || {
        // SAFETY: the shim passes a share of a request, memory of its own or of a stream, and a place of its own.
        let (exchange, buffer) =
            unsafe { (request::exchange(exchange)?, std::slice::from_raw_parts_mut(to.cast::<u8>(), length)) };
        exchange.with(|_| ())?;
        let mut walk = exchange.parts.borrow_mut();
        let walk = walk.as_mut().filter(|walk| u64::try_from(number).is_ok_and(|number| number == walk.parts.number()));
        let walk = walk.ok_or(Misuse::PartOver)?;
        loop {
            if let Some(read) = walk.parts.read(buffer).map_err(malformed)? {
                // SAFETY: as above.
                unsafe { *over = read == 0 && length > 0 };
                return Ok(isize::try_from(read).unwrap_or(isize::MAX));
            }
            if !walk.feed(exchange, body::patience(patience))? {
                return Ok(READ_TIMED_OUT);
            }
        }
    })
}
