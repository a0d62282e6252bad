//! Settings of streams of events (section `http.sse`).

use std::time::Duration;

use crate::config::{Problems, Section};

/// Settings of streams of events (section `http.sse`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// `http.sse.ping_interval`: how often each detached stream of events gets a comment, which shows proxies and the
    /// server that both ends are still there. `None`: never.
    ///
    /// Default: `15s`; 0 is `None`.
    pub ping_interval: Option<Duration>,

    /// `http.sse.history`: the last so many events of each channel are kept, for clients that come again and say which one
    /// they had last.
    ///
    /// Default: 0.
    pub history: usize,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { ping_interval: Some(Duration::from_secs(15)), history: 0 }
    }
}

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        if let Some(interval) = section.duration("ping_interval", problems) {
            config.ping_interval = Some(interval).filter(|interval| !interval.is_zero());
        }
        if let Some(events) = section.integer("history", 0..=10_000, problems) {
            config.history = usize::try_from(events).unwrap_or(config.history);
        }
        section.finish(problems);
        config
    }
}
