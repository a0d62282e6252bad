//! Opens files that are to be sent.

use std::{
    fs::{File, FileType, OpenOptions},
    io,
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

use http::header::MaxSizeReached;
use rustix::fs::OFlags;

/// A regular file that is open: what happens to its name from now on is of no interest.
#[derive(Debug)]
pub struct Opened {
    pub(super) file: File,
    /// What it was opened by; for its ending, and for the log.
    pub(super) path: PathBuf,
    /// Bytes, when it was opened.
    pub(super) length: u64,
    /// When it was changed last.
    pub(super) modified: SystemTime,
}

/// Why a file cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The system says so.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is something else than a regular file.
    #[error("it is {0}, not a regular file")]
    Kind(&'static str),
    /// There is no room for its own headers beside those that were given.
    #[error("there are too many headers")]
    Headers(#[from] MaxSizeReached),
}

// === impl Opened ===

impl Opened {
    /// Opens the file at `path`. Waits for the disk, but not for the other end of a FIFO.
    ///
    /// # Errors
    ///
    /// When there is none, it may not be read, or it is a directory, a device or the like.
    pub fn open(path: &Path) -> Result<Self, Unusable> {
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        Self::of(OpenOptions::new().read(true).custom_flags(flags).open(path)?, path)
    }

    /// Takes what was opened by `path` without waiting.
    pub(super) fn of(file: File, path: &Path) -> Result<Self, Unusable> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(Unusable::Kind(kind(metadata.file_type())));
        }
        Ok(Self { file, path: path.to_owned(), length: metadata.len(), modified: metadata.modified()? })
    }
}

fn kind(file_type: FileType) -> &'static str {
    if file_type.is_dir() {
        "a directory"
    } else if file_type.is_fifo() {
        "a FIFO"
    } else if file_type.is_char_device() || file_type.is_block_device() {
        "a device"
    } else {
        "something else"
    }
}
