use std::{
    io,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::{bounded, never};

use super::{
    Command,
    heartbeat::Heartbeat,
    supervisor::{Supervisor, Woken},
};
use crate::{
    http::{Answer, Request},
    pool::{Config, Host, Next, Pool, Step, Worker},
};

/// Never asked to start anything.
struct NoHost;

impl Host<Request, Answer> for NoHost {
    fn start(&self, _: Arc<Worker<Request, Answer>>, _: Box<dyn FnOnce(Next) + Send>) -> io::Result<JoinHandle<()>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn interrupt(&self, _: &Worker<Request, Answer>) {}

    fn press(&self, _: &Worker<Request, Answer>, _: u64, _: Step) {}
}

/// What wakes a supervisor first and second, told `commands` before their sender is dropped.
fn woken(commands: &[Command]) -> [Woken; 2] {
    let (sender, receiver) = bounded(4);
    for command in commands {
        sender.send(command.clone()).unwrap();
    }
    drop(sender);
    let (events, ear) = bounded(1);
    let pool = Pool::new("test", 0, &Config::default(), Arc::new(NoHost), events, None);
    let mut supervisor = Supervisor::new(vec![pool], ear, receiver, Heartbeat::new(None, None), None);
    [(); 2].map(|()| supervisor.next(&never(), Some(Instant::now() + Duration::from_millis(10))))
}

/// Otherwise a supervisor whose commander has gone does not sleep while requests finish.
#[test]
fn the_end_is_asked_for_once() {
    assert_eq!(woken(&[]), [Woken::Shutdown, Woken::Deadline]);
    assert_eq!(woken(&[Command::Shutdown, Command::Shutdown]), [Woken::Shutdown, Woken::Deadline]);
    assert_eq!(woken(&[Command::Shutdown, Command::Restart]), [Woken::Shutdown, Woken::Deadline]);
    assert_eq!(
        woken(&[Command::Add { pool: "none".to_owned(), done: bounded(1).0 }, Command::Shutdown]),
        [Woken::Shutdown, Woken::Deadline]
    );
    assert_eq!(woken(&[Command::Restart]), [Woken::Restart, Woken::Shutdown]);
}
