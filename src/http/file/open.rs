//! Opens files that are to be sent.

use std::{
    fs::{File, FileType, OpenOptions},
    io,
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;
use http::header::MaxSizeReached;
use rustix::fs::OFlags;

/// A regular file that is open: what happens to its name from now on is of no interest.
#[derive(Debug)]
pub struct Opened {
    pub(super) held: Held,
    /// What it was opened by; for its ending, and for the log.
    pub(super) path: PathBuf,
    /// Bytes, when it was opened.
    pub(super) length: u64,
    /// When it was changed last.
    pub(super) modified: SystemTime,
    /// Whether answers have an entity tag that is made of its state, if no other is given.
    pub(super) tagged: bool,
}

/// Where the bytes of a file are.
#[derive(Debug)]
pub(super) enum Held {
    /// In the file.
    File(File),
    /// All in memory.
    Memory(Bytes),
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
    pub(in crate::http) fn of(file: File, path: &Path) -> Result<Self, Unusable> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(Unusable::Kind(kind(metadata.file_type())));
        }
        let (length, modified) = (metadata.len(), metadata.modified()?);
        Ok(Self { held: Held::File(file), path: path.to_owned(), length, modified, tagged: true })
    }

    /// Takes a file that was read before. It has no name: its answer must say what it holds.
    pub(in crate::http) fn in_memory(bytes: Bytes, modified: SystemTime) -> Self {
        Self { length: bytes.len() as u64, held: Held::Memory(bytes), path: PathBuf::new(), modified, tagged: true }
    }

    /// The same without an entity tag of its own.
    pub(in crate::http) fn without_tag(self) -> Self {
        Self { tagged: false, ..self }
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
