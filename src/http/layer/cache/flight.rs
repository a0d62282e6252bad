//! Requests for the same response at the same time: one asks a worker, the others wait for what comes of it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::watch::{Receiver, Sender, channel},
    time::{Instant, timeout_at},
};

use super::key::Key;

/// Who is asked for what at present.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Wanted, Receiver<()>>>);

/// A target, and what its response is known to vary by.
type Wanted = (Key, Vec<u8>);

/// The one who asks. Others are let go when it is dropped.
#[derive(Debug)]
pub(super) struct Lead {
    flights: Arc<Flights>,
    wanted: Wanted,
    _landing: Sender<()>,
}

/// What there is to do for one who wants a response.
#[derive(Debug)]
pub(super) enum Joined {
    /// To ask.
    Lead(Lead),
    /// To wait for one who asks.
    Wait(Flight),
}

/// A response that another one asks for.
#[derive(Debug)]
pub(super) struct Flight(Receiver<()>);

/// How long one waits for others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience(Instant);

// === impl Flights ===

impl Flights {
    /// Joins those who want a response to `key`; `variant` tells apart what cannot be the same one.
    pub(super) fn join(self: &Arc<Self>, key: &Key, variant: Vec<u8>) -> Joined {
        let wanted = (key.clone(), variant);
        let mut flights = self.0.lock();
        if let Some(flight) = flights.get(&wanted) {
            return Joined::Wait(Flight(flight.clone()));
        }
        let (landing, flight) = channel(());
        flights.insert(wanted.clone(), flight);
        Joined::Lead(Lead { flights: Arc::clone(self), wanted, _landing: landing })
    }
}

// === impl Lead ===

impl Drop for Lead {
    fn drop(&mut self) {
        // Who comes from here on does not wait for this one; who waits is let go by the field that is dropped next.
        self.flights.0.lock().remove(&self.wanted);
    }
}

// === impl Flight ===

impl Flight {
    /// Waits for its end. Returns false if there is no patience left.
    pub(super) async fn wait(mut self, patience: Patience) -> bool {
        // Nothing is ever sent: the end is an error.
        timeout_at(patience.0, self.0.changed()).await.is_ok()
    }
}

// === impl Patience ===

impl Patience {
    /// So much from now on.
    pub(super) fn new(wait: Duration) -> Self {
        Self(Instant::now() + wait)
    }
}
