//! Metrics of what the pools share.

use std::{sync::Arc, time::Instant};

use super::{
    histogram,
    names::{
        ANSWER_WAIT, CODE_MEMORY, CONNECTIONS, CONNECTIONS_REFUSED, DELIVERED, DROPPED, DURATION, HANDOFF_FINDS,
        HANDOFF_GIVES, HANDOFF_KICKS, HANDOFF_LOOKS, HANDOFF_PASSES, HANDOFF_REQUESTS, HANDOFF_RETIRES, HANDOFF_STEALS,
        HANDOFF_WAKES, INFO, LOG_DROPPED, PUBLISHED, REQUESTS, SUBSCRIBERS, UNDER_WAY, UPTIME,
    },
};
use crate::{
    config::COMPATIBLE,
    handoff::{self, Counters, Spread},
    http::{self, Answered, Traffic},
    log,
    metrics::{Gathered, Source},
    net::{Crowd, Front},
    pool::Host,
};

/// The monitor of the hand-off.
pub(in crate::server) type Monitor = handoff::Monitor<http::Request, http::Answer>;

/// Knows the hand-off.
pub(super) struct Handoff(pub(super) Arc<Monitor>);

/// Knows the connections.
pub(super) struct Connections(pub(super) Arc<Front>);

/// Knows the answers that workers have let go of.
pub(super) struct Streams(pub(super) Arc<http::Channels>);

/// Knows what middleware `http_metrics` counts.
pub(super) struct Wire(pub(super) Arc<Traffic>);

/// Knows the rest.
pub(super) struct Rest {
    /// When the server began to serve.
    pub(super) started: Instant,
    /// Who knows how full the memory for code is.
    pub(super) code_memory: Option<Arc<dyn Host<http::Request, http::Answer>>>,
}

// === impl Source ===

impl Source for Handoff {
    fn collect(&self, gathered: &mut Gathered) {
        let Counters { requests, passes, wakes, kicks, looks, finds, gives, steals, retires } = self.0.counters();
        gathered.count(&HANDOFF_REQUESTS, &[], requests);
        gathered.count(&HANDOFF_PASSES, &[], passes);
        gathered.count(&HANDOFF_WAKES, &[], wakes);
        gathered.count(&HANDOFF_KICKS, &[], kicks);
        gathered.count(&HANDOFF_LOOKS, &[], looks);
        gathered.count(&HANDOFF_FINDS, &[], finds);
        gathered.count(&HANDOFF_GIVES, &[], gives);
        gathered.count(&HANDOFF_STEALS, &[], steals);
        gathered.count(&HANDOFF_RETIRES, &[], retires);
        let Spread { counts, sum } = self.0.answers_waited();
        gathered.add(&ANSWER_WAIT, &[], histogram(Spread::bounds(), &counts, sum));
    }
}

impl Source for Connections {
    fn collect(&self, gathered: &mut Gathered) {
        let Crowd { open, refused, refused_by_address, without_descriptor } = self.0.crowd();
        gathered.count(&CONNECTIONS, &[], open as u64);
        let reasons =
            [("limit", refused), ("limit_per_address", refused_by_address), ("descriptors", without_descriptor)];
        for (reason, count) in reasons {
            gathered.count(&CONNECTIONS_REFUSED, &[("reason", reason)], count);
        }
    }
}

impl Source for Streams {
    fn collect(&self, gathered: &mut Gathered) {
        let seen = self.0.statistics();
        gathered.count(&SUBSCRIBERS, &[], seen.subscribers as u64);
        gathered.count(&PUBLISHED, &[], seen.published);
        gathered.count(&DELIVERED, &[], seen.delivered);
        gathered.count(&DROPPED, &[], seen.dropped);
    }
}

impl Source for Wire {
    fn collect(&self, gathered: &mut Gathered) {
        gathered.count(&UNDER_WAY, &[], self.0.under_way());
        for Answered { status, counts, sum } in self.0.answered() {
            let status = status.to_string();
            let labels = [("status", &*status)];
            gathered.count(&REQUESTS, &labels, counts.iter().sum());
            gathered.add(&DURATION, &labels, histogram(Traffic::bounds(), &counts, sum));
        }
    }
}

impl Source for Rest {
    fn collect(&self, gathered: &mut Gathered) {
        gathered.number(&UPTIME, &[], self.started.elapsed().as_secs_f64());
        gathered.count(&LOG_DROPPED, &[], log::dropped());
        if let Some(filled) = self.code_memory.as_ref().and_then(|host| host.code_memory()) {
            gathered.number(&CODE_MEMORY, &[], f64::from(filled));
        }
        gathered.count(&INFO, &[("version", env!("CARGO_PKG_VERSION")), ("roadrunner", COMPATIBLE)], 1);
    }
}
