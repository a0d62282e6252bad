//! What may happen very often, and is told once a second at most.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Time between two lines.
const PAUSE: Duration = Duration::from_secs(1);

/// Counts something, and tells how often it has happened.
#[derive(Debug)]
pub(super) struct Notice {
    tell: fn(u64),
    /// How often it has happened.
    count: AtomicU64,
    /// How often it was told to have happened.
    told: AtomicU64,
    /// It will be told within a second.
    pending: AtomicBool,
}

/// Tells when it is dropped: after a second, or at the end of the reactor.
struct Due(Arc<Notice>);

// === impl Notice ===

impl Notice {
    /// `tell` is given the number.
    pub(super) fn new(tell: fn(u64)) -> Arc<Self> {
        Arc::new(Self { tell, count: AtomicU64::new(0), told: AtomicU64::new(0), pending: AtomicBool::new(false) })
    }

    /// How often it has happened.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// It has happened once more. To be called on a reactor.
    pub(super) fn happened(self: &Arc<Self>) {
        self.count.fetch_add(1, Ordering::Release);
        if !self.pending.swap(true, Ordering::AcqRel) {
            let due = Due(Arc::clone(self));
            tokio::spawn(async move {
                tokio::time::sleep(PAUSE).await;
                drop(due);
            });
        }
    }
}

impl Drop for Due {
    fn drop(&mut self) {
        let Notice { tell, told, pending, .. } = &*self.0;
        // In this order: what happens between the two makes another line due.
        pending.store(false, Ordering::Release);
        let count = self.0.count();
        let more = count.saturating_sub(told.fetch_max(count, Ordering::AcqRel));
        if more > 0 {
            tell(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TOLD: AtomicU64 = AtomicU64::new(0);
    static LINES: AtomicU64 = AtomicU64::new(0);

    #[test]
    fn everything_is_told_in_few_lines() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let notice = Notice::new(|count| {
            TOLD.fetch_add(count, Ordering::SeqCst);
            LINES.fetch_add(1, Ordering::SeqCst);
        });
        runtime.block_on(async {
            (0..1000).for_each(|_| notice.happened());
            while TOLD.load(Ordering::SeqCst) < 1000 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(LINES.load(Ordering::SeqCst), 1);
            notice.happened();
        });
        drop(runtime);
        assert_eq!(TOLD.load(Ordering::SeqCst), 1001, "the end leaves nothing untold");
    }
}
