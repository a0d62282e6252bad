//! The other direction: answers as hyper writes them, and interim ones between them.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

use super::Checked;
use crate::http::Hints;

impl<S> Checked<S> {
    /// Returns whether hyper has nothing left to write: what it writes next is the beginning of an answer, if it has not
    /// begun one already.
    pub(in crate::http) fn is_flushed(&self) -> bool {
        self.flushed
    }

    /// Takes the hints that wait, if they can go out now: behind all that hyper has written so far. For the time in which
    /// the request that they belong to is not answered.
    pub(in crate::http) fn interject(&mut self, hints: &Hints) {
        if self.flushed {
            self.interim.append(&mut hints.take());
        }
    }
}

impl<S: AsyncWrite + Unpin> Checked<S> {
    /// Writes what goes out before the next byte of hyper's.
    fn poll_interim(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.interim.is_empty() {
            let result = Pin::new(&mut self.stream).poll_write(context, &self.interim);
            match ready!(self.written.note(result))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                length => drop(self.interim.drain(..length)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Checked<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.flushed = false;
        ready!(self.poll_interim(context))?;
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written.note(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.flushed = false;
        ready!(self.poll_interim(context))?;
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written.note(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when it has written everything.
        self.flushed = true;
        ready!(self.poll_interim(context))?;
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.written.note_flush(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
