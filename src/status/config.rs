//! Settings of health checks (section `status`).

use std::time::Duration;

use http::StatusCode;

use crate::{
    config::{Problems, Section},
    net::Address,
};

/// Settings of health checks (section `status`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `status.address`: where they are served, `host:port` or `unix:/path`. A name may have several addresses.
    ///
    /// Default: nowhere.
    pub addresses: Vec<Address>,

    /// `status.unavailable_status_code`: the status of the answer when something is not well.
    ///
    /// Default (absent or 0): 503.
    pub unavailable: StatusCode,

    /// `status.check_timeout`: seconds in which a worker must show life. Not those for an answer.
    ///
    /// Default (absent or 0): 60.
    pub patience: Duration,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { addresses: Vec::new(), unavailable: StatusCode::SERVICE_UNAVAILABLE, patience: Duration::from_mins(1) }
    }
}

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let addresses = section.address("address", problems).unwrap_or_default();
        let mut config = Self { addresses, ..Self::default() };
        let status = section.integer("unavailable_status_code", 0..=599, problems).filter(|status| *status > 0);
        if let Some(status) = status {
            let final_one = u16::try_from(status).ok().filter(|status| *status >= 200);
            match final_one.and_then(|status| StatusCode::from_u16(status).ok()) {
                Some(status) => config.unavailable = status,
                None => section.report("unavailable_status_code", "must be 200 to 599, or 0 for 503", problems),
            }
        }
        let patience = section.integer("check_timeout", 0..=86_400, problems);
        if let Some(seconds) = patience.filter(|seconds| *seconds > 0) {
            config.patience = Duration::from_secs(seconds);
        }
        section.finish(problems);
        config
    }
}
