//! `RoadRunner\Http\Upload`, and the parts of a form with files.

use std::{
    ffi::{OsStr, c_char, c_void},
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr,
    rc::Rc,
};

use ext_php_rs::{
    convert::IntoZval,
    prelude::PhpResult,
    types::{ZendHashTable, Zval},
};

use super::{body, method, request, string};
use crate::{
    http::{Form, Upload},
    php::{
        exception::{self, Misuse},
        local::Exchange,
    },
};

/// A list of values, or nothing if the request is no form with files.
///
/// # Safety
///
/// `exchange` is the native part of a living object.
unsafe fn list(
    exchange: *mut c_void,
    fill: impl FnOnce(&Form, &mut ZendHashTable) -> PhpResult<()>,
) -> PhpResult<Option<Zval>> {
    // SAFETY: as promised by the caller.
    let exchange = unsafe { request::exchange(exchange) }?;
    body::whole(exchange)?;
    exchange.with(|request| {
        let Some(form) = &request.form else { return Ok(None) };
        let mut list = ZendHashTable::new();
        fill(form, &mut list)?;
        list.into_zval(false).map(Some).map_err(request::engine_error)
    })?
}

fn push(list: &mut ZendHashTable, value: Zval) -> PhpResult<()> {
    list.push(value).map_err(request::engine_error)
}

fn integer(number: i64) -> Zval {
    let mut value = Zval::new();
    value.set_long(number);
    value
}

/// Names and values of all fields, one behind the other.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_fields(exchange: *mut c_void, place: *mut Zval) -> bool {
    method(false, || {
        let fill = |form: &Form, list: &mut ZendHashTable| {
            form.fields.iter().flat_map(|(name, value)| [name, value]).try_for_each(|text| push(list, string(text)))
        };
        // SAFETY: the shim passes a living object's native part.
        let Some(fields) = unsafe { list(exchange, fill) }? else { return Ok(false) };
        // SAFETY: a place of the shim's.
        unsafe { place.write(fields) };
        Ok(true)
    })
}

/// Field, client name, type, size, error and path of all files, one behind the other.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_request_files(exchange: *mut c_void, place: *mut Zval) -> bool {
    method(false, || {
        let fill = |form: &Form, list: &mut ZendHashTable| form.files.iter().try_for_each(|file| describe(file, list));
        // SAFETY: the shim passes a living object's native part.
        let files = match unsafe { list(exchange, fill) }? {
            Some(files) => files,
            None => ZendHashTable::new().into_zval(false).map_err(request::engine_error)?,
        };
        // SAFETY: a place of the shim's.
        unsafe { place.write(files) };
        Ok(true)
    })
}

fn describe(file: &Upload, list: &mut ZendHashTable) -> PhpResult<()> {
    let Upload { field, client_name, media_type, size, outcome } = file;
    push(list, string(field))?;
    push(list, string(client_name))?;
    push(list, string(media_type))?;
    push(list, integer(i64::try_from(*size).unwrap_or(i64::MAX)))?;
    push(list, integer(outcome.as_ref().err().map_or(0, |error| i64::from(*error as u8))))?;
    let path = outcome.as_ref().map(|spooled| spooled.path().as_os_str().as_bytes()).unwrap_or_default();
    push(list, string(path))
}

/// One more share of a request, for an object that shows a part of it.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_share(exchange: *mut c_void) -> *mut c_void {
    method(ptr::null_mut(), || {
        // SAFETY: the shim passes the native part of a living object, which is a share of an `Rc`.
        unsafe { Rc::increment_strong_count(exchange.cast::<Exchange>().cast_const()) };
        Ok(exchange)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_upload_move(exchange: *mut c_void, index: i64, path: *const c_char, length: usize) {
    method((), || {
        // SAFETY: the shim passes a living object's native part and a path that it holds.
        let (exchange, path) =
            unsafe { (request::exchange(exchange)?, std::slice::from_raw_parts(path.cast::<u8>(), length)) };
        let target = Path::new(OsStr::from_bytes(path));
        let moved = exchange.with(|request| {
            let file = request.form.as_ref().zip(usize::try_from(index).ok());
            let file = file.and_then(|(form, index)| form.files.get(index));
            let spooled = file.and_then(|file| file.outcome.as_ref().ok());
            spooled.map(|spooled| spooled.move_to(target))
        })?;
        moved
            .ok_or(Misuse::NoFile)?
            .map_err(|error| exception::upload(format!("cannot move the upload to {}: {error}", target.display())))
    });
}
