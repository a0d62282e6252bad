//! Settings of files that answers name (section `http.sendfile`).

use std::path::PathBuf;

use crate::config::{Problems, Section};

/// Settings of files that answers name by `X-Sendfile`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `http.middleware`: whether `sendfile` is on, so that the header means anything.
    ///
    /// Default: false.
    pub honoured: bool,

    /// `http.sendfile.roots`: directories below which files may be sent.
    ///
    /// Default: the working directory, and the system's directory for temporary files.
    pub roots: Vec<PathBuf>,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { honoured: false, roots: vec![PathBuf::from("."), std::env::temp_dir()] }
    }
}

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub(in crate::http) fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        if let Some(roots) = section.texts("roots", problems) {
            config.roots = roots.into_iter().map(PathBuf::from).collect();
        }
        section.finish(problems);
        config
    }
}
