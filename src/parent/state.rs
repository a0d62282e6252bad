//! What the parent does when something happens.

use std::{
    ffi::c_int,
    process::ExitStatus,
    time::{Duration, Instant},
};

use tracing::{error, info, warn};

use super::{
    Options,
    child::{Child, code},
    pause::Pause,
};
use crate::{
    log,
    net::Bound,
    process::{self, SAME_SIGNAL, Signal, Signals},
    server::Relay,
};

/// What the parent waits for.
pub(super) const SIGNALS: [c_int; 7] =
    [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2, libc::SIGCHLD];
/// How long the server's process may take beyond its own time before it is killed.
const OVERTIME: Duration = Duration::from_secs(5);
/// The same when it is to end at once.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The parent and its processes.
pub(super) struct State<'a> {
    options: &'a Options,
    /// `None` once the end has begun: only the server's process holds the sockets then.
    bound: Option<Bound>,
    signals: Signals,
    relay: Relay,
    /// The one that serves.
    current: Option<Child>,
    /// The one that is to take over.
    next: Option<Child>,
    /// Those that finish their requests.
    old: Vec<Child>,
    /// A server's process has been ready.
    has_served: bool,
    pause: Pause,
    /// When a server that crashed is started again.
    restart: Option<Instant>,
    /// Another generation change was asked for.
    again: bool,
    /// When the end was asked for.
    stopping: Option<Instant>,
    /// The exit code, once known.
    ended: Option<u8>,
}

// === impl State ===

impl<'a> State<'a> {
    pub(super) fn new(options: &'a Options, bound: Bound, signals: Signals, relay: Relay) -> Self {
        Self {
            options,
            bound: Some(bound),
            signals,
            relay,
            current: None,
            next: None,
            old: Vec::new(),
            has_served: false,
            pause: Pause::default(),
            restart: Some(Instant::now()),
            again: false,
            stopping: None,
            ended: None,
        }
    }

    /// Runs to the end; returns the exit code.
    pub(super) fn run(mut self) -> u8 {
        loop {
            self.look_at_the_clock();
            if let Some(code) = self.ended
                && self.old.is_empty()
                && self.next.is_none()
            {
                return code;
            }
            self.wait();
            while let Some(signal) = self.signals.next() {
                self.obey(signal);
            }
            self.hear();
            while let Some((process, status)) = process::reap() {
                self.gone(process, status);
            }
        }
    }

    fn children(&mut self) -> impl Iterator<Item = &mut Child> {
        self.current.iter_mut().chain(&mut self.next).chain(&mut self.old)
    }

    /// Sleeps until something happens, or is due.
    fn wait(&mut self) {
        let boot = self.next.as_ref().map(|next| Instant::now() + self.options.boot.saturating_sub(next.age()));
        let restart = self.restart;
        let due = self.children().filter_map(|child| child.end).chain(boot).chain(restart).min();
        let channels = [&self.current, &self.next].into_iter().flatten().filter_map(Child::channel);
        let descriptors: Vec<_> = std::iter::once(self.signals.descriptor()).chain(channels).collect();
        process::wait_readable(&descriptors, due.map(|due| due.saturating_duration_since(Instant::now())));
    }

    /// Does what is due.
    fn look_at_the_clock(&mut self) {
        let now = Instant::now();
        for child in self.children() {
            if child.end.is_some_and(|end| end <= now) {
                warn!(process = child.process, "Server's process does not end and is killed");
                child.send(libc::SIGKILL);
                child.end = None;
            }
        }
        let boot = self.options.boot;
        if let Some(next) = self.next.as_mut().filter(|next| next.end.is_none() && next.age() >= boot) {
            warn!(successor = next.process, "Next generation does not become ready");
            next.stop(libc::SIGTERM, AT_ONCE);
        }
        if self.restart.is_some_and(|restart| restart <= now) {
            self.restart = None;
            self.current = self.start();
            if self.current.is_none() {
                self.crashed(Duration::ZERO, 1);
            }
        }
    }

    fn start(&self) -> Option<Child> {
        let over = self.bound.as_ref()?.hand_over();
        Child::start(self.options, over, self.current.is_some())
            .inspect_err(|error| {
                let program = self.options.command.first().map(|program| program.display());
                error!(%error, program = program.map(tracing::field::display), "Server's process cannot be started");
            })
            .ok()
    }

    fn obey(&mut self, Signal { number, from_kernel }: Signal) {
        match number {
            libc::SIGTERM | libc::SIGINT | libc::SIGQUIT => self.stop(number, from_kernel),
            libc::SIGUSR2 => self.change(),
            libc::SIGHUP => self.children().for_each(Child::reload),
            libc::SIGUSR1 => {
                log::reopen();
                // Others open them when they start.
                self.children().filter(|child| child.ready.is_some()).for_each(|child| child.send(number));
            }
            _ => {}
        }
    }

    /// Ends, at once if told so a second time.
    fn stop(&mut self, number: c_int, from_kernel: bool) {
        if let Some(first) = self.stopping {
            if first.elapsed() > SAME_SIGNAL {
                warn!(signal = number, "Ending at once");
                self.ended = Some(1);
                for child in self.children() {
                    child.end = None;
                    child.stop(number, AT_ONCE);
                }
            }
            return;
        }
        self.stopping = Some(Instant::now());
        self.relay.pass_on(&["STOPPING=1"]);
        self.restart = None;
        // The server's process accepts what still waits, and then nobody holds the sockets.
        self.bound = None;
        let grace = self.options.grace + OVERTIME;
        // It has no requests to finish.
        self.next.iter_mut().for_each(|next| next.stop(number, AT_ONCE));
        // Those that end already would take another signal for the wish to end at once.
        for child in self.children().filter(|child| child.end.is_none()) {
            // A terminal has told it already.
            child.stop(if from_kernel { 0 } else { number }, grace);
        }
        if self.current.is_none() {
            self.ended.get_or_insert(0);
        }
    }

    /// Starts another generation.
    fn change(&mut self) {
        if self.stopping.is_some() {
            info!("The server is ending: its generation does not change any more");
        } else if self.next.is_some() || self.current.as_ref().is_none_or(|current| current.ready.is_none()) {
            info!("A generation is starting; another change follows");
            self.again = true;
        } else if let Some(next) = self.start() {
            info!(successor = next.process, "Generation changes: the next one is starting");
            let now = process::monotonic().as_micros();
            let now = format!("MONOTONIC_USEC={now}");
            self.relay.pass_on(&["RELOADING=1", &now, "STATUS=Changing the generation"]);
            self.next = Some(next);
        }
    }

    /// Listens to the processes.
    fn hear(&mut self) {
        if let Some(current) = &mut self.current {
            let lines = current.hear();
            self.has_served |= current.ready.is_some();
            let changing = self.next.is_some();
            // While the generation changes, the one that still serves gives its signs of life, but has no other say. The
            // end is told when it begins, by this process.
            let passed =
                |line: &&String| !line.starts_with("STOPPING=") && (!changing || line.starts_with("WATCHDOG="));
            let lines: Vec<_> = lines.iter().filter(passed).map(String::as_str).collect();
            if !lines.is_empty() {
                self.relay.pass_on(&lines);
            }
        }
        let heard = self.next.as_mut().map(Child::hear).unwrap_or_default();
        if self.stopping.is_none()
            && let Some(next) = self.next.take_if(|next| next.ready.is_some() && next.end.is_none())
        {
            info!(successor = next.process, "Generation changed: the next one serves");
            let lines: Vec<_> = heard.iter().map(String::as_str).collect();
            self.relay.pass_on(&lines);
            if let Some(mut before) = self.current.replace(next) {
                before.supersede(self.options.grace + OVERTIME);
                self.old.push(before);
            }
        }
        self.children().for_each(Child::pay);
        if self.again && self.next.is_none() && self.current.as_ref().is_some_and(|current| current.ready.is_some()) {
            self.again = false;
            self.change();
        }
    }

    /// A process has ended: one of ours, or an orphan that was given to the first process of the system.
    fn gone(&mut self, process: u32, status: ExitStatus) {
        self.old.retain(|child| child.process != process);
        if self.next.take_if(|next| next.process == process).is_some() {
            if self.stopping.is_none() {
                error!(successor = process, %status, "Generation change failed; the one before goes on");
                self.relay.pass_on(&["READY=1", "STATUS=The generation change failed; the one before goes on"]);
            }
        } else if let Some(current) = self.current.take_if(|current| current.process == process) {
            let code = code(status);
            if self.stopping.is_some() || !self.has_served || status.success() {
                self.ended.get_or_insert(code);
                // Nobody is left to accept what comes.
                self.bound = None;
                self.next.iter_mut().for_each(|next| next.stop(libc::SIGTERM, AT_ONCE));
            } else {
                warn!(process, %status, "Server's process has crashed");
                self.crashed(current.served(), code);
            }
        }
    }

    /// Starts the server's process again after a pause, if it has ever served.
    fn crashed(&mut self, served: Duration, code: u8) {
        if !self.has_served {
            self.ended = Some(code);
        } else if let Some(next) = self.next.take() {
            // Whose start is under way already.
            self.current = Some(next);
        } else {
            let pause = self.pause.after(served);
            info!(pause_seconds = pause.as_secs_f32(), "Server's process is started again");
            // The time that the service manager waits for signs of life begins anew.
            self.relay.pass_on(&["STATUS=Starting again after a crash", "WATCHDOG=1"]);
            self.restart = Some(Instant::now() + pause);
        }
    }
}
