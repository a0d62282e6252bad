//! Metrics for Prometheus (section `metrics`).
//!
//! A [`Registry`] has what the application declares, as [`Collector`]s, and asks [`Source`]s for what the server itself
//! counts: at each scrape, and for whoever else wants the same numbers. This room knows nobody who has numbers; the server
//! puts the sources in.
//!
//! Values are changed by many threads at a time: by atomics, and for a summary under a lock of that one series. To find a
//! series among those of its collector takes a lock that is shared and one of several; nothing is locked for all.
//!
//! # Bounds
//!
//! Series of a collector (`metrics.max_series`), and the length of their labels.

mod accept;
mod calls;
mod collector;
mod config;
mod declaration;
mod error;
mod exemplar;
mod gathered;
mod number;
mod own;
mod process;
mod quantile;
mod registry;
mod series;
mod site;
mod summary;
#[cfg(test)]
mod tests;
mod text;

pub use calls::register;
pub use collector::Collector;
pub use config::Config;
pub use declaration::{Declaration, Kind, Objective};
pub use error::Error;
pub use gathered::{Family, Gathered, Sample, Value};
pub use own::{Metric, Source, Type};
pub use process::Process;
pub use registry::Registry;
pub use site::Site;
pub use text::{Format, page};
