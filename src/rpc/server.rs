//! The thread of all connections.

use std::{
    io,
    os::fd::OwnedFd,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::Duration,
};

use tokio::{
    runtime::Runtime,
    sync::{Semaphore, mpsc, watch},
    time::timeout,
};
use tracing::{error, info, warn};

use super::{
    Bound, ListenError, Methods,
    accept::Entry,
    config::shown,
    crowd::Crowd,
    listen::{Listening, Name},
};
use crate::net::Address;

/// What bounds a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections.
    ///
    /// Default: 512.
    pub connections: usize,
    /// How long a connection must have been idle to be closed in favour of a new one when there is no room. While there is
    /// room, none is closed for being idle: PHP's clients do not connect again.
    ///
    /// Default: one minute.
    pub idle: Duration,
    /// Bytes of a frame behind its header, and of a result.
    ///
    /// Default: 32 MiB.
    pub frame: u32,
    /// Bytes of all frames over 64 KiB that are under way, of all connections. What is beyond waits. Not less than `frame`.
    ///
    /// Default: 128 MiB.
    pub memory: u32,
    /// Calls under way in a connection. What is beyond is not read yet.
    ///
    /// Default: 64.
    pub calls: usize,
    /// Bytes of answers that a client has not taken, beyond which it is not read on.
    ///
    /// Default: 1 MiB.
    pub unread: usize,
    /// Calls that wait on a thread of their own, of all connections. What is beyond fails.
    ///
    /// Default: 32.
    pub waiting: usize,
    /// How long the rest of a frame may take, and how long a client may take nothing of its answers.
    ///
    /// Default: 30 seconds.
    pub patience: Duration,
    /// How long calls may take to end when the server does.
    ///
    /// Default: one second.
    pub drain: Duration,
}

/// The running control surface. Ends with this value.
#[derive(Debug)]
pub struct Server {
    phase: watch::Sender<Phase>,
    thread: Option<JoinHandle<()>>,
    files: Vec<Name>,
    addresses: Vec<Address>,
}

/// What the thread is to do. No phase comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Phase {
    Serve,
    /// Take no further connections.
    Leave,
    /// Take no further calls.
    Drain,
}

/// What connections share.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) methods: Methods,
    pub(super) limits: Limits,
    /// Threads that are free for calls that wait.
    pub(super) threads: Arc<Semaphore>,
    /// In KiB.
    pub(super) memory: Arc<Semaphore>,
    phase: watch::Receiver<Phase>,
}

/// A phase that will come.
pub(super) struct Until {
    phase: Phase,
    watched: watch::Receiver<Phase>,
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            idle: Duration::from_mins(1),
            frame: 32 * 1024 * 1024,
            memory: 128 * 1024 * 1024,
            calls: 64,
            unread: 1024 * 1024,
            waiting: 32,
            patience: Duration::from_secs(30),
            drain: Duration::from_secs(1),
        }
    }
}

// === impl Server ===

impl Server {
    /// Opens the sockets, if any are bound, and answers calls of `methods`, within `limits`.
    ///
    /// # Errors
    ///
    /// When an address cannot be used any more, or the system gives no thread.
    pub fn start(bound: Bound, mut methods: Methods, limits: Limits) -> Result<Self, ListenError> {
        methods.register("rpc.Process", |_: serde::de::IgnoredAny| Ok(std::process::id()));
        let (phase, watched) = watch::channel(Phase::Serve);
        let mut server = Self { phase, thread: None, files: Vec::new(), addresses: Vec::new() };
        let mut sockets = Vec::new();
        for Listening { socket, address, file } in bound.open()? {
            server.files.extend(file);
            info!("Answering RPC at {}", shown(&address));
            sockets.push((socket, address.clone()));
            server.addresses.push(address);
        }
        let room = Room {
            methods,
            limits,
            threads: Arc::new(Semaphore::new(limits.waiting)),
            memory: Arc::new(Semaphore::new(limits.memory.max(limits.frame).div_ceil(1024) as usize)),
            phase: watched,
        };
        server.thread = Some(spawn(sockets, room).map_err(ListenError::Thread)?);
        Ok(server)
    }

    /// Where calls are taken, with the true port where 0 was asked for.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Takes no further connections, as the next generation does so; serves those that there are.
    pub fn hand_over(&self) {
        self.enter(Phase::Leave);
    }

    fn enter(&self, phase: Phase) {
        self.phase.send_if_modified(|now| {
            let forward = phase > *now;
            if forward {
                *now = phase;
            }
            forward
        });
    }
}

impl Drop for Server {
    /// Takes nothing more, waits for the calls under way for a bounded time, and closes every connection.
    fn drop(&mut self) {
        // While the sockets are open: no other file has their numbers.
        self.files.drain(..).for_each(Name::remove);
        self.enter(Phase::Drain);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            error!("Thread of the RPC panicked");
        }
    }
}

fn spawn(sockets: Vec<(OwnedFd, Address)>, room: Room) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name("rr-rpc-call")
        .max_blocking_threads(room.limits.waiting.max(1))
        .build()?;
    let (room, handle) = (Arc::new(room), runtime.handle().clone());
    let serving = Arc::clone(&room);
    let thread =
        Builder::new().name("rr-rpc".to_owned()).spawn(move || run(&Background(Some(runtime)), sockets, serving))?;
    if let Some(inside) = room.methods.inside() {
        inside.open(&room, &handle);
    }
    Ok(thread)
}

/// Calls that still wait at the end are left alone: their threads end with what they wait for.
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn run(background: &Background, sockets: Vec<(OwnedFd, Address)>, room: Arc<Room>) {
    let Some(runtime) = &background.0 else { return };
    let (drain, mut closing) = (room.limits.drain, room.closing());
    let crowd = Crowd::new(room.limits.connections, room.limits.idle);
    runtime.block_on(async move {
        // Never sent on: it is closed when the last connection has dropped its end.
        let (alive, mut all_gone) = mpsc::channel::<()>(1);
        let entry = Entry { room, crowd, alive };
        for (socket, address) in sockets {
            let entry = entry.clone();
            tokio::spawn(async move {
                if let Err(error) = entry.accept(socket, &address).await {
                    error!(%error, "RPC is not answered at {}", shown(&address));
                }
            });
        }
        drop(entry);
        closing.reached().await;
        if timeout(drain, all_gone.recv()).await.is_err() {
            warn!("RPC calls still under way at the end");
        }
    });
}

// === impl Room ===

impl Room {
    /// Tells when no further connections are taken.
    pub(super) fn leaving(&self) -> Until {
        Until { phase: Phase::Leave, watched: self.phase.clone() }
    }

    /// Tells when no further calls are taken.
    pub(super) fn closing(&self) -> Until {
        Until { phase: Phase::Drain, watched: self.phase.clone() }
    }
}

// === impl Until ===

impl Until {
    pub(super) async fn reached(&mut self) {
        // The sender ends with the server.
        let _ = self.watched.wait_for(|phase| *phase >= self.phase).await;
    }
}
