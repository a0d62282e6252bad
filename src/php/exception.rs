//! The one table of what becomes which PHP exception.

use std::ffi::CStr;

use ext_php_rs::{
    exception::PhpException,
    types::Zval,
    zend::{ClassEntry, ce},
};

use super::sys;

/// A wrong use of the API by the script.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Misuse {
    /// The request was answered before.
    #[error("the request was already answered")]
    Answered,
    /// The upload has an error.
    #[error("there is no file to move: the upload has an error")]
    NoFile,
    /// The body of the answer has ended.
    #[error("the answer has ended")]
    Ended,
    /// The body is read while it arrives, which can be done once.
    #[error("the request body can be read once while it arrives, and bodyStream() or parts() has begun to")]
    BodyTaken,
    /// The form was taken apart when it arrived.
    #[error(
        "the form was taken apart: parts() needs http.stream_request_body, before form() and files(), or http.raw_body"
    )]
    FormTaken,
    /// Another part is open.
    #[error("the part is over: the next one was asked for")]
    PartOver,
    /// The request is over: its worker has gone on to the next wait.
    #[error("the request is over: waitRequest() was called since")]
    Finished,
    /// There is no request to answer.
    #[error("there is no request to answer: call waitRequest() first")]
    NoRequest,
    /// The request was made by `Request::create()`.
    #[error("nobody waits for an answer: the request was made by Request::create()")]
    Detached,
    /// Not a thread of the server.
    #[error("this is not a worker of the server")]
    NotAWorker,
    /// A fork of the server.
    #[error("this process is a fork of a worker: only the worker itself can wait for requests and answer them")]
    Forked,
}

// === impl Misuse ===

impl From<Misuse> for PhpException {
    fn from(misuse: Misuse) -> Self {
        logic(misuse.to_string())
    }
}

fn class(entry: *mut ext_php_rs::ffi::zend_class_entry) -> &'static ClassEntry {
    // SAFETY: set in MINIT, which comes before any code of a script, and never freed while the process serves.
    unsafe { &*entry }
}

/// An exception whose message may quote anything; a NUL would keep it from being thrown.
#[expect(clippy::needless_pass_by_value, reason = "messages are made for the call")]
fn exception(message: String, class: &'static ClassEntry) -> PhpException {
    PhpException::new(message.replace('\0', "\\0"), 0, class)
}

/// A call that is not possible here or now.
pub(super) fn logic(message: String) -> PhpException {
    // SAFETY: written once in MINIT, on the only thread.
    exception(message, class(unsafe { sys::rr_ce_logic }))
}

/// The server cannot do its work: a configuration, an address, a thread.
pub(super) fn server(message: String) -> PhpException {
    // SAFETY: written once in MINIT, on the only thread.
    exception(message, class(unsafe { sys::rr_ce_server }))
}

/// There is nobody to go on for.
pub(super) fn client_gone(message: String) -> PhpException {
    // SAFETY: written once in MINIT, on the only thread.
    exception(message, class(unsafe { sys::rr_ce_client_gone }))
}

/// The request has taken longer than so many seconds.
pub(super) fn timeout(limit: f64) -> PhpException {
    let message = format!("the request took longer than {limit} s (supervisor.exec_ttl)");
    // SAFETY: written once in MINIT, on the only thread.
    exception(message, class(unsafe { sys::rr_ce_timeout }))
}

/// The request cannot be read, which is answered with `status`.
pub(super) fn bad_request(status: u16, message: &str) -> PhpException {
    let mut object = Zval::new();
    // SAFETY: a place for the object, and a text that the shim copies.
    unsafe { sys::rr_bad_request(&raw mut object, message.as_ptr().cast(), message.len(), i64::from(status)) };
    // SAFETY: written once in MINIT, on the only thread.
    exception(message.to_owned(), class(unsafe { sys::rr_ce_bad_request })).with_object(object)
}

/// A call has failed.
pub(super) fn rpc(message: String) -> PhpException {
    // SAFETY: written once in MINIT, on the only thread.
    exception(message, class(unsafe { sys::rr_ce_rpc }))
}

/// A call has no result in time.
pub(super) fn rpc_timeout(message: String) -> PhpException {
    // SAFETY: written once in MINIT, on the only thread.
    exception(message, class(unsafe { sys::rr_ce_rpc_timeout }))
}

/// An uploaded file cannot be moved.
pub(super) fn upload(message: String) -> PhpException {
    // SAFETY: written once in MINIT, on the only thread.
    exception(message, class(unsafe { sys::rr_ce_upload }))
}

/// A file cannot be sent.
pub(super) fn file(message: String) -> PhpException {
    // SAFETY: written once in MINIT, on the only thread.
    exception(message, class(unsafe { sys::rr_ce_file }))
}

/// A panic, of which the log tells more.
pub(super) fn internal() -> PhpException {
    server("internal error: see the log".to_owned())
}

/// An argument's value is not possible.
pub(super) fn value(message: String) -> PhpException {
    exception(message, ce::value_error())
}

/// An argument's type is not possible.
pub(super) fn type_(message: String) -> PhpException {
    exception(message, ce::type_error())
}

/// Copies a text of the shim's.
pub(super) fn text(text: *const std::ffi::c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the shim's texts are literals or its own buffers, NUL-terminated.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
