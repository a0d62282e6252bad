//! Tasks that run within the root task of a runtime.
//!
//! A runtime looks at its sockets each time before it polls its root task again. A worker that drives a reactor leaves it by
//! that task, so connections that were tasks of the runtime would cost it one more look for each request. Here they run in
//! the root task, and what follows in it sees at once what they have done.

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use parking_lot::Mutex;
use slab::Slab;
use tokio::task::coop::{has_budget_remaining, poll_proceed};

/// Polls in one run, after which the root task looks at what they have done, and the runtime at its sockets. As many as a
/// runtime polls tasks between two looks.
const POLLS: usize = 61;

/// No task was woken since the last run.
const CALM: u8 = 0;
/// They run.
const RUNS: u8 = 1;
/// A task was woken: the root task knows, or it is in a run and will look again.
const WOKEN: u8 = 2;

/// Tasks of one reactor.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    /// Those that are not over, by number.
    all: Mutex<Slab<Arc<Task>>>,
    ready: Arc<Ready>,
}

/// Tasks that were woken.
#[derive(Debug)]
struct Ready {
    /// `None` at the end.
    queue: Mutex<Option<VecDeque<Arc<Task>>>>,
    /// Ordering: `SeqCst`. Who wakes fills the queue and then sets this; who runs leaves a run by an exchange that fails if it
    /// was set meanwhile.
    state: AtomicU8,
    /// Wakes the root task.
    root: Mutex<Option<Waker>>,
}

struct Task {
    number: usize,
    /// `None` once it is over.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    /// Whether it is in the queue.
    queued: AtomicBool,
    ready: Arc<Ready>,
}

/// What came of a poll.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Polled {
    /// It waits for something.
    Waits,
    /// It ended with this poll.
    Ended,
    /// It has done as much as a task may without a pause, and goes on later.
    Spent,
}

// === impl Tasks ===

impl Tasks {
    /// Adds a task. It runs for the first time with the next run.
    pub(super) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let (future, queued, ready) =
            (Mutex::new(Some(Box::pin(future) as _)), AtomicBool::new(false), Arc::clone(&self.ready));
        let task = {
            let mut all = self.all.lock();
            let place = all.vacant_entry();
            let task = Arc::new(Task { number: place.key(), future, queued, ready });
            place.insert(Arc::clone(&task));
            task
        };
        task.wake();
    }

    /// Runs those that were woken, until none is. `root` wakes the root task, in which this is called, for the next run. One
    /// thread at a time.
    ///
    /// Where that is too much for one run, the rest waits until the root task is polled again, for which this sees.
    pub(super) fn run(&self, root: &Waker) {
        {
            let mut place = self.ready.root.lock();
            match &mut *place {
                Some(waker) => waker.clone_from(root),
                place => *place = Some(root.clone()),
            }
        }
        self.ready.state.store(RUNS, Ordering::SeqCst);
        for _ in 0..POLLS {
            // What is left to the root task of tokio's budget for one poll is given back after each task.
            let Poll::Ready(budget) = poll_proceed(&mut Context::from_waker(root)) else { break };
            match self.ready.next() {
                Some(task) => match task.poll() {
                    Polled::Waits => {}
                    Polled::Ended => {
                        self.all.lock().remove(task.number);
                    }
                    Polled::Spent => break,
                },
                None if self.ready.is_calm() => return,
                None => self.ready.state.store(RUNS, Ordering::SeqCst),
            }
            drop(budget);
        }
        self.ready.state.store(WOKEN, Ordering::SeqCst);
        root.wake_by_ref();
    }

    /// Drops all of them.
    pub(super) fn clear(&self) {
        let all = mem::take(&mut *self.all.lock());
        for (_, task) in all {
            let future = task.future.lock().take();
            quietly_drop(future);
        }
        let queue = self.ready.queue.lock().take();
        drop(queue);
        self.ready.root.lock().take();
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        // What is in the queue holds the queue.
        self.clear();
    }
}

// === impl Ready ===

impl Default for Ready {
    fn default() -> Self {
        Self { queue: Mutex::new(Some(VecDeque::new())), state: AtomicU8::new(CALM), root: Mutex::new(None) }
    }
}

impl Ready {
    fn next(&self) -> Option<Arc<Task>> {
        let task = self.queue.lock().as_mut()?.pop_front()?;
        // Before its poll: what wakes it in there wakes it again.
        task.queued.store(false, Ordering::SeqCst);
        Some(task)
    }

    /// Ends a run, if no task was woken since the queue was seen empty.
    fn is_calm(&self) -> bool {
        self.state.compare_exchange(RUNS, CALM, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    fn push(&self, task: Arc<Task>) {
        if let Some(queue) = &mut *self.queue.lock() {
            queue.push_back(task);
        }
        if self.state.swap(WOKEN, Ordering::SeqCst) == CALM
            && let Some(root) = &*self.root.lock()
        {
            root.wake_by_ref();
        }
    }
}

// === impl Task ===

impl Task {
    fn poll(self: &Arc<Self>) -> Polled {
        let mut place = self.future.lock();
        // One that is over may be woken still, when its number is another one's.
        let Some(future) = &mut *place else { return Polled::Waits };
        let waker = Waker::from(Arc::clone(self));
        // A panic ends this task alone; the hook has said what it was.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker))));
        if !matches!(polled, Ok(Poll::Pending)) {
            let future = place.take();
            drop(place);
            quietly_drop(future);
            return Polled::Ended;
        }
        if has_budget_remaining() {
            return Polled::Waits;
        }
        // What it waits for has not noted it then, but asked the runtime to wake it, which forgets that if the root task ends.
        self.wake_by_ref();
        Polled::Spent
    }
}

/// Drops what may panic at that.
fn quietly_drop<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}

impl fmt::Debug for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Task").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::SeqCst) {
            self.ready.push(Arc::clone(self));
        }
    }
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

    /// Runs the tasks in a root task until `over`.
    fn run_until(tasks: &Tasks, mut over: impl FnMut() -> bool) {
        runtime().block_on(poll_fn(|context| {
            tasks.run(context.waker());
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
        assert_eq!(tasks.all.lock().len(), 0);
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
        assert_eq!(tasks.all.lock().len(), 2);
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
        assert_eq!(tasks.all.lock().len(), 1);
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
        assert!(tasks.ready.queue.lock().is_none());
    }
}
