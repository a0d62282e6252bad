//! The configuration: from a file to typed, checked values.
//!
//! Two levels: a [`Document`] is what the user wrote, with the line of every key; a [`Section`] hands out checked values
//! and collects every problem. Each room reads its own section into its own `Config`; defaults live in their
//! `Default`s alone.

mod document;
mod problem;
mod section;
#[cfg(test)]
mod tests;
mod value;
mod yaml;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

pub use document::{Document, Node, Value};
pub use problem::{Problem, Problems};
pub use section::Section;

use crate::{http, log, server};

/// Files longer than this are refused.
const MAX_BYTES: u64 = 1024 * 1024;

/// All settings of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Section `server`.
    pub server: server::Config,
    /// Sections `endure` and `shutdown`.
    pub life: server::Life,
    /// Section `http`.
    pub http: http::Config,
    /// Section `logs`.
    pub logs: log::Config,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is not valid, or its values are not.
    #[error("{} is not a valid configuration:\n{problems}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong with it.
        problems: Problems,
    },
}

// === impl Config ===

impl Config {
    /// How long the end of a server may take before workers are interrupted: `endure.grace_period`, else the pool's
    /// `destroy_timeout`.
    pub fn grace(&self) -> Duration {
        self.life.grace_period.unwrap_or(self.http.pool.destroy_timeout)
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or with all its problems at once, each with key path, line and remedy.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let unreadable = |reason: String| Error::Unreadable { path: path.to_owned(), reason };
        let length = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
        if length > MAX_BYTES {
            return Err(unreadable(format!("it has {length} bytes, more than the {MAX_BYTES} allowed")));
        }
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            unreadable(format!("it is not UTF-8, byte {} is invalid", error.utf8_error().valid_up_to()))
        })?;
        Self::parse(&text).map_err(|problems| Error::Invalid { path: path.to_owned(), problems })
    }

    /// Reads a configuration from its text (YAML; JSON is a subset).
    ///
    /// # Errors
    ///
    /// All problems at once.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let document = yaml::parse(text)?;
        let mut problems = Problems::default();
        let config = Self::read(&document, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    fn read(document: &Document, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        let mut root = Section::root(document, problems);
        if let Some((version, line)) = root.text("version", problems)
            && version != "3"
            && version != "2.7"
        {
            problems.add("version", line, format!("is \"{version}\", but only \"3\" and \"2.7\" can be read"));
        }
        if let Some(server) = root.section("server", problems) {
            config.server = server::Config::read(server, problems);
        }
        if let Some(endure) = root.section("endure", problems) {
            config.life.read_endure(endure, problems);
        }
        if let Some(shutdown) = root.section("shutdown", problems) {
            config.life.read_shutdown(shutdown, problems);
        }
        if let Some(http) = root.section("http", problems) {
            config.http = http::Config::read(http, problems);
        }
        if let Some(logs) = root.section("logs", problems) {
            config.logs = log::Config::read(logs, problems);
        }
        root.finish(problems);
        config
    }
}
