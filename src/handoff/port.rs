//! The way back: answers for the connections of one reactor.
//!
//! Waking a task from outside its runtime is a system call each time. So a worker only leaves the answer here; the
//! reactor fetches all of them at once and wakes the tasks itself, which costs nothing inside the runtime. A worker must
//! make a system call only when the reactor sleeps, and not even then for each answer.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    task::{Poll, Waker},
};

use super::{
    bell::Bell,
    clock,
    line::Slot,
    role::{Driver, Role, Word},
    sync::{ArrayQueue, AtomicBool, AtomicU64, Mutex, Ordering, fence},
    waits::Waits,
};

/// Answers on their way to the connections of one reactor.
#[derive(Debug)]
pub struct Port<Q, A> {
    /// Filled by workers, emptied by the reactor.
    answers: ArrayQueue<Arc<Slot<Q, A>>>,
    /// Whether the reactor is blocked, or about to block.
    ///
    /// Ordering: `SeqCst` with a fence on both sides. The reactor sets it and then looks at `answers`; a worker fills
    /// `answers` and then looks at it. At least one of the two sees the other.
    parked: AtomicBool,
    /// Wakes the reactor's root task, which drains.
    root: Mutex<Option<Waker>>,
    /// Times that a worker had to wake the reactor.
    kicks: AtomicU64,
    /// Clients that left before their answer, since somebody last asked.
    left: AtomicU64,
    /// Times that the reactor fetched answers. Written by the reactor alone.
    drains: AtomicU64,
    /// Times that the reactor was about to block, or that a worker began to drive it. Written by the thread that drives.
    passes: AtomicU64,
    /// Whether the worker that drives looks at what waits for it when the tasks have run. Of the thread that drives alone.
    looks: AtomicBool,
    /// What `drains` was, plus one, when the monitor last saw answers wait; 0 = none did. Of the monitor alone.
    suspected: AtomicU64,
    /// Who drives the reactor.
    pub(super) role: Role,
    /// The reactor, for workers that drive it; `None`: none does.
    engine: Mutex<Option<Arc<dyn Engine>>>,
    /// Whether the reactor has requests for others than those who drive it.
    has_others: AtomicBool,
    /// Where the reactor's own thread sleeps while a worker drives.
    home: Bell,
    /// The worker that the role is to be given to.
    gift: Mutex<Option<Gift>>,
    /// Whether there is a gift.
    gives: AtomicBool,
    /// The reactor's own thread is to drive from now on.
    recalled: AtomicBool,
    /// What the monitor saw at its last look, if the role was lent. Of the monitor alone.
    lent_before: Mutex<Option<Word>>,
    /// How long answers have waited for the reactor, if somebody wants to know. Written by the reactor alone.
    waits: OnceLock<Box<Waits>>,
}

/// A reactor, as a worker drives it.
pub trait Engine: Send + Sync {
    /// Runs the reactor on this thread, which has the right to do so, until `root` is ready.
    ///
    /// Its root task [fetches](Port::drain) the answers, lets the tasks run that have something to do, and then asks `root`, whose
    /// argument makes it run again. If `root` is not ready the reactor looks at its sockets, and blocks if nothing else is to be done.
    fn drive(&self, driver: &Driver, root: &mut dyn FnMut(&Waker) -> Poll<()>);
    /// The worker that drives is about to do something else, and requests may wait for others. Called where there are such others.
    fn lending(&self);
}

/// A worker that gets the role when it is woken.
#[derive(Debug)]
pub(super) struct Gift {
    pub(super) worker: u64,
    pub(super) bell: Arc<Bell>,
}

impl fmt::Debug for dyn Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Engine")
    }
}

// === impl Port ===

impl<Q, A> Port<Q, A> {
    /// Creates a port for at most `capacity` answers at a time.
    pub fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            answers: ArrayQueue::new(capacity.max(1)),
            parked: AtomicBool::new(false),
            root: Mutex::new(None),
            kicks: AtomicU64::new(0),
            left: AtomicU64::new(0),
            drains: AtomicU64::new(0),
            passes: AtomicU64::new(0),
            looks: AtomicBool::new(false),
            suspected: AtomicU64::new(0),
            role: Role::default(),
            engine: Mutex::new(None),
            has_others: AtomicBool::new(false),
            home: Bell::default(),
            gift: Mutex::new(None),
            gives: AtomicBool::new(false),
            recalled: AtomicBool::new(false),
            lent_before: Mutex::new(None),
            waits: OnceLock::new(),
        })
    }

    /// Lets workers drive the reactor. `has_others`: it has requests for others, too, see [`Engine::lending`].
    pub fn install(&self, engine: Arc<dyn Engine>, has_others: bool) {
        *self.engine.lock() = Some(engine);
        self.has_others.store(has_others, Ordering::SeqCst);
    }

    /// The worker that drives is about to do something else.
    pub(super) fn lending(&self) {
        if self.has_others.load(Ordering::Relaxed)
            && let Some(engine) = self.engine()
        {
            engine.lending();
        }
    }

    pub(super) fn engine(&self) -> Option<Arc<dyn Engine>> {
        self.engine.lock().clone()
    }

    /// Whether the reactor's own thread drives, and could leave that to a worker.
    pub(super) fn can_give(&self) -> bool {
        self.role.is_home()
            && !self.gives.load(Ordering::SeqCst)
            && !self.recalled.load(Ordering::SeqCst)
            && self.engine.lock().is_some()
    }

    /// The role goes to a worker as soon as the reactor's own thread lets go of it. For that thread.
    pub(super) fn offer(&self, gift: Gift) {
        *self.gift.lock() = Some(gift);
        self.gives.store(true, Ordering::SeqCst);
        self.wake_root();
    }

    /// Whether the reactor's own thread is to let go.
    pub fn is_to_rest(&self) -> bool {
        self.gives.load(Ordering::SeqCst)
    }

    /// Gives the role away and sleeps until it comes home. For the reactor's own thread, while it does not drive.
    pub fn rest(&self) {
        let gift = self.gift.lock().take();
        self.gives.store(false, Ordering::SeqCst);
        if let Some(Gift { worker, bell }) = gift {
            if !self.recalled.load(Ordering::SeqCst) {
                self.role.give(worker);
            }
            bell.ring();
        }
        // Whoever recalls first says so and then looks at the role.
        fence(Ordering::SeqCst);
        if self.recalled.load(Ordering::SeqCst) {
            self.recall();
        }
        while !self.role.is_home() {
            self.home.sleep(None);
        }
    }

    /// The reactor's own thread drives from now on. Irreversible.
    pub fn recall(&self) {
        self.recalled.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if let Some(lent) = self.role.lent() {
            self.take_home(lent);
        }
        // A worker that drives looks at the flag.
        self.wake_root();
    }

    pub(super) fn is_recalled(&self) -> bool {
        self.recalled.load(Ordering::SeqCst)
    }

    fn take_home(&self, lent: Word) -> bool {
        let stolen = self.role.steal(lent);
        if stolen {
            self.home.ring();
        }
        stolen
    }

    /// A worker lets go of the role that it has lent to itself.
    pub(super) fn retire(&self, lent: Word) {
        if self.role.retire(lent) {
            self.home.ring();
        }
    }

    /// A worker lets go of the role that it holds.
    pub(super) fn hand_in(&self, driver: Driver) {
        self.role.hand_in(driver);
        self.home.ring();
    }

    /// A look of the monitor: takes the role away from a worker that has had it lent since the last look, or for whom `is_stuck`
    /// says so. Returns what it was.
    pub(super) fn steal(&self, is_stuck: impl FnOnce(Word) -> bool) -> Option<Word> {
        let now = self.role.lent();
        let before = std::mem::replace(&mut *self.lent_before.lock(), now);
        let now = now?;
        let stolen = (before == Some(now) || is_stuck(now)) && self.take_home(now);
        stolen.then_some(now)
    }

    /// What makes the root task run; `None` before it has run once.
    pub(super) fn root(&self) -> Option<Waker> {
        self.root.lock().clone()
    }

    /// A request was put into the inbox by a task of the reactor, which a worker drives: it is to look there. Needless while the
    /// root task runs the tasks, as it looks behind them anyway.
    pub(super) fn has_come(&self) {
        if !self.looks.load(Ordering::Relaxed) {
            self.wake_root();
        }
    }

    /// The worker that drives looks now. What comes later it must be told.
    pub(super) fn look(&self) {
        self.looks.store(false, Ordering::Relaxed);
    }

    /// Makes the root task run, on whatever thread.
    pub(super) fn wake_root(&self) {
        if let Some(root) = &*self.root.lock() {
            root.wake_by_ref();
        }
    }

    /// Leaves an answer, without waking anybody.
    pub(super) fn push(&self, slot: Arc<Slot<Q, A>>) {
        let mut slot = slot;
        // Full only if more requests are under way than the capacity was made for; the reactor is behind, so help it
        // along and wait for room.
        while let Err(back) = self.answers.push(slot) {
            slot = back;
            self.kick();
            std::thread::yield_now();
        }
    }

    /// Sees to it that the reactor fetches what was left.
    pub(super) fn announce(&self) {
        // Pairs with the fence in `parking`.
        fence(Ordering::SeqCst);
        if self.is_parked() && self.parked.swap(false, Ordering::SeqCst) {
            self.kick();
        }
    }

    /// Whether the reactor sleeps, or is about to.
    pub(super) fn is_parked(&self) -> bool {
        self.parked.load(Ordering::SeqCst)
    }

    fn kick(&self) {
        if let Some(root) = self.root() {
            self.kicks.fetch_add(1, Ordering::Relaxed);
            root.wake();
        }
    }

    /// Returns whether answers wait for a reactor that sleeps. Normal for as long as their worker may put them off.
    pub(super) fn is_put_off(&self) -> bool {
        !self.answers.is_empty() && self.parked.load(Ordering::SeqCst)
    }

    /// A look of the monitor. Returns whether answers wait that did so at its last look: nobody told the reactor of them.
    pub(super) fn is_forgotten(&self) -> bool {
        let drains = self.drains.load(Ordering::Relaxed) + 1;
        let suspected = if self.is_put_off() { drains } else { 0 };
        self.suspected.swap(suspected, Ordering::Relaxed) == drains && suspected == drains
    }

    /// The reactor's root task: fetches every answer, and will be woken by `root` for the next ones.
    pub fn drain(&self, root: &Waker) {
        {
            let mut place = self.root.lock();
            match &mut *place {
                Some(waker) => waker.clone_from(root),
                place => *place = Some(root.clone()),
            }
        }
        self.looks.store(true, Ordering::Relaxed);
        self.fetch();
    }

    /// Wakes the tasks of all answers, which costs no system call on their own thread. For the thread that drives. Returns
    /// whether there were any.
    pub fn fetch(&self) -> bool {
        if self.answers.is_empty() {
            return false;
        }
        self.drains.store(self.drains.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        let measured = self.waits.get().map(|waits| (waits, clock::now()));
        while let Some(slot) = self.answers.pop() {
            if let Some((waits, now)) = measured {
                waits.note(now.saturating_sub(slot.answered()));
            }
            slot.wake();
        }
        true
    }

    /// Keeps account of how long answers wait, from now on.
    pub(super) fn measure_waits(&self) {
        self.waits.get_or_init(Box::default);
    }

    /// Where that is kept, if it is.
    pub(super) fn waits(&self) -> Option<&Waits> {
        self.waits.get().map(|waits| &**waits)
    }

    /// The reactor is about to block. Answers that came meanwhile are fetched, so that it has work instead.
    ///
    /// It may block all the same: a fetched answer may be one that its task has seen by itself, or that no task waits for
    /// any more. So the sign stays set until the reactor runs again.
    pub fn parking(&self) {
        self.count_pass();
        self.parked.store(true, Ordering::SeqCst);
        loop {
            // Pairs with the fence in `announce`.
            fence(Ordering::SeqCst);
            if self.answers.is_empty() {
                return;
            }
            self.fetch();
        }
    }

    /// The reactor runs again.
    pub fn unparked(&self) {
        self.parked.store(false, Ordering::SeqCst);
    }

    /// A client left before its answer.
    pub(super) fn count_left(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether clients left since this was last asked.
    pub(super) fn have_left(&self) -> bool {
        self.left.swap(0, Ordering::Relaxed) > 0
    }

    /// The reactor ends: it is not woken any more.
    pub fn close(&self) {
        self.root.lock().take();
        self.engine.lock().take();
        // Those that nobody fetches any more hold the port.
        while self.answers.pop().is_some() {}
    }

    /// A worker begins to drive the reactor.
    pub(super) fn count_pass(&self) {
        self.passes.store(self.passes.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Passes of the reactor: times that it had nothing more to do, or that a worker began to drive it.
    pub(super) fn passes(&self) -> u64 {
        self.passes.load(Ordering::Relaxed)
    }

    /// Times that a worker had to wake the reactor.
    pub fn kicks(&self) -> u64 {
        self.kicks.load(Ordering::Relaxed)
    }
}
