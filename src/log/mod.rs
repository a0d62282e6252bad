//! The log: where `tracing` events go.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;

use crate::config::{Problems, Section};

/// Settings of the log (section `logs`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `logs.level`: least severe level that is written: `debug`, `info`, `warn` or `error`.
    ///
    /// Default: `info`.
    pub level: Level,
}

/// How severe an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Details for finding a fault.
    Debug,
    /// What happens in a normal life.
    #[default]
    Info,
    /// Something was wrong and was handled.
    Warn,
    /// Somebody must act.
    Error,
}

// === impl Config ===

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let levels = [
            ("debug", Level::Debug),
            ("info", Level::Info),
            ("warn", Level::Warn),
            ("warning", Level::Warn),
            ("error", Level::Error),
            ("panic", Level::Error),
        ];
        Self { level: section.choice("level", &levels, problems).unwrap_or_default() }
    }

    /// Starts writing the log to standard error. A second call in a process changes nothing.
    pub fn install(&self) {
        let level = match self.level {
            Level::Debug => LevelFilter::DEBUG,
            Level::Info => LevelFilter::INFO,
            Level::Warn => LevelFilter::WARN,
            Level::Error => LevelFilter::ERROR,
        };
        let _ = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .try_init();
    }
}
