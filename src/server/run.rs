//! One server from start to end.

use std::{
    io,
    os::fd::RawFd,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use ::http::StatusCode;
use crossbeam_channel::{Receiver, Sender, bounded, never};
use tracing::{debug, error, info, warn};

use super::{
    Error, Identity, Origin,
    annex::Annex,
    command::Command,
    generation::{Change, Generations},
    heartbeat::Heartbeat,
    notify::Notifier,
    on_init,
    reread::Reread,
    sources::{self, Looked},
    supervisor::{INTERRUPT, Supervisor, Woken},
    view::View,
};
use crate::{
    channel::Keeper,
    config::{Beside, Config},
    dashboard,
    handoff::{Counters, Monitor},
    http,
    lock::{Locks, Timer},
    log, metrics,
    net::{self, Address, Bound, Crowd, Descriptors, Front, Reactors},
    pool::{Host, Overseer, Pool, Report, Snapshot},
    program::{self, Variables},
    rpc,
    service::Services,
    status::{self, Checks, Stage},
    tls::{Acceptor, Watch},
    trace::{Exporter, Tracer},
    web,
};

/// How long scripts that boot may go on once the server ends before its first request: there is nothing to finish.
const BOOT_GRACE: Duration = Duration::from_secs(2);
/// How long requests that are on their way still find their connection when the server ends.
const FADE: Duration = Duration::from_millis(200);
/// The same when another generation takes over: nobody waits for the end of this one.
const HAND_OVER: Duration = Duration::from_secs(5);
/// How long the last answers may take to reach their clients once the last workers are given up.
const FLUSH: Duration = Duration::from_millis(250);
/// How often the files of certificates are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Events that worker threads may leave before the supervisor reads them; beyond, they wait.
const EVENTS: usize = 1024;

/// How a server ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Every thread has ended.
    Clean,
    /// These workers could not be made to leave. Their threads still run: the process must end without touching them.
    Stuck(Vec<Snapshot>),
}

/// The thread of the hand-off's monitor; ends with this value.
struct Watchdog {
    monitor: Arc<Monitor<http::Request, http::Answer>>,
    thread: Option<JoinHandle<()>>,
}

/// A server that takes connections.
struct Running<'a> {
    config: &'a Config,
    supervisor: Supervisor,
    reactors: Reactors,
    /// What serves the pages beside the application. It goes on until the workers have ended.
    beside: Annex,
    /// What others see of it.
    view: Arc<View>,
    front: Arc<Front>,
    channels: Arc<http::Channels>,
    /// What pages listen to that reload themselves, if they do.
    development: Option<http::Development>,
    /// Keeps the sockets open for the next generation.
    bound: Bound,
    notifier: Notifier,
    generations: Generations,
    /// Side processes. They end behind the workers, whose requests may need them.
    services: Services,
    /// Answers calls from outside.
    rpc: rpc::Server,
    /// What it does, for the service manager.
    status: String,
}

/// What can be called from outside.
struct Callable<'a> {
    steering: &'a Arc<dyn rpc::Steering>,
    metrics: &'a Arc<metrics::Registry>,
    inside: &'a Arc<rpc::Inside>,
    checks: &'a Arc<Checks>,
    locks: &'a Arc<Locks>,
    services: &'a Services,
}

/// What a server runs.
pub struct Application {
    /// What starts the workers, one for each pool of the configuration.
    pub hosts: Vec<Arc<dyn Host<http::Request, http::Answer>>>,
    /// The channels that these let their workers use.
    pub channels: Arc<http::Channels>,
    /// The metrics that these let their workers use.
    pub metrics: Arc<metrics::Registry>,
    /// How these workers call methods, and offer some.
    pub inside: Arc<rpc::Inside>,
    /// The locks that these let their workers use.
    pub locks: Arc<Locks>,
    /// Where the configuration is read again.
    pub reread: Option<Reread>,
}

/// Runs a server until [`Command::Shutdown`], or until the other end of `commands` is dropped. Calls `serving` once it
/// takes connections.
///
/// # Errors
///
/// When it does not come to run; then everything is taken down again.
pub fn run(
    config: &Config,
    mut origin: Origin,
    application: Application,
    commands: &Receiver<Command>,
    serving: impl FnOnce(),
) -> Result<Outcome, Error> {
    let mut inherited = std::mem::take(&mut origin.inherited);
    if origin.notifier.has_parent() {
        inherited.hold_by_parent();
    }
    let bound = Bound::adopt(&config.endpoints(), net::reactors(), inherited)?;
    // Read as root, if that is what the process starts as.
    let acceptor = acceptor(config)?;
    config.http.check_directories()?;
    if !prepare(&config.server, commands)? {
        return Ok(Outcome::Clean);
    }
    run_bound(config, origin, bound, acceptor.as_ref(), application, commands, serving)
}

/// Loads the certificates that the configuration names, if any.
///
/// # Errors
///
/// When one cannot be used.
pub fn acceptor(config: &Config) -> Result<Option<Arc<Acceptor>>, Error> {
    let acceptor = config.http.tls.as_ref().map(|tls| Acceptor::new(tls, http::PROTOCOLS).map(Arc::new));
    Ok(acceptor.transpose()?)
}

/// What comes between binding and the first worker: the initial command, then giving up root, which binding may have
/// needed. Returns false if the server was told to end meanwhile.
fn prepare(config: &super::Config, commands: &Receiver<Command>) -> Result<bool, Error> {
    let identity = Identity::of(config)?;
    if let Some(on_init) = &config.on_init
        && !on_init::run(on_init, commands)?
    {
        return Ok(false);
    }
    if let Some(identity) = identity {
        identity.assume()?;
    }
    Ok(true)
}

/// Runs a server as [`run`] does, on sockets that are bound already, with certificates that are loaded.
///
/// # Errors
///
/// As those of [`run`].
#[expect(clippy::too_many_lines, reason = "a start is one story, and its order matters")]
pub fn run_bound(
    config: &Config,
    origin: Origin,
    bound: Bound,
    acceptor: Option<&Arc<Acceptor>>,
    application: Application,
    commands: &Receiver<Command>,
    serving: impl FnOnce(),
) -> Result<Outcome, Error> {
    let Origin { notifier, original, .. } = origin;
    let Application { hosts, channels, metrics, inside, locks, reread } = application;
    sources::declare(config, &metrics)?;
    let rpc = rpc::Bound::new(&config.rpc, notifier.has_parent())?;
    inside.set_address(rpc.address());
    let (sender, events) = bounded(EVENTS);
    let pools = pools(config, hosts, &sender);
    let heartbeat = Heartbeat::new(notifier.watchdog(), config.life.watchdog);
    let watch = acceptor.map(|acceptor| Watch::start(Arc::clone(acceptor), LOOK)).transpose();
    let watch = watch.map_err(Error::Thread)?;
    let mut supervisor = Supervisor::new(pools, events, commands.clone(), heartbeat, watch);
    supervisor.reread(config, reread);
    let development = config.watch.as_ref().filter(|watch| watch.page).map(|_| http::Development::new());
    if let Some(files) = &config.watch {
        supervisor.watch_files(files, development.clone()).map_err(Error::Thread)?;
    }
    let grace = config.grace();
    // Read while there is one thread that could change it.
    let services = Services::new(environment(&inside));

    let view = View::new(&supervisor.pools);
    measure(config, &supervisor.pools);
    let (front, floor) = front(&config.http.connections);
    let steering = supervisor.steering();
    let checks = checks(config, &view);
    let mut beside = Annex::new(sites(config, &metrics, &checks, &steering), floor);
    if !notifier.succeeds() {
        // Whoever asks while the first workers boot is told so. During a change of the generation the one before is asked.
        beside.start(&bound)?;
    }
    // Scripts may use locks while they boot.
    let timer = Timer::start(&locks).map_err(Error::Thread)?;
    notifier.status("Starting: workers boot");
    let patience = config.boot_timeout();
    let started = supervisor.start().map_err(Error::Thread).and_then(|()| supervisor.boot(patience));
    let restart = match started {
        Ok(Some(restart)) => restart,
        Ok(None) => {
            view.enter(Stage::Ending);
            notifier.stopping("Stopping before the first request");
            return Ok(supervisor.stop(Instant::now() + BOOT_GRACE.min(grace)));
        }
        Err(error) => return supervisor.fail(error, BOOT_GRACE.min(grace)),
    };

    let inboxes: Vec<_> = supervisor.pools.iter().map(Pool::inbox).collect();
    let sending = match traces(config, floor) {
        Ok(sending) => sending,
        Err(error) => return supervisor.fail(error, grace),
    };
    let (addresses, tracer) = (bound.addresses(), sending.as_ref().map(|(tracer, _)| tracer));
    let service = http::Service::new(inboxes.clone(), &config.http, addresses, acceptor, development.as_ref(), tracer);
    let service = Arc::new(service);
    let capacity = supervisor.pools.iter().map(Pool::capacity).sum();
    let ports: Vec<_> = (0..bound.reactors()).map(|_| http::Port::new(capacity)).collect();
    let keeper = Keeper::start(&channels).map_err(Error::Thread)?;
    let monitor = Watchdog::start(Monitor::new(inboxes.clone(), ports.clone())).map_err(Error::Thread)?;
    let (looking, traffic) = (&monitor.monitor, service.traffic());
    let looked = Looked { supervisor: &supervisor, front: &front, monitor: looking, channels: &channels, traffic };
    sources::add(config, &metrics, &looked);
    let overseer = Overseer::start(&supervisor.pools).map_err(Error::Thread)?;
    let application = config.http.endpoints().len();
    let started = bound.listen_some(|endpoint| endpoint < application).map_err(Error::from).and_then(|listeners| {
        let serve = move |accepted, drain, pass: &Arc<http::Pass>| {
            http::serve_connection(accepted, Arc::clone(&service), drain, Arc::clone(pass))
        };
        let_drive(config, &inboxes, &ports);
        let passes = ports.iter().map(|port| http::Pass::new(&inboxes, port));
        let listeners = listeners.into_iter().zip(passes).collect();
        // What comes from now on waits for the reactors, and is served.
        view.enter(Stage::Running);
        beside.start(&bound)?;
        Reactors::start("rr-io", listeners, &front, serve).map_err(Error::Thread)
    });
    let reactors = match started {
        Ok(reactors) => reactors,
        Err(error) => {
            view.enter(Stage::Ending);
            return supervisor.fail(error, grace);
        }
    };
    let callable = Callable {
        steering: &steering,
        metrics: &metrics,
        inside: &inside,
        checks: &checks,
        locks: &locks,
        services: &services,
    };
    let methods = callable.methods(config);
    let rpc = match rpc::Server::start(rpc, methods, rpc::Limits::default()) {
        Ok(rpc) => rpc,
        Err(error) => {
            view.enter(Stage::Ending);
            reactors.abort();
            return supervisor.fail(error.into(), grace);
        }
    };
    let workers: usize = supervisor.pools.iter().map(Pool::size).sum();
    let status = announce(config, bound.addresses(), workers);
    let generations = Generations::new(original, patience);
    let mut running = Running {
        config,
        supervisor,
        reactors,
        beside,
        view,
        front,
        channels,
        development,
        bound,
        notifier,
        generations,
        services,
        rpc,
        status,
    };
    serving();
    running.notifier.ready(&running.status);
    if let Err(error) = running.services.start(&config.services) {
        error!(%error, "Services cannot be started");
    }
    running.bound.take_over();
    let change = running.serve(restart);
    let outcome = running.end(change);
    metrics.forget_sources();
    // Traces are sent behind the last answer.
    drop((monitor, keeper, timer, overseer, sending));
    if let Outcome::Clean = outcome {
        info!("Server stopped");
    }
    Ok(outcome)
}

/// The pools of the server, without threads. One host for each.
fn pools(
    config: &Config,
    hosts: Vec<Arc<dyn Host<http::Request, http::Answer>>>,
    reports: &Sender<Report>,
) -> Vec<Pool<http::Request, http::Answer>> {
    let mut pools: Vec<Pool<_, _>> = Vec::with_capacity(hosts.len());
    for (number, ((name, pool), host)) in config.http.pools().zip(hosts).enumerate() {
        let first = pools.first().map(Pool::inbox);
        pools.push(Pool::new(name, number, pool, host, reports.clone(), first.as_deref()));
    }
    pools
}

/// Lets workers drive the reactors, if they are to.
fn let_drive(config: &Config, inboxes: &[Arc<http::Inbox>], ports: &[Arc<http::Port>]) {
    if config.http.reactor == http::Reactor::Adaptive {
        // A script that boots for each request is no quick one.
        let pools = config.http.pools().zip(inboxes).filter(|((_, pool), _)| !pool.debug);
        pools.for_each(|(_, inbox)| inbox.let_drive(ports, config.http.reactor_hold));
    }
}

/// What side processes get of the environment.
fn environment(inside: &rpc::Inside) -> Variables {
    let mut environment = program::environment();
    if let Some(address) = inside.address() {
        environment.insert("RR_RPC".into(), rpc::shown(address).into());
    }
    environment
}

/// Keeps account of what is shown, if anything is.
fn measure(config: &Config, pools: &[Pool<http::Request, http::Answer>]) {
    let shows = |which| config.beside().any(|(other, addresses)| other == which && !addresses.is_empty());
    if shows(Beside::Dashboard) {
        log::keep_tail();
    }
    if shows(Beside::Dashboard) || shows(Beside::Metrics) {
        for pool in pools {
            pool.inbox().measure();
        }
    }
}

/// Logs what is served where. Returns what the service manager is told of it.
fn announce(config: &Config, addresses: &[Address], workers: usize) -> String {
    for (address, listener) in addresses.iter().zip(&config.http.listeners) {
        let scheme = if listener.tls { "https" } else { "http" };
        match address {
            Address::Tcp(address) => info!(workers, "Serving {scheme}://{address}"),
            Address::Unix(_) => info!(workers, "Serving {} on {address}", scheme.to_uppercase()),
        }
    }
    let (application, beside) = addresses.split_at(config.http.endpoints().len());
    for address in &application[config.http.listeners.len()..] {
        info!("Serving files on {address}");
    }
    let each = config.beside().flat_map(|(which, addresses)| addresses.iter().map(move |_| which));
    for (which, address) in each.zip(beside) {
        info!("Serving {which} on {address}");
    }
    let application: Vec<_> = application.iter().map(ToString::to_string).collect();
    format!("Serving {} with {workers} workers", application.join(", "))
}

/// What sends traces, if any requests are traced.
fn traces(config: &Config, floor: Option<RawFd>) -> Result<Option<(Tracer, Exporter)>, Error> {
    let start = || Exporter::start(&config.otel, floor).map_err(Error::Traces);
    config.http.layers.traced().then(start).transpose()
}

/// What is served beside the application, with the numbers of its endpoints among all that are bound.
fn sites(
    config: &Config,
    registry: &Arc<metrics::Registry>,
    checks: &Arc<Checks>,
    steering: &Arc<dyn rpc::Steering>,
) -> web::Sites {
    let mut sites = web::Sites::new();
    let mut endpoint = config.http.endpoints().len();
    for (which, addresses) in config.beside() {
        let site: Arc<dyn web::Site> = match which {
            Beside::Metrics => Arc::new(metrics::Site::new(registry)),
            Beside::Status => {
                Arc::new(status::Site::new(Arc::clone(checks), &config.status.clone().unwrap_or_default()))
            }
            Beside::Dashboard => {
                let config = config.dashboard.clone().unwrap_or_default();
                Arc::new(dashboard::Site::new(&config, checks.view(), Arc::clone(steering)))
            }
        };
        sites.extend((endpoint..).zip(addresses).map(|(endpoint, _)| (endpoint, Arc::clone(&site))));
        endpoint += addresses.len();
    }
    sites
}

/// What judges how the server is.
fn checks(config: &Config, view: &Arc<View>) -> Arc<Checks> {
    let patience = config.status.as_ref().map(|status| status.patience);
    Checks::new(Arc::clone(view) as Arc<dyn status::View>, patience.unwrap_or(status::Config::default().patience))
}

/// Makes room for connections: descriptors, and the rules by which they are let in. Returns the lowest number of a
/// connection's descriptor, too.
fn front(connections: &http::Connections) -> (Arc<Front>, Option<RawFd>) {
    let descriptors = Descriptors::raise();
    let limits = connections.limits(descriptors);
    let Descriptors { limit, before } = descriptors;
    info!(connections = limits.connections, descriptors = limit, before, "Room for connections");
    if limits.connections > descriptors.connections() {
        warn!(
            "http.limits.max_connections leaves too few of {limit} descriptors to PHP: at most {} would do, or raise the \
             limit (ulimit -n, LimitNOFILE=)",
            descriptors.connections()
        );
    }
    let floor = descriptors.floor();
    (Front::new(limits, floor), floor)
}

// === impl Callable ===

impl Callable<'_> {
    fn methods(self, config: &Config) -> rpc::Methods {
        let mut methods = rpc::Methods::new();
        methods.steer(self.steering);
        if config.metrics.is_some() {
            metrics::register(self.metrics, &mut methods);
        }
        methods.let_in(self.inside, &config.rpc.allow);
        let unavailable = config.status.as_ref().map_or(StatusCode::SERVICE_UNAVAILABLE, |status| status.unavailable);
        status::register(&mut methods, self.checks, unavailable.as_u16());
        methods.lock(self.locks);
        methods.app();
        methods.service(&self.services.remote());
        methods
    }
}

// === impl Running ===

impl Running<'_> {
    /// Serves until told to end, or until another generation has taken over.
    fn serve(&mut self, restart: bool) -> Change {
        if restart {
            self.change();
        }
        loop {
            match self.supervisor.watch(&self.notifier) {
                Woken::Restart => self.change(),
                Woken::Successor(outcome) => match self.generations.end(outcome) {
                    done @ Change::Done(_) => return done,
                    Change::Failed => {
                        self.notifier.ready(&format!("{}; the generation change failed", self.status));
                        if self.generations.is_due() {
                            self.change();
                        }
                    }
                },
                _ if self.notifier.is_superseded() => return Change::Done(None),
                _ => {
                    self.generations.abandon();
                    return Change::Failed;
                }
            }
        }
    }

    fn change(&mut self) {
        if self.supervisor.is_clogged_for_good() && self.notifier.ask_parent() {
            return;
        }
        if let Some(outcome) = self.generations.begin(&self.bound, &self.notifier) {
            self.supervisor.successor = outcome;
        }
    }

    /// Ends: accepts nothing more, finishes the requests under way, lets the workers leave.
    fn end(self, change: Change) -> Outcome {
        let Self { config, mut supervisor, reactors, beside, view, front, channels, development, bound, .. } = self;
        let Self { mut notifier, generations, mut services, rpc, status, .. } = self;
        // The next generation looks itself.
        supervisor.forget_files();
        let grace = supervisor.grace();
        let fade = if let Change::Done(successor) = change {
            if let Some(successor) = successor {
                notifier.succeeded_by(successor, &status);
            }
            view.enter(Stage::Succeeded);
            supervisor.ending = true;
            bound.leave();
            rpc.hand_over();
            reactors.hand_over();
            beside.hand_over();
            HAND_OVER
        } else {
            // First of all, so that nobody sends more.
            view.enter(Stage::Ending);
            notifier.stopping("Stopping: requests under way finish");
            let delay = config.life.shutdown_delay;
            if !delay.is_zero() {
                info!(
                    delay_seconds = delay.as_secs_f32(),
                    "Told to end: serving on, so that load balancers can notice"
                );
                reactors.part();
                supervisor.wait_until(&never(), Instant::now() + delay);
            }
            drop(bound);
            reactors.fade();
            FADE
        };
        if let Some(development) = development {
            development.end();
        }
        let deadline = Instant::now() + grace;
        info!(grace_seconds = grace.as_secs_f32(), "Shutting down: requests under way finish");
        // Requests that are on their way on idle connections still arrive.
        if let Woken::Deadline = supervisor.wait_until(reactors.drained(), deadline.min(Instant::now() + fade)) {
            reactors.drain();
            // No worker would ever end them.
            channels.end();
            if let Woken::Deadline = supervisor.wait_until(reactors.drained(), deadline) {
                warn!("Requests still under way at the end of the grace period");
            }
        }
        let outcome = supervisor.stop(deadline);
        services.end(deadline.max(Instant::now() + FLUSH));
        // Refusals of what still waited, and what interrupted workers answered, are on their way.
        supervisor.wait_until(reactors.drained(), (deadline + INTERRUPT).max(Instant::now() + FLUSH));
        reactors.abort();
        drop(beside);
        supervisor.wait_until(services.ended(), deadline.max(Instant::now() + INTERRUPT));
        drop((services, rpc));
        let Crowd { open: _, refused, refused_by_address, without_descriptor } = front.crowd();
        debug!(refused, refused_by_address, without_descriptor, "Connections have ended");
        generations.wait();
        outcome
    }
}

// === impl Watchdog ===

impl Watchdog {
    fn start(monitor: Arc<Monitor<http::Request, http::Answer>>) -> io::Result<Self> {
        let looking = Arc::clone(&monitor);
        let thread = Builder::new().name("rr-watchdog".to_owned()).spawn(move || looking.run())?;
        Ok(Self { monitor, thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.monitor.stop();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            error!("Watchdog thread panicked");
        }
        let counters = self.monitor.counters();
        let Counters { requests, passes, wakes, kicks, looks, finds, gives, steals, retires } = counters;
        debug!(requests, passes, wakes, kicks, looks, finds, gives, steals, retires, "Hand-off ended");
    }
}
