//! Metrics of the server itself.

use super::Gathered;

/// A metric of the server itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name; with the unit, where it has one.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// What it says, for people.
    pub help: &'static str,
}

/// The type of a metric of the server itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations by size.
    Histogram,
}

/// Somebody who has numbers.
pub trait Source: Send + Sync {
    /// Adds what its metrics are now. Called at any time by several threads; it must neither wait for anything nor compute
    /// for long.
    fn collect(&self, gathered: &mut Gathered);
}

// === impl Metric ===

impl Metric {
    /// A metric that only grows.
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Type::Counter, help }
    }

    /// A metric that goes up and down.
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Type::Gauge, help }
    }

    /// Observations by size.
    pub const fn histogram(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Type::Histogram, help }
    }
}

// === impl Type ===

impl Type {
    /// As Prometheus has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}
