//! The thread that looks after side processes.

use std::{
    io::{PipeReader, Read},
    os::fd::AsFd,
    sync::Arc,
    time::Instant,
};

use crossbeam_channel::Sender;

use super::{
    Config, ServiceError,
    process::Process,
    services::{Order, Shared, What},
};
use crate::process::wait_readable;

/// Processes of all services together, beyond which none is added while the server runs.
const MOST: usize = 1000;

/// Who waits for the end of a service.
struct Pending {
    name: String,
    /// What is started then.
    next: Option<Arc<Config>>,
    done: Sender<Result<(), ServiceError>>,
}

/// Looks after the processes until all have ended after the bell was dropped.
pub(super) fn look_after(mut processes: Vec<Process>, mut ear: &PipeReader, shared: &Shared) {
    let (mut ending, mut pending, mut replies) = (false, Vec::new(), Vec::new());
    loop {
        let now = Instant::now();
        for process in &mut processes {
            process.tick(now);
        }
        for Pending { done, .. } in pending.extract_if(.., |waits| settle(waits, &mut processes, shared, now)) {
            replies.push((done, Ok(())));
        }
        shared.publish(&processes);
        // Whoever has asked sees what has come of it, or has gone.
        for (done, reply) in replies.drain(..) {
            let _ = done.send(reply);
        }
        if ending && processes.iter().all(Process::is_over) {
            shared.orders.lock().clear();
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
        let mut rung = false;
        for whose in ready.into_iter().zip(whose).filter_map(|(ready, whose)| ready.then_some(whose)) {
            match whose {
                Some((at, watched)) => processes[at].told(watched),
                None => rung = true,
            }
        }
        if rung {
            // The end, or bytes that say nothing more.
            ending = ear.read(&mut [0; 64]).is_ok_and(|length| length == 0);
            let orders = std::mem::take(&mut *shared.orders.lock());
            for Order { what, done } in orders {
                match obey(what, &mut processes, &pending, shared, now) {
                    Ok(Some((name, next))) => pending.push(Pending { name, next, done }),
                    Ok(None) => replies.push((done, Ok(()))),
                    Err(error) => replies.push((done, Err(error))),
                }
            }
        }
        if ending && let Some(deadline) = shared.deadline.lock().take() {
            pending.clear();
            for process in &mut processes {
                process.end(deadline, now);
            }
        }
    }
}

fn of<'a>(processes: &'a mut [Process], name: &str) -> impl Iterator<Item = &'a mut Process> {
    processes.iter_mut().filter(move |process| process.config().name == name)
}

/// A service that must end first, and what it is replaced by.
type First = (String, Option<Arc<Config>>);

/// Begins what was asked for. Returns the service that must end first, and what comes then.
fn obey(
    what: What,
    processes: &mut Vec<Process>,
    pending: &[Pending],
    shared: &Shared,
    now: Instant,
) -> Result<Option<First>, ServiceError> {
    let (name, restart) = match what {
        What::Create(config) => return create(&config, processes, shared, now).map(|()| None),
        What::Terminate(name) => (name, false),
        What::Restart(name) => (name, true),
    };
    if pending.iter().any(|pending| pending.name == name) {
        return Err(ServiceError::Busy(name));
    }
    let mut config = None;
    for process in of(processes, &name) {
        config.get_or_insert_with(|| Arc::clone(process.config()));
        process.end(now + process.config().stop_timeout, now);
    }
    let config = config.ok_or_else(|| ServiceError::Unknown(name.clone()))?;
    Ok(Some((name, restart.then_some(config))))
}

fn create(
    config: &Arc<Config>,
    processes: &mut Vec<Process>,
    shared: &Shared,
    now: Instant,
) -> Result<(), ServiceError> {
    if of(processes, &config.name).next().is_some() {
        return Err(ServiceError::Exists(config.name.clone()));
    }
    if processes.len() + config.processes > MOST {
        return Err(ServiceError::TooMany(MOST));
    }
    let before = processes.len();
    processes.extend(shared.processes(config, now));
    for process in &mut processes[before..] {
        process.tick(now);
    }
    let failure = processes[before..].iter().find_map(Process::failure).map(str::to_owned);
    let Some(failure) = failure else { return Ok(()) };
    // Those that were started are killed with what they have started.
    processes.drain(before..).for_each(Process::kill);
    Err(ServiceError::Unstartable(config.name.clone(), failure))
}

/// Does what was asked for once the processes of a service have ended. Returns whether they have.
fn settle(pending: &mut Pending, processes: &mut Vec<Process>, shared: &Shared, now: Instant) -> bool {
    let Pending { name, next, .. } = pending;
    if !of(processes, name).all(|process| process.is_over()) {
        return false;
    }
    let at = processes.iter().position(|process| process.config().name == *name).unwrap_or(processes.len());
    processes.retain(|process| process.config().name != *name);
    if let Some(config) = next {
        let mut others = shared.processes(config, now);
        for process in &mut others {
            process.tick(now);
        }
        drop(processes.splice(at..at, others));
    }
    true
}
