//! One observation, as an example, with the trace that it belongs to.

use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// Longest identifier of a trace. `OpenMetrics` allows 128 characters, the name of the label included.
pub(super) const LONGEST: usize = 128 - "trace_id".len();

/// One observation, as an example.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// The trace that it belongs to.
    pub trace: String,
    /// What was observed.
    pub value: f64,
    /// When, in seconds since 1970.
    pub at: f64,
}

/// The last example.
#[derive(Debug, Default)]
pub(super) struct Place(Mutex<Option<Exemplar>>);

// === impl Place ===

impl Place {
    pub(super) fn put(&self, trace: &str, value: f64) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        *self.0.lock() = Some(Exemplar { trace: trace.to_owned(), value, at });
    }

    pub(super) fn get(&self) -> Option<Exemplar> {
        self.0.lock().clone()
    }
}
