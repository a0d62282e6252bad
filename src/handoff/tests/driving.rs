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

use super::{
    super::{bell::Bell, *},
    schedules,
};

type Requests = Inbox<usize, usize>;

/// Schedules searched by each test; a quarter of them where there are more than one reactor and one pool.
const SCHEDULES: usize = 200_000;

/// A reactor with clients that ask one request after the other.
struct Reactor {
    inboxes: Vec<Arc<Requests>>,
    port: Arc<Port<usize, usize>>,
    root: Arc<Bell>,
    /// Held while somebody drives: a second one finds it taken.
    tasks: Mutex<Tasks>,
    /// Rung when all are answered.
    done: Bell,
    /// Whose answers have come, one bit each. Not of the model: to look at it is no step.
    come: std::sync::atomic::AtomicUsize,
}

struct Tasks {
    clients: Vec<Client>,
}

struct Client {
    inbox: Arc<Requests>,
    line: Line<usize, usize>,
    left: VecDeque<usize>,
    asked: usize,
    pending: Option<Pin<Box<Pending<usize, usize>>>>,
}

impl Reactor {
    /// Each client asks workers of the next inbox.
    fn new(inboxes: &[Arc<Requests>], clients: &[&[usize]]) -> Arc<Self> {
        let port = Port::new(16);
        let clients = clients
            .iter()
            .zip(inboxes.iter().cycle())
            .map(|(requests, inbox)| Client {
                inbox: Arc::clone(inbox),
                line: Line::new(&port),
                left: requests.iter().copied().collect(),
                asked: 0,
                pending: None,
            })
            .collect();
        let root = Arc::new(Bell::default());
        let tasks = Mutex::new(Tasks { clients });
        let (inboxes, come) = (inboxes.to_vec(), std::sync::atomic::AtomicUsize::new(0));
        Arc::new(Self { inboxes, port, root, tasks, done: Bell::default(), come })
    }

    /// Runs until the root task says so.
    fn block_on(&self, mut root: impl FnMut(&Waker) -> Poll<()>) {
        let mut tasks = self.tasks.try_lock().expect("one thread drives at a time");
        let waker = Waker::from(Arc::clone(&self.root));
        loop {
            self.port.drain(&waker);
            tasks.poll(self, &waker);
            if root(&waker).is_ready() {
                return;
            }
            if self.root.was_rung() {
                continue;
            }
            self.announce();
            self.port.parking();
            self.root.sleep(None);
            self.port.unparked();
        }
    }

    fn announce(&self) {
        self.inboxes.iter().for_each(|inbox| inbox.announce(&self.port));
    }

    /// The reactor's own thread.
    fn run(&self, stop: &AtomicUsize) {
        loop {
            let mut over = false;
            self.block_on(|_| {
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

    fn lending(&self) {
        self.announce();
    }
}

impl Tasks {
    fn poll(&mut self, reactor: &Reactor, waker: &Waker) {
        let mut open = false;
        for client in &mut self.clients {
            loop {
                if let Some(pending) = &mut client.pending {
                    match pending.as_mut().poll(&mut Context::from_waker(waker)) {
                        Poll::Ready(answer) => {
                            assert_eq!(answer, Ok(client.asked + 100));
                            reactor.come.fetch_or(1 << client.asked, Ordering::SeqCst);
                        }
                        Poll::Pending => break,
                    }
                    client.pending = None;
                }
                let Some(request) = client.left.pop_front() else { break };
                client.asked = request;
                let pending = client.inbox.try_dispatch(&mut client.line, request, Instant::now());
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

fn work(seat: &Seat<usize, usize>, taken: &AtomicUsize, between: Handle, reactors: &[Arc<Reactor>]) {
    loop {
        match seat.wait() {
            Received::Request(sealed) => {
                let envelope = sealed.open();
                taken.fetch_add(1, Ordering::SeqCst);
                let answer = envelope.request + 100;
                between(seat, envelope.request);
                let asked = envelope.request;
                envelope.replier.answer(answer);
                seat.answered();
                // Work behind it, which lasts until the client has it.
                if seat.delivers_first() {
                    let has_come = |reactor: &Arc<Reactor>| reactor.come.load(Ordering::SeqCst) & (1 << asked) != 0;
                    while !reactors.iter().any(has_come) {
                        thread::yield_now();
                    }
                }
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

/// How many there are.
#[derive(Clone, Copy)]
struct Size {
    reactors: usize,
    /// Each with workers of its own.
    pools: usize,
    workers: usize,
}

const SMALL: Size = Size { reactors: 1, pools: 1, workers: 2 };

/// Clients of reactors, workers of pools, somebody beside them, and a recall at the end.
fn search(size: Size, between: Handle, beside: fn(&[Arc<Reactor>], &[Arc<Seat<usize, usize>>])) {
    let most = if size.reactors == 1 && size.pools == 1 { SCHEDULES } else { SCHEDULES / 4 };
    check_random(move || once(size, between, beside), schedules(most));
}

fn once(size: Size, between: Handle, beside: fn(&[Arc<Reactor>], &[Arc<Seat<usize, usize>>])) {
    let Size { reactors, pools, workers } = size;
    let first = Requests::new(workers, 4, workers);
    let mut inboxes = vec![Arc::clone(&first)];
    inboxes.extend((1..pools).map(|_| first.sister(workers, 4, workers)));
    let asked: [&[&[usize]]; 2] = [&[&[1, 2], &[3]], &[&[4]]];
    let reactors: Vec<_> = asked[..reactors].iter().map(|clients| Reactor::new(&inboxes, clients)).collect();
    let expected: usize =
        asked[..reactors.len()].iter().flat_map(|clients| clients.iter()).map(|asks| asks.len()).sum();
    let ports: Vec<_> = reactors.iter().map(|reactor| Arc::clone(&reactor.port)).collect();
    inboxes.iter().for_each(|inbox| inbox.let_drive(&ports, Duration::from_millis(250)));
    for reactor in &reactors {
        reactor.port.install(Arc::clone(reactor) as Arc<dyn Engine>, inboxes.len() > 1);
    }
    let (taken, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seats: Vec<_> =
        inboxes.iter().flat_map(|inbox| (0..workers).map(|number| Arc::new(inbox.seat(number)))).collect();
    let threads: Vec<_> = seats
        .iter()
        .map(|seat| {
            let (seat, taken, reactors) = (Arc::clone(seat), Arc::clone(&taken), reactors.clone());
            thread::spawn(move || work(&seat, &taken, between, &reactors))
        })
        .collect();
    let homes: Vec<_> = reactors
        .iter()
        .map(|reactor| {
            let (reactor, stop) = (Arc::clone(reactor), Arc::clone(&stop));
            thread::spawn(move || reactor.run(&stop))
        })
        .collect();
    let other = {
        let (reactors, seats) = (reactors.clone(), seats.clone());
        thread::spawn(move || beside(&reactors, &seats))
    };
    reactors.iter().for_each(|reactor| reactor.done.sleep(None));
    other.join().unwrap();
    ports.iter().for_each(|port| port.recall());
    stop.store(1, Ordering::SeqCst);
    ports.iter().for_each(|port| port.wake_root());
    homes.into_iter().for_each(|home| home.join().unwrap());
    inboxes.iter().for_each(|inbox| inbox.close());
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(taken.load(Ordering::SeqCst), expected);
    ports.iter().for_each(|port| port.close());
}

#[test]
fn workers_drive_and_lose_nothing() {
    search(SMALL, |_, _| (), |_, _| ());
}

#[test]
fn workers_drive_either_of_two_reactors() {
    search(Size { reactors: 2, ..SMALL }, |_, _| (), |_, _| ());
}

#[test]
fn workers_of_two_pools_drive_one_reactor() {
    search(Size { pools: 2, workers: 1, ..SMALL }, |_, _| (), |_, _| ());
}

#[test]
fn workers_of_two_pools_drive_two_reactors_beside_a_thief() {
    search(Size { reactors: 2, pools: 2, workers: 1 }, |_, _| (), steal);
}

#[test]
fn a_thief_takes_the_role_at_any_moment() {
    search(SMALL, |_, _| (), steal);
}

fn steal(reactors: &[Arc<Reactor>], _: &[Arc<Seat<usize, usize>>]) {
    for _ in 0..4 {
        for reactor in reactors {
            reactor.port.steal(|_| true);
        }
        thread::yield_now();
    }
}

#[test]
fn workers_that_block_retire_first() {
    search(SMALL, |seat, _| seat.yield_role(), |_, _| ());
}

#[test]
fn answers_do_not_wait_for_work_behind_them_once_one_did() {
    search(SMALL, |seat, _| seat.deliver_first(), |_, _| ());
}

#[test]
fn answers_do_not_wait_for_work_behind_them_beside_a_thief() {
    search(Size { reactors: 2, ..SMALL }, |seat, _| seat.deliver_first(), steal);
}

#[test]
fn workers_that_leave_give_the_role_back() {
    let recycle = |_: &[Arc<Reactor>], seats: &[Arc<Seat<usize, usize>>]| {
        seats[0].leave(Leave::Recycle);
        seats[1].leave(Leave::Recycle);
    };
    search(SMALL, |_, _| (), recycle);
}

#[test]
fn a_recall_comes_at_any_moment() {
    search(SMALL, |_, _| (), |reactors, _| reactors[0].port.recall());
}
