//! Searches interleavings of the role of driving a reactor: one thread drives at a time, somebody always will, and no answer
//! is lost, whoever lends, steals, gives, retires or recalls when.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use shuttle::{
    check_random,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::super::{bell::Bell, *};

type Requests = Inbox<usize, usize>;

/// Schedules searched by each test.
const SCHEDULES: usize = 200_000;

/// A reactor with clients that ask one request after the other.
struct Reactor {
    inbox: Arc<Requests>,
    port: Arc<Port<usize, usize>>,
    root: Arc<Bell>,
    /// Held while somebody drives: a second one finds it taken.
    tasks: Mutex<Tasks>,
    /// Rung when all are answered.
    done: Bell,
}

struct Tasks {
    clients: Vec<Client>,
}

struct Client {
    line: Line<usize, usize>,
    left: VecDeque<usize>,
    asked: usize,
    pending: Option<Pin<Box<Pending<usize, usize>>>>,
}

impl Reactor {
    fn new(inbox: &Arc<Requests>, clients: &[&[usize]]) -> Arc<Self> {
        let port = Port::new(16);
        let clients = clients
            .iter()
            .map(|requests| Client {
                line: Line::new(&port),
                left: requests.iter().copied().collect(),
                asked: 0,
                pending: None,
            })
            .collect();
        let root = Arc::new(Bell::default());
        let tasks = Mutex::new(Tasks { clients });
        Arc::new(Self { inbox: Arc::clone(inbox), port, root, tasks, done: Bell::default() })
    }

    /// Runs until the root task says so.
    fn block_on(&self, mut root: impl FnMut(&Waker) -> Poll<()>) {
        let mut tasks = self.tasks.try_lock().expect("one thread drives at a time");
        let waker = Waker::from(Arc::clone(&self.root));
        loop {
            if root(&waker).is_ready() {
                return;
            }
            tasks.poll(self, &waker);
            if self.root.was_rung() {
                continue;
            }
            self.inbox.announce(&self.port);
            self.port.parking();
            self.root.sleep(None);
            self.port.unparked();
        }
    }

    /// The reactor's own thread.
    fn run(&self, stop: &AtomicUsize) {
        loop {
            let mut over = false;
            self.block_on(|waker| {
                self.port.drain(waker);
                over = stop.load(Ordering::SeqCst) == 1;
                if over || self.port.is_to_rest() { Poll::Ready(()) } else { Poll::Pending }
            });
            if over {
                return;
            }
            self.port.rest();
        }
    }
}

impl Engine for Reactor {
    fn drive(&self, _: &Driver, root: &mut dyn FnMut(&Waker) -> Poll<()>) {
        self.block_on(root);
    }

    fn lending(&self) {}
}

impl Tasks {
    fn poll(&mut self, reactor: &Reactor, waker: &Waker) {
        let mut open = false;
        for client in &mut self.clients {
            loop {
                if let Some(pending) = &mut client.pending {
                    match pending.as_mut().poll(&mut Context::from_waker(waker)) {
                        Poll::Ready(answer) => assert_eq!(answer, Ok(client.asked + 100)),
                        Poll::Pending => break,
                    }
                    client.pending = None;
                }
                let Some(request) = client.left.pop_front() else { break };
                client.asked = request;
                let pending = reactor.inbox.try_dispatch(&mut client.line, request, Instant::now());
                client.pending = Some(Box::pin(pending.expect("there is room")));
            }
            open |= client.pending.is_some();
        }
        if !open {
            reactor.done.ring();
        }
    }
}

/// How a worker leaves what it has in hand.
type Handle = fn(&Seat<usize, usize>, usize);

fn work(seat: &Seat<usize, usize>, taken: &AtomicUsize, between: Handle) {
    loop {
        match seat.wait() {
            Received::Request(sealed) => {
                let envelope = sealed.open();
                taken.fetch_add(1, Ordering::SeqCst);
                let answer = envelope.request + 100;
                between(seat, envelope.request);
                envelope.replier.answer(answer);
            }
            Received::Leave(Leave::Recycle) => {
                seat.settle();
                seat.stay();
            }
            Received::Errand => unreachable!(),
            Received::Leave(Leave::Retire | Leave::Stop) => return seat.settle(),
        }
    }
}

/// Two workers, a thief, and a recall at the end.
fn search(workers: usize, between: Handle, beside: fn(&Reactor, &[Arc<Seat<usize, usize>>])) {
    check_random(
        move || {
            let inbox = Requests::new(workers, 4, workers);
            let reactor = Reactor::new(&inbox, &[&[1, 2], &[3]]);
            let port = Arc::clone(&reactor.port);
            inbox.let_drive(&[Arc::clone(&port)], Duration::from_millis(250));
            port.install(Arc::clone(&reactor) as Arc<dyn Engine>);
            let (taken, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let seats: Vec<_> = (0..workers).map(|number| Arc::new(inbox.seat(number))).collect();
            let threads: Vec<_> = seats
                .iter()
                .map(|seat| {
                    let (seat, taken) = (Arc::clone(seat), Arc::clone(&taken));
                    thread::spawn(move || work(&seat, &taken, between))
                })
                .collect();
            let home = {
                let (reactor, stop) = (Arc::clone(&reactor), Arc::clone(&stop));
                thread::spawn(move || reactor.run(&stop))
            };
            let other = {
                let (reactor, seats) = (Arc::clone(&reactor), seats.clone());
                thread::spawn(move || beside(&reactor, &seats))
            };
            reactor.done.sleep(None);
            other.join().unwrap();
            port.recall();
            stop.store(1, Ordering::SeqCst);
            port.wake_root();
            home.join().unwrap();
            inbox.close();
            for thread in threads {
                thread.join().unwrap();
            }
            assert_eq!(taken.load(Ordering::SeqCst), 3);
            port.close();
        },
        SCHEDULES,
    );
}

#[test]
fn workers_drive_and_lose_nothing() {
    search(2, |_, _| (), |_, _| ());
}

#[test]
fn a_thief_takes_the_role_at_any_moment() {
    let steal = |reactor: &Reactor, _: &[Arc<Seat<usize, usize>>]| {
        for _ in 0..4 {
            reactor.port.steal();
            thread::yield_now();
        }
    };
    search(2, |_, _| (), steal);
}

#[test]
fn workers_that_block_retire_first() {
    search(2, |seat, _| seat.yield_role(), |_, _| ());
}

#[test]
fn workers_that_leave_give_the_role_back() {
    let recycle = |_: &Reactor, seats: &[Arc<Seat<usize, usize>>]| {
        seats[0].leave(Leave::Recycle);
        seats[1].leave(Leave::Recycle);
    };
    search(2, |_, _| (), recycle);
}

#[test]
fn a_recall_comes_at_any_moment() {
    search(2, |_, _| (), |reactor, _| reactor.port.recall());
}
