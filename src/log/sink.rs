//! A log: routes, outputs, and the `tracing` subscriber before them.

use std::{cell::RefCell, io, mem, path::PathBuf, sync::Arc, thread::JoinHandle, time::Instant};

use parking_lot::Mutex;
use tracing::{Event, Metadata, Subscriber, level_filters::LevelFilter, span, subscriber::Interest};

use super::{
    channel::{Route, Routes},
    config::{Channel, Config, Output as Name, Rotation},
    output::Output,
    queue::Queue,
    record::Scratch,
    style::Style,
};

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A log and its outputs.
#[derive(Debug)]
pub struct Log {
    routes: Arc<Routes>,
    queues: Vec<Arc<Queue>>,
    /// Those of `queues` that have a writer, once it is started.
    writers: Mutex<Vec<(Arc<Queue>, JoinHandle<()>)>>,
    /// Queues that entries of channels go to; others only hear of troubles and need no thread.
    busy: Vec<Arc<Queue>>,
}

/// A log file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the log file {}: {reason}", path.display())]
pub struct OpenError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    #[source]
    pub reason: io::Error,
}

/// Takes the events of all threads to a log.
#[derive(Debug)]
struct Sink(Arc<Routes>);

/// The outputs that are open, each once.
#[derive(Default)]
struct Opened {
    queues: Vec<(Name, Arc<Queue>)>,
}

// === impl Log ===

impl Log {
    /// Opens everything that `config` names. Entries are written by whoever logs them, until [`start`](Self::start).
    ///
    /// # Errors
    ///
    /// When a file cannot be opened.
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        let mut opened = Opened::default();
        let mut busy = Vec::new();
        // Rotated files first: another channel may name one of them as a plain output.
        let mut channels: Vec<_> = config.channels.iter().map(|(name, channel)| (Some(name), channel)).collect();
        channels.push((None, &config.default));
        channels.sort_by_key(|(_, channel)| channel.file_logger_options.is_none());
        let mut routes = Routes::default();
        for (name, channel) in channels {
            let route = opened.route(channel, &mut busy)?;
            match name {
                Some(name) => routes.channels.push((name.clone(), route)),
                None => routes.default = route,
            }
        }
        if let Some(access) = &config.access {
            routes.access = opened.route(access, &mut busy)?;
        }
        let queues = opened.queues.into_iter().map(|(_, queue)| queue).collect();
        Ok(Self { routes: Arc::new(routes), queues, writers: Mutex::default(), busy })
    }

    /// Returns what hands `tracing` events to this log.
    pub fn subscriber(&self) -> impl Subscriber + Send + Sync + 'static {
        Sink(Arc::clone(&self.routes))
    }

    /// Starts a thread for each output. They inherit the signal mask of the caller.
    ///
    /// # Errors
    ///
    /// When there are no threads to be had.
    pub fn start(&self) -> io::Result<()> {
        let mut writers = self.writers.lock();
        for queue in &self.busy {
            if !writers.iter().any(|(started, _)| Arc::ptr_eq(started, queue)) {
                writers.push((Arc::clone(queue), queue.start()?));
            }
        }
        Ok(())
    }

    /// Waits until everything logged so far is written, at most until `deadline`. Returns whether it is.
    pub fn flush(&self, deadline: Instant) -> bool {
        // Each of them has until the deadline: none is left out because another one hangs.
        self.queues.iter().filter(|queue| !queue.flush(deadline)).count() == 0
    }

    /// Writes what is left and ends the threads. Those that hang in the system some time after `deadline` are left alone.
    pub fn stop(&self, deadline: Instant) {
        for (queue, thread) in mem::take(&mut *self.writers.lock()) {
            if queue.end(deadline) {
                let _ = thread.join();
            }
        }
    }

    /// Opens all files again under their names.
    pub fn reopen(&self) {
        for queue in &self.queues {
            queue.reopen();
        }
    }

    /// Entries dropped since the start.
    pub fn dropped(&self) -> u64 {
        self.queues.iter().map(|queue| queue.dropped()).sum()
    }
}

// === impl Opened ===

impl Opened {
    /// Opens what a channel needs; `busy` gets the queues that its entries go to.
    fn route(&mut self, channel: &Channel, busy: &mut Vec<Arc<Queue>>) -> Result<Option<Route>, OpenError> {
        let Some(style) = Style::of(channel).map(Arc::new) else { return Ok(None) };
        let queues = match &channel.file_logger_options {
            Some(rotation) => vec![self.rotated(rotation, &style)?],
            None => self.open_all(&channel.output, &style)?,
        };
        let troubles = self.open_all(&channel.err_output, &style)?;
        for queue in &queues {
            queue.tell(troubles.clone());
            add(busy, queue);
        }
        Ok(Some(Route::new(channel.level, style, queues)))
    }

    fn open_all(&mut self, names: &[Name], style: &Arc<Style>) -> Result<Vec<Arc<Queue>>, OpenError> {
        let mut queues = Vec::new();
        for name in names {
            add(&mut queues, &self.find(name.clone(), style, || Output::open(name))?);
        }
        Ok(queues)
    }

    fn rotated(&mut self, rotation: &Rotation, style: &Arc<Style>) -> Result<Arc<Queue>, OpenError> {
        self.find(Name::File(rotation.log_output.clone()), style, || Output::open_rotated(rotation))
    }

    fn find(
        &mut self,
        name: Name,
        style: &Arc<Style>,
        open: impl FnOnce() -> io::Result<Output>,
    ) -> Result<Arc<Queue>, OpenError> {
        // Two spellings of a path are one file, whatever directory a script goes to.
        let name = match name {
            Name::File(path) => Name::File(std::path::absolute(&path).unwrap_or(path)),
            stream => stream,
        };
        if let Some((_, queue)) = self.queues.iter().find(|(known, _)| *known == name) {
            return Ok(Arc::clone(queue));
        }
        let (text, path) = match &name {
            Name::Stderr => ("stderr".to_owned(), PathBuf::new()),
            Name::Stdout => ("stdout".to_owned(), PathBuf::new()),
            Name::File(path) => (path.display().to_string(), path.clone()),
        };
        let output = open().map_err(|reason| OpenError { path, reason })?;
        let queue = Queue::new(text, output, Arc::clone(style));
        self.queues.push((name, Arc::clone(&queue)));
        Ok(queue)
    }
}

/// Adds a queue to others, once.
fn add(queues: &mut Vec<Arc<Queue>>, queue: &Arc<Queue>) {
    if !queues.iter().any(|known| Arc::ptr_eq(known, queue)) {
        queues.push(Arc::clone(queue));
    }
}

// === impl Sink ===

impl Subscriber for Sink {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Settings do not change: what is filtered out costs one load from then on.
        if self.0.is_enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.is_enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.most_verbose())
    }

    fn event(&self, event: &Event<'_>) {
        if super::is_forked() {
            return;
        }
        let done = SCRATCH.try_with(|scratch| match scratch.try_borrow_mut() {
            Ok(mut scratch) => {
                self.0.write(event, &mut scratch);
                scratch.trim();
            }
            // A value being formatted logs itself, or panics.
            Err(_) => self.0.write(event, &mut Scratch::default()),
        });
        if done.is_err() {
            self.0.write(event, &mut Scratch::default()); // The thread is at its very end.
        }
    }

    // Spans are not written: they are disabled, so none of these is called but by a mistake.

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
