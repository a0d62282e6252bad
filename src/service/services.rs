//! All side processes, and the thread that looks after them.

use std::{
    io::{self, PipeReader, PipeWriter},
    os::fd::AsFd,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use parking_lot::Mutex;
use tracing::error;

use super::{Config, State, Status, process::Process};
use crate::{process::wait_readable, program::Variables};

/// How long those that were killed may take to be gone.
const GONE: Duration = Duration::from_secs(1);

/// The side processes of a server. When it is dropped they are killed.
#[derive(Debug)]
pub struct Services {
    shared: Arc<Shared>,
    /// Dropped to tell the thread that there is a deadline.
    bell: Option<PipeWriter>,
    /// Closed when the thread has nothing more to look after.
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread shares with who owns it.
#[derive(Debug, Default)]
struct Shared {
    /// Written by the thread.
    statuses: Mutex<Vec<Status>>,
    /// When everything is to have ended. Written before the bell is dropped.
    deadline: Mutex<Option<Instant>>,
}

// === impl Services ===

impl Services {
    /// Starts all processes of these services, by a thread named `rr-services`. One that cannot be started is tried again;
    /// the log says so. `environment` is the server's, to which each service adds its own.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(configs: &[Config], environment: Variables) -> io::Result<Self> {
        if configs.is_empty() {
            return Ok(Self::default());
        }
        let (shared, environment) = (Arc::new(Shared::default()), Arc::new(environment));
        let now = Instant::now();
        let processes: Vec<_> = configs
            .iter()
            .map(|config| Arc::new(config.clone()))
            .flat_map(|config| {
                let environment = Arc::clone(&environment);
                (0..config.processes).map(move |number| Process::new(&config, number, &environment, now))
            })
            .collect();
        shared.publish(&processes);
        let (ear, bell) = io::pipe()?;
        let (done, ended) = bounded(0);
        let theirs = Arc::clone(&shared);
        // Children hear of the end of the thread that has started them, so it is there for as long as they are.
        let thread = Builder::new().name("rr-services".to_owned()).spawn(move || {
            let _done = done;
            look_after(processes, &ear, &theirs);
        })?;
        Ok(Self { shared, bell: Some(bell), ended, thread: Some(thread) })
    }

    /// How each process is, in the order of the configuration.
    pub fn list(&self) -> Vec<Status> {
        self.shared.statuses.lock().clone()
    }

    /// Tells all processes to end. Each has its own time for that, which `deadline` bounds; then it is killed.
    pub fn end(&mut self, deadline: Instant) {
        if let Some(bell) = self.bell.take() {
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
        let Some(thread) = self.thread.take() else { return };
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

impl Default for Services {
    /// None.
    fn default() -> Self {
        let (_, ended) = bounded(0);
        Self { shared: Arc::default(), bell: None, ended, thread: None }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.finish(Instant::now());
    }
}

// === impl Shared ===

impl Shared {
    fn publish(&self, processes: &[Process]) {
        *self.statuses.lock() = processes.iter().map(Process::status).collect();
    }
}

/// Looks after the processes until all have ended after the bell was dropped.
fn look_after(mut processes: Vec<Process>, ear: &PipeReader, shared: &Shared) {
    let mut ending = false;
    loop {
        let now = Instant::now();
        for process in &mut processes {
            process.tick(now);
        }
        shared.publish(&processes);
        if ending && processes.iter().all(Process::is_over) {
            return;
        }
        let due = processes.iter().filter_map(|process| process.due(now)).min();
        let (mut descriptors, mut whose) = (Vec::new(), Vec::new());
        if !ending {
            descriptors.push(ear.as_fd());
            whose.push(None);
        }
        for (at, process) in processes.iter().enumerate() {
            for (watched, descriptor) in process.descriptors() {
                descriptors.push(descriptor);
                whose.push(Some((at, watched)));
            }
        }
        let ready = wait_readable(&descriptors, due.map(|due| due.saturating_duration_since(now)));
        let now = Instant::now();
        for whose in ready.into_iter().zip(whose).filter_map(|(ready, whose)| ready.then_some(whose)) {
            match whose {
                Some((at, watched)) => processes[at].told(watched),
                None => ending = true,
            }
        }
        if ending && let Some(deadline) = shared.deadline.lock().take() {
            for process in &mut processes {
                process.end(deadline, now);
            }
        }
    }
}
