//! Settings of request bodies (`http.body_buffer_size` and `http.stream_request_body`).

use crate::config::{Problems, Section};

/// Bytes in the unit of `http.body_buffer_size`.
const KIBIBYTE: usize = 1024;

/// Settings of request bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// `http.body_buffer_size`: longest body, in KiB, that is held in memory; a longer one goes to disk.
    ///
    /// Default: 256. 0: every body goes to disk.
    pub buffer_bytes: usize,

    /// `http.stream_request_body`: whether workers get requests before their bodies have arrived.
    ///
    /// Default: false.
    pub stream: bool,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { buffer_bytes: 256 * KIBIBYTE, stream: false }
    }
}

impl Config {
    /// Reads the keys of section `http`; what is wrong is added to `problems` and read as the default.
    pub(in crate::http) fn read(section: &mut Section<'_>, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        if let Some(kibibytes) = section.integer("body_buffer_size", 0..=1_048_576, problems) {
            config.buffer_bytes = usize::try_from(kibibytes).unwrap_or(usize::MAX).saturating_mul(KIBIBYTE);
        }
        if let Some(stream) = section.boolean("stream_request_body", problems) {
            config.stream = stream;
        }
        config
    }
}
