//! How severe an entry is.

use tracing::Metadata;

/// What Rust panics are reported as; more severe than any level of `tracing`.
pub(super) const PANIC: &str = "roadrunner::panic";

/// How severe an entry is, the least severe first.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
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
    /// A defect of the server itself.
    Panic,
}

// === impl Level ===

impl Level {
    /// Returns the level of an event, or `None` for one below all levels.
    pub(super) fn of(metadata: &Metadata<'_>) -> Option<Self> {
        Some(match *metadata.level() {
            _ if metadata.target() == PANIC => Self::Panic,
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::TRACE => return None,
        })
    }

    /// Returns its name as JSON entries have it.
    pub(super) fn lower(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Panic => "panic",
        }
    }

    /// Returns its name as lines of text have it.
    pub(super) fn upper(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Panic => "PANIC",
        }
    }

    /// Returns the terminal's code for its colour.
    pub(super) fn colour(self) -> &'static str {
        match self {
            Self::Debug => "37",
            Self::Info => "36",
            Self::Warn => "33",
            Self::Error => "31",
            Self::Panic => "35",
        }
    }
}
