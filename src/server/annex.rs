//! What is served beside the application: it listens before the first worker is ready, and until the last one has left.

use std::{os::fd::RawFd, time::Duration};

use super::Error;
use crate::{
    net::{Bound, Reactors},
    web::{self, Sites},
};

/// How long the last answers may take.
const LAST: Duration = Duration::from_secs(1);

/// The thread of all sites, and what it is to serve. It ends with this value.
pub(super) struct Annex {
    sites: Sites,
    /// The lowest number of a connection's descriptor.
    floor: Option<RawFd>,
    /// `None`: not started yet.
    reactors: Option<Reactors>,
}

// === impl Annex ===

impl Annex {
    pub(super) fn new(sites: Sites, floor: Option<RawFd>) -> Self {
        Self { sites, floor, reactors: None }
    }

    /// Listens from now on. Does nothing the second time.
    pub(super) fn start(&mut self, bound: &Bound) -> Result<(), Error> {
        if self.reactors.is_some() {
            return Ok(());
        }
        let is_site = |endpoint| self.sites.iter().any(|(site, _)| *site == endpoint);
        let listeners = bound.listen_some(is_site)?.into_iter().flatten().collect();
        let sites = std::mem::take(&mut self.sites);
        self.reactors = Some(web::start(listeners, sites, self.floor).map_err(Error::Thread)?);
        Ok(())
    }

    /// Accepts nothing more, as the next generation does so.
    pub(super) fn hand_over(&self) {
        self.reactors.iter().for_each(Reactors::hand_over);
    }
}

impl Drop for Annex {
    fn drop(&mut self) {
        if let Some(reactors) = self.reactors.take() {
            reactors.drain();
            // It is closed, not sent on.
            let _ = reactors.drained().recv_timeout(LAST);
            reactors.abort();
        }
    }
}
