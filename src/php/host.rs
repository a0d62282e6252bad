//! Starts PHP threads for a pool.

use std::{
    collections::HashMap,
    ffi::CStr,
    io,
    sync::{Arc, Once},
    thread::{Builder, JoinHandle},
};

use parking_lot::Mutex;

use super::{
    code,
    engine::c_string,
    local::{self, Local, Settings, Worker},
    oversight::Oversight,
    script::Script,
    sys,
};
use crate::{
    http,
    lock::Ties,
    net::Address,
    pool::{Ended, Host, Next, Step},
    rpc,
};

/// Stack of a PHP thread: what deep recursion inside the engine needs before its own limit stops it. Only address space.
const STACK: usize = 16 * 1024 * 1024;

/// Whether the environment says where calls are answered.
static ENVIRONMENT: Once = Once::new();

/// PHP threads that run one script.
pub(super) struct PhpHost {
    script: Script,
    settings: Settings,
    /// The threads that can be interrupted, by name of the worker.
    threads: Arc<Mutex<HashMap<String, Shared>>>,
}

/// A thread's record, shared with those who interrupt it.
struct Shared(*mut sys::Thread, Arc<Oversight>, Arc<Ties>);

// SAFETY: other threads only pass the pointer to functions that lock; it is taken out of the table, under
// the table's lock, before the record dies.
unsafe impl Send for Shared {}

// === impl PhpHost ===

impl PhpHost {
    /// Runs `script` on every thread, whose answers are made by `settings`.
    pub(super) fn new(script: Script, settings: Settings) -> Self {
        Self { script, settings, threads: Arc::default() }
    }
}

impl Host<http::Request, http::Answer> for PhpHost {
    fn start(&self, worker: Arc<Worker>, gone: Box<dyn FnOnce(Next) + Send>) -> io::Result<JoinHandle<()>> {
        // Before the first worker, whose children are to see it.
        ENVIRONMENT.call_once(|| tell_children(self.settings.inside.address()));
        let (script, threads, settings) = (self.script.clone(), Arc::clone(&self.threads), self.settings.clone());
        Builder::new().name(worker.name.clone()).stack_size(STACK).spawn(move || {
            let next = work(&worker, &script, &threads, settings);
            gone(next);
        })
    }

    fn interrupt(&self, worker: &Worker) {
        let threads = self.threads.lock();
        if let Some(Shared(thread, ..)) = threads.get(&worker.name) {
            // SAFETY: the record lives while it is in the table, whose lock is held.
            unsafe { sys::rr_thread_interrupt(*thread) };
        }
    }

    fn press(&self, worker: &Worker, request: u64, step: Step) {
        let threads = self.threads.lock();
        let Some(Shared(thread, oversight, ties)) = threads.get(&worker.name) else { return };
        let limit = worker.exec_ttl().unwrap_or_default().as_secs_f64();
        let wanted = match step {
            Step::Report => sys::REPORT,
            Step::Throw => sys::REPORT | sys::THROW,
            Step::End => sys::END,
            Step::Unblock => {
                // SAFETY: the record lives while it is in the table, whose lock is held.
                unsafe { sys::rr_unblock(*thread, request) };
                return;
            }
            Step::GiveUp => {
                oversight.give_up(worker, request);
                // Nobody waits for the end of its script any more, nor for what it has locked.
                ties.end();
                return;
            }
        };
        oversight.expect(request, step);
        // SAFETY: as above.
        unsafe { sys::rr_press(*thread, request, wanted, limit) };
    }

    fn code_memory(&self) -> Option<f32> {
        code::filled()
    }
}

/// Says in the environment of the process where calls are answered.
fn tell_children(address: Option<&Address>) {
    let text = address.map(|address| c_string(&rpc::shown(address)));
    // SAFETY: on the main thread; the threads that there are do not read the environment, and the texts are copied.
    unsafe { sys::rr_set_variable(c"RR_RPC".as_ptr(), text.as_deref().map_or(std::ptr::null(), CStr::as_ptr)) };
}

/// The life of one PHP thread.
fn work(worker: &Arc<Worker>, script: &Script, threads: &Mutex<HashMap<String, Shared>>, settings: Settings) -> Next {
    let (name, pool, debug) = (c_string(&worker.name), c_string(&worker.pool), settings.debug);
    let mut record = Box::new(sys::Thread::new(&name, &pool, c"http", worker.number));
    record.revalidates = debug;
    let address = settings.inside.address().map(|address| c_string(&rpc::shown(address)));
    record.rpc = address.as_deref().map_or(std::ptr::null(), CStr::as_ptr);
    let thread = &raw mut *record;
    // SAFETY: on a new thread; the record and its strings outlive `rr_thread_close`.
    unsafe { sys::rr_thread_open(thread) };
    let oversight = Arc::<Oversight>::default();
    let ties = Arc::new(Ties::new(Arc::clone(&settings.locks)));
    threads.lock().insert(worker.name.clone(), Shared(thread, Arc::clone(&oversight), Arc::clone(&ties)));
    let next = {
        let _local = local::enter(Arc::clone(worker), settings, oversight, Arc::clone(&ties));
        loop {
            if debug && local::with(Local::wait_ahead) != Some(true) {
                break worker.ended(&Ended::Exit(0));
            }
            local::with(Local::begin_run);
            let place = script.locate();
            // SAFETY: the record is this thread's; what others read of it is set elsewhere.
            script.prepare(unsafe { &mut *thread }, &place);
            let ended = run(thread);
            ties.end();
            local::with(|local| local.oversight().end(worker));
            drop(place);
            local::with(|local| local.answer_ahead(&ended));
            match worker.ended(&ended) {
                Next::Run => {}
                next => break next,
            }
        }
    };
    threads.lock().remove(&worker.name);
    // SAFETY: on the thread that was opened; no PHP value of it is left.
    unsafe { sys::rr_thread_close(thread) };
    next
}

/// Runs the script once. Nothing with a `Drop` lives here across the call.
fn run(thread: *mut sys::Thread) -> Ended {
    let mut outcome = sys::Outcome { status: 0, fatal: false, message: [0; 1024] };
    // SAFETY: on the thread that was opened; the shim catches every bailout.
    unsafe { sys::rr_thread_run(thread, &raw mut outcome) };
    if outcome.fatal {
        // SAFETY: the shim ends the message with a NUL.
        let message = unsafe { CStr::from_ptr(outcome.message.as_ptr()) };
        return Ended::Fatal(message.to_string_lossy().into_owned());
    }
    Ended::Exit(outcome.status)
}
