//! What the server counts, as metrics: the one place that knows both those who have numbers and those who show them.

mod names;
mod pools;
mod rest;

use std::{sync::Arc, time::Instant};

use super::{Error, supervisor::Supervisor};
use crate::{
    config::Config,
    http,
    metrics::{Metric, Process, Registry, Value},
    net::Front,
    pool::Pool,
};
use pools::{OfPool, Pools};
use rest::{Connections, Handoff, Rest, Streams, Wire};

pub(super) use rest::Monitor;

/// Every metric of the server itself.
pub fn metrics() -> impl Iterator<Item = &'static Metric> {
    [Registry::OWN, Process::METRICS, names::ALL].into_iter().flatten().copied()
}

/// What the sources look at.
pub(super) struct Looked<'a> {
    pub(super) supervisor: &'a Supervisor,
    pub(super) front: &'a Arc<Front>,
    pub(super) monitor: &'a Arc<Monitor>,
    pub(super) channels: &'a Arc<http::Channels>,
    pub(super) traffic: Option<&'a Arc<http::Traffic>>,
}

/// Keeps the names of all these from the application, and declares the metrics that the configuration names. To be done before
/// any worker boots.
pub(super) fn declare(config: &Config, registry: &Registry) -> Result<(), Error> {
    registry.reserve(&metrics().filter(|metric| !Registry::OWN.contains(metric)).collect::<Vec<_>>());
    let declared = config.metrics.iter().flat_map(|config| &config.collect).cloned();
    declared.into_iter().try_for_each(|declared| registry.declare(declared).map(drop)).map_err(Error::Metric)
}

/// Adds the sources, and lets those count that otherwise do not, if metrics are served.
pub(super) fn add(config: &Config, registry: &Registry, looked: &Looked<'_>) {
    if config.metrics.is_none() {
        return;
    }
    let Looked { supervisor, front, monitor, channels, traffic } = looked;
    let pools = &supervisor.pools;
    for pool in pools {
        pool.inbox().measure_waits();
    }
    monitor.measure_waits();
    registry.add_source(Arc::new(Pools::new(pools.iter().map(OfPool::of).collect())));
    registry.add_source(Arc::new(Handoff(Arc::clone(monitor))));
    registry.add_source(Arc::new(Connections(Arc::clone(front))));
    registry.add_source(Arc::new(Streams(Arc::clone(channels))));
    if let Some(traffic) = traffic {
        registry.add_source(Arc::new(Wire(Arc::clone(traffic))));
    }
    registry.add_source(Arc::new(Rest { started: Instant::now(), code_memory: pools.first().map(Pool::host) }));
    registry.add_source(Arc::new(Process));
}

/// A histogram, from its bounds, counts and sum.
fn histogram(bounds: &[std::time::Duration], counts: &[u64], sum: std::time::Duration) -> Value {
    Value::Histogram {
        bounds: bounds.iter().map(std::time::Duration::as_secs_f64).collect(),
        counts: counts.to_vec(),
        sum: sum.as_secs_f64(),
        examples: Vec::new(),
    }
}
