//! `RoadRunner\Http\Request`

use std::{
    borrow::Cow,
    ffi::{c_char, c_void},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ptr,
    rc::Rc,
    time::{Instant, UNIX_EPOCH},
};

use bytes::Bytes;
use ext_php_rs::{
    convert::IntoZval,
    ffi::zend_string,
    prelude::PhpResult,
    types::{ZendHashTable, ZendStr, Zval},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Version, header,
    uri::{Authority, PathAndQuery},
};
use percent_encoding::percent_decode;

use super::{
    answer::{header_map, quoted, too_many},
    method, string,
};
use crate::{
    http as room,
    net::Peer,
    php::{
        exception::{self, Misuse},
        local::{self, Exchange, Local},
    },
};

/// The native part of an object; an error for one that was never given any.
///
/// # Safety
///
/// `exchange` is null, or came from `Rc::into_raw` and was not freed; the object that holds it outlives the call.
pub(super) unsafe fn exchange<'a>(exchange: *mut c_void) -> Result<&'a Exchange, Misuse> {
    // SAFETY: as promised by the caller.
    unsafe { exchange.cast::<Exchange>().cast_const().as_ref() }.ok_or(Misuse::Finished)
}

/// A share of the exchange of an object; null: of the request received last, which is still to be answered.
///
/// # Safety
///
/// As for [`exchange`].
pub(super) unsafe fn answerable(shown: *mut c_void) -> PhpResult<Rc<Exchange>> {
    let exchange = if shown.is_null() {
        local::with(Local::current).ok_or(Misuse::NotAWorker)?.ok_or(Misuse::NoRequest)?
    } else {
        // SAFETY: as promised by the caller; the native part is a share of an `Rc`.
        unsafe {
            let exchange: *const Exchange = ptr::from_ref(exchange(shown)?);
            Rc::increment_strong_count(exchange);
            Rc::from_raw(exchange)
        }
    };
    exchange.is_answerable()?;
    Ok(exchange)
}

/// Calls `inside` with the request that an object shows.
///
/// # Safety
///
/// As for [`exchange`].
unsafe fn with<T>(shown: *mut c_void, inside: impl FnOnce(&room::Request) -> T) -> PhpResult<T> {
    // SAFETY: as promised by the caller.
    Ok(unsafe { exchange(shown) }?.with(inside)?)
}

/// Gives a value to PHP.
///
/// # Safety
///
/// `place` is valid for a write, and holds nothing that needs a destructor.
unsafe fn give(place: *mut Zval, value: Zval) {
    // SAFETY: as promised by the caller.
    unsafe { place.write(value) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_free(exchange: *mut c_void) {
    method((), || {
        if !exchange.is_null() {
            // SAFETY: the object's share of the request, given up for good.
            drop(unsafe { Rc::from_raw(exchange.cast::<Exchange>().cast_const()) });
        }
        Ok(())
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_property(
    exchange: *mut c_void,
    name: *const c_char,
    length: usize,
    place: *mut Zval,
) -> bool {
    method(true, || {
        // SAFETY: the shim passes the name of a property, a living object's native part and a place for the value.
        let name = unsafe { std::slice::from_raw_parts(name.cast::<u8>(), length) };
        let Some(read) = property(name) else { return Ok(false) };
        // SAFETY: as above.
        unsafe { give(place, with(exchange, read)?) };
        Ok(true)
    })
}

/// How a property is read.
fn property(name: &[u8]) -> Option<fn(&room::Request) -> Zval> {
    Some(match name {
        b"method" => |request| string(request.head.method.as_str().as_bytes()),
        b"uri" => |request| {
            let uri = &request.head.uri;
            if uri.scheme().is_some() {
                return string(uri.to_string().as_bytes());
            }
            // The target `*` is about the server itself: RFC 9112 section 3.3 has its path empty.
            let target = uri.path_and_query().map_or("", PathAndQuery::as_str);
            string(
                format!("{}://{}{}", scheme(request), host(request), if target == "*" { "" } else { target })
                    .as_bytes(),
            )
        },
        b"path" => |request| string(request.head.uri.path().as_bytes()),
        b"queryString" => |request| string(request.head.uri.query().unwrap_or_default().as_bytes()),
        b"protocol" => |request| {
            string(match request.head.version {
                Version::HTTP_10 => b"HTTP/1.0",
                Version::HTTP_2 => b"HTTP/2.0",
                _ => b"HTTP/1.1",
            })
        },
        b"scheme" => |request| string(scheme(request).as_bytes()),
        b"host" => |request| string(host(request).as_bytes()),
        b"remoteAddress" => |request| string(remote_address(request).as_bytes()),
        b"remotePort" => |request| {
            let mut value = Zval::new();
            value.set_long(request.peer.remote.map_or(0, |remote| i64::from(remote.port())));
            value
        },
        b"id" => |request| string(request.id.to_string().as_bytes()),
        b"startedAt" => |request| {
            let mut value = Zval::new();
            let since = request.arrived_at().duration_since(UNIX_EPOCH).unwrap_or_default();
            value.set_double(since.as_secs_f64());
            value
        },
        _ => return None,
    })
}

fn scheme(request: &room::Request) -> &'static str {
    if request.secure { "https" } else { "http" }
}

/// The client's IP address, or `unix:`.
fn remote_address(request: &room::Request) -> String {
    request.peer.remote.map_or_else(|| "unix:".to_owned(), |remote| remote.ip().to_canonical().to_string())
}

/// What the client calls this server; the address that it has reached if it names none.
fn host(request: &room::Request) -> Cow<'_, str> {
    let named = request.head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let named = request.head.uri.authority().map(Authority::as_str).or(named).unwrap_or_default();
    if !named.is_empty() {
        return without_user(named).into();
    }
    let Some(local) = request.peer.local else { return "localhost".into() };
    let usual = if request.secure { 443 } else { 80 };
    match local.ip().to_canonical() {
        ip if local.port() != usual => SocketAddr::new(ip, local.port()).to_string(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
    .into()
}

/// The host of an authority, in front of which a user and a password may stand.
fn without_user(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_header(exchange: *mut c_void, name: *const zend_string, place: *mut Zval) {
    method((), || {
        // SAFETY: the shim passes a living object's native part and a string that it holds.
        let name = HeaderName::from_bytes(unsafe { bytes(name) });
        // SAFETY: as above.
        let value =
            unsafe { with(exchange, |request| name.ok().and_then(|name| joined(&request.head.headers, &name))) }?;
        if let Some(value) = value {
            // SAFETY: the place is PHP's return value.
            unsafe { give(place, value) };
        }
        Ok(())
    });
}

/// The value of a header; several lines are one list (RFC 9110 section 5.2), cookies alone are separated otherwise.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<Zval> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    let Some(second) = values.next() else { return Some(string(first.as_bytes())) };
    let separator: &[u8] = if name == header::COOKIE { b"; " } else { b", " };
    let mut joined = first.as_bytes().to_vec();
    for value in std::iter::once(second).chain(values) {
        joined.extend_from_slice(separator);
        joined.extend_from_slice(value.as_bytes());
    }
    Some(string(&joined))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_headers(exchange: *mut c_void, place: *mut Zval) {
    method((), || {
        // SAFETY: the shim passes a living object's native part.
        let array = unsafe { with(exchange, |request| lists(&request.head.headers)) }??;
        // SAFETY: the place is PHP's return value.
        unsafe { give(place, array) };
        Ok(())
    });
}

/// Fields as PHP has them: name => list.
fn lists(headers: &HeaderMap) -> PhpResult<Zval> {
    let mut array = ZendHashTable::with_capacity(u32::try_from(headers.keys_len()).unwrap_or(0));
    for name in headers.keys() {
        let mut values = ZendHashTable::new();
        for value in headers.get_all(name) {
            values.push(string(value.as_bytes())).map_err(engine_error)?;
        }
        array.insert(name.as_str(), values).map_err(engine_error)?;
    }
    array.into_zval(false).map_err(engine_error)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_cookies(exchange: *mut c_void, place: *mut Zval) {
    method((), || {
        // SAFETY: the shim passes a living object's native part.
        let array = unsafe { with(exchange, cookies) }??;
        // SAFETY: the place is PHP's return value.
        unsafe { give(place, array) };
        Ok(())
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_attributes(exchange: *mut c_void, place: *mut Zval) {
    method((), || {
        // SAFETY: the shim passes a living object's native part.
        let array = unsafe { with(exchange, attributes) }??;
        // SAFETY: the place is PHP's return value.
        unsafe { give(place, array) };
        Ok(())
    });
}

fn attributes(request: &room::Request) -> PhpResult<Zval> {
    let mut array = ZendHashTable::new();
    for (name, value) in room::Attributes::of(&request.head.extensions) {
        array.insert(*name, string(value)).map_err(engine_error)?;
    }
    array.into_zval(false).map_err(engine_error)
}

fn cookies(request: &room::Request) -> PhpResult<Zval> {
    let mut array = ZendHashTable::new();
    for line in request.head.headers.get_all(header::COOKIE) {
        for pair in line.as_bytes().split(|byte| *byte == b';') {
            let pair = pair.trim_ascii();
            let split = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let Ok(name) = std::str::from_utf8(&pair[..split]) else { continue };
            // The first of a name is the most specific one (RFC 6265 section 5.4).
            if name.is_empty() || array.get(name).is_some() {
                continue;
            }
            let value: Vec<u8> = percent_decode(pair.get(split + 1..).unwrap_or_default()).collect();
            array.insert(name, string(&value)).map_err(engine_error)?;
        }
    }
    array.into_zval(false).map_err(engine_error)
}

/// The text of the query.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_query(exchange: *mut c_void, text: *mut *const c_char, length: *mut usize) -> bool {
    method(false, || {
        let read = |request: &room::Request| {
            let query = request.head.uri.query().unwrap_or_default();
            (query.as_ptr(), query.len())
        };
        // SAFETY: the shim passes a living object's native part and places for the results.
        unsafe { lend(with(exchange, read)?, text, length) };
        Ok(true)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_trailers(exchange: *mut c_void, place: *mut Zval) {
    method((), || {
        let trailers = |request: &room::Request| {
            request.trailers.as_ref().map_or_else(|| lists(&HeaderMap::new()), |fields| lists(fields))
        };
        // SAFETY: the shim passes a living object's native part.
        let array = unsafe { with(exchange, trailers) }??;
        // SAFETY: the place is PHP's return value.
        unsafe { give(place, array) };
        Ok(())
    });
}

/// Shows bytes of a request to the shim, which copies them before the request can end.
///
/// # Safety
///
/// `text` and `length` are valid for a write.
pub(super) unsafe fn lend(bytes: (*const u8, usize), text: *mut *const c_char, length: *mut usize) {
    // SAFETY: as promised by the caller.
    unsafe { (*text, *length) = (bytes.0.cast(), bytes.1) };
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_is_aborted(shown: *mut c_void) -> bool {
    method(false, || {
        // SAFETY: the shim passes a living object's native part.
        let exchange = unsafe { exchange(shown) }?;
        exchange.with(|_| ())?;
        Ok(exchange.is_aborted())
    })
}

/// When the request must be over, in Unix time.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_deadline(shown: *mut c_void, place: *mut f64) -> bool {
    method(false, || {
        // SAFETY: the shim passes a living object's native part.
        let exchange = unsafe { exchange(shown) }?;
        exchange.with(|_| ())?;
        let Some(deadline) = exchange.deadline else { return Ok(false) };
        // SAFETY: a place of the shim's.
        unsafe { *place = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() };
        Ok(true)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_create(
    name: *const zend_string,
    uri: *const zend_string,
    headers: *const ZendHashTable,
    body: *const zend_string,
    remote: *const zend_string,
) -> *mut c_void {
    method(ptr::null_mut(), || {
        // SAFETY: the shim passes values that it holds, or null for those that were left out.
        let (name, uri, headers, body, remote) =
            unsafe { (bytes(name), bytes(uri), headers.as_ref(), bytes(body), remote.as_ref()) };
        let remote = remote.map_or(b"127.0.0.1".as_slice(), ZendStr::as_bytes);
        let wrong = |value: &[u8], what: &str| exception::value(format!("{} is not {what}", quoted(value)));
        let address: IpAddr = std::str::from_utf8(remote)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| wrong(remote, "an IP address"))?;
        let mut head = http::Request::new(()).into_parts().0;
        head.method = Method::from_bytes(name).map_err(|_| wrong(name, "a request method"))?;
        head.uri = uri.try_into().map_err(|_| wrong(uri, "a request target"))?;
        if head.uri.path_and_query().is_none() {
            // A mere host: the target of CONNECT, which the server refuses.
            return Err(wrong(uri, "a request target"));
        }
        head.headers = headers.map_or_else(|| Ok(HeaderMap::new()), header_map)?;
        if !head.headers.contains_key(header::HOST)
            && let Some(host) = head.uri.authority()
            && let Ok(host) = HeaderValue::from_str(without_user(host.as_str()))
        {
            head.headers.try_insert(header::HOST, host).map_err(too_many)?;
        }
        let peer = Peer {
            remote: Some(SocketAddr::new(address, 0)),
            local: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 80))),
        };
        let secure = head.uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let mut request = room::Request::new(head, Bytes::copy_from_slice(body), peer, Instant::now());
        request.secure = secure;
        Ok(Rc::into_raw(Exchange::detached(request)).cast_mut().cast())
    })
}

/// The bytes of a PHP string; none for null.
///
/// # Safety
///
/// `string` is null or valid for the caller's lifetime.
unsafe fn bytes<'a>(string: *const zend_string) -> &'a [u8] {
    // SAFETY: as promised by the caller.
    unsafe { string.as_ref() }.map_or(&[], ZendStr::as_bytes)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
pub(super) fn engine_error(error: ext_php_rs::error::Error) -> ext_php_rs::exception::PhpException {
    exception::server(error.to_string())
}
