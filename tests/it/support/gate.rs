//! Holds workers until a test lets them go.

use parking_lot::{Condvar, Mutex};

use super::PATIENCE;

/// A gate that is closed at first, and counts who comes to it.
#[derive(Default)]
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    open: bool,
    waiting: usize,
}

impl Gate {
    /// Waits until the gate is open.
    #[track_caller]
    pub fn pass(&self) {
        let mut state = self.state.lock();
        state.waiting += 1;
        self.changed.notify_all();
        let timed_out = self.changed.wait_while_for(&mut state, |state| !state.open, PATIENCE).timed_out();
        assert!(!timed_out, "nobody opens the gate");
    }

    pub fn close(&self) {
        *self.state.lock() = State::default();
    }

    pub fn open(&self) {
        self.state.lock().open = true;
        self.changed.notify_all();
    }

    /// How many have come to the gate since it was closed.
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting
    }

    /// Waits until so many have come to the gate since it was closed.
    #[track_caller]
    pub fn wait_for(&self, count: usize) {
        let mut state = self.state.lock();
        let timed_out = self.changed.wait_while_for(&mut state, |state| state.waiting < count, PATIENCE).timed_out();
        assert!(!timed_out, "only {} of {count} came to the gate", state.waiting);
    }
}
