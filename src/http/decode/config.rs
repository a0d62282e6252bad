//! Settings of compressed request bodies (`http.decompress_request` and `http.max_decompress_ratio`).

use crate::config::{Problems, Section};

/// Settings of compressed request bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// `http.decompress_request`: whether they are decompressed; else they are passed on as they are.
    ///
    /// Default: false.
    pub enabled: bool,

    /// `http.max_decompress_ratio`: how many times as large as itself a body may become, beyond 1 MiB; a larger one is
    /// refused with 413.
    ///
    /// Default (absent or 0): 100.
    pub max_ratio: u64,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { enabled: false, max_ratio: 100 }
    }
}

impl Config {
    /// Reads the keys of section `http`; what is wrong is added to `problems` and read as the default.
    pub(in crate::http) fn read(section: &mut Section<'_>, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        if let Some(enabled) = section.boolean("decompress_request", problems) {
            config.enabled = enabled;
        }
        if let Some(ratio) = section.integer("max_decompress_ratio", 0..=1_000_000, problems)
            && ratio > 0
        {
            config.max_ratio = ratio;
        }
        config
    }
}
