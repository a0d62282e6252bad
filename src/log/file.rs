//! A log file: appended to, opened again when told to, rotated when it has grown.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{
    clock::Moment,
    config::Rotation,
    old::{Keeper, backup_name},
    output::{Batch, Written, append, write_all},
};

const MEBIBYTE: u64 = 1024 * 1024;

/// An open log file.
#[derive(Debug)]
pub(super) struct LogFile {
    /// Absolute: a script may change the working directory.
    path: PathBuf,
    file: File,
    /// Device and inode of `file`.
    identity: (u64, u64),
    length: u64,
    rotation: Option<Rotating>,
}

#[derive(Debug)]
struct Rotating {
    /// Bytes that it must not grow beyond.
    limit: u64,
    keeper: Keeper,
}

// === impl LogFile ===

impl LogFile {
    pub(super) fn new(path: &Path, file: File, rotation: Option<Rotation>) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let metadata = file.metadata()?;
        let rotation = rotation.map(|rotation| Rotating {
            limit: rotation.max_size * MEBIBYTE,
            keeper: Keeper::new(path.clone(), rotation),
        });
        let identity = (metadata.dev(), metadata.ino());
        Ok(Self { path, file, identity, length: metadata.len(), rotation })
    }

    /// Opens the file again under its name. On failure the one that is open stays.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        let file = append(&self.path)?;
        let metadata = file.metadata()?;
        (self.file, self.identity, self.length) = (file, (metadata.dev(), metadata.ino()), metadata.len());
        Ok(())
    }

    /// Writes a batch. What else went wrong is added to `troubles`.
    pub(super) fn write(&mut self, batch: &Batch, troubles: &mut Vec<String>) -> Written {
        let Some(limit) = self.rotation.as_ref().map(|rotating| rotating.limit) else {
            return self.append(batch, 0, batch.ends.len());
        };
        if self.rotation.as_ref().is_some_and(|rotating| rotating.keeper.is_due()) {
            self.tidy(troubles);
        }
        if self.is_gone()
            && let Err(error) = self.reopen()
        {
            troubles.push(format!("cannot open {} again: {error}", self.path.display()));
        }
        let mut from = 0;
        while from < batch.ends.len() {
            let start = start(batch, from);
            let fitting = |end: &usize| self.length + ((*end - start) as u64) <= limit;
            let to = from + batch.ends[from..].partition_point(fitting);
            if to == from
                && self.length > 0
                && let Err(error) = self.rotate(troubles)
            {
                troubles.push(format!("cannot rotate {}: {error}", self.path.display()));
                return self.append(batch, from, batch.ends.len());
            }
            // An entry longer than a file may be has one of its own.
            let to = if to == from && self.length == 0 { from + 1 } else { to };
            let written = self.append(batch, from, to);
            if written.error.is_some() {
                return written;
            }
            from = to;
        }
        Written { entries: from, error: None }
    }

    /// Writes the entries `from..to` of a batch.
    fn append(&mut self, batch: &Batch, from: usize, to: usize) -> Written {
        let (start, end) = (start(batch, from), start(batch, to));
        match write_all(&self.file, &batch.bytes[start..end]) {
            Ok(()) => {
                self.length += (end - start) as u64;
                Written { entries: to, error: None }
            }
            Err((done, error)) => {
                self.length += done as u64;
                Written { entries: batch.entries_within(start + done), error: Some(error) }
            }
        }
    }

    /// Whether another file has the name now, or none: a server that takes over from this one rotates the same file.
    fn is_gone(&self) -> bool {
        match fs::metadata(&self.path) {
            Ok(there) => (there.dev(), there.ino()) != self.identity,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Removes and compresses old files. What goes wrong is added to `troubles`.
    pub(super) fn tidy(&mut self, troubles: &mut Vec<String>) {
        if let Some(rotating) = &mut self.rotation {
            rotating.keeper.tidy(troubles);
        }
    }

    /// Ends what goes on in the background.
    pub(super) fn rest(&mut self) {
        if let Some(rotating) = &mut self.rotation {
            rotating.keeper.rest();
        }
    }

    /// Gives the file the name of an old one, and starts a new one.
    fn rotate(&mut self, troubles: &mut Vec<String>) -> io::Result<()> {
        let backup = backup_name(&self.path, &Moment::now());
        let permissions = self.file.metadata()?.permissions();
        fs::rename(&self.path, &backup)?;
        if let Err(error) = self.reopen() {
            // Better the old name than none.
            let _ = fs::rename(&backup, &self.path);
            return Err(error);
        }
        // Who may not read the old one may not read the new one.
        self.file.set_permissions(permissions)?;
        self.tidy(troubles);
        Ok(())
    }
}

/// Where entry `index` of a batch starts.
fn start(batch: &Batch, index: usize) -> usize {
    if index == 0 { 0 } else { batch.ends[index - 1] }
}
