//! Writes a file on a thread that may block, while its contents arrive on one that may not.

use std::{
    fs::File,
    io::{self, Write},
    mem,
    sync::Arc,
};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::store::{Spooled, Store};

/// Bytes that are collected before they are written.
const BATCH: usize = 256 * 1024;

/// A file on its way to the disk.
#[derive(Debug)]
pub(in crate::http) struct Spool {
    pending: Vec<Bytes>,
    /// Their sum.
    bytes: usize,
    /// The write under way, which gives the file back.
    writing: JoinHandle<io::Result<(File, Spooled)>>,
}

// === impl Spool ===

impl Spool {
    /// Begins a file in `store`.
    pub(in crate::http) fn new(store: &Arc<Store>) -> Self {
        let store = Arc::clone(store);
        Self { pending: Vec::new(), bytes: 0, writing: spawn_blocking(move || store.create()) }
    }

    /// Adds a piece. Waits for the disk while it is behind.
    ///
    /// # Errors
    ///
    /// When an earlier piece could not be written.
    pub(in crate::http) async fn write(&mut self, piece: Bytes) -> io::Result<()> {
        self.bytes += piece.len();
        self.pending.push(piece);
        if self.bytes < BATCH {
            return Ok(());
        }
        let written = self.written().await?;
        let pending = mem::take(&mut self.pending);
        self.bytes = 0;
        self.writing = spawn_blocking(move || append(written, &pending));
        Ok(())
    }

    /// Ends the file, which stays open for those who read it.
    ///
    /// # Errors
    ///
    /// When something of it could not be written; nothing is left of it then.
    pub(in crate::http) async fn finish(mut self) -> io::Result<(File, Spooled)> {
        let written = self.written().await?;
        let pending = self.pending;
        if pending.is_empty() {
            return Ok(written);
        }
        spawn_blocking(move || append(written, &pending)).await.map_err(io::Error::other)?
    }

    async fn written(&mut self) -> io::Result<(File, Spooled)> {
        (&mut self.writing).await.map_err(io::Error::other)?
    }
}

fn append((mut file, spooled): (File, Spooled), pieces: &[Bytes]) -> io::Result<(File, Spooled)> {
    for piece in pieces {
        file.write_all(piece)?;
    }
    Ok((file, spooled))
}
