//! The bounded way of entries to one output, and the thread that writes them.
//!
//! Whoever logs copies the finished entry under a short lock and goes on. When the output is too slow, entries are dropped
//! and counted; the count is reported where they would have stood.

use std::{
    io, mem,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use super::{
    Level,
    output::{Batch, Output},
    record::Scratch,
    style::Style,
};

/// Bytes of entries that may wait for the writer.
pub(super) const CAPACITY: usize = 4 * 1024 * 1024;
/// Bytes from which the writer no longer collects.
const MUCH: usize = 256 * 1024;
/// How long the writer collects entries once some have come, so that not each of them wakes it.
const COLLECT: Duration = Duration::from_millis(5);
/// How long an entry may take while no writer runs, before and after the server.
const DIRECT: Duration = Duration::from_millis(250);
/// How long a writer that was told to give up may take to do so.
const GIVE_UP: Duration = Duration::from_millis(250);
/// How long to leave an output alone that could not be written.
const RETRY: Duration = Duration::from_secs(1);

/// An output and what waits for it.
#[derive(Debug)]
pub(super) struct Queue {
    /// For messages about it.
    name: String,
    screen: bool,
    style: Arc<Style>,
    state: Mutex<State>,
    /// Something to do for the writer.
    work: Condvar,
    /// Something was done.
    done: Condvar,
    /// Held by the writer while it lives.
    output: Mutex<Output>,
    /// Waiting for a reader is over.
    give_up: AtomicBool,
    dropped: AtomicU64,
    /// Where to tell of troubles with this output.
    troubles: OnceLock<Vec<Arc<Self>>>,
}

#[derive(Debug, Default)]
struct State {
    pending: Batch,
    /// Dropped since the last report. While it is not 0, everything is dropped: the report stands where they are missing.
    missing: u64,
    /// Entries taken, and entries that are out or lost.
    taken: u64,
    settled: u64,
    phase: Phase,
    /// The last batch could not be written.
    failing: bool,
    /// What was complained of last, until a batch has no troubles.
    trouble: String,
    /// The writer sleeps until it is woken.
    asleep: bool,
    /// How many wait for the writer; it does not collect meanwhile.
    hurry: usize,
    reopen: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Phase {
    /// There is no writer: whoever logs writes.
    #[default]
    Direct,
    Running,
    Ending,
}

// === impl Queue ===

impl Queue {
    pub(super) fn new(name: String, output: Output, style: Arc<Style>) -> Arc<Self> {
        Arc::new(Self {
            name,
            screen: output.is_terminal(),
            style,
            state: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
            output: Mutex::new(output),
            give_up: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            troubles: OnceLock::new(),
        })
    }

    /// Sets where troubles are told.
    pub(super) fn tell(&self, queues: Vec<Arc<Self>>) {
        let _ = self.troubles.set(queues);
    }

    /// Whether a person looks at the output.
    pub(super) fn is_screen(&self) -> bool {
        self.screen
    }

    /// Entries that were taken by nobody, since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Takes an entry, or drops it when too much waits. Does not wait for the output while a writer runs.
    pub(super) fn push(&self, entry: &[u8]) {
        let mut state = self.state.lock();
        let direct = state.phase == Phase::Direct;
        let waiting = state.pending.bytes.len();
        // While there is much room a long entry is taken, too, whatever its length.
        let full = waiting > CAPACITY / 2 && waiting + entry.len() > CAPACITY;
        if full || (state.missing > 0 && !direct) {
            state.missing += 1;
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.pending.push(entry);
        state.taken += 1;
        let much = waiting <= MUCH && state.pending.bytes.len() > MUCH;
        let wake = much || mem::take(&mut state.asleep);
        drop(state);
        if direct {
            let end = Instant::now() + DIRECT;
            if let Some(mut output) = self.output.try_lock_until(end) {
                self.pump(&mut output, &mut Batch::default(), &|| Instant::now() >= end);
            }
        } else if wake {
            self.work.notify_one();
        }
    }

    /// Waits until everything taken so far is out, at most until `deadline`. Returns whether it is.
    pub(super) fn flush(&self, deadline: Instant) -> bool {
        let mut state = self.state.lock();
        let target = state.taken;
        state.hurry += 1;
        self.work.notify_one();
        // What is missing is reported behind the entries; an output that fails will not take the report either.
        while state.settled < target || (state.missing > 0 && !state.failing) {
            if self.done.wait_until(&mut state, deadline).timed_out() {
                break;
            }
        }
        state.hurry -= 1;
        state.settled >= target
    }

    /// Opens a file again under its name; the writer does it, if there is one.
    pub(super) fn reopen(&self) {
        let mut state = self.state.lock();
        if state.phase != Phase::Direct {
            state.reopen = true;
            drop(state);
            self.work.notify_one();
            return;
        }
        drop(state);
        if let Some(mut output) = self.output.try_lock_for(DIRECT) {
            self.reopen_now(&mut output);
        }
    }

    fn reopen_now(&self, output: &mut Output) {
        if let Err(error) = output.reopen() {
            self.complain(format!("cannot open {} again: {error}; the old file is kept", self.name));
        }
    }

    // --- the writer ---

    /// Starts the writer.
    ///
    /// # Errors
    ///
    /// When there is no thread to be had.
    pub(super) fn start(self: &Arc<Self>) -> io::Result<JoinHandle<()>> {
        self.give_up.store(false, Ordering::Relaxed);
        self.state.lock().phase = Phase::Running;
        let queue = Arc::clone(self);
        let thread = Builder::new().name("rr-log".to_owned()).spawn(move || queue.run());
        if thread.is_err() {
            self.state.lock().phase = Phase::Direct;
        }
        thread
    }

    /// Ends the writer, once everything is out or `deadline` has come. Returns whether it has ended.
    pub(super) fn end(&self, deadline: Instant) -> bool {
        let mut state = self.state.lock();
        if state.phase == Phase::Running {
            state.phase = Phase::Ending;
        }
        self.work.notify_one();
        for deadline in [deadline, deadline.max(Instant::now()) + GIVE_UP] {
            while state.phase == Phase::Ending && !self.done.wait_until(&mut state, deadline).timed_out() {}
            self.give_up.store(true, Ordering::Relaxed);
        }
        state.phase == Phase::Direct
    }

    fn run(&self) {
        let mut output = self.output.lock();
        let mut spare = Batch::default();
        let mut troubles = Vec::new();
        output.tidy(&mut troubles);
        for trouble in troubles {
            self.complain(trouble);
        }
        loop {
            let mut state = self.state.lock();
            while state.is_idle() && state.phase == Phase::Running {
                spare.trim(MUCH);
                state.pending.trim(MUCH);
                state.asleep = true;
                self.work.wait(&mut state);
                state.asleep = false;
            }
            if state.phase == Phase::Ending
                && (state.is_idle() || state.failing || self.give_up.load(Ordering::Relaxed))
            {
                output.rest();
                state.phase = Phase::Direct;
                let lost = state.abandon();
                self.dropped.fetch_add(lost, Ordering::Relaxed);
                self.done.notify_all();
                return;
            }
            let reopen = mem::take(&mut state.reopen);
            drop(state);
            if reopen {
                self.reopen_now(&mut output);
            }
            self.pump(&mut output, &mut spare, &|| self.give_up.load(Ordering::Relaxed));
            let mut state = self.state.lock();
            if state.phase == Phase::Running && !state.reopen {
                let pause = if state.failing { RETRY } else { COLLECT };
                if state.failing || (state.hurry == 0 && state.missing == 0) {
                    self.work.wait_for(&mut state, pause);
                }
            }
        }
    }

    /// Writes what is pending, and behind it how many are missing. `spare` has buffers for the next entries.
    fn pump(&self, output: &mut Output, spare: &mut Batch, give_up: &dyn Fn() -> bool) {
        let mut state = self.state.lock();
        let missing = mem::take(&mut state.missing);
        mem::swap(&mut state.pending, spare);
        drop(state);
        let entries = spare.ends.len();
        if missing > 0 {
            self.report(missing, spare);
        }
        let mut troubles = Vec::new();
        let written = output.write(spare, give_up, &mut troubles);
        let complete = written.entries == spare.ends.len();
        let lost = (entries - written.entries.min(entries)) as u64;
        self.dropped.fetch_add(lost, Ordering::Relaxed);
        if let Some(error) = &written.error {
            troubles.push(format!("cannot write to {}: {error}", self.name));
        }
        let mut state = self.state.lock();
        state.settled += entries as u64;
        state.failing = written.error.is_some();
        state.missing += if complete { 0 } else { missing + lost };
        if complete && troubles.is_empty() {
            state.trouble.clear();
        }
        drop(state);
        self.done.notify_all();
        for trouble in troubles {
            self.complain(trouble);
        }
        spare.clear();
    }

    fn report(&self, missing: u64, batch: &mut Batch) {
        let mut scratch = Scratch::default();
        let message = format!("{missing} log lines dropped: {} was too slow or could not be written", self.name);
        let fields = [("dropped", missing.to_string()), ("output", self.name.clone())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.style.notice(Level::Warn, &message, &fields, self.screen, &mut scratch);
        batch.push(&scratch.entry);
    }

    /// Tells of a trouble, once for as long as it lasts. Not to this output itself: it is the one that has it.
    fn complain(&self, trouble: String) {
        if self.state.lock().trouble == trouble {
            return;
        }
        let mut scratch = Scratch::default();
        for queue in self.troubles.get().into_iter().flatten() {
            if !std::ptr::eq(Arc::as_ptr(queue), self) {
                queue.style.notice(Level::Error, &trouble, &[], queue.screen, &mut scratch);
                queue.push(&scratch.entry);
            }
        }
        self.state.lock().trouble = trouble;
    }
}

// === impl State ===

impl State {
    fn is_idle(&self) -> bool {
        self.pending.ends.is_empty() && self.missing == 0 && !self.reopen
    }

    /// Gives up what is pending; returns how many entries that were.
    fn abandon(&mut self) -> u64 {
        let lost = self.pending.ends.len() as u64;
        self.pending.clear();
        self.settled += lost;
        self.reopen = false;
        lost
    }
}
