//! All side processes, as their owner and others see them.

use std::{
    io::{self, PipeWriter, Write},
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use parking_lot::Mutex;
use tracing::error;

use super::{Config, State, Status, keeper, process::Process};
use crate::program::Variables;

/// How long those that were killed may take to be gone.
const GONE: Duration = Duration::from_secs(1);

/// The side processes of a server. When it is dropped they are killed.
#[derive(Debug)]
pub struct Services {
    shared: Arc<Shared>,
    /// Closed when the thread has nothing more to look after.
    ended: Receiver<()>,
}

/// Acts on the side processes of a server, from anywhere in it.
#[derive(Clone, Debug)]
pub struct Remote(Arc<Shared>);

/// What the thread shares with who owns it.
#[derive(Debug)]
pub(super) struct Shared {
    /// The server's environment, to which each service adds its own.
    environment: Arc<Variables>,
    /// Written by the thread.
    statuses: Mutex<Vec<Status>>,
    /// When everything is to have ended. Written before the bell is dropped.
    pub(super) deadline: Mutex<Option<Instant>>,
    /// What the thread is to do, until it is rung.
    pub(super) orders: Mutex<Vec<Order>>,
    crew: Mutex<Crew>,
}

/// The thread, which there is once there is a service.
#[derive(Debug)]
struct Crew {
    /// The services of the configuration were started: others may be added.
    started: bool,
    /// A byte tells the thread of an order, the end that there is a deadline.
    bell: Option<PipeWriter>,
    /// Dropped when nothing more is to be looked after.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is to do, and whom it tells that it is done.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) what: What,
    pub(super) done: Sender<Result<(), ServiceError>>,
}

#[derive(Debug)]
pub(super) enum What {
    /// Add a service and start its processes.
    Create(Arc<Config>),
    /// End its processes and forget it.
    Terminate(String),
    /// End its processes and start others.
    Restart(String),
}

/// Why a service was not acted upon.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// There is none of this name. The words are RoadRunner's.
    #[error("no such service: {0}")]
    Unknown(String),
    /// There is one. The words are RoadRunner's.
    #[error("service already exists: {0}")]
    Exists(String),
    /// It was told to end and has not yet.
    #[error("service {0} is ending")]
    Busy(String),
    /// A process of it cannot be started.
    #[error("service {0} cannot be started: {1}")]
    Unstartable(String, String),
    /// There are too many processes.
    #[error("there would be more than {0} processes of services")]
    TooMany(usize),
    /// The server is starting.
    #[error("the server is starting")]
    Starting,
    /// The server is ending.
    #[error("the server is ending")]
    Ending,
}

// === impl Services ===

impl Services {
    /// None yet. `environment` is the server's, to which each service adds its own.
    pub fn new(environment: Variables) -> Self {
        let (alive, ended) = bounded(0);
        let crew = Crew { started: false, bell: None, alive: Some(alive), thread: None };
        let shared = Shared {
            environment: Arc::new(environment),
            statuses: Mutex::default(),
            deadline: Mutex::default(),
            orders: Mutex::default(),
            crew: Mutex::new(crew),
        };
        Self { shared: Arc::new(shared), ended }
    }

    /// Starts all processes of these services, by a thread named `rr-services`. One that cannot be started is tried again;
    /// the log says so.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(&self, configs: &[Config]) -> io::Result<()> {
        let mut crew = self.shared.crew.lock();
        crew.started = true;
        if configs.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        let configs = configs.iter().map(|config| Arc::new(config.clone()));
        let processes: Vec<_> = configs.flat_map(|config| self.shared.processes(&config, now)).collect();
        self.shared.publish(&processes);
        self.shared.launch(&mut crew, processes)
    }

    /// Acts on them from elsewhere.
    pub fn remote(&self) -> Remote {
        Remote(Arc::clone(&self.shared))
    }

    /// How each process is, in the order of the configuration.
    pub fn list(&self) -> Vec<Status> {
        self.shared.statuses.lock().clone()
    }

    /// Tells all processes to end. Each has its own time for that, which `deadline` bounds; then it is killed.
    pub fn end(&mut self, deadline: Instant) {
        let mut crew = self.shared.crew.lock();
        // Without a thread nothing is left to end.
        crew.alive = None;
        if let Some(bell) = crew.bell.take() {
            *self.shared.deadline.lock() = Some(deadline);
            drop(bell);
        }
    }

    /// A channel that is closed once every process has ended.
    pub fn ended(&self) -> &Receiver<()> {
        &self.ended
    }

    /// Tells all processes to end, as [`Services::end`] does, and waits until they have.
    pub fn stop(mut self, deadline: Instant) {
        self.finish(deadline);
    }

    fn finish(&mut self, deadline: Instant) {
        self.end(deadline);
        let Some(thread) = self.shared.crew.lock().thread.take() else { return };
        let waited = self.ended.recv_deadline(deadline.max(Instant::now()) + GONE);
        if waited == Err(RecvTimeoutError::Timeout) {
            // The thread may wait for ever: the system does not let go of a process.
            for Status { service, number, pid, .. } in self.list().iter().filter(|status| status.state != State::Ended)
            {
                error!(service, number, pid, "Service process does not end");
            }
        } else if thread.join().is_err() {
            error!("Thread of the services panicked");
        }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.finish(Instant::now());
    }
}

// === impl Remote ===

impl Remote {
    /// How each process is, those of one service behind each other.
    pub fn list(&self) -> Vec<Status> {
        self.0.statuses.lock().clone()
    }

    /// How the processes of a service are.
    ///
    /// # Errors
    ///
    /// When there is no such service.
    pub fn of(&self, name: &str) -> Result<Vec<Status>, ServiceError> {
        let mut list = self.list();
        list.retain(|status| status.service == name);
        if list.is_empty() { Err(ServiceError::Unknown(name.to_owned())) } else { Ok(list) }
    }

    /// Adds a service, and returns when its processes were started.
    ///
    /// # Errors
    ///
    /// When there is one of this name, or one of its processes cannot be started; then there is none of it.
    pub fn create(&self, config: Config) -> Result<(), ServiceError> {
        self.order(What::Create(Arc::new(config)))
    }

    /// Ends the processes of a service, and returns when they have. It is forgotten.
    ///
    /// # Errors
    ///
    /// When there is no such service, or it is being ended already.
    pub fn terminate(&self, name: &str) -> Result<(), ServiceError> {
        self.order(What::Terminate(name.to_owned()))
    }

    /// Ends the processes of a service, and returns when others were started.
    ///
    /// # Errors
    ///
    /// When there is no such service, or it is being ended already.
    pub fn restart(&self, name: &str) -> Result<(), ServiceError> {
        self.order(What::Restart(name.to_owned()))
    }

    fn order(&self, what: What) -> Result<(), ServiceError> {
        let (done, outcome) = bounded(1);
        {
            let mut crew = self.0.crew.lock();
            if !crew.started {
                return Err(ServiceError::Starting);
            }
            if crew.alive.is_some() && crew.bell.is_none() {
                if let What::Terminate(name) | What::Restart(name) = what {
                    return Err(ServiceError::Unknown(name));
                }
                self.0.launch(&mut crew, Vec::new()).map_err(|_| ServiceError::Ending)?;
            }
            let Some(bell) = &mut crew.bell else { return Err(ServiceError::Ending) };
            self.0.orders.lock().push(Order { what, done });
            bell.write_all(&[0]).map_err(|_| ServiceError::Ending)?;
        }
        // The thread ends, and its orders with it.
        outcome.recv().unwrap_or(Err(ServiceError::Ending))
    }
}

// === impl Shared ===

impl Shared {
    /// Starts the thread. Children hear of the end of the thread that has started them, so it is there for as long as they
    /// are.
    fn launch(self: &Arc<Self>, crew: &mut Crew, processes: Vec<Process>) -> io::Result<()> {
        let (ear, bell) = io::pipe()?;
        let Some(alive) = crew.alive.take() else { return Ok(()) };
        let theirs = Arc::clone(self);
        let thread = Builder::new().name("rr-services".to_owned()).spawn(move || {
            let _alive = alive;
            keeper::look_after(processes, &ear, &theirs);
        })?;
        (crew.bell, crew.thread) = (Some(bell), Some(thread));
        Ok(())
    }

    /// The processes of a service, which are to be started.
    pub(super) fn processes(&self, config: &Arc<Config>, now: Instant) -> Vec<Process> {
        (0..config.processes).map(|number| Process::new(config, number, &self.environment, now)).collect()
    }

    pub(super) fn publish(&self, processes: &[Process]) {
        *self.statuses.lock() = processes.iter().map(Process::status).collect();
    }
}
