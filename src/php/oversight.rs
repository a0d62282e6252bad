//! What is known from outside of the request that a PHP thread has in hand, and what the log says of one that takes long.
//!
//! The thread writes the entry itself, between two opcodes, because it alone can say where its code is and what it uses.
//! One that does not come to its next opcode writes it when the request is over, or has it written when it is given up.

use std::{ffi::c_char, sync::Arc, time::Instant};

use ::http::{Method, Uri};
use ext_php_rs::exception::PhpException;
use parking_lot::Mutex;
use tracing::{field::display, warn};

use super::{
    exception,
    local::{self, Worker, guarded},
    sys,
};
use crate::{
    http::{Request, RequestId},
    pool::Step,
};

/// Shared by a PHP thread with those who look after it.
#[derive(Default)]
pub(super) struct Oversight(Mutex<Option<Subject>>);

/// A request in hand.
struct Subject {
    /// Its number, see [`Worker::request_number`].
    number: u64,
    what: What,
    taken: Instant,
    /// It is to be logged as slow.
    slow: bool,
    /// It is to be logged as one that took too long.
    killed: bool,
}

/// What a worker works on.
enum What {
    Request(RequestId, Method, Uri),
    /// A call of this method.
    Call(Arc<str>),
}

// === impl Oversight ===

impl Oversight {
    /// A request was taken. For the thread itself.
    pub(super) fn begin(&self, worker: &Worker, request: &Request) {
        self.begin_with(worker, || What::Request(request.id, request.head.method.clone(), request.head.uri.clone()));
    }

    /// A call was taken. For the thread itself.
    pub(super) fn begin_call(&self, worker: &Worker, method: &Arc<str>) {
        self.begin_with(worker, || What::Call(Arc::clone(method)));
    }

    fn begin_with(&self, worker: &Worker, what: impl FnOnce() -> What) {
        let number = worker.request_number();
        if number == 0 {
            return;
        }
        let subject = Subject { number, what: what(), taken: Instant::now(), slow: false, killed: false };
        *self.0.lock() = Some(subject);
        // SAFETY: on a PHP thread of ours.
        unsafe { sys::rr_press_begin(number) };
    }

    /// The script is about to run, maybe for a request that was taken before. For the thread itself.
    pub(super) fn ahead(worker: &Worker) {
        let number = worker.request_number();
        if number != 0 {
            // SAFETY: on a PHP thread of ours.
            unsafe { sys::rr_press_begin(number) };
        }
    }

    /// It is over. For the thread itself.
    pub(super) fn end(&self, worker: &Worker) {
        if !worker.is_overseen() {
            return;
        }
        // SAFETY: on a PHP thread of ours.
        unsafe { sys::rr_press_end() };
        if let Some(mut subject) = self.0.lock().take() {
            subject.report(worker, None, sys::rr_memory_used());
        }
    }

    /// Request number `number` is to be logged.
    pub(super) fn expect(&self, number: u64, step: Step) {
        if let Some(subject) = self.0.lock().as_mut().filter(|subject| subject.number == number) {
            subject.slow |= step == Step::Report;
            subject.killed |= step == Step::Throw;
        }
    }

    /// Request number `number` is logged now, if it was not.
    pub(super) fn give_up(&self, worker: &Worker, number: u64) {
        if let Some(subject) = self.0.lock().as_mut().filter(|subject| subject.number == number) {
            subject.report(worker, None, worker.snapshot().memory);
        }
    }
}

// === impl Subject ===

impl Subject {
    /// Writes what is to be logged. `backtrace`: where the code is; none: it is not between two opcodes.
    fn report(&mut self, worker: &Worker, backtrace: Option<&str>, memory: usize) {
        let seconds = self.taken.elapsed().as_secs_f32();
        let (id, method, uri, rpc) = match &self.what {
            What::Request(id, method, uri) => (Some(display(id)), Some(display(method)), Some(display(uri)), None),
            What::Call(method) => (None, None, None, Some(&**method)),
        };
        let backtrace = backtrace.unwrap_or("none: the thread was in C code");
        if std::mem::take(&mut self.slow) {
            let backtrace = worker.traces().then_some(backtrace);
            warn!(worker = %worker.name, request = id, method, uri, rpc, seconds, memory, backtrace, "Slow request");
        }
        if std::mem::take(&mut self.killed) {
            warn!(
                worker = %worker.name, request = id, method, uri, rpc, seconds, memory, backtrace,
                "Request took longer than it may, and is ended"
            );
        }
    }
}

/// What a wait throws that has ended because the request in hand took too long; none if it has not.
pub(super) fn timeout() -> Option<PhpException> {
    let limit = local::with(|local| local.worker().exec_ttl().filter(|_| local.worker().is_timed_out())).flatten()?;
    // SAFETY: on a PHP thread of ours.
    unsafe { sys::rr_press_thrown() };
    Some(exception::timeout(limit.as_secs_f64()))
}

// === what the shim calls ===

#[unsafe(no_mangle)]
extern "C" fn rr_rs_report(backtrace: *const c_char, length: usize, memory: usize) {
    // SAFETY: the shim passes a buffer of its own.
    let backtrace = unsafe { std::slice::from_raw_parts(backtrace.cast::<u8>(), length) };
    guarded(|| {
        let backtrace = String::from_utf8_lossy(backtrace);
        local::with(|local| {
            if let Some(subject) = local.oversight().0.lock().as_mut() {
                subject.report(local.worker(), Some(&backtrace), memory);
            }
        });
    });
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_throw_timeout(limit: f64) {
    guarded(|| PhpException::throw(exception::timeout(limit)));
}
