//! `RoadRunner\Rpc`

use std::{
    cell::RefCell,
    ffi::{c_char, c_int},
    time::Duration,
};

use ext_php_rs::{
    exception::PhpException,
    prelude::PhpResult,
    types::{ZendStr, Zval},
};
use tracing::error;

use super::method;
use crate::{
    php::{
        exception::{self, Misuse},
        local, oversight, remote, sys,
        value::{self, Unsendable},
    },
    rpc::{self, Fault, NoResult, Value},
};

/// `RR_RPC_…` of the shim.
const THROWN: c_int = -1;
const DONE: c_int = 0;
const JSON: c_int = 1;

/// How long a call waits for its result if nothing else is said.
const PATIENCE: Duration = Duration::from_secs(30);

thread_local! {
    /// The result of the last call, until it is a value of PHP's.
    static RESULT: RefCell<Option<Box<Value>>> = const { RefCell::new(None) };
}

/// Copies a value that is lent, or reads the JSON that stands for it. `None`: its JSON is needed.
///
/// # Safety
///
/// Each is null or a value that is held for the call.
unsafe fn taken(what: &str, value: *const Zval, json: *const ZendStr) -> PhpResult<Option<Value>> {
    // SAFETY: as promised by the caller.
    let (value, json) = unsafe { (value.as_ref(), json.as_ref()) };
    let deep = || exception::value(format!("{what} is nested more than {} times", rpc::DEPTH));
    if let Some(json) = json {
        return serde_json::from_slice(json.as_bytes()).map(Some).map_err(|_| deep());
    }
    match value.map_or(Ok(Value::Null), value::read) {
        Ok(value) => Ok(Some(value)),
        Err(Unsendable::Json) => Ok(None),
        Err(Unsendable::Deep) => Err(deep()),
        Err(Unsendable::Type(name)) => Err(exception::type_(format!(
            "{what} must be null, a boolean, a number, a string or an array of these, or have a JSON form: {name} given"
        ))),
    }
}

/// Calls a method and leaves its result in [`RESULT`].
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_rpc_call(
    name: *const ZendStr,
    argument: *const Zval,
    json: *const ZendStr,
    timeout: f64,
) -> c_int {
    method(THROWN, || {
        // SAFETY: the shim passes values that it holds, or null.
        let (name, argument) = unsafe { (&*name, taken("The argument", argument, json)?) };
        let Some(argument) = argument else { return Ok(JSON) };
        let name = String::from_utf8_lossy(name.as_bytes());
        let patience = if timeout < 0.0 { Ok(PATIENCE) } else { Duration::try_from_secs_f64(timeout) };
        let patience = patience.unwrap_or(Duration::MAX);
        let mut argument = Some(argument);
        let inside = local::with(|local| {
            local.inside().call(local.worker(), &name, argument.take().unwrap_or_default(), patience)
        });
        let result = inside.unwrap_or_else(|| remote::call(&name, &argument.unwrap_or_default(), patience));
        let result = result.map_err(|reason| no_result(&name, &reason))?;
        RESULT.set(Some(Box::new(result)));
        Ok(DONE)
    })
}

fn no_result(name: &str, reason: &NoResult) -> PhpException {
    match reason {
        NoResult::Fault(fault) => exception::rpc(fault.to_string()),
        NoResult::TimedOut(_) => exception::rpc_timeout(format!("{name}: {reason}")),
        NoResult::Interrupted => {
            oversight::timeout().unwrap_or_else(|| exception::rpc(format!("{name}: {reason}: the worker is to end")))
        }
    }
}

/// Makes the result of the last call a value. It may leave by `longjmp`; the result is dropped by the next call then.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_rpc_result(to: *mut Zval) {
    let result = RESULT.with_borrow(|result| result.as_deref().map(std::ptr::from_ref));
    if let Some(result) = result {
        // SAFETY: the shim passes a place; the result stays where it is, as nothing else is done on this thread.
        unsafe { value::put(&*result, to) };
    }
    RESULT.set(None);
}

/// Returns false with an exception pending.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_rpc_register(name: *const ZendStr) -> bool {
    method(false, || {
        if sys::rr_is_forked() {
            return Err(Misuse::Forked.into());
        }
        // SAFETY: a string of PHP's that the shim holds for the call.
        let name = rpc::name(unsafe { &*name }.as_bytes()).map_err(|error| exception::value(error.to_string()))?;
        let own = local::with(|local| {
            let own = local.inside().is_own(name);
            if !own {
                local.register(name);
            }
            own
        });
        if own == Some(true) {
            return Err(exception::value(format!("{name} is a method of the server")));
        }
        Ok(true)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_rpc_unregister(name: *const ZendStr) -> bool {
    method(false, || {
        // SAFETY: a string of PHP's that the shim holds for the call.
        let name = String::from_utf8_lossy(unsafe { &*name }.as_bytes());
        Ok(local::with(|local| local.unregister(&name)).unwrap_or(false))
    })
}

/// Tells the name of the method that is to be answered, which stays until it is.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_rpc_called(name: *mut *const c_char, length: *mut usize) -> bool {
    method(false, || {
        let called = local::with(|local| {
            local.with_call(|called| {
                let called = called?;
                // SAFETY: the shim passes places of its own.
                unsafe { (*name, *length) = (called.name.as_ptr().cast(), called.name.len()) };
                Some(())
            })
        });
        Ok(called.flatten().is_some())
    })
}

/// Makes the argument of the call a value. It may leave by `longjmp`.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_rpc_argument(to: *mut Zval) {
    let argument = local::with(|local| local.with_call(|called| called.map(|called| &raw const called.request)));
    if let Some(argument) = argument.flatten() {
        // SAFETY: the shim passes a place; the call stays where it is until it is answered.
        unsafe { value::put(&*argument, to) };
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_rpc_respond(result: *const Zval, json: *const ZendStr) -> c_int {
    method(THROWN, || {
        // SAFETY: the shim passes values that it holds, or null.
        let Some(result) = (unsafe { taken("The result of a method", result, json) })? else { return Ok(JSON) };
        answer(Ok(result));
        Ok(DONE)
    })
}

fn answer(answer: Result<Value, Fault>) {
    local::with(|local| local.answer_call(answer));
}

/// What answers the call has thrown an exception.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_rpc_failed(class: *const c_char, message: *const ZendStr, file: *const c_char, line: i64) {
    method((), || {
        let class = exception::text(class).unwrap_or_default();
        let file = exception::text(file).unwrap_or_default();
        // SAFETY: a string of PHP's that the shim holds for the call.
        let message = String::from_utf8_lossy(unsafe { &*message }.as_bytes()).into_owned();
        local::with(|local| {
            let rpc = local.with_call(|called| called.map(|called| called.name.to_string()));
            let worker = &local.worker().name;
            error!(target: local::OUTPUT, worker, rpc, "{class}: {message} in {file}:{line}");
        });
        let said = if message.is_empty() { class } else { message };
        answer(Err(Fault::new(said)));
        Ok(())
    });
}

/// The script has taken back what it has registered.
#[unsafe(no_mangle)]
extern "C" fn rr_rs_rpc_unhandled() {
    method((), || {
        answer(Err(Fault::new("the worker does not answer calls of this method any more")));
        Ok(())
    });
}
