//! `RoadRunner\Metrics`, and what it gives.

use std::{
    borrow::Cow,
    ffi::{c_int, c_void},
    ptr,
    sync::{Arc, LazyLock},
};

use ext_php_rs::{
    exception::PhpException,
    prelude::PhpResult,
    types::{ArrayKey, ZendHashTable, ZendStr, Zval},
};

use super::method;
use crate::{
    metrics::{Collector, Config, Declaration, Error, Kind, Objective, Registry},
    php::{exception, local, sys},
};

/// Metrics that nobody sees: those of a process, or of a time, without a server.
static UNSEEN: LazyLock<Arc<Registry>> = LazyLock::new(|| Registry::new(Config::default().max_series));

impl From<Error> for PhpException {
    fn from(error: Error) -> Self {
        if error.is_of_argument() { exception::value(error.to_string()) } else { exception::logic(error.to_string()) }
    }
}

/// The metrics of this server; where there is none, those that nobody sees.
fn registry() -> Arc<Registry> {
    local::with(|local| Arc::clone(local.metrics())).unwrap_or_else(|| Arc::clone(&UNSEEN))
}

/// What PHP has as a text. `what`: for the message when it is none.
fn text<'a>(value: &'a Zval, what: &str) -> PhpResult<Cow<'a, str>> {
    let value = value.dereference();
    if let Some(number) = value.long() {
        return Ok(number.to_string().into());
    }
    let Some(text) = value.zend_str() else {
        // SAFETY: a living value; the name is copied at once.
        let given = exception::text(unsafe { sys::rr_type_name(value) }).unwrap_or_default();
        return Err(exception::type_(format!("{what} must be a string or an int, {given} given")));
    };
    utf8(text, what).map(Cow::Borrowed)
}

fn utf8<'a>(text: &'a ZendStr, what: &str) -> PhpResult<&'a str> {
    str::from_utf8(text.as_bytes()).map_err(|_| exception::value(format!("{what} must be UTF-8")))
}

/// What PHP has as a number.
fn number(value: &Zval, what: &str) -> PhpResult<f64> {
    let value = value.dereference();
    #[expect(clippy::cast_precision_loss, reason = "as PHP does")]
    let number = value.double().or_else(|| value.long().map(|number| number as f64));
    number.ok_or_else(|| {
        // SAFETY: a living value; the name is copied at once.
        let given = exception::text(unsafe { sys::rr_type_name(value) }).unwrap_or_default();
        exception::type_(format!("{what} must be a number, {given} given"))
    })
}

/// The values of the labels of `metric`, in their order: `given` has them so, or by name.
fn values<'a>(metric: &Collector, given: &'a ZendHashTable) -> PhpResult<Vec<Cow<'a, str>>> {
    let names = &metric.declared().labels;
    let value = |value: &'a Zval| text(value, "The value of a label");
    if given.iter().all(|(key, _)| key.is_long()) {
        return given.values().map(value).collect();
    }
    let name = metric.full_name();
    let known = |key: &ArrayKey<'_>| names.iter().any(|label| *label == key.to_string());
    if let Some((key, _)) = given.iter().find(|(key, _)| !known(key)) {
        return Err(exception::value(format!("metric \"{name}\" has no label \"{key}\"")));
    }
    let by_name = |label: &String| {
        let missing = || exception::value(format!("metric \"{name}\" has the label \"{label}\", which is missing"));
        value(given.get(label.as_str()).ok_or_else(missing)?)
    };
    names.iter().map(by_name).collect()
}

/// The type of that number, with buckets or objectives.
fn kind(number_of_type: c_int, more: Option<&ZendHashTable>) -> PhpResult<Kind> {
    let more = || more.into_iter().flat_map(ZendHashTable::iter);
    Ok(match number_of_type {
        0 => Kind::Counter,
        1 => Kind::Gauge,
        2 => Kind::Histogram(more().map(|(_, bound)| number(bound, "A bucket")).collect::<PhpResult<_>>()?),
        _ => {
            let objective = |(key, error): (ArrayKey<'_>, &Zval)| {
                let key = key.to_string();
                let wrong = |_| exception::value(format!("A quantile must be a number as text, not \"{key}\""));
                let quantile = key.parse().map_err(wrong)?;
                Ok(Objective { quantile, error: number(error, "The error of a quantile")? })
            };
            Kind::Summary(more().map(objective).collect::<PhpResult<_>>()?)
        }
    })
}

/// Declares a metric, or finds it. The share is freed by [`rr_rs_metric_free`]; null: an exception is pending.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_metric_declare(
    number_of_type: c_int,
    name: *const ZendStr,
    help: *const ZendStr,
    labels: *const ZendHashTable,
    more: *const ZendHashTable,
) -> *const c_void {
    method(ptr::null(), || {
        // SAFETY: the shim passes values that it holds for the call, or null.
        let (name, help, labels, more) = unsafe { (name.as_ref(), help.as_ref(), labels.as_ref(), more.as_ref()) };
        let name = name.map_or(Ok(""), |name| utf8(name, "The name of a metric"))?;
        let help = help.map_or(Ok(""), |help| utf8(help, "The help of a metric"))?;
        let mut declared = Declaration::new(name, help, kind(number_of_type, more)?);
        let names = labels.into_iter().flat_map(ZendHashTable::values);
        let names = names.map(|value| text(value, "The name of a label").map(Cow::into_owned));
        declared.labels = names.collect::<PhpResult<_>>()?;
        Ok(Arc::into_raw(registry().declare(declared)?).cast())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_metric_free(metric: *const c_void) {
    if !metric.is_null() {
        // SAFETY: the shim gives each share back once.
        drop(unsafe { Arc::from_raw(metric.cast::<Collector>()) });
    }
}

/// Changes a metric. It may throw. In a fork of a worker nothing happens: another thread may have held a lock there.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_metric_change(
    metric: *const c_void,
    what: c_int,
    value: f64,
    labels: *const ZendHashTable,
    trace: *const ZendStr,
) {
    method((), || {
        // SAFETY: the shim passes the share of a living object, and values that it holds for the call, or null.
        let (metric, labels, trace) = unsafe { (metric.cast::<Collector>().as_ref(), labels.as_ref(), trace.as_ref()) };
        let Some(metric) = metric.filter(|_| !sys::rr_is_forked()) else { return Ok(()) };
        let trace = trace.map(|trace| utf8(trace, "The trace")).transpose()?;
        let values = labels.map_or(Ok(Vec::new()), |labels| values(metric, labels))?;
        let values: Vec<&str> = values.iter().map(|value| &**value).collect();
        match what {
            0 => metric.add(value, &values, trace)?,
            1 => metric.sub(value, &values)?,
            2 => metric.set(value, &values)?,
            _ => metric.observe(value, &values, trace)?,
        }
        Ok(())
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_metric_unregister(name: *const ZendStr) -> bool {
    method(false, || {
        // SAFETY: the shim passes a string that it holds.
        let name = unsafe { name.as_ref() }.map_or(Ok(""), |name| utf8(name, "The name of a metric"))?;
        Ok(registry().unregister(name))
    })
}
