//! Threads that drive connections: each one runtime, its share of the listeners, and what it accepted.

use std::{
    future::{Future, poll_fn},
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender};
use parking_lot::RwLock;
use tokio::{
    runtime::Runtime,
    sync::{mpsc, watch},
};
use tracing::{error, warn};

use super::{
    Front, Terms,
    accept::{Accepted, Listener, Watched},
    tasks::Tasks,
};

/// Most threads of a reactor that write to disk, started when there is something to write.
const DISK: usize = 8;
/// Pause after the system refused a connection for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Most connections that a listener still accepts when it is to end: what can wait in its queue.
const LAST: usize = 4096;

/// What reactors are to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, PartialOrd)]
enum Phase {
    /// Accept and serve.
    Serve,
    /// Accept and serve, but each connection ends with its next answer.
    Part,
    /// Accept nothing more, and leave what waits to be accepted to those who share the listeners.
    HandOver,
    /// Accept what waits to be accepted, and nothing more.
    Fade,
    /// Connections end after the request under way, idle ones at once.
    Drain,
    /// Drop everything.
    Abort,
}

/// Tells a connection to end after the request under way.
#[derive(Clone, Debug)]
pub struct Drain(watch::Receiver<Phase>);

/// What a reactor does besides driving its connections: once at the end of each pass, and when its root task was woken.
///
/// All of it runs on the thread that turns the wheel.
pub trait Pass: Send + Sync {
    /// The root task runs, before the connections do: `root` wakes it again.
    fn woken(&self, root: &Waker);
    /// The reactor is about to block until something happens, or `root` is woken.
    fn parking(&self);
    /// The reactor runs again.
    fn unparked(&self);
    /// The reactor ends: what wakes it, and so keeps its runtime alive, is to be dropped.
    fn ended(&self);
    /// The reactor runs on this wheel, which other threads may turn while the reactor's own thread rests.
    fn runs_on(&self, _: Arc<Wheel>) {}
    /// Whether the reactor's own thread is to rest. Asked each time that the root task runs on it.
    fn is_to_rest(&self) -> bool {
        false
    }
    /// Lets others turn the wheel, until the reactor's own thread is to do so again.
    fn rest(&self) {}
    /// The reactor's own thread turns the wheel from now on. From any thread.
    fn recall(&self) {}
}

/// What a reactor's connections run on. One thread at a time turns it.
#[derive(Debug)]
pub struct Wheel {
    /// Taken out at the end.
    runtime: RwLock<Option<Runtime>>,
    tasks: Tasks,
}

/// All reactors of a server.
pub struct Reactors {
    phase: watch::Sender<Phase>,
    /// Calls every reactor back to its own thread.
    passes: Vec<Arc<dyn Pass>>,
    threads: Vec<JoinHandle<()>>,
    /// Closed when every reactor has served its last connection.
    drained: Receiver<()>,
}

// === impl Wheel ===

impl Wheel {
    /// Turns it on this thread until `root` is ready. Nobody else may turn it meanwhile.
    ///
    /// Each time that the root task runs it calls `before`, then those connections run that have something to do, then it asks
    /// `root`. The waker makes it run again.
    pub fn turn(&self, before: impl Fn(&Waker), mut root: impl FnMut(&mut Context<'_>) -> Poll<()>) {
        let Some(runtime) = &*self.runtime.read() else { return };
        let turn = self.tasks.turn();
        runtime.block_on(poll_fn(|context| {
            before(context.waker());
            turn.run(context.waker());
            root(context)
        }));
    }

    /// Lets something else run beside the connections, as long as they do.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// The same for something that waits at first for what `root` may take away: it runs once that was asked.
    pub fn spawn_later(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_later(task);
    }

    /// Drops all connections.
    fn stop(&self) {
        let runtime = self.runtime.write().take();
        if let Some(runtime) = runtime {
            let inside = runtime.enter();
            self.tasks.clear();
            drop(inside);
            runtime.shutdown_background();
        }
    }
}

// === impl Drain ===

impl Drain {
    /// Ends when connections are to end.
    pub async fn asked(&self) {
        // What a receiver has seen is no change to it any more.
        let mut phase = self.0.clone();
        // The sender lives as long as the reactor, and the reactor longer than its connections.
        let _ = phase.wait_for(|phase| *phase >= Phase::Drain).await;
    }

    /// Returns whether anything was asked since the reactors started, be it only that the connection ends with its next
    /// answer; a reason to look at [`Drain::asked`] again.
    pub fn has_changed(&self) -> bool {
        self.0.has_changed().unwrap_or(true)
    }
}

// === impl Reactors ===

impl Reactors {
    /// Starts one reactor, a thread named `<name>-<n>`, for each set of listeners and its pass. `serve` serves one
    /// connection that `front` has let in, on the reactor whose pass it is given.
    ///
    /// # Errors
    ///
    /// When the system gives no thread, or no event queue.
    pub fn start<P, S, F>(
        name: &str,
        listeners: Vec<(Vec<Listener>, Arc<P>)>,
        front: &Arc<Front>,
        serve: S,
    ) -> io::Result<Self>
    where
        P: Pass + 'static,
        S: Fn(Accepted, Drain, &Arc<P>) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let serve = Arc::new(serve);
        let (phase, watched) = watch::channel(Phase::Serve);
        let (done, drained) = crossbeam_channel::bounded(0);
        let mut reactors = Self { phase, passes: Vec::new(), threads: Vec::new(), drained };
        for (number, (listeners, pass)) in listeners.into_iter().enumerate() {
            let (parking, unparked) = (Arc::clone(&pass), Arc::clone(&pass));
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .thread_name("rr-disk")
                .max_blocking_threads(DISK)
                .on_thread_park(move || parking.parking())
                .on_thread_unpark(move || unparked.unparked())
                .build()?;
            let wheel = Arc::new(Wheel { runtime: RwLock::new(Some(runtime)), tasks: Tasks::default() });
            pass.runs_on(Arc::clone(&wheel));
            reactors.passes.push(Arc::clone(&pass) as Arc<dyn Pass>);
            let way = Way { front: Arc::clone(front), serve: Arc::clone(&serve), pass, phase: watched.clone(), wheel };
            let done = done.clone();
            let run = move || run(listeners, way, done);
            let thread = thread::Builder::new().name(format!("{name}-{number}")).spawn(run)?;
            reactors.threads.push(thread);
        }
        Ok(reactors)
    }

    /// Lets each connection end with its next answer.
    pub fn part(&self) {
        self.enter(Phase::Part);
    }

    /// Accepts nothing more, as others do so from now on. Each connection ends with its next answer.
    pub fn hand_over(&self) {
        self.enter(Phase::HandOver);
    }

    /// Accepts what waits, and nothing more. Each connection ends with its next answer.
    pub fn fade(&self) {
        self.enter(Phase::Fade);
    }

    /// Lets connections end after the request under way, idle ones at once.
    pub fn drain(&self) {
        self.enter(Phase::Drain);
    }

    /// No phase comes back.
    fn enter(&self, phase: Phase) {
        // From now on there is more than connections to look after.
        self.passes.iter().for_each(|pass| pass.recall());
        self.phase.send_if_modified(|now| {
            let forward = phase > *now;
            if forward {
                *now = phase;
            }
            forward
        });
    }

    /// A channel that is closed once the last connection has ended after [`Reactors::drain`].
    pub fn drained(&self) -> &Receiver<()> {
        &self.drained
    }

    /// Drops every connection and ends the threads.
    pub fn abort(self) {
        self.enter(Phase::Abort);
        for thread in self.threads {
            if thread.join().is_err() {
                error!("Reactor thread panicked");
            }
        }
    }
}

/// The way of a connection into a reactor.
struct Way<P, S> {
    front: Arc<Front>,
    serve: Arc<S>,
    pass: Arc<P>,
    phase: watch::Receiver<Phase>,
    wheel: Arc<Wheel>,
}

impl<P, S> Clone for Way<P, S> {
    fn clone(&self) -> Self {
        let Self { front, serve, pass, phase, wheel } = self;
        let (front, serve, pass, wheel) = (Arc::clone(front), Arc::clone(serve), Arc::clone(pass), Arc::clone(wheel));
        Self { front, serve, pass, phase: phase.clone(), wheel }
    }
}

/// The life of a reactor's own thread.
fn run<P, S, F>(listeners: Vec<Listener>, way: Way<P, S>, done: Sender<()>)
where
    P: Pass + 'static,
    S: Fn(Accepted, Drain, &Arc<P>) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    // Never sent on: it is closed when the last connection has dropped its end.
    let (alive, mut all_gone) = mpsc::channel::<()>(1);
    if let Some(runtime) = &*way.wheel.runtime.read() {
        for listener in listeners {
            runtime.spawn(accept(listener, way.clone(), alive.clone()));
        }
    }
    drop(alive);
    let Way { pass, phase, wheel, .. } = way;
    let mut aborted = phase.clone();
    let mut ended = pin!(async move {
        let mut phase = phase;
        tokio::select! {
            _ = aborted.wait_for(|phase| *phase == Phase::Abort) => return,
            _ = all_gone.recv() => {}
        }
        drop(done);
        let _ = phase.wait_for(|phase| *phase == Phase::Abort).await;
    });
    loop {
        // The root task: woken by the connections, by the workers for their answers, and by the phases.
        let mut over = true;
        wheel.turn(
            |root| pass.woken(root),
            |context| {
                over = ended.as_mut().poll(context).is_ready();
                if over || pass.is_to_rest() { Poll::Ready(()) } else { Poll::Pending }
            },
        );
        if over {
            break;
        }
        pass.rest();
    }
    pass.ended();
    wheel.stop();
}

async fn accept<P, S, F>(listener: Listener, way: Way<P, S>, alive: mpsc::Sender<()>)
where
    P: Pass + 'static,
    S: Fn(Accepted, Drain, &Arc<P>) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let mut listener = match Watched::new(listener, Arc::clone(&way.front)) {
        Ok(listener) => listener,
        Err(error) => return error!(%error, "Listener cannot be watched"),
    };
    let terms = listener.terms();
    // Not the one that connections get: to them everything is news.
    let mut fading = way.phase.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = fading.wait_for(|phase| *phase >= Phase::HandOver) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(accepted) => way.enter(accepted, terms, &alive),
            // The client was gone before it was accepted.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::NotConnected) => {}
            Err(error) => {
                if !matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) {
                    warn!(%error, "Connection cannot be accepted");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    if *way.phase.borrow() == Phase::HandOver {
        return;
    }
    // To these clients the connection is there, and their request may be, too.
    for _ in 0..LAST {
        match listener.try_accept() {
            Ok(Some(accepted)) => way.enter(accepted, terms, &alive),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
            Err(_) => break,
        }
    }
}

impl<P, S> Way<P, S> {
    /// Serves a connection that there is room for.
    fn enter<F>(&self, mut accepted: Accepted, terms: Terms, alive: &mpsc::Sender<()>)
    where
        P: Pass + 'static,
        S: Fn(Accepted, Drain, &Arc<P>) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(mut counted) = self.front.admit(&accepted, terms) else { return };
        let (drain, alive) = (Drain(self.phase.clone()), alive.clone());
        if !terms.proxy_protocol {
            let served = (self.serve)(accepted, drain, &self.pass);
            self.wheel.spawn(async move {
                served.await;
                drop((counted, alive));
            });
            return;
        }
        let Self { front, serve, pass, .. } = self.clone();
        self.wheel.spawn(async move {
            // Apart from the rest, which most connections do without.
            let known = Box::pin(front.introduce(&mut accepted, &mut counted, terms, drain.clone())).await;
            if known {
                serve(accepted, drain, &pass).await;
            }
            drop((counted, alive));
        });
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read, net::SocketAddr};

    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::net::{Bound, Limits};

    struct Nothing;

    impl Pass for Nothing {
        fn woken(&self, _: &Waker) {}
        fn parking(&self) {}
        fn unparked(&self) {}
        fn ended(&self) {}
    }

    #[test]
    fn connections_that_wait_to_be_accepted_are_served_before_the_end() {
        let front = Front::new(Limits { connections: 1000, per_address: 0 }, None);
        let bound = Bound::new(&[SocketAddr::from(([127, 0, 0, 1], 0)).into()], 2).unwrap();
        let listeners = bound.listen().unwrap();
        let mut clients: Vec<_> =
            (0..100).map(|_| std::net::TcpStream::connect(bound.addresses()[0].tcp().unwrap()).unwrap()).collect();
        drop(bound);
        let serve = |mut accepted: Accepted, drain: Drain, _: &_| async move {
            drain.asked().await;
            let _ = accepted.socket.write_all(b"served").await;
        };
        let listeners = listeners.into_iter().map(|one| (one, Arc::new(Nothing))).collect();
        let reactors = Reactors::start("rr-io", listeners, &front, serve).unwrap();
        reactors.fade();
        reactors.drain();
        for client in &mut clients {
            let mut text = String::new();
            client.read_to_string(&mut text).unwrap();
            assert_eq!(text, "served");
        }
        assert!(reactors.drained().recv_timeout(Duration::from_secs(60)).is_err_and(|error| error.is_disconnected()));
        reactors.abort();
    }
}
