//! Where locks, atomics and queues come from: the real ones, or those of the model checker.

#[cfg(not(feature = "shuttle"))]
mod real {
    pub(in crate::handoff) use std::sync::atomic::{
        AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };

    use std::thread;
    pub(in crate::handoff) use std::thread::{Thread, current};
    use std::time::Instant;

    pub(in crate::handoff) use crossbeam_queue::ArrayQueue;
    pub(in crate::handoff) use parking_lot::Mutex;

    /// Blocks until this thread is unparked. Returns true once `deadline` has passed.
    pub(in crate::handoff) fn park(deadline: Option<Instant>) -> bool {
        let Some(deadline) = deadline else {
            thread::park();
            return false;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        thread::park_timeout(left);
        false
    }
}

/// The same names over shuttle, which runs every interleaving of a small program, or many random ones.
#[cfg(feature = "shuttle")]
mod model {
    use std::{collections::VecDeque, time::Instant};

    pub(in crate::handoff) use shuttle::{
        sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence},
        thread::{Thread, current},
    };
    pub(in crate::handoff) type MutexGuard<'a, T> = shuttle::sync::MutexGuard<'a, T>;

    #[derive(Debug, Default)]
    pub(in crate::handoff) struct Mutex<T>(shuttle::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(in crate::handoff) fn new(value: T) -> Self {
            Self(shuttle::sync::Mutex::new(value))
        }

        pub(in crate::handoff) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("a panic ends the model")
        }
    }

    /// The model knows no time: a park with a deadline may end at once.
    pub(in crate::handoff) fn park(deadline: Option<Instant>) -> bool {
        if deadline.is_some() {
            shuttle::thread::yield_now();
            return true;
        }
        shuttle::thread::park();
        false
    }

    /// A bounded queue whose operations are atomic steps.
    #[derive(Debug)]
    pub(in crate::handoff) struct ArrayQueue<T> {
        items: Mutex<VecDeque<T>>,
        capacity: usize,
    }

    impl<T> ArrayQueue<T> {
        pub(in crate::handoff) fn new(capacity: usize) -> Self {
            Self { items: Mutex::new(VecDeque::new()), capacity }
        }

        pub(in crate::handoff) fn push(&self, item: T) -> Result<(), T> {
            let mut items = self.items.lock();
            if items.len() == self.capacity {
                return Err(item);
            }
            items.push_back(item);
            Ok(())
        }

        pub(in crate::handoff) fn pop(&self) -> Option<T> {
            self.items.lock().pop_front()
        }

        pub(in crate::handoff) fn len(&self) -> usize {
            self.items.lock().len()
        }

        pub(in crate::handoff) fn is_empty(&self) -> bool {
            self.len() == 0
        }
    }
}

#[cfg(feature = "shuttle")]
pub(super) use model::*;
#[cfg(not(feature = "shuttle"))]
pub(super) use real::*;
