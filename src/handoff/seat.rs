//! Where a worker thread waits: for a request of its pool, for mail of its own, for an errand, for a word to leave.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, OnceLock},
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use super::{
    bell::Bell,
    board::Aside,
    clock::{self, Nanos, nanos},
    inbox::{BATCH, Inbox, LONG, Overloaded},
    job::Account,
    line::{Envelope, Line, Pending, Sealed, Slot},
    port::Port,
    role::{Driver, Word},
    sync::{ArrayQueue, AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Mutex, Ordering, fence},
    times::Clockwork,
};

/// Requests that may be addressed to one worker at a time, beside what comes through the pool's inbox.
const MAILBOX: usize = 16;
/// The mean follows a new sample by this part.
const SMOOTHING: u64 = 64;
/// Longer samples count as this: a thread that was not scheduled for a while looks slow.
const CLAMP: Nanos = nanos(Duration::from_millis(4));
/// Handlers slower than this announce their answer at once.
pub(super) const SLOW: Nanos = nanos(Duration::from_micros(50));

/// A worker that drives a reactor takes what waits for so long before it looks at the reactor again: others may fill the inbox
/// meanwhile.
const TURN: Nanos = nanos(Duration::from_micros(500));
/// Times in a row that it leaves a reactor whose tasks had a request at once, before the reactor looks at its sockets: clients that
/// send ahead must not keep it from the others.
const STRAIGHT: u64 = 8;

/// What others may see of a seat. In a cache line of its own.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// Rung to wake the thread that sits here.
    pub(super) bell: Arc<Bell>,
    /// When the request in hand was taken; 0 = there is none. Written by the seat's thread alone.
    took: AtomicU64,
    /// When the seat was last given up. Written by the seat's thread alone.
    freed: AtomicU64,
    /// Mean time from taking a request to the next wait. Written by the seat's thread alone.
    mean: AtomicU64,
    /// Requests taken. Written by the seat's thread alone.
    pub(super) taken: AtomicU64,
    /// How long a request has waited at most, since somebody last asked. A hint: written by the seat's thread, taken by
    /// others.
    pub(super) waited: AtomicU64,
    /// Whether the request in hand was answered. Written by the seat's thread alone.
    answered: AtomicBool,
    /// For how long the seat has had requests that are over. Written by the seat's thread alone.
    busy: AtomicU64,
    /// Times that the seat's thread came back from its sleep. Written by the seat's thread alone.
    woken: AtomicU64,
    /// Address of the port whose reactor the seat's thread drives now; 0 = none.
    driven: AtomicUsize,
    /// What the system calls the seat's thread; 0 = that is not known.
    thread: AtomicU32,
    /// How long the requests of this seat took.
    pub(super) times: Clockwork,
}

/// One worker's place at the inbox of its pool.
///
/// One thread at a time may wait at a seat; any thread may send it mail or ask it to leave.
#[derive(Debug)]
pub struct Seat<Q, A> {
    inbox: Arc<Inbox<Q, A>>,
    /// Number of this seat in `inbox`: its idle bit and its post.
    number: usize,
    /// Why the worker is to leave, see [`Leave`]; 0 = it is not.
    control: AtomicU8,
    /// Set when the thread must not block any more, until its next run.
    interrupted: AtomicBool,
    mailbox: ArrayQueue<Arc<Slot<Q, A>>>,
    /// Where there is work beside requests, once the worker has offered to do some.
    aside: OnceLock<Arc<dyn Aside>>,
    /// Times in a row that the reactor was left before it looked at its sockets. Of the seat's thread alone.
    straight: AtomicU64,
    /// When the reactor was last looked at. Of the seat's thread alone.
    turned: AtomicU64,
    /// The last thing that was taken was an errand: requests have their turn. Of the seat's thread alone.
    turn: AtomicBool,
    /// Of the seat's thread alone.
    unannounced: Unannounced<Q, A>,
    /// Of the request in hand, if somebody looks at it from aside.
    account: Option<Box<Account<Q, A>>>,
    /// Of the seat's thread alone.
    lent: Lent,
}

/// The reactor that a worker has lent to itself while it works.
#[derive(Debug)]
struct Lent {
    /// Number of its port.
    port: AtomicUsize,
    /// The state of its role; 0 = there is none.
    word: AtomicU64,
}

/// A reactor that the seat's thread drives.
struct Driving {
    /// Number of its port.
    port: usize,
    driver: Driver,
}

/// Answers that were put off.
///
/// Those of a reactor that this worker has lent to itself are not among them: it fetches them as soon as it drives again.
#[derive(Debug)]
struct Unannounced<Q, A> {
    /// Where the answer to the request taken last goes, if it may not be announced yet.
    port: Mutex<Option<Arc<Port<Q, A>>>>,
    /// Its address; 0 = none.
    address: AtomicUsize,
    /// When answers were last announced.
    since: AtomicU64,
}

/// What ended a wait.
#[derive(Debug)]
pub enum Received<Q, A> {
    /// A request to work on.
    Request(Sealed<Q, A>),
    /// An errand, which is in the worker's hand: see [`super::Member::take`].
    Errand,
    /// The worker is to leave its loop.
    Leave(Leave),
}

/// What ended [`Seat::block`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blocked {
    /// What was waited for is there.
    Ready,
    /// It did not come in time.
    TimedOut,
    /// The worker was interrupted.
    Interrupted,
}

/// Why a worker is to leave its loop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Leave {
    /// The script runs again on the same thread.
    Recycle = 1,
    /// This worker ends; the pool goes on.
    Retire = 2,
    /// The pool ends.
    Stop = 3,
}

// === impl Post ===

impl Post {
    /// Returns whether the seat has a request.
    pub(super) fn is_busy(&self) -> bool {
        self.took.load(Ordering::Relaxed) != 0
    }

    /// Address of the port whose reactor is driven here, 0 = none.
    pub(super) fn driven(&self) -> usize {
        self.driven.load(Ordering::SeqCst)
    }

    /// Whether that is this one.
    pub(super) fn drives(&self, port: usize) -> bool {
        self.driven() == port
    }

    /// Returns whether the seat took its request less than `span` ago.
    pub(super) fn took_within(&self, now: Nanos, span: Nanos) -> bool {
        let took = self.took.load(Ordering::Relaxed);
        took != 0 && now.saturating_sub(took) < span
    }

    /// Returns whether the seat has had its request for a millisecond.
    pub(super) fn is_long(&self, now: Nanos) -> bool {
        let took = self.took.load(Ordering::Relaxed);
        took != 0 && now.saturating_sub(took) > LONG
    }

    /// Whether the request in hand was answered: what the thread does is work behind that.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// What the system calls the thread that sits here.
    pub(super) fn thread(&self) -> Option<u32> {
        Some(self.thread.load(Ordering::Relaxed)).filter(|thread| *thread != 0)
    }

    /// From now on a thread sits here, which the system calls `thread`; 0 = none does.
    pub(super) fn seat(&self, thread: u32) {
        self.thread.store(thread, Ordering::Relaxed);
    }

    pub(super) fn mean(&self) -> Nanos {
        self.mean.load(Ordering::Relaxed)
    }

    /// For how long the seat has had requests that are over.
    pub(super) fn busy(&self) -> Nanos {
        self.busy.load(Ordering::Relaxed)
    }

    fn begin(&self, now: Nanos) {
        self.answered.store(false, Ordering::Relaxed);
        self.took.store(now, Ordering::Relaxed);
    }

    /// The request in hand is over. `is_slow` is asked of one that took long: if it is not, it counts as one that just did not.
    fn end(&self, now: Nanos, is_slow: impl FnOnce() -> bool) {
        self.times.end(now);
        let took = self.took.load(Ordering::Relaxed);
        if took == 0 {
            return;
        }
        let spent = now.saturating_sub(took);
        let most = if spent > LONG && is_slow() { CLAMP } else { LONG };
        self.busy.store(self.busy.load(Ordering::Relaxed) + spent, Ordering::Relaxed);
        let (mean, sample) = (self.mean(), spent.min(most));
        self.mean.store(mean - mean / SMOOTHING + sample / SMOOTHING, Ordering::Relaxed);
        self.freed.store(now, Ordering::Relaxed);
        self.took.store(0, Ordering::Relaxed);
    }
}

// === impl Lent ===

impl Lent {
    fn is_none(&self) -> bool {
        self.word.load(Ordering::Relaxed) == 0
    }

    fn put(&self, port: usize, word: Word) {
        self.port.store(port, Ordering::Relaxed);
        self.word.store(word.number(), Ordering::Relaxed);
    }

    /// Number of the port, and the state of its role.
    fn take(&self) -> Option<(usize, Word)> {
        let word = self.word.load(Ordering::Relaxed);
        if word == 0 {
            return None;
        }
        self.word.store(0, Ordering::Relaxed);
        Some((self.port.load(Ordering::Relaxed), Word::of_number(word)))
    }
}

// === impl Unannounced ===

impl<Q, A> Default for Unannounced<Q, A> {
    fn default() -> Self {
        Self { port: Mutex::new(None), address: AtomicUsize::new(0), since: AtomicU64::new(0) }
    }
}

impl<Q, A> Unannounced<Q, A> {
    fn is_of(&self, port: &Arc<Port<Q, A>>) -> bool {
        self.address.load(Ordering::Relaxed) == Arc::as_ptr(port) as usize
    }

    fn is_none(&self) -> bool {
        self.address.load(Ordering::Relaxed) == 0
    }

    fn put(&self, port: &Arc<Port<Q, A>>) {
        self.address.store(Arc::as_ptr(port) as usize, Ordering::Relaxed);
        *self.port.lock() = Some(Arc::clone(port));
    }

    fn port(&self) -> Option<Arc<Port<Q, A>>> {
        if self.is_none() { None } else { self.port.lock().clone() }
    }

    /// Announces them.
    fn announce(&self, now: Nanos) {
        self.since.store(now, Ordering::Relaxed);
        if !self.is_none() {
            self.address.store(0, Ordering::Relaxed);
            let port = self.port.lock().take();
            if let Some(port) = port {
                port.announce();
            }
        }
    }
}

// === impl Seat ===

impl<Q, A> Seat<Q, A> {
    pub(super) fn new(inbox: Arc<Inbox<Q, A>>, number: usize) -> Self {
        Self {
            inbox,
            number,
            control: AtomicU8::new(0),
            interrupted: AtomicBool::new(false),
            mailbox: ArrayQueue::new(MAILBOX),
            aside: OnceLock::new(),
            straight: AtomicU64::new(0),
            turned: AtomicU64::new(0),
            turn: AtomicBool::new(false),
            unannounced: Unannounced::default(),
            account: None,
            lent: Lent { port: AtomicUsize::new(0), word: AtomicU64::new(0) },
        }
    }

    /// Keeps account of the request in hand from now on, so that others can see and end it.
    pub fn oversee(&mut self) {
        self.account = Some(Box::default());
    }

    pub(super) fn account(&self) -> Option<&Account<Q, A>> {
        self.account.as_deref()
    }

    /// What was taken before is over.
    fn finish(&self, now: Nanos) {
        self.post().end(now, || self.inbox.was_long(now));
        if let Some(account) = &self.account {
            account.close();
        }
    }

    /// A request was taken.
    fn begin(&self, sealed: &Sealed<Q, A>, now: Nanos) {
        if let Some(slot) = sealed.slot() {
            self.post().times.begin(slot.since());
        }
        if let Some(account) = &self.account {
            account.open(sealed, now);
        }
    }

    fn post(&self) -> &Post {
        &self.inbox.posts[self.number]
    }

    /// Waits for the next thing to do. What was taken before is over with this call.
    pub fn wait(&self) -> Received<Q, A> {
        let mut now = clock::now();
        self.finish(now);
        let mut driver = self.regain(now).or_else(|| self.given(now));
        loop {
            if (driver.is_none() || now.saturating_sub(self.turned.load(Ordering::Relaxed)) < TURN)
                && let Some(received) = self.look(now, driver.as_ref())
            {
                return self.part(driver, received);
            }
            if let Some(driving) = driver.take() {
                // Answers for other reactors.
                self.announce(now);
                let (driving, received) = self.drive(driving);
                now = clock::now();
                self.turned.store(now, Ordering::Relaxed);
                let port = &self.inbox.ports()[driving.port];
                match received {
                    Some(received) => return self.part(Some(driving), received),
                    None if port.is_recalled() => port.hand_in(driving.driver),
                    None => driver = Some(driving),
                }
                continue;
            }
            self.announce(now);
            self.inbox.idle.insert(self.number);
            // Pairs with the fence in `Inbox::announce`, and with those in `leave` and `send`.
            fence(Ordering::SeqCst);
            if self.is_quiet() {
                self.post().bell.sleep(None);
            }
            self.wakened();
            now = clock::now();
            driver = self.given(now);
        }
    }

    fn is_quiet(&self) -> bool {
        self.inbox.is_empty() && self.mailbox.is_empty() && self.leaving().is_none() && self.rests()
    }

    fn wakened(&self) {
        self.post().woken.fetch_add(1, Ordering::Relaxed);
        self.inbox.idle.remove(self.number);
        self.inbox.coming.store(false, Ordering::SeqCst);
    }

    fn worker(&self) -> u64 {
        self.inbox.worker(self.number)
    }

    /// Takes the reactor back that this worker has lent to itself, unless it was stolen, or others serve it better now.
    fn regain(&self, now: Nanos) -> Option<Driving> {
        let (number, lent) = self.lent.take()?;
        let port = &self.inbox.ports()[number];
        if self.inbox.is_fast(self.post(), now)
            && !port.is_recalled()
            && let Some(driver) = port.role.regain(lent)
        {
            return Some(Driving { port: number, driver });
        }
        port.retire(lent);
        // Who drives it now may not have been told of the answer.
        port.announce();
        None
    }

    /// The reactor that came with a wake.
    fn given(&self, now: Nanos) -> Option<Driving> {
        let worker = self.worker();
        let given = self.inbox.ports().iter().enumerate().find_map(|(number, port)| {
            let lent = port.role.lent().filter(|word| word.is_of(worker))?;
            port.role.regain(lent).map(|driver| Driving { port: number, driver })
        })?;
        // What it was woken for comes first.
        self.turned.store(now, Ordering::Relaxed);
        Some(given)
    }

    /// Gives back what other reactors have given: one is enough. To be called after a ring.
    fn decline(&self, driven: usize) {
        let worker = self.worker();
        let others = self.inbox.ports().iter().enumerate().filter(|(number, _)| *number != driven);
        for (_, port) in others {
            if let Some(lent) = port.role.lent().filter(|word| word.is_of(worker)) {
                port.retire(lent);
            }
        }
    }

    /// Drives the reactor of a port until there is something to do, or it is recalled.
    fn drive(&self, driving: Driving) -> (Driving, Option<Received<Q, A>>) {
        let port = &self.inbox.ports()[driving.port];
        let (Some(engine), Some(root)) = (port.engine(), port.root()) else {
            port.recall();
            return (driving, None);
        };
        let mut received = None;
        port.count_pass();
        let straight = self.straight.load(Ordering::Relaxed);
        let mut turn = straight >= STRAIGHT || !self.inbox.is_empty();
        self.straight.store(straight + 1, Ordering::Relaxed);
        self.post().driven.store(Arc::as_ptr(port) as usize, Ordering::SeqCst);
        self.post().bell.rings_for(root);
        let mut root = |waker: &Waker| {
            // What came since its tasks ran goes out before this thread does anything else.
            let again = port.fetch() || std::mem::take(&mut turn);
            loop {
                if self.post().bell.was_rung() {
                    self.wakened();
                    self.decline(driving.port);
                }
                self.inbox.idle.insert(self.number);
                // Pairs with the fence in `Inbox::announce`.
                fence(Ordering::SeqCst);
                port.look();
                let recalled = port.is_recalled();
                if !recalled && self.is_quiet() {
                    self.straight.store(0, Ordering::Relaxed);
                    return Poll::Pending;
                }
                self.inbox.idle.remove(self.number);
                if again {
                    self.straight.store(0, Ordering::Relaxed);
                    waker.wake_by_ref();
                    return Poll::Pending;
                }
                if recalled {
                    return Poll::Ready(());
                }
                received = self.look(clock::now(), Some(&driving));
                if received.is_some() {
                    return Poll::Ready(());
                }
            }
        };
        let driven = catch_unwind(AssertUnwindSafe(|| engine.drive(&driving.driver, &mut root)));
        self.post().bell.rings_alone();
        self.post().driven.store(0, Ordering::SeqCst);
        if self.post().bell.was_rung() {
            self.wakened();
            self.decline(driving.port);
        }
        if let Err(panic) = driven {
            self.inbox.idle.remove(self.number);
            // Or nobody would drive it any more.
            port.hand_in(driving.driver);
            resume_unwind(panic);
        }
        (driving, received)
    }

    /// Leaves the wait: a reactor that was driven is lent for the time of a request, and else given back.
    fn part(&self, driving: Option<Driving>, received: Received<Q, A>) -> Received<Q, A> {
        let Some(Driving { port: number, driver }) = driving else { return received };
        let port = &self.inbox.ports()[number];
        if let Received::Leave(_) = received {
            port.hand_in(driver);
            return received;
        }
        self.lend(number, driver);
        received
    }

    /// Lends a reactor to this worker itself.
    fn lend(&self, number: usize, driver: Driver) {
        let port = &self.inbox.ports()[number];
        let word = port.role.lend(driver);
        self.lent.put(number, word);
        self.inbox.monitor.poke();
        port.lending();
        if port.is_recalled() {
            self.retire();
        }
    }

    /// Gives the reactor back that this worker has lent to itself.
    fn retire(&self) {
        if let Some((number, word)) = self.lent.take() {
            let port = &self.inbox.ports()[number];
            port.retire(word);
            // The answer to the request in hand may be still to come, if it does not go elsewhere.
            if self.unannounced.is_none() {
                self.unannounced.put(port);
            }
        }
    }

    /// Finds errands there from now on.
    pub(super) fn look_aside(&self, aside: Arc<dyn Aside>) {
        let first = self.aside.set(aside).is_ok();
        debug_assert!(first, "a worker looks aside at one place");
    }

    /// Whether nothing aside keeps the worker from its sleep.
    fn rests(&self) -> bool {
        self.aside.get().is_none_or(|aside| aside.rest())
    }

    /// Looks for an errand. After one, a request that waits comes first.
    fn look_for_errand(&self, now: Nanos) -> Option<Received<Q, A>> {
        let aside = self.aside.get()?;
        let turn = self.turn.load(Ordering::Relaxed);
        self.turn.store(false, Ordering::Relaxed);
        let errand = aside.look(!turn || self.inbox.is_empty())?;
        self.turn.store(true, Ordering::Relaxed);
        self.post().begin(now);
        self.announce(now);
        self.pass_on(now);
        if let Some(account) = &self.account {
            account.open_errand(errand, now);
        }
        Some(Received::Errand)
    }

    /// The four inputs of a wait, the most urgent first. `driving`: the reactor that this thread drives.
    fn look(&self, now: Nanos, driving: Option<&Driving>) -> Option<Received<Q, A>> {
        if let Some(leave) = self.leaving() {
            if let Some(aside) = self.aside.get() {
                aside.leave(leave == Leave::Recycle);
            }
            self.announce(now);
            // The wake meant for a waiting request may have reached this thread.
            self.pass_on(now);
            return Some(Received::Leave(leave));
        }
        if let Some(errand) = self.look_for_errand(now) {
            return Some(errand);
        }
        // Most have none, and to look costs less than to take.
        let mail = if self.mailbox.is_empty() { None } else { self.mailbox.pop() };
        if let Some(sealed) = mail.and_then(|slot| slot.seal(self.number, true, now)) {
            self.announce(now);
            self.pass_on(now);
            self.begin(&sealed, now);
            return Some(Received::Request(sealed));
        }
        // Busy before the request leaves the ring, so that it is counted in one of the two places at any time.
        self.post().begin(now);
        while let Some(slot) = self.inbox.take() {
            if self.inbox.is_overdue(&slot, now) {
                self.inbox.refuse_one(slot);
                continue;
            }
            let eager = self.post().mean() > SLOW;
            let waited = now.saturating_sub(slot.since());
            let Some(sealed) = slot.seal(self.number, eager, now) else {
                self.inbox.count_abandoned();
                continue;
            };
            // Before the monitor is poked, which looks at it before it sleeps.
            self.post().taken.fetch_add(1, Ordering::SeqCst);
            if waited > self.post().waited.load(Ordering::Relaxed) {
                self.post().waited.store(waited, Ordering::Relaxed);
            }
            if let Some(waits) = self.inbox.waits() {
                waits[self.number].note(waited);
            }
            if let Some(port) = sealed.port() {
                match driving {
                    // Its answer will be fetched by this thread.
                    Some(Driving { port: own, .. }) if Arc::ptr_eq(port, &self.inbox.ports()[*own]) => {
                        self.announce(now);
                    }
                    _ => self.put_off(port, eager, now),
                }
            }
            self.pass_on(now);
            self.begin(&sealed, now);
            return Some(Received::Request(sealed));
        }
        self.post().begin(0);
        None
    }

    /// Applies the rule of the inbox to what this thread leaves behind.
    fn pass_on(&self, now: Nanos) {
        if !self.inbox.is_empty() {
            self.inbox.consider(now, None);
        }
    }

    /// Remembers where the answer to the request in hand goes, and announces what was put off for long enough.
    fn put_off(&self, port: &Arc<Port<Q, A>>, eager: bool, now: Nanos) {
        let since = self.unannounced.since.load(Ordering::Relaxed);
        let same = self.unannounced.is_of(port);
        if eager || !same || now.saturating_sub(since) > BATCH {
            self.announce(now);
        }
        if !eager {
            if !self.unannounced.is_of(port) {
                self.unannounced.put(port);
            }
            self.inbox.monitor.poke();
        }
    }

    /// Announces every answer that was put off.
    fn announce(&self, now: Nanos) {
        self.unannounced.announce(now);
    }

    /// To be called before this thread blocks in anything but [`Seat::wait`]: what the thread has put off, or does for
    /// others beside its request, must not wait for it.
    ///
    /// These are the announcements of answers, and a reactor that it has lent to itself.
    pub fn yield_role(&self) {
        self.retire();
        self.announce_in_hand();
    }

    /// Announces the answer to the request in hand, which stays remembered: it may come later.
    fn announce_in_hand(&self) {
        if let Some(port) = self.unannounced.port() {
            port.announce();
        }
    }

    /// The request in hand is answered. With nothing else to take, this thread would announce the answer at its next wait; it does
    /// so now, as it may work on. Where it drives the reactor itself, or something else is to be taken, the monitor sees that, and
    /// for a while answers are delivered here.
    pub fn answered(&self) {
        self.post().answered.store(true, Ordering::Relaxed);
        if self.inbox.delivers_first() {
            self.deliver();
        } else if self.lent.is_none() && self.inbox.is_empty() {
            self.yield_role();
        }
    }

    /// Whether answers are delivered before the worker goes on.
    #[cfg(all(test, feature = "shuttle"))]
    pub(super) fn delivers_first(&self) -> bool {
        self.inbox.delivers_first()
    }

    /// As if an answer had waited for what its worker did behind it.
    #[cfg(all(test, feature = "shuttle"))]
    pub(super) fn deliver_first(&self) {
        self.inbox.deliver_first(clock::now());
    }

    /// Lets the reactor that this worker has lent to itself, or was given since its last wait, fetch its answers, and go on with what
    /// they bring.
    fn deliver(&self) {
        let now = clock::now();
        if let Some(mut driving) = self.regain(now).or_else(|| self.given(now)) {
            // Behind a batch of streams, the connection that is to write comes only after all of them.
            for _ in 0..if self.inbox.is_empty() { 1 } else { 2 } {
                driving = self.turn(driving);
            }
            let Driving { port: number, driver } = driving;
            self.pass_on(now);
            self.lend(number, driver);
        }
        // The answer may be for another one, or have nobody who drives it here.
        self.announce_in_hand();
    }

    /// Drives a reactor once round, without a look at its sockets.
    fn turn(&self, driving: Driving) -> Driving {
        let port = &self.inbox.ports()[driving.port];
        let Some(engine) = port.engine() else { return driving };
        port.count_pass();
        let mut root = |_: &Waker| {
            port.look();
            Poll::Ready(())
        };
        let turned = catch_unwind(AssertUnwindSafe(|| engine.drive(&driving.driver, &mut root)));
        if let Err(panic) = turned {
            // Or nobody would drive it any more.
            port.hand_in(driving.driver);
            resume_unwind(panic);
        }
        driving
    }

    /// Waits until `ready`, but not longer than `patience` (for ever if it is longer than any clock), for something that rings this seat when it comes. For the seat's thread, between two waits.
    pub fn block(&self, patience: Duration, mut ready: impl FnMut() -> bool) -> Blocked {
        if ready() {
            return Blocked::Ready;
        }
        self.yield_role();
        let deadline = Instant::now().checked_add(patience);
        loop {
            if self.interrupted.load(Ordering::SeqCst) || self.is_timed_out() {
                return Blocked::Interrupted;
            }
            self.post().bell.sleep(deadline);
            self.post().woken.fetch_add(1, Ordering::Relaxed);
            if ready() {
                return Blocked::Ready;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Blocked::TimedOut;
            }
        }
    }

    /// What ends the sleep of a [`Seat::block`], for rooms that know nothing of seats.
    pub fn waker(&self) -> Waker {
        self.bell().into()
    }

    /// The thread that calls this sits here from now on, which the system calls `thread`.
    pub fn sits(&self, thread: u32) {
        self.post().seat(thread);
    }

    /// What the system calls the thread that sits here; `None`: none has yet.
    pub fn thread(&self) -> Option<u32> {
        self.post().thread()
    }

    /// What wakes the seat's thread.
    pub(super) fn bell(&self) -> Arc<Bell> {
        Arc::clone(&self.post().bell)
    }

    /// Ends a [`Seat::block`] under way, and every one to come until [`Seat::stay`].
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
        self.post().bell.ring();
    }

    /// Sleeps for `pause`, or shorter if the worker is asked to leave. Requests do not end it.
    pub fn pause(&self, pause: Duration) {
        self.settle();
        let deadline = Instant::now() + pause;
        while self.leaving().is_none() && Instant::now() < deadline {
            self.post().bell.sleep(Some(deadline));
        }
    }

    /// Ends the account of the request taken last: the worker is free, or gone.
    pub fn settle(&self) {
        self.finish(clock::now());
        self.yield_role();
    }

    /// Returns for how long the worker has had its request, or none.
    pub fn age(&self) -> Duration {
        let since = match self.post().took.load(Ordering::Relaxed) {
            0 => self.post().freed.load(Ordering::Relaxed),
            took => took,
        };
        Duration::from_nanos(clock::now().saturating_sub(since))
    }

    /// A number that changes whenever the seat's thread does anything in a wait.
    pub fn pulse(&self) -> u64 {
        let post = self.post();
        post.taken.load(Ordering::Relaxed).wrapping_add(post.woken.load(Ordering::Relaxed))
    }

    /// Makes a thread that waits here turn round once, which its pulse shows.
    pub fn nudge(&self) {
        self.post().bell.ring();
    }

    /// Gives a request back for another worker to take.
    pub fn give_back(&self, envelope: Envelope<Q, A>) {
        self.settle();
        if let Some(slot) = envelope.replier.reload(envelope.request) {
            self.inbox.give_back(slot);
        }
    }

    /// Puts a request into the mailbox of this very worker.
    ///
    /// # Errors
    ///
    /// Gives the request back when the mailbox is full.
    pub fn send(&self, line: &mut Line<Q, A>, request: Q) -> Result<Pending<Q, A>, Overloaded<Q>> {
        let (slot, pending) = line.load(request, clock::now());
        if let Err(slot) = self.mailbox.push(slot)
            && let Some(request) = slot.unload()
        {
            return Err(Overloaded(request));
        }
        self.post().bell.ring();
        Ok(pending)
    }

    /// Asks the worker to leave at its next wait, or now if it waits. What comes later in [`Leave`] outlasts the others.
    pub fn leave(&self, why: Leave) {
        self.control.fetch_max(why as u8, Ordering::SeqCst);
        self.post().bell.ring();
    }

    /// Takes back a request to recycle: the worker was replaced or re-run.
    pub fn stay(&self) {
        self.interrupted.store(false, Ordering::SeqCst);
        // A failed exchange means that nothing was asked, or that the worker must end: both stay as they are.
        let _ = self.control.compare_exchange(Leave::Recycle as u8, 0, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Returns why the worker is to leave, if it is.
    pub fn leaving(&self) -> Option<Leave> {
        if self.inbox.is_closed() {
            return Some(Leave::Stop);
        }
        match self.control.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(Leave::Recycle),
            2 => Some(Leave::Retire),
            _ => Some(Leave::Stop),
        }
    }
}
