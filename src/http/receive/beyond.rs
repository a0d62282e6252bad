//! Bodies that are not in memory.

use std::{fs::File, io, os::unix::fs::FileExt};

use super::{BodyError, Received};
use crate::handoff::Outlet;

/// Where a body is that is not in memory.
#[derive(Debug)]
pub enum Beyond {
    /// In a file.
    Disk(Spilled),
    /// On its way.
    Arriving(Arrival),
    /// Read, piece by piece, and gone.
    Spent,
    /// It did not arrive.
    Failed(BodyError),
}

/// A body that a worker reads while it arrives.
pub type Arrival = Outlet<Result<Received, BodyError>>;

/// A body in a file that has no name any more, and so is gone with this value.
#[derive(Debug)]
pub struct Spilled {
    file: File,
    length: u64,
}

// === impl Spilled ===

impl Spilled {
    pub(super) fn new(file: File, length: u64) -> Self {
        Self { file, length }
    }

    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads some bytes from `position` on. Returns their number, 0 at the end.
    ///
    /// # Errors
    ///
    /// When the disk cannot be read.
    pub fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        loop {
            match self.file.read_at(buffer, position) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}
