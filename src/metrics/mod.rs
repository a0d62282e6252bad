//! Metrics for Prometheus (section `metrics`).

mod config;
mod site;

pub use config::Config;
pub use site::Site;
