//! What was loaded from files, and whether they have changed since.

use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::Arc,
};

use super::Error;

/// A value from files.
pub(super) struct Source<T> {
    files: Vec<PathBuf>,
    load: Box<dyn Fn() -> Result<T, Error> + Send>,
    value: Arc<T>,
    /// What the files were when they were loaded last, well or not.
    loaded: Vec<Stamp>,
    /// What they were at the last look.
    seen: Vec<Stamp>,
}

/// What changes with a file; `None` if there is none. The time of the last change of its entry is part of it, so that
/// one that becomes readable has changed, too.
type Stamp = Option<[i128; 6]>;

/// What a look at the files has found.
#[derive(Debug)]
pub(super) enum Look {
    /// They are the same.
    Same,
    /// They are being changed: it may be that not all of them are written yet.
    Changing,
    /// They were loaded anew.
    Renewed,
    /// They have changed and are of no use: the value is still the old one.
    Broken(Error),
}

// === impl Source ===

impl<T> Source<T> {
    /// Loads a value from `files`.
    pub(super) fn new(
        files: Vec<PathBuf>,
        load: impl Fn() -> Result<T, Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let stamps = stamps(&files);
        let value = Arc::new(load()?);
        Ok(Self { files, load: Box::new(load), value, loaded: stamps.clone(), seen: stamps })
    }

    pub(super) fn value(&self) -> &Arc<T> {
        &self.value
    }

    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Returns the files that this process cannot read at the moment.
    pub(super) fn unreadable(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().filter(|file| File::open(file).is_err())
    }

    /// Looks at the files. Changed ones are loaded once two looks have found them the same, or `at_once`.
    pub(super) fn look(&mut self, at_once: bool) -> Look {
        // Taken before loading: what changes meanwhile has changed at the next look.
        let stamps = stamps(&self.files);
        if stamps == self.loaded {
            self.seen = stamps;
            return Look::Same;
        }
        if stamps != self.seen && !at_once {
            self.seen = stamps;
            return Look::Changing;
        }
        self.seen.clone_from(&stamps);
        self.loaded = stamps;
        match (self.load)() {
            Ok(value) => {
                self.value = Arc::new(value);
                Look::Renewed
            }
            Err(error) => Look::Broken(error),
        }
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |file: &PathBuf| {
        let found = fs::metadata(file).ok()?;
        let time = |seconds: i64, nanoseconds: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
        Some([
            found.dev().into(),
            found.ino().into(),
            found.size().into(),
            found.mode().into(),
            time(found.mtime(), found.mtime_nsec()),
            time(found.ctime(), found.ctime_nsec()),
        ])
    };
    files.iter().map(stamp).collect()
}
