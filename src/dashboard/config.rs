//! Settings of the live page (section `dashboard`).

use crate::{
    config::{Problems, Section},
    net::Address,
};

/// Settings of the live page (section `dashboard`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `dashboard.address`: where they are served, `host:port` or `unix:/path`. A name may have several addresses.
    ///
    /// Default: nowhere.
    pub addresses: Vec<Address>,
}

// === impl Config ===

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let addresses = section.address("address", problems).unwrap_or_default();
        section.finish(problems);
        Self { addresses }
    }
}
