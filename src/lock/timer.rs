//! The thread that takes locks away whose time is over.

use std::{
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::Instant,
};

use tracing::error;

use super::{Locks, wake};

/// The thread `rr-locks`. It sleeps until the next lock is over, or for ever while none has a time; it ends with this value.
#[derive(Debug)]
pub struct Timer {
    locks: Arc<Locks>,
    thread: Option<JoinHandle<()>>,
}

// === impl Timer ===

impl Timer {
    /// Starts to look after `locks`.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(locks: &Arc<Locks>) -> io::Result<Self> {
        let kept = Arc::clone(locks);
        let thread = Builder::new().name("rr-locks".to_owned()).spawn(move || look_after(&kept))?;
        Ok(Self { locks: Arc::clone(locks), thread: Some(thread) })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.locks.table.lock().over = true;
        self.locks.news.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            error!("Thread of locks panicked");
        }
    }
}

fn look_after(locks: &Locks) {
    let mut table = locks.table.lock();
    while !table.over {
        match table.next() {
            None => locks.news.wait(&mut table),
            Some(end) if end > Instant::now() => {
                locks.news.wait_until(&mut table, end);
            }
            Some(_) => {
                let woken = table.expire(Instant::now());
                parking_lot::MutexGuard::unlocked(&mut table, || wake(woken));
            }
        }
    }
}
