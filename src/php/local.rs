//! What a PHP thread of ours has in hand: its worker, the request it works on, the line it is echoing.

use std::{
    cell::{Cell, OnceCell, RefCell},
    ffi::{c_char, c_int},
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

use ::http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use bytes::Bytes;
use tracing::{debug, error, info, warn};

use super::{class::parts::Walk, engine, exception::Misuse, oversight::Oversight, sys};
use crate::{
    channel::Form,
    handoff::{Received, Written},
    http,
    lock::{Locks, Ties},
    metrics::Registry,
    pool, rpc,
};

mod ahead;
mod calls;

/// A worker of the HTTP pool.
pub(super) type Worker = pool::Worker<http::Request, http::Answer>;

/// Longest line of echoed text that is held back for its end.
const LINE: usize = 8 * 1024;

/// Bytes of a streamed answer that may be under way to the connection.
const UNDER_WAY: usize = 256 * 1024;

/// Channel of what workers print, and of PHP's errors in them.
pub(super) const OUTPUT: &str = "server";

/// The state of one PHP thread.
pub(super) struct Local {
    worker: Arc<Worker>,
    settings: Settings,
    /// What others may know of the request in hand.
    oversight: Arc<Oversight>,
    /// What locks end with.
    ties: Arc<Ties>,
    /// The request taken last, shared with the PHP object that shows it.
    current: RefCell<Option<Rc<Exchange>>>,
    /// The two requests before, for their memory: PHP holds the last one until it has the next.
    before: Cell<[Option<Rc<Exchange>>; 2]>,
    /// The headers of the request before, for their memory: it goes round from answer to request.
    spare: Cell<HeaderMap>,
    /// Echoed text whose line has not ended.
    line: RefCell<Vec<u8>>,
    /// What the script is run for, until it asks for it.
    ahead: Cell<Option<Received<http::Request, http::Answer>>>,
    /// The methods that the script answers, once it has registered one.
    member: OnceCell<Arc<calls::Member>>,
    /// The call that it answers.
    called: RefCell<Option<calls::Called>>,
    /// The script was told to leave its loop.
    left: Cell<bool>,
    /// The script is over; what still runs of it gets no more requests.
    over: Cell<bool>,
}

/// What the configuration says of answers.
#[derive(Clone)]
pub(super) struct Settings {
    /// How long a client may take nothing of a streamed answer.
    pub(super) write_timeout: Duration,
    /// Sends files that answers name, if they may.
    pub(super) sendfile: Option<Arc<http::Sendfile>>,
    /// The names of all pools.
    pub(super) pools: Arc<[String]>,
    /// Each request has a run of the script of its own, and is answered with what went wrong.
    pub(super) debug: bool,
    /// What answers are handed over to that stay open.
    pub(super) channels: Arc<http::Channels>,
    /// What the application counts.
    pub(super) metrics: Arc<Registry>,
    /// How methods are called and offered.
    pub(super) inside: Arc<rpc::Inside>,
    /// The locks of this server.
    pub(super) locks: Arc<Locks>,
}

/// What a wait has come to.
pub(super) enum Waited {
    Request(Rc<Exchange>),
    /// A call is to be answered.
    Call,
    /// The script is to leave its loop.
    Leave,
}

/// How a streamed answer begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Started {
    /// Its body can be written.
    Streaming,
    /// It has none: it is for HEAD, or its status has no body.
    WithoutBody,
    /// The client has gone.
    Gone,
}

/// What came of a write to a streamed answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wrote {
    Yes,
    /// The client has gone or takes nothing, or, without waiting, there is no room.
    No,
}

/// A request and its unanswered half.
pub(super) struct Exchange {
    /// `None` once the request is over.
    request: RefCell<Option<http::Request>>,
    /// `None` once it was answered.
    replier: Cell<Option<http::Replier>>,
    /// What the rest of its answer is written to; `None` once it has ended.
    stream: RefCell<Option<http::Sink>>,
    /// A form that is read part by part.
    pub(super) parts: RefCell<Option<Box<Walk>>>,
    /// When it must be over.
    pub(super) deadline: Option<SystemTime>,
    /// Made by user code, so nobody waits.
    detached: bool,
}

thread_local! {
    /// Set by [`enter`] on PHP threads of ours.
    static LOCAL: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

/// Makes the calling thread a worker's, until the guard is dropped.
pub(super) fn enter(worker: Arc<Worker>, settings: Settings, oversight: Arc<Oversight>, ties: Arc<Ties>) -> impl Drop {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            if let Some(local) = LOCAL.with(|local| local.replace(None))
                && let Some(member) = local.member.get()
            {
                member.leave();
            }
        }
    }
    let local = Local {
        worker,
        settings,
        oversight,
        ties,
        current: RefCell::default(),
        before: Cell::default(),
        spare: Cell::default(),
        line: RefCell::default(),
        ahead: Cell::default(),
        member: OnceCell::new(),
        called: RefCell::default(),
        left: Cell::new(false),
        over: Cell::new(false),
    };
    LOCAL.with(|place| place.replace(Some(Rc::new(local))));
    Guard
}

/// Calls `inside` with the state of this thread. `None` on a thread that is not ours, and in a forked child.
///
/// `inside` must not call PHP: a bailout would leave it by `longjmp`.
pub(super) fn with<T>(inside: impl FnOnce(&Local) -> T) -> Option<T> {
    if sys::rr_is_forked() {
        return None;
    }
    LOCAL.with(|local| local.borrow().as_deref().map(inside))
}

/// Hands the answer to `exchange` over, see [`Local::answer`].
pub(super) fn answer(exchange: &Exchange, answer: http::Answer) -> Result<bool, Misuse> {
    let given = with(|local| local.answer(exchange, answer));
    // Where there is no worker, nobody waits.
    given.unwrap_or_else(|| exchange.is_answerable().map(|()| false))
}

// === impl Local ===

impl Local {
    /// The worker of this thread.
    pub(super) fn worker(&self) -> &Worker {
        &self.worker
    }

    /// What others may know of the request in hand.
    pub(super) fn oversight(&self) -> &Oversight {
        &self.oversight
    }

    /// What locks end with.
    pub(super) fn ties(&self) -> &Ties {
        &self.ties
    }

    /// A run of the script begins.
    pub(super) fn begin_run(&self) {
        self.ties.begin();
        super::class::answer::forget();
        self.before.take();
        self.left.set(false);
        self.over.set(false);
        Oversight::ahead(&self.worker);
        if let Some(member) = self.member.get() {
            member.begin();
        }
        self.worker.boots();
    }

    /// Ends the request in hand and waits for what is next.
    pub(super) fn wait(&self) -> Waited {
        self.flush_line();
        self.oversight.end(&self.worker);
        self.finish_current();
        // A call that was not answered is so by this.
        drop(self.called.take());
        if self.over.get() {
            return Waited::Leave;
        }
        self.worker.uses(sys::rr_memory());
        if let Some(member) = self.member.get() {
            member.settle();
        }
        match self.next() {
            Some(Received::Request(sealed)) => Waited::Request(self.begin_request(sealed)),
            Some(Received::Errand) => {
                self.begin_call();
                Waited::Call
            }
            Some(Received::Leave(_)) | None => {
                self.left.set(true);
                Waited::Leave
            }
        }
    }

    fn begin_request(&self, sealed: http::Sealed) -> Rc<Exchange> {
        let deadline = self.worker.exec_ttl().and_then(|limit| SystemTime::now().checked_add(limit));
        let exchange = self.vacant(deadline);
        exchange.replier.set(Some(sealed.open_into(&mut exchange.request.borrow_mut())));
        if let Some(request) = &*exchange.request.borrow() {
            self.oversight.begin(&self.worker, request);
            let uri = &request.head.uri;
            let target = uri.path_and_query().map_or(uri.path(), |target| target.as_str());
            self.worker.shows(request.head.method.as_str(), target);
        }
        self.current.replace(Some(Rc::clone(&exchange)));
        exchange
    }

    /// An exchange without a request: the one before the last, unless PHP still shows it.
    fn vacant(&self, deadline: Option<SystemTime>) -> Rc<Exchange> {
        let [last, before] = self.before.take();
        self.before.set([last, None]);
        if let Some(mut exchange) = before
            && let Some(place) = Rc::get_mut(&mut exchange)
        {
            place.deadline = deadline;
            return exchange;
        }
        Rc::new(Exchange {
            request: RefCell::default(),
            replier: Cell::default(),
            stream: RefCell::default(),
            parts: RefCell::default(),
            deadline,
            detached: false,
        })
    }

    /// A header map to be filled.
    pub(super) fn spare_headers(&self) -> HeaderMap {
        self.spare.take()
    }

    /// The request taken last.
    pub(super) fn current(&self) -> Option<Rc<Exchange>> {
        self.current.borrow().clone()
    }

    /// Hands the answer to `exchange` over, or the file that it names. Returns false when the client has gone.
    ///
    /// # Errors
    ///
    /// When the request was answered, or is over.
    fn answer(&self, exchange: &Exchange, answer: http::Answer) -> Result<bool, Misuse> {
        let answer = match &self.settings.sendfile {
            Some(sendfile) if sendfile.concerns(&answer) => {
                exchange.is_answerable()?;
                self.worker.yield_role();
                exchange.with(|request| sendfile.replace(&request.head, answer))?
            }
            _ => answer,
        };
        self.give(exchange, answer)
    }

    /// Hands the answer to `exchange` over as it is. Returns false when the client has gone.
    ///
    /// # Errors
    ///
    /// As those of [`Exchange::answer`].
    pub(super) fn give(&self, exchange: &Exchange, answer: http::Answer) -> Result<bool, Misuse> {
        let given = exchange.answer(answer)?;
        self.worker.answered();
        Ok(given)
    }

    /// Starts a streamed answer to `exchange`. One that names a file is that file, and has no stream.
    pub(super) fn start(&self, exchange: &Exchange, answer: http::Answer) -> Result<Started, Misuse> {
        if self.settings.sendfile.as_ref().is_some_and(|sendfile| sendfile.concerns(&answer)) {
            let given = self.answer(exchange, answer)?;
            return Ok(if given { Started::WithoutBody } else { Started::Gone });
        }
        let head_only = exchange.with(|request| request.head.method == Method::HEAD)?;
        if http::is_bodyless(head_only, answer.status()) {
            let given = self.give(exchange, answer)?;
            return Ok(if given { Started::WithoutBody } else { Started::Gone });
        }
        // Pieces are to go out as they come.
        self.worker.yield_role();
        let (sink, source) = self.worker.flow(UNDER_WAY);
        if !exchange.answer(answer.with_body(source))? {
            return Ok(Started::Gone);
        }
        exchange.stream.replace(Some(sink));
        Ok(Started::Streaming)
    }

    /// Writes to the streamed answer of `exchange`; `waits` for room, or does not.
    pub(super) fn write(&self, exchange: &Exchange, bytes: &[u8], waits: bool) -> Result<Wrote, Misuse> {
        exchange.with(|_| ())?;
        let mut stream = exchange.stream.borrow_mut();
        let sink = stream.as_ref().ok_or(Misuse::Ended)?;
        if !waits {
            return Ok(if sink.try_write(bytes) == Some(true) { Wrote::Yes } else { Wrote::No });
        }
        let written = self.worker.write(sink, bytes, self.settings.write_timeout);
        if written == Written::TimedOut {
            // Dropped, it cuts the answer off.
            stream.take();
            warn!(
                worker = %self.worker.name,
                request = exchange.id().as_ref().map(tracing::field::display),
                "The client took nothing of its answer for {} s: it is cut off",
                self.settings.write_timeout.as_secs_f32()
            );
        }
        Ok(if written == Written::Yes { Wrote::Yes } else { Wrote::No })
    }

    /// Hands the streamed answer of `exchange` over to channels. Returns false when nobody reads it, or it has ended.
    pub(super) fn detach(
        &self,
        exchange: &Exchange,
        names: &[&[u8]],
        form: Form,
        last: Option<&[u8]>,
    ) -> Result<bool, Misuse> {
        exchange.with(|_| ())?;
        let Some(stream) = exchange.stream.take() else { return Ok(false) };
        self.worker.parts_with_stream();
        Ok(self.settings.channels.subscribe(names, form, stream, last))
    }

    /// What the application counts.
    pub(super) fn metrics(&self) -> &Arc<Registry> {
        &self.settings.metrics
    }

    /// The channels of this server.
    pub(super) fn channels(&self) -> &http::Channels {
        &self.settings.channels
    }

    /// The names of all pools of this server.
    pub(super) fn pools(&self) -> &[String] {
        &self.settings.pools
    }

    fn finish_current(&self) {
        let Some(exchange) = self.current.replace(None) else { return };
        exchange.end_stream(None);
        let mut place = exchange.request.borrow_mut();
        if let Some(replier) = exchange.replier.take() {
            if let Some(request) = place.take() {
                self.leave_unanswered(request, replier);
            }
        } else {
            if let Some(request) = &mut *place {
                self.spare.set(std::mem::take(&mut request.head.headers));
            }
            *place = None;
        }
        drop(place);
        if exchange.parts.try_borrow().is_ok_and(|parts| parts.is_none()) {
            let [last, _] = self.before.take();
            self.before.set([Some(exchange), last]);
        }
    }

    fn leave_unanswered(&self, mut request: http::Request, replier: http::Replier) {
        if self.worker.is_leaving() && !self.worker.is_stopping() && !request.given_back && request.is_untouched() {
            // `Worker::stop()` before an answer: another worker takes the request, as in RoadRunner. But once: a script
            // that stops on each request would pass it round for ever. And not without a part of its body.
            request.given_back = true;
            return self.worker.give_back(http::Envelope { request, replier });
        }
        if !replier.is_abandoned() {
            if self.settings.debug {
                replier.answer(failure("The request was not answered before the next waitRequest()"));
            }
            let (file, line) = engine::position();
            error!(
                worker = %self.worker.name,
                method = %request.head.method,
                uri = %request.head.uri,
                "The request was not answered before the next wait at {file}:{line}"
            );
        }
    }

    /// The script is over, because of `error` if there was one: what is unanswered will stay so.
    fn abandon(&self, error: &str) {
        self.flush_line();
        self.over.set(true);
        // A bailout may have left it borrowed; it is answered at the next wait, or with the thread's end.
        if let Ok(mut called) = self.called.try_borrow_mut() {
            drop(called.take());
        }
        // Dropping the replier answers; the request itself may be in use by an object of the dying script.
        if let Some(exchange) = self.current.replace(None) {
            exchange.break_stream();
            let replier = exchange.replier.take();
            if let Some(replier) = replier.filter(|_| self.settings.debug) {
                let error = if error.is_empty() { "the script ended without an answer" } else { error };
                replier.answer(failure(error));
            }
        }
    }

    /// Whether errors of the script are of no interest: it was told to leave its loop without ever having had a
    /// request, so code behind the loop may find nothing prepared.
    fn is_idle_end(&self) -> bool {
        self.left.get() && self.worker.requests_of_run() == 0 && self.worker.is_stopping()
    }

    fn echo(&self, bytes: &[u8]) {
        let mut line = self.line.borrow_mut();
        line.extend_from_slice(bytes);
        while let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            self.log_line(&line[..end]);
            line.drain(..=end);
        }
        if line.len() > LINE {
            self.log_line(&line);
            line.clear();
        }
    }

    fn flush_line(&self) {
        let line = std::mem::take(&mut *self.line.borrow_mut());
        self.log_line(&line);
    }

    fn log_line(&self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            self.log(sys::LOG_INFO, line);
        }
    }

    /// Logs what PHP or the script says, as one entry, with whose it is.
    fn log(&self, level: c_int, message: &[u8]) {
        let message = String::from_utf8_lossy(message);
        let message = message.trim_end_matches(['\n', '\r']);
        if message.is_empty() {
            return;
        }
        let (worker, pool) = (self.worker.name.as_str(), self.worker.pool.as_str());
        let request = self.current.borrow().as_ref().and_then(|exchange| exchange.id());
        let request = request.as_ref().map(tracing::field::display);
        match level {
            _ if self.is_idle_end() => debug!(target: OUTPUT, worker, pool, request, "{message}"),
            sys::LOG_ERROR => error!(target: OUTPUT, worker, pool, request, "{message}"),
            sys::LOG_WARNING => warn!(target: OUTPUT, worker, pool, request, "{message}"),
            sys::LOG_INFO => info!(target: OUTPUT, worker, pool, request, "{message}"),
            _ => debug!(target: OUTPUT, worker, pool, request, "{message}"),
        }
    }
}

// === impl Exchange ===

impl Exchange {
    /// An exchange that nobody waits for, made by user code.
    pub(super) fn detached(request: http::Request) -> Rc<Self> {
        Rc::new(Self {
            request: RefCell::new(Some(request)),
            replier: Cell::new(None),
            stream: RefCell::default(),
            parts: RefCell::default(),
            deadline: None,
            detached: true,
        })
    }

    /// Calls `inside` with the request.
    ///
    /// `inside` may create PHP values: if that ends in a bailout, the borrow stays for ever, but the run of the script
    /// is over then and nobody borrows again.
    ///
    /// # Errors
    ///
    /// When the request is over.
    pub(super) fn with<T>(&self, inside: impl FnOnce(&http::Request) -> T) -> Result<T, Misuse> {
        self.request.borrow().as_ref().map(inside).ok_or(Misuse::Finished)
    }

    /// Calls `inside` with the request, to change it. `inside` must not create PHP values.
    ///
    /// # Errors
    ///
    /// When the request is over.
    pub(super) fn with_mut<T>(&self, inside: impl FnOnce(&mut http::Request) -> T) -> Result<T, Misuse> {
        self.request.borrow_mut().as_mut().map(inside).ok_or(Misuse::Finished)
    }

    /// The request's number, until it is over.
    fn id(&self) -> Option<http::RequestId> {
        self.request.try_borrow().ok()?.as_ref().map(|request| request.id)
    }

    /// Returns whether the client has gone before its answer.
    pub(super) fn is_aborted(&self) -> bool {
        let Some(replier) = self.replier.take() else { return false };
        let aborted = replier.is_abandoned();
        self.replier.set(Some(replier));
        aborted
    }

    /// Returns whether more can be written to a streamed answer.
    pub(super) fn is_streaming(&self) -> bool {
        self.stream.borrow().as_ref().is_some_and(|sink| !sink.is_left())
    }

    /// Ends a streamed answer. Returns false when the client has gone, or if there is none to end.
    pub(super) fn end_stream(&self, trailers: Option<HeaderMap>) -> bool {
        let Some(sink) = self.stream.take() else { return false };
        let there = !sink.is_left();
        sink.end(trailers);
        there
    }

    /// Cuts a streamed answer off.
    pub(super) fn break_stream(&self) {
        // A bailout may have left it borrowed; nobody uses it any more.
        if let Ok(mut stream) = self.stream.try_borrow_mut() {
            stream.take();
        }
    }

    /// Hands an answer over. Returns false when the client has gone.
    ///
    /// # Errors
    ///
    /// When the request was answered, or is over.
    pub(super) fn answer(&self, answer: http::Answer) -> Result<bool, Misuse> {
        match self.replier.take() {
            Some(replier) => Ok(replier.answer(answer)),
            None => Err(self.unanswerable()),
        }
    }

    /// # Errors
    ///
    /// As those of [`Exchange::answer`].
    pub(super) fn is_answerable(&self) -> Result<(), Misuse> {
        let replier = self.replier.take();
        let answerable = replier.is_some();
        self.replier.set(replier);
        if answerable { Ok(()) } else { Err(self.unanswerable()) }
    }

    fn unanswerable(&self) -> Misuse {
        if self.detached {
            Misuse::Detached
        } else if self.request.borrow().is_none() {
            Misuse::Finished
        } else {
            Misuse::Answered
        }
    }
}

/// What a client of a pool for debugging is told.
fn failure(error: &str) -> http::Answer {
    let mut answer = http::Answer::new(StatusCode::INTERNAL_SERVER_ERROR, Bytes::from(format!("{error}\n")));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    // One header is not too many.
    let _ = answer.append(CONTENT_TYPE, plain);
    answer
}

// === what the shim calls ===

/// Runs `inside`, keeping a panic from crossing into C.
pub(super) fn guarded(inside: impl FnOnce()) {
    // A panic was reported by its hook; there is nobody here to tell.
    let _ = catch_unwind(AssertUnwindSafe(inside));
}

/// # Safety
///
/// `bytes` must be valid for `length` bytes.
unsafe fn slice<'a>(bytes: *const c_char, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: as promised by the caller.
    unsafe { std::slice::from_raw_parts(bytes.cast(), length) }
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_output(bytes: *const c_char, length: usize) {
    // SAFETY: the shim passes what PHP passed to `ub_write`.
    let bytes = unsafe { slice(bytes, length) };
    guarded(|| {
        with(|local| local.echo(bytes));
    });
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_log(level: c_int, bytes: *const c_char, length: usize) {
    // SAFETY: the shim passes a message of PHP's, or a literal of its own.
    let bytes = unsafe { slice(bytes, length) };
    guarded(|| {
        if with(|local| local.log(level, bytes)).is_none() {
            warn!(target: OUTPUT, "{}", String::from_utf8_lossy(bytes));
        }
    });
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_flush_output() {
    guarded(|| {
        with(Local::flush_line);
    });
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_abandon(error: *const c_char) {
    guarded(|| {
        let error = super::exception::text(error).unwrap_or_default();
        with(|local| local.abandon(&error));
    });
}
