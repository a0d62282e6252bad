//! `RoadRunner\Http\Cache`

use ext_php_rs::{
    prelude::PhpResult,
    types::{ZendHashTable, ZendStr},
};

use super::method;
use crate::{
    http::{Caches, Unpurgeable},
    php::{
        exception::{self, Misuse},
        local, sys,
    },
};

/// What is returned with an exception pending.
const THROWN: i64 = -1;

/// A text of PHP's, as the cache reads headers.
fn text(value: &ZendStr) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The tags of a list, or the one.
fn tags_of(tags: Option<&ZendHashTable>, tag: Option<&ZendStr>) -> PhpResult<Vec<String>> {
    let mut all: Vec<_> = tag.map(text).into_iter().collect();
    for value in tags.into_iter().flat_map(ZendHashTable::values) {
        let value = value.dereference();
        let tag = value.zend_str().ok_or_else(|| {
            // SAFETY: a living value; the name is copied at once.
            let given = exception::text(unsafe { sys::rr_type_name(value) }).unwrap_or_default();
            exception::type_(format!("A tag must be a string, {given} given"))
        })?;
        all.push(text(tag));
    }
    Ok(all)
}

/// Removes by `inside`, if this is a worker: elsewhere there is no cache, and in a fork perhaps a lock that nobody will free.
fn remove(inside: impl FnOnce() -> Result<usize, Unpurgeable>) -> PhpResult<i64> {
    if sys::rr_is_forked() {
        return Err(Misuse::Forked.into());
    }
    let removed = local::with(|_| inside()).ok_or(Misuse::NotAWorker)?;
    let removed = removed.map_err(|error| exception::value(error.to_string()))?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_cache_purge_tags(tags: *const ZendHashTable, tag: *const ZendStr) -> i64 {
    method(THROWN, || {
        // SAFETY: the shim passes values that it holds, or null.
        let tags = unsafe { tags_of(tags.as_ref(), tag.as_ref()) }?;
        remove(|| Caches::purge(&tags))
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_cache_purge_url(url: *const ZendStr) -> i64 {
    method(THROWN, || {
        // SAFETY: the shim passes a string that it holds.
        let url = unsafe { url.as_ref() }.map(text).unwrap_or_default();
        remove(|| Caches::purge_url(&url))
    })
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_cache_clear() -> i64 {
    method(THROWN, || remove(|| Ok(Caches::clear())))
}
