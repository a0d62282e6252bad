//! A server with plain threads for workers.

use std::{
    io,
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use http::StatusCode;
use roadrunner::{
    config::Config,
    handoff::Sealed,
    http::{Answer, Channels, Envelope, MEBIBYTE, Request},
    lock::{Limits, Locks},
    metrics::Registry,
    net::{Address, Bound},
    pool::{Ended, Host, Next, Step},
    server::{Application, Command, Error, Origin, Outcome, Which, acceptor, run, run_bound},
};

use super::PATIENCE;

type Worker = roadrunner::pool::Worker<Request, Answer>;
type Script = dyn Fn(&Worker) -> Ended + Send + Sync;
type Interrupt = dyn Fn() + Send + Sync;

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    /// Where it listens, in the order of the configuration.
    pub addresses: Vec<Address>,
    commands: Option<Sender<Command>>,
    serving: Receiver<()>,
    outcome: Receiver<Result<Outcome, Error>>,
    calls: Arc<AtomicUsize>,
}

/// A server to be.
pub struct Builder {
    pub config: Config,
    /// What feeds the answers that workers have let go of; made by [`Builder::channels`], or at the start.
    channels: Option<Arc<Channels>>,
    reactors: usize,
    host: FakeHost,
    calls: Arc<AtomicUsize>,
}

/// Runs closures where PHP would run a script.
struct FakeHost {
    script: Arc<Script>,
    interrupt: Box<Interrupt>,
}

/// What a worker answers with status 200.
pub fn answer(body: impl Into<Bytes>) -> Answer {
    Answer::new(StatusCode::OK, body.into())
}

impl Host<Request, Answer> for FakeHost {
    fn start(&self, worker: Arc<Worker>, gone: Box<dyn FnOnce(Next) + Send>) -> io::Result<JoinHandle<()>> {
        let script = Arc::clone(&self.script);
        thread::Builder::new().name(worker.name.clone()).spawn(move || {
            let next = loop {
                worker.boots();
                match worker.ended(&script(&worker)) {
                    Next::Run => {}
                    next => break next,
                }
            };
            gone(next);
        })
    }

    fn interrupt(&self, _worker: &Worker) {
        (self.interrupt)();
    }

    fn press(&self, _worker: &Worker, _request: u64, _step: Step) {}
}

impl Builder {
    /// Workers that pass each request to `work`.
    pub fn new(work: impl Fn(Envelope) + Send + Sync + 'static) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let mut builder = Self::scripted(move |worker| {
            while let Some(envelope) = worker.wait().map(Sealed::open) {
                counted.fetch_add(1, Ordering::SeqCst);
                work(envelope);
            }
            Ended::Exit(0)
        });
        builder.calls = calls;
        builder
    }

    /// Workers that run `script`.
    pub fn scripted(script: impl Fn(&Worker) -> Ended + Send + Sync + 'static) -> Self {
        let mut config = Config::default();
        config.http.listeners = vec![SocketAddr::from(([127, 0, 0, 1], 0)).into()];
        config.http.max_request_bytes = MEBIBYTE;
        config.http.bodies.buffer_bytes = usize::MAX;
        config.http.pool.destroy_timeout = PATIENCE;
        let host = FakeHost { script: Arc::new(script), interrupt: Box::new(|| {}) };
        Self { config, channels: None, reactors: 2, host, calls: Arc::default() }.workers(2)
    }

    pub fn workers(mut self, count: usize) -> Self {
        self.config.http.pool.num_workers = NonZeroUsize::new(count).unwrap();
        self
    }

    pub fn queue(mut self, waiting: usize) -> Self {
        self.config.http.pool.max_queue_size = waiting;
        self
    }

    pub fn grace(mut self, grace: Duration) -> Self {
        self.config.http.pool.destroy_timeout = grace;
        self
    }

    /// The channels of this server, for which the configuration must be ready.
    pub fn channels(&mut self) -> Arc<Channels> {
        let http = &self.config.http;
        Arc::clone(self.channels.get_or_insert_with(|| Channels::new(http.sse, http.limits.write_timeout)))
    }

    /// One thread for all connections: what it does for one of them is done before it turns to the next.
    pub fn one_reactor(mut self) -> Self {
        self.reactors = 1;
        self
    }

    /// What happens when the server interrupts a worker.
    pub fn on_interrupt(mut self, interrupt: impl Fn() + Send + Sync + 'static) -> Self {
        self.host.interrupt = Box::new(interrupt);
        self
    }

    /// Runs the server on this thread; for those that are not to come to run.
    pub fn run(mut self) -> Result<Outcome, Error> {
        let (_commands, told) = bounded(1);
        let channels = self.channels();
        let application = Application {
            hosts: vec![Arc::new(self.host)],
            channels,
            metrics: Registry::new(10_000),
            inside: roadrunner::rpc::Inside::new(String::new()),
            locks: Locks::new(Limits::default()),
            reread: None,
        };
        run(&self.config, Origin::default(), application, &told, || {})
    }

    /// Starts the server and waits until it serves.
    #[track_caller]
    pub fn start(self) -> Server {
        self.begin().serving()
    }

    /// Starts the server.
    pub fn begin(mut self) -> Server {
        let channels = self.channels();
        let Self { config, reactors, host, calls, .. } = self;
        let bound = Bound::new(&config.endpoints(), reactors).unwrap();
        let addresses = bound.addresses().to_vec();
        let address = addresses[0].tcp().unwrap();
        let (commands, told) = bounded(4);
        let (serve, serving) = bounded(1);
        let (end, outcome) = bounded(1);
        thread::spawn(move || {
            let serve = move || serve.send(()).unwrap();
            let acceptor = acceptor(&config).unwrap();
            let host = Arc::new(host);
            let hosts = config.http.pools().map(|_| Arc::clone(&host) as Arc<dyn Host<Request, Answer>>).collect();
            let metrics = Registry::new(config.metrics.as_ref().map_or(10_000, |metrics| metrics.max_series));
            let inside = roadrunner::rpc::Inside::new(String::new());
            let application =
                Application { hosts, channels, metrics, inside, locks: Locks::new(Limits::default()), reread: None };
            let origin = Origin::default();
            let _ = end.send(run_bound(&config, origin, bound, acceptor.as_ref(), application, &told, serve));
        });
        Server { address, addresses, commands: Some(commands), serving, outcome, calls }
    }
}

impl Server {
    /// A server that answers every request with its own body.
    #[track_caller]
    pub fn echo() -> Self {
        Builder::new(|envelope| {
            envelope.replier.answer(answer(envelope.request.body.clone()));
        })
        .start()
    }

    /// Waits until the server serves.
    #[track_caller]
    pub fn serving(self) -> Self {
        if self.serving.recv_timeout(PATIENCE).is_err() {
            panic!("the server does not come to run: {:?}", self.outcome.try_recv());
        }
        self
    }

    /// Requests that workers have taken.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Asks the server to end.
    pub fn shut_down(&self) {
        self.commands.as_ref().unwrap().send(Command::Shutdown).unwrap();
    }

    /// Asks the server to look at its certificates.
    pub fn reload(&self) {
        self.commands.as_ref().unwrap().send(Command::Reload(Which::default())).unwrap();
    }

    /// Drops the server's commands instead.
    pub fn drop_commands(&mut self) {
        self.commands = None;
    }

    /// Waits for the end of a server that was asked to end.
    #[track_caller]
    pub fn outcome(&self) -> Outcome {
        self.outcome.recv_timeout(PATIENCE).expect("the server must end").unwrap()
    }

    /// Ends the server, and checks that every thread has gone.
    #[track_caller]
    pub fn stop(self) {
        self.shut_down();
        assert!(matches!(self.outcome(), Outcome::Clean), "threads are left");
    }
}
