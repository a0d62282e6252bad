//! Where locks, atomics and queues come from: the real ones, or those of the model checker.

#[cfg(not(feature = "shuttle"))]
mod real {
    pub(in crate::handoff) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};

    pub(in crate::handoff) use crossbeam_queue::ArrayQueue;
    pub(in crate::handoff) use parking_lot::{Condvar, Mutex};
}

/// The same names over shuttle, which runs every interleaving of a small program, or many random ones.
#[cfg(feature = "shuttle")]
mod model {
    use std::collections::VecDeque;

    pub(in crate::handoff) use shuttle::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};
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

    #[derive(Debug, Default)]
    pub(in crate::handoff) struct Condvar(shuttle::sync::Condvar);

    impl Condvar {
        pub(in crate::handoff) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(guard).expect("a panic ends the model")
        }

        pub(in crate::handoff) fn notify_one(&self) {
            self.0.notify_one();
        }
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
