//! Between PHP's values and owned ones.

use std::{
    ffi::c_void,
    mem::MaybeUninit,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
};

use ext_php_rs::types::{ZendStr, Zval};

use super::{exception, sys};
use crate::rpc::{DEPTH, Key, Value};

/// `RR_KIND_…` of the shim.
const NULL: i32 = 0;
const BOOL: i32 = 1;
const INT: i32 = 2;
const FLOAT: i32 = 3;
const TEXT: i32 = 4;
const LIST: i32 = 5;
const MAP: i32 = 6;
const JSON: i32 = 7;

/// Why a value of PHP's cannot be sent as it is.
pub(super) enum Unsendable {
    /// There is something in it that has a JSON form.
    Json,
    /// There is something in it of this type.
    Type(String),
    /// It is nested too deeply.
    Deep,
}

/// Copies a value. Calls nothing that may leave by `longjmp`.
pub(super) fn read(value: &Zval) -> Result<Value, Unsendable> {
    read_nested(value.dereference(), DEPTH)
}

fn read_nested(value: &Zval, depth: usize) -> Result<Value, Unsendable> {
    let mut entries = ptr::null_mut();
    // SAFETY: a living value, and a place for a pointer to what it has.
    let kind = unsafe { sys::rr_kind(value, &raw mut entries) };
    match kind {
        NULL => Ok(Value::Null),
        BOOL => Ok(Value::Bool(value.is_true())),
        INT => Ok(Value::Int(value.long().unwrap_or_default())),
        FLOAT => Ok(Value::Float(value.double().unwrap_or_default())),
        TEXT => Ok(Value::Text(value.zend_str().map(|text| text.as_bytes().to_vec()).unwrap_or_default())),
        LIST | MAP => {
            let depth = depth.checked_sub(1).ok_or(Unsendable::Deep)?;
            let mut reading = Reading { depth, entries: Vec::new(), failure: None };
            if !entries.is_null() {
                // SAFETY: the array is lent by PHP; `each` gets the context that it expects, and no panic leaves it.
                unsafe { sys::rr_headers(entries, each, (&raw mut reading).cast()) };
            }
            match reading.failure {
                Some(failure) => Err(failure),
                None if kind == LIST => Ok(Value::List(reading.entries.into_iter().map(|(_, value)| value).collect())),
                None => Ok(Value::Map(reading.entries)),
            }
        }
        JSON => Err(Unsendable::Json),
        // SAFETY: a living value; the name is copied at once.
        _ => Err(Unsendable::Type(exception::text(unsafe { sys::rr_type_name(value) }).unwrap_or_default())),
    }
}

/// An array being read.
struct Reading {
    depth: usize,
    entries: Vec<(Key, Value)>,
    failure: Option<Unsendable>,
}

unsafe extern "C" fn each(
    reading: *mut c_void,
    index: u64,
    name: *const ZendStr,
    value: *const Zval,
    _constant: bool,
) -> bool {
    // SAFETY: the context is the one that was passed above; the shim lends name and value for this call.
    let (reading, name, value) = unsafe { (&mut *reading.cast::<Reading>(), name.as_ref(), &*value) };
    let read = catch_unwind(AssertUnwindSafe(|| {
        let key = name.map_or(Key::Int(index.cast_signed()), |name| Key::Text(name.as_bytes().to_vec()));
        reading.entries.push((key, read_nested(value, reading.depth)?));
        Ok(())
    }));
    reading.failure = read.unwrap_or_else(|_| Err(Unsendable::Type("a value".to_owned()))).err();
    reading.failure.is_none()
}

/// Makes a value of PHP's at `to`, which has none yet. It may leave by `longjmp`: nothing here has to be dropped.
///
/// # Safety
///
/// `to` is a place for a value. Whoever owns `value` is no frame below.
pub(super) unsafe fn put(value: &Value, to: *mut Zval) {
    match value {
        // SAFETY: as promised by the caller. These need no memory of PHP's.
        Value::Null => unsafe {
            to.write(Zval::new());
            (*to).set_null();
        },
        // SAFETY: as above.
        Value::Bool(flag) => unsafe {
            to.write(Zval::new());
            (*to).set_bool(*flag);
        },
        // SAFETY: as above.
        Value::Int(number) => unsafe {
            to.write(Zval::new());
            (*to).set_long(*number);
        },
        // SAFETY: as above.
        Value::Float(number) => unsafe {
            to.write(Zval::new());
            (*to).set_double(*number);
        },
        // SAFETY: as promised by the caller.
        Value::Text(text) => unsafe { sys::rr_put_text(to, text.as_ptr().cast(), text.len()) },
        Value::List(items) => {
            // SAFETY: as above.
            unsafe { sys::rr_put_array(to, items.len()) };
            for item in items {
                let mut place = MaybeUninit::uninit();
                // SAFETY: a place, and then its value, which the array takes.
                unsafe {
                    put(item, place.as_mut_ptr());
                    sys::rr_put_item(to, place.as_mut_ptr());
                }
            }
        }
        Value::Map(entries) => {
            // SAFETY: as above.
            unsafe { sys::rr_put_array(to, entries.len()) };
            for (key, item) in entries {
                let mut place = MaybeUninit::uninit();
                // SAFETY: as above.
                unsafe {
                    put(item, place.as_mut_ptr());
                    match key {
                        Key::Int(number) => sys::rr_put_numbered(to, *number, place.as_mut_ptr()),
                        Key::Text(text) => sys::rr_put_named(to, text.as_ptr().cast(), text.len(), place.as_mut_ptr()),
                    }
                }
            }
        }
    }
}
