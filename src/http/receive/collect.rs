//! Bodies that are read whole: into memory, beyond a bound into a file, or into the parts of a form.

use std::{io, sync::Arc};

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use tracing::{debug, error};

use super::{Beyond, Bodies, BodyError, Received, Spilled};
use crate::http::form::{Malformed, Reading, Spool, Store};

/// Memory that is taken at once for a body whose length was announced.
const AT_ONCE: u64 = 1 << 24;

/// A body while it is read.
pub(super) struct Collection {
    place: Place,
    /// Bytes so far.
    length: u64,
    /// Length that was announced.
    announced: Option<u64>,
    /// The largest body that is held in memory.
    buffer_bytes: usize,
    store: Arc<Store>,
}

enum Place {
    /// A body that came in one piece is passed on as it is.
    Piece(Bytes),
    Memory(BytesMut),
    Disk(Spool),
    Form(Box<Reading>),
}

// === impl Collection ===

impl Collection {
    /// Begins a body, of `announced` bytes if that is known, which is a form with files if it has such a type.
    pub(super) fn new(bodies: &Bodies, form: Option<&HeaderValue>, announced: Option<u64>) -> Result<Self, BodyError> {
        let form = bodies.uploads.as_ref().zip(form);
        let form = form.map(|(uploads, kind)| Reading::new(kind.as_bytes(), Arc::clone(uploads)));
        let form = form.transpose().map_err(malformed)?;
        Ok(Self {
            place: form.map_or(Place::Piece(Bytes::new()), |form| Place::Form(Box::new(form))),
            length: 0,
            announced,
            buffer_bytes: bodies.buffer_bytes,
            store: Arc::clone(&bodies.store),
        })
    }

    /// Adds a piece. Waits while the disk is behind.
    pub(super) async fn add(&mut self, piece: Bytes) -> Result<(), BodyError> {
        self.length += piece.len() as u64;
        match &mut self.place {
            Place::Form(form) => return form.feed(&piece).await.map_err(malformed),
            Place::Disk(spool) => return spool.write(piece).await.map_err(unwritten),
            Place::Piece(_) | Place::Memory(_) => {}
        }
        if self.length.max(self.announced.unwrap_or(0)) > self.buffer_bytes as u64 {
            return self.spill(piece).await.map_err(unwritten);
        }
        match &mut self.place {
            Place::Piece(first) if first.is_empty() => *first = piece,
            Place::Piece(first) => {
                let expected = usize::try_from(self.announced.unwrap_or(0).min(AT_ONCE)).unwrap_or(0);
                let mut whole = BytesMut::with_capacity(expected.max(first.len() + piece.len()));
                whole.extend_from_slice(first);
                whole.extend_from_slice(&piece);
                self.place = Place::Memory(whole);
            }
            Place::Memory(whole) => whole.extend_from_slice(&piece),
            Place::Disk(_) | Place::Form(_) => {}
        }
        Ok(())
    }

    /// Goes on on disk.
    async fn spill(&mut self, piece: Bytes) -> io::Result<()> {
        let mut spool = Spool::new(&self.store);
        match std::mem::replace(&mut self.place, Place::Piece(Bytes::new())) {
            Place::Piece(first) => spool.write(first).await?,
            Place::Memory(whole) => spool.write(whole.freeze()).await?,
            Place::Disk(_) | Place::Form(_) => {}
        }
        spool.write(piece).await?;
        self.place = Place::Disk(spool);
        Ok(())
    }

    /// Ends it.
    pub(super) async fn finish(self) -> Result<Received, BodyError> {
        let mut received = Received::default();
        match self.place {
            Place::Piece(bytes) => received.bytes = bytes,
            Place::Memory(whole) => received.bytes = whole.freeze(),
            Place::Disk(spool) => {
                // Its name goes at once.
                let (file, _) = spool.finish().await.map_err(unwritten)?;
                received.beyond = Some(Box::new(Beyond::Disk(Spilled::new(file, self.length))));
            }
            Place::Form(form) => received.form = Some(Box::new(form.finish().await)),
        }
        Ok(received)
    }
}

fn malformed(error: Malformed) -> BodyError {
    debug!(%error, "Form is malformed");
    BodyError::Malformed(error)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn unwritten(error: io::Error) -> BodyError {
    error!(%error, "A request body cannot be written to http.uploads.dir");
    BodyError::Unwritten
}
