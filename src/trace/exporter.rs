//! The thread that sends traces.

use std::{
    io::{self, Write},
    os::fd::RawFd,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use crossbeam_channel::{Receiver, bounded};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tracing::{debug, error, info, warn};

use super::{
    Config, Output, Resource, Span, Tracer,
    collector::{Collector, Failure},
    connect::Connector,
    id::random,
    json,
    otlp::{self, Message},
    queue::{BATCH, Queue},
};

/// How long traces wait for others to be sent with.
const GATHER: Duration = Duration::from_secs(1);
/// Bytes of spans from which they are sent.
const BYTES: usize = 1 << 20;
/// How long a batch is kept for a collector that does not take it.
const KEEP: Duration = Duration::from_mins(1);
/// Shortest and longest pause before the next attempt.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));
/// How often it is said that something was lost, at most.
const SAY: Duration = Duration::from_secs(1);
/// How long the end may take: what is still there is sent, or lost.
const FLUSH: Duration = Duration::from_secs(3);
/// How much longer the thread itself may take, whose standard output nobody may read.
const GONE: Duration = Duration::from_secs(1);

/// Sends what its [`Tracer`]s are given. When it is dropped, what is there is still sent, for as long as the end may take.
#[derive(Debug)]
pub struct Exporter {
    stop: watch::Sender<bool>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nobody to say which collectors are genuine.
    #[error("otel: no certificates of authorities are found, which TLS needs ({0}); without TLS: otel.insecure: true")]
    Roots(String),
    /// A collector cannot have that name.
    #[error("otel.endpoint: {0} is not a name")]
    Name(String),
    /// TLS cannot be spoken.
    #[error("otel: TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The system gives no thread, or no event queue.
    #[error("otel: the thread that sends traces cannot be started")]
    Thread(#[from] io::Error),
}

/// What runs on the thread.
struct Sender {
    queue: Arc<Queue>,
    resource: Resource,
    way: Way,
    stop: watch::Receiver<bool>,
    losses: Losses,
    /// Requests whose traces are being sent.
    under_way: usize,
    /// Whether the last attempt has failed.
    away: bool,
}

/// Where batches go.
enum Way {
    Collector(Box<Collector>),
    Stdout,
    Stderr,
}

/// Requests whose traces are lost, until it is said.
#[derive(Debug, Default)]
struct Losses {
    requests: u64,
    /// Why the last ones are.
    why: String,
    said: Option<Instant>,
}

// === impl Exporter ===

impl Exporter {
    /// Starts the thread. `floor` is the lowest number of the descriptor of a connection.
    ///
    /// # Errors
    ///
    /// See [`Error`]. That a collector is away is none: it may come.
    pub fn start(config: &Config, floor: Option<RawFd>) -> Result<(Tracer, Self), Error> {
        let way = match config.exporter {
            Output::Otlp => {
                let connector = Connector::new(&config.endpoint, config.client, config.insecure, floor)?;
                Way::Collector(Box::new(Collector::new(config, connector)?))
            }
            Output::Stdout => Way::Stdout,
            Output::Stderr => Way::Stderr,
        };
        let queue = Queue::new();
        let tracer = Tracer::new(config.sample, &queue);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build()?;
        let (stop, stopped) = watch::channel(false);
        let (done, ended) = bounded(0);
        let losses = Losses::default();
        let resource = config.resource.of_process();
        let sender = Sender { queue, resource, way, stop: stopped, losses, under_way: 0, away: false };
        let thread = Builder::new().name("rr-traces".to_owned()).spawn(move || {
            runtime.block_on(sender.run());
            // A name that is still looked for is not waited for.
            runtime.shutdown_background();
            drop(done);
        })?;
        Ok((tracer, Self { stop, ended, thread: Some(thread) }))
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let Some(thread) = self.thread.take() else { return };
        if self.ended.recv_timeout(FLUSH + GONE).is_err_and(|error| error.is_timeout()) {
            error!("Thread of the traces does not end");
        } else if thread.join().is_err() {
            error!("Thread of the traces panicked");
        }
    }
}

// === impl Sender ===

impl Sender {
    async fn run(mut self) {
        let mut stop = self.stop.clone();
        let late = async move {
            // The other end is gone only after it was told.
            let _ = stop.wait_for(|stop| *stop).await;
            sleep(FLUSH).await;
        };
        tokio::select! {
            () = self.send_all() => {}
            () = late => {
                let left = self.queue.len() + self.under_way;
                self.losses.add(left, "the collector did not take them before the end");
            }
        }
        self.losses.said = None;
        self.say_losses();
    }

    /// Sends until told to stop, and then what is left.
    async fn send_all(&mut self) {
        let queue = Arc::clone(&self.queue);
        while !self.is_stopping() {
            let mut stop = self.stop.clone();
            let stopped = stop.wait_for(|stop| *stop);
            tokio::select! {
                () = queue.filled.notified() => {}
                _ = stopped => {}
            }
            let mut stop = self.stop.clone();
            let stopped = stop.wait_for(|stop| *stop);
            if queue.len() < BATCH {
                tokio::select! {
                    () = sleep(GATHER) => {}
                    () = queue.full.notified() => {}
                    _ = stopped => {}
                }
            }
            queue.listen();
            while queue.len() > 0 {
                self.send_batch().await;
                self.say_losses();
            }
        }
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    async fn send_batch(&mut self) {
        let (mut requests, mut spans) = (0, Message::default());
        while requests < BATCH
            && spans.len() < BYTES
            && let Some(ended) = self.queue.pop()
        {
            requests += 1;
            let of_request = ended.spans();
            match &self.way {
                Way::Collector(_) => of_request.iter().for_each(|span| spans.span(span)),
                Way::Stdout => self.print(&of_request, io::stdout()),
                Way::Stderr => self.print(&of_request, io::stderr()),
            }
        }
        let Way::Collector(collector) = &self.way else { return };
        match collector.pack(otlp::request(&self.resource, &spans)) {
            Ok(body) => {
                self.under_way = requests;
                self.deliver(body, requests).await;
                self.under_way = 0;
            }
            Err(error) => self.losses.add(requests, &error.to_string()),
        }
    }

    fn print(&self, spans: &[Span], mut stream: impl Write) {
        // Nobody may read it any more.
        let _ = stream.write_all(&json::line(&self.resource, spans));
    }

    /// Sends a batch, again and again if need be.
    async fn deliver(&mut self, body: Bytes, requests: usize) {
        let (begun, mut pause) = (Instant::now(), BACK_OFF.0);
        loop {
            let Way::Collector(collector) = &mut self.way else { return };
            let last = *self.stop.borrow();
            let (error, asked) = match collector.send(body.clone()).await {
                Ok(rejected) => {
                    if std::mem::take(&mut self.away) {
                        info!("The collector takes traces again");
                    }
                    if let Some((spans, why)) = rejected {
                        debug!(spans, why, "The collector rejects spans");
                        if spans > 0 {
                            self.losses.add(requests, &format!("the collector rejects {spans} of their spans: {why}"));
                        }
                    }
                    return;
                }
                Err(Failure::Never(why)) => return self.losses.add(requests, &why),
                Err(Failure::Broken(why)) => (why, None),
                Err(Failure::Later(why, asked)) => (why, asked),
            };
            if !std::mem::replace(&mut self.away, true) {
                warn!(error, "The collector does not take traces: they are sent again later");
            }
            // Not all who wait come at the same time.
            let pause_now = asked.unwrap_or_else(|| pause.mul_f64(0.5 + share() / 2.0));
            if last || begun.elapsed() + pause_now > KEEP {
                return self.losses.add(requests, &error);
            }
            self.pause(pause_now).await;
            pause = (pause * 2).min(BACK_OFF.1);
        }
    }

    /// Waits, but not once the end has come; what finds no room meanwhile is said.
    async fn pause(&mut self, pause: Duration) {
        let end = Instant::now() + pause;
        while !self.is_stopping() && Instant::now() < end {
            let mut stop = self.stop.clone();
            let stopped = stop.wait_for(|stop| *stop);
            tokio::select! {
                () = sleep(SAY.min(end.saturating_duration_since(Instant::now()))) => {}
                _ = stopped => {}
            }
            self.say_losses();
        }
    }

    fn say_losses(&mut self) {
        let lost = self.queue.take_lost();
        if lost > 0 {
            self.losses.add(usize::try_from(lost).unwrap_or(usize::MAX), "more came than could be sent");
        }
        let Losses { requests, why, said } = &mut self.losses;
        if *requests > 0 && said.is_none_or(|said| said.elapsed() >= SAY) {
            warn!(requests, why, "Traces are lost");
            *requests = 0;
            *said = Some(Instant::now());
        }
    }
}

// === impl Losses ===

impl Losses {
    fn add(&mut self, requests: usize, why: &str) {
        self.requests += requests as u64;
        why.clone_into(&mut self.why);
    }
}

/// A random number from 0 to 1.
fn share() -> f64 {
    f64::from(u32::try_from(random() >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}
