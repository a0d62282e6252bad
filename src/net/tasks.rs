//! Tasks that run within the root task of a runtime.
//!
//! A runtime looks at its sockets each time before it polls its root task again. A worker that drives a reactor leaves it by
//! that task, so connections that were tasks of the runtime would cost it one more look for each request. Here they run in
//! the root task, and what follows in it sees at once what they have done.
//!
//! Nearly all that wakes a task happens on the thread that turns the reactor. So the tasks are in the hand of that thread while
//! it does, where neither a lock nor any other atomic operation is needed; what others want of them is left in a box.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use parking_lot::Mutex;
use slab::Slab;
use tokio::task::coop::{has_budget_remaining, poll_proceed};

/// Polls in one run, after which the root task looks at what they have done, and the runtime at its sockets. As many as a
/// runtime polls tasks between two looks.
const POLLS: usize = 61;

/// Tasks that are put off in one run, after which it ends: what is read of many connections at once has left the processor's caches
/// before it is worked on.
const ENOUGH: usize = 64;

thread_local! {
    /// What this thread turns.
    static IN_HAND: RefCell<Option<InHand>> = const { RefCell::new(None) };
}

/// Tasks of one reactor.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    shared: Arc<Shared>,
}

/// The tasks are in the hand of this thread until this is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    tasks: &'a Tasks,
    /// What the thread had in hand before.
    before: Option<InHand>,
}

/// The tasks of the reactor that a thread turns.
#[derive(Debug)]
struct InHand {
    /// Address of what they share.
    of: usize,
    state: State,
}

/// What one thread at a time has in hand.
#[derive(Debug, Default)]
struct State {
    /// Those that are not over, by number.
    all: Slab<Entry>,
    /// Numbers of those that were woken.
    ready: VecDeque<usize>,
    /// Numbers of those that were put off to the next run, as what they wait for may be there by then.
    new: Vec<usize>,
    /// Wakes the root task.
    root: Option<Waker>,
    /// Whether the root task knows that a task was woken, or looks again by itself.
    known: bool,
}

#[derive(Debug)]
struct Entry {
    /// `None` while it runs.
    task: Option<Task>,
    /// Whether its number is among those that were woken.
    queued: bool,
}

struct Task {
    future: Boxed,
    waker: Waker,
}

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What all threads share.
#[derive(Debug, Default)]
struct Shared {
    outside: Mutex<Outside>,
    /// Whether something was left there. Set under the lock; a hint without it.
    left: AtomicBool,
}

/// What is left by threads that do not have the tasks in hand.
#[derive(Default)]
struct Outside {
    woken: Vec<Arc<Handle>>,
    spawned: Vec<Boxed>,
    /// Wakes the root task. `None` before it has run.
    root: Option<Waker>,
    /// The tasks, while nobody has them in hand.
    state: Option<State>,
    /// They were dropped.
    closed: bool,
}

/// Wakes one task.
#[derive(Debug)]
struct Handle {
    /// That of its task, or of a later one when that is over.
    number: usize,
    shared: Arc<Shared>,
    /// Whether it was left outside.
    left: AtomicBool,
}

// === impl Tasks ===

impl Tasks {
    /// Takes them into the hand of this thread, for a turn of the reactor. One thread at a time.
    pub(super) fn turn(&self) -> Turn<'_> {
        let state = self.shared.outside.lock().state.take().unwrap_or_default();
        let now = InHand { of: self.shared.address(), state };
        Turn { tasks: self, before: IN_HAND.replace(Some(now)) }
    }

    /// Adds a task.
    pub(super) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.add(Box::pin(future), false);
    }

    /// Adds a task that waits for something at first: it runs for the first time with the next run, not in one that is under way.
    pub(super) fn spawn_later(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.add(Box::pin(future), true);
    }

    fn add(&self, future: Boxed, later: bool) {
        let mut added = Some(future);
        self.shared.in_hand(|state| added.take().map(|future| state.spawn(future, &self.shared, later)));
        if let Some(future) = added {
            self.shared.leave(|outside| outside.spawned.push(future));
        }
    }

    /// Drops all of them.
    pub(super) fn clear(&self) {
        let left = {
            let mut outside = self.shared.outside.lock();
            outside.closed = true;
            mem::replace(&mut *outside, Outside { closed: true, ..Outside::default() })
        };
        let all = left.state.map(|state| state.all).unwrap_or_default();
        all.into_iter().for_each(|(_, entry)| quietly_drop(entry.task));
        left.spawned.into_iter().for_each(quietly_drop);
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        // Each of them holds what they share.
        self.clear();
    }
}

// === impl Turn ===

impl Turn<'_> {
    /// Runs those that were woken, until none is. `root` wakes the root task, in which this is called, for the next run.
    ///
    /// Those that are put off meanwhile, and what is too much for one run, wait until the root task is polled again, for which this
    /// sees.
    pub(super) fn run(&self, root: &Waker) {
        let shared = &*self.tasks.shared;
        self.begin(root);
        for _ in 0..POLLS {
            // What is left to the root task of tokio's budget for one poll is given back after each task.
            let Poll::Ready(budget) = poll_proceed(&mut Context::from_waker(root)) else { break };
            let Some((number, task)) = shared.in_hand(State::next).flatten() else { return };
            let Task { mut future, waker } = task;
            // A panic ends this task alone; the hook has said what it was.
            let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker))));
            if !matches!(polled, Ok(Poll::Pending)) {
                shared.in_hand(|state| state.all.try_remove(number));
                quietly_drop(future);
                continue;
            }
            let spent = !has_budget_remaining();
            let enough = shared.in_hand(|state| {
                state.put_back(number, Task { future, waker });
                if spent {
                    // What it waits for has not noted it then, but asked the runtime to wake it, which forgets that if the root
                    // task ends.
                    state.wake(number);
                }
                state.new.len() >= ENOUGH
            });
            if spent || enough.unwrap_or_default() {
                break;
            }
            drop(budget);
        }
        root.wake_by_ref();
    }

    /// A run begins: the root task may be another one than before, and others may have left something.
    fn begin(&self, root: &Waker) {
        let shared = &self.tasks.shared;
        let new = shared.in_hand(|state| {
            state.known = true;
            // What they wait for is there as a rule, and makes room.
            state.new.drain(..).rev().for_each(|number| state.ready.push_front(number));
            let new = state.root.as_ref().is_none_or(|known| !known.will_wake(root));
            if new {
                state.root = Some(root.clone());
            }
            new
        });
        if !new.unwrap_or_default() && !shared.left.load(Ordering::Acquire) {
            return;
        }
        let (woken, spawned) = {
            let mut outside = shared.outside.lock();
            shared.left.store(false, Ordering::Release);
            outside.root = Some(root.clone());
            (mem::take(&mut outside.woken), mem::take(&mut outside.spawned))
        };
        shared.in_hand(|state| {
            for handle in woken {
                // Before its poll: who wakes it from now on leaves it again.
                handle.left.swap(false, Ordering::SeqCst);
                state.wake(handle.number);
            }
            for future in spawned {
                state.spawn(future, shared, false);
            }
        });
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let state = IN_HAND.replace(self.before.take()).map(|now| now.state);
        let mut outside = self.tasks.shared.outside.lock();
        if !outside.closed {
            outside.state = state;
        }
    }
}

// === impl State ===

impl State {
    fn spawn(&mut self, future: Boxed, shared: &Arc<Shared>, later: bool) {
        let place = self.all.vacant_entry();
        let number = place.key();
        let handle = Handle { number, shared: Arc::clone(shared), left: AtomicBool::new(false) };
        place.insert(Entry { task: Some(Task { future, waker: Waker::from(Arc::new(handle)) }), queued: true });
        if later {
            self.new.push(number);
        } else {
            self.ready.push_back(number);
        }
        self.tell();
    }

    /// Sees to it that the root task knows.
    fn tell(&mut self) {
        if !mem::replace(&mut self.known, true)
            && let Some(root) = &self.root
        {
            root.wake_by_ref();
        }
    }

    /// The task of that number is to run.
    fn wake(&mut self, number: usize) {
        let Some(entry) = self.all.get_mut(number) else { return };
        if mem::replace(&mut entry.queued, true) {
            return;
        }
        self.ready.push_back(number);
        self.tell();
    }

    /// Takes the next one out to run it. If there is none, the root task does not know of those that are woken from now on; of those
    /// that were put off it is told.
    fn next(&mut self) -> Option<(usize, Task)> {
        while let Some(number) = self.ready.pop_front() {
            // One that is over may have been woken still.
            let Some(entry) = self.all.get_mut(number) else { continue };
            entry.queued = false;
            if let Some(task) = entry.task.take() {
                return Some((number, task));
            }
        }
        self.known = false;
        if !self.new.is_empty() {
            self.tell();
        }
        None
    }

    fn put_back(&mut self, number: usize, task: Task) {
        if let Some(entry) = self.all.get_mut(number) {
            entry.task = Some(task);
        }
    }
}

// === impl Shared ===

impl Shared {
    fn address(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Calls `act` if this thread has the tasks in hand. It must call nothing that wakes or drops a task.
    fn in_hand<T>(&self, act: impl FnOnce(&mut State) -> T) -> Option<T> {
        let inside = |place: &RefCell<Option<InHand>>| {
            let mut place = place.try_borrow_mut().ok()?;
            let here = place.as_mut().filter(|in_hand| in_hand.of == self.address())?;
            Some(act(&mut here.state))
        };
        // A thread that ends has nothing in hand.
        IN_HAND.try_with(inside).ok().flatten()
    }

    /// Leaves something for the thread that has the tasks in hand, or will.
    fn leave(&self, put: impl FnOnce(&mut Outside)) {
        let mut outside = self.outside.lock();
        if outside.closed {
            return;
        }
        put(&mut outside);
        if self.left.swap(true, Ordering::AcqRel) {
            return;
        }
        let root = outside.root.clone();
        drop(outside);
        if let Some(root) = root {
            root.wake();
        }
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outside").field("woken", &self.woken.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Task").finish_non_exhaustive()
    }
}

// === impl Handle ===

impl Wake for Handle {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.shared.in_hand(|state| state.wake(self.number)).is_none() && !self.left.swap(true, Ordering::SeqCst) {
            self.shared.leave(|outside| outside.woken.push(Arc::clone(self)));
        }
    }
}

/// Drops what may panic at that.
fn quietly_drop<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, poll_fn},
        sync::atomic::AtomicUsize,
        thread,
    };

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn runtime() -> Runtime {
        Builder::new_current_thread().build().unwrap()
    }

    impl Tasks {
        fn count(&self) -> usize {
            self.shared.outside.lock().state.as_ref().map_or(0, |state| state.all.len())
        }
    }

    /// Runs the tasks in a root task until `over`.
    fn run_until(tasks: &Tasks, mut over: impl FnMut() -> bool) {
        let turn = tasks.turn();
        runtime().block_on(poll_fn(|context| {
            turn.run(context.waker());
            if over() { Poll::Ready(()) } else { Poll::Pending }
        }));
    }

    #[test]
    fn one_that_panics_ends_alone() {
        let (tasks, done) = (Tasks::default(), Arc::new(AtomicBool::new(false)));
        tasks.spawn(async { panic!("as it is to") });
        let said = Arc::clone(&done);
        tasks.spawn(async move { said.store(true, Ordering::SeqCst) });
        run_until(&tasks, || done.load(Ordering::SeqCst));
        assert_eq!(tasks.count(), 0);
    }

    #[test]
    fn one_that_always_has_something_to_do_keeps_nobody_from_a_turn() {
        let (tasks, polls) = (Tasks::default(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&polls);
        tasks.spawn(poll_fn(move |context| {
            counted.fetch_add(1, Ordering::SeqCst);
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        let mut asked = 0;
        run_until(&tasks, || {
            asked += 1;
            asked == 10
        });
        assert_eq!(polls.load(Ordering::SeqCst), 10 * POLLS);
    }

    #[test]
    fn what_other_threads_wake_runs() {
        const WAKES: usize = if cfg!(miri) { 20 } else { 20_000 };
        let (tasks, ended) = (Tasks::default(), Arc::new(AtomicUsize::new(0)));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let shared = Arc::new((AtomicUsize::new(0), Mutex::new(None::<Waker>), AtomicUsize::new(0)));
                let (of_task, ended) = (Arc::clone(&shared), Arc::clone(&ended));
                tasks.spawn(poll_fn(move |context| {
                    *of_task.1.lock() = Some(context.waker().clone());
                    let count = of_task.0.load(Ordering::SeqCst);
                    of_task.2.store(count, Ordering::SeqCst);
                    if count < WAKES {
                        return Poll::Pending;
                    }
                    ended.fetch_add(1, Ordering::SeqCst);
                    Poll::Ready(())
                }));
                thread::spawn(move || {
                    for count in 1..=WAKES {
                        shared.0.store(count, Ordering::SeqCst);
                        if let Some(waker) = &*shared.1.lock() {
                            waker.wake_by_ref();
                        }
                        // Each one is seen, or the task would wait for ever.
                        while shared.2.load(Ordering::SeqCst) != count && shared.1.lock().is_some() {
                            thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        run_until(&tasks, || ended.load(Ordering::SeqCst) == 4);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    #[test]
    fn one_that_has_much_to_do_goes_on_in_the_next_run_and_others_have_theirs() {
        let (tasks, (send, mut receive)) = (Tasks::default(), tokio::sync::mpsc::unbounded_channel());
        let (received, polls) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (of_task, of_other) = (Arc::clone(&received), Arc::clone(&polls));
        (0..1000).for_each(|number| send.send(number).unwrap());
        tasks.spawn(async move {
            while receive.recv().await.is_some() {
                of_task.fetch_add(1, Ordering::SeqCst);
            }
        });
        tasks.spawn(poll_fn(move |context| {
            of_other.fetch_add(1, Ordering::SeqCst);
            context.waker().wake_by_ref();
            if has_budget_remaining() { Poll::Pending } else { Poll::Ready(()) }
        }));
        // The root task ends each time, and the runtime forgets what it was asked for.
        let runs = (1..100).find(|_| {
            run_until(&tasks, || true);
            received.load(Ordering::SeqCst) == 1000
        });
        assert!(runs.is_some_and(|runs| runs > 4), "{runs:?} runs");
        assert!(polls.load(Ordering::SeqCst) >= 4);
        assert_eq!(tasks.count(), 2);
    }

    #[test]
    fn one_that_is_put_off_runs_in_the_next_run() {
        let (tasks, runs) = (Arc::new(Tasks::default()), Arc::new(AtomicUsize::new(0)));
        let (inside, spawned, seen) = (Arc::clone(&tasks), Arc::clone(&runs), Arc::clone(&runs));
        tasks.spawn(async move {
            inside.spawn_later(async move {
                spawned.fetch_add(1, Ordering::SeqCst);
            });
        });
        // The root task waits for nothing else.
        let mut polls = 0;
        run_until(&tasks, || {
            polls += 1;
            assert_eq!(seen.load(Ordering::SeqCst), polls - 1);
            polls == 2
        });
    }

    #[test]
    fn a_run_ends_with_enough_that_is_put_off_which_comes_first_in_the_next() {
        let (tasks, order) = (Arc::new(Tasks::default()), Arc::new(Mutex::new(Vec::new())));
        // Two connections with as many streams each.
        for connection in 0..2 {
            let (inside, order) = (Arc::clone(&tasks), Arc::clone(&order));
            tasks.spawn(async move {
                order.lock().push((connection, 0));
                for stream in 1..=ENOUGH {
                    let order = Arc::clone(&order);
                    inside.spawn_later(async move { order.lock().push((connection, stream)) });
                }
                pending::<()>().await;
            });
        }
        let mut runs = Vec::new();
        run_until(&tasks, || {
            runs.push(order.lock().len());
            runs.last() == Some(&(2 * (1 + ENOUGH)))
        });
        assert_eq!(runs[0], 1, "the second connection waits for what the first one has brought");
        let streams = order.lock().iter().position(|(connection, _)| *connection == 1).unwrap();
        assert_eq!(streams, 1 + ENOUGH);
        assert!(order.lock().is_sorted(), "each in its turn");
    }

    #[test]
    fn one_that_is_over_and_woken_does_not_end_another_one() {
        let (tasks, waker) = (Tasks::default(), Arc::new(Mutex::new(None::<Waker>)));
        let place = Arc::clone(&waker);
        tasks.spawn(poll_fn(move |context| {
            *place.lock() = Some(context.waker().clone());
            Poll::Ready(())
        }));
        run_until(&tasks, || true);
        tasks.spawn(pending());
        waker.lock().take().unwrap().wake();
        run_until(&tasks, || true);
        assert_eq!(tasks.count(), 1);
    }

    #[test]
    fn the_end_drops_them_and_later_wakes_do_nothing() {
        let (tasks, waker) = (Tasks::default(), Arc::new(Mutex::new(None::<Waker>)));
        let (held, place) = (Arc::new(()), Arc::clone(&waker));
        let inside = Arc::clone(&held);
        tasks.spawn(async move {
            poll_fn(|context| {
                *place.lock() = Some(context.waker().clone());
                Poll::Ready(())
            })
            .await;
            pending::<()>().await;
            drop(inside);
        });
        run_until(&tasks, || true);
        tasks.clear();
        assert_eq!(Arc::strong_count(&held), 1);
        waker.lock().take().unwrap().wake();
        assert!(tasks.shared.outside.lock().woken.is_empty());
    }
}
