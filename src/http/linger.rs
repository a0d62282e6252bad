//! Closing without a reset.
//!
//! A socket that is closed while bytes of the client are unread sends a reset, which may destroy the last response on
//! its way. So the end of our direction is sent first, and what the client still sends is read and forgotten for a
//! while (RFC 9112 section 9.6).

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::Checked;

/// How long a client is listened to after our end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much is read of it.
const MOST: usize = 8 * 1024 * 1024;

/// A checked stream whose end lingers if a request was left unread.
#[derive(Debug)]
pub(super) struct Lingering<S> {
    stream: Checked<S>,
    /// Set while lingering: when to stop, and how many bytes more are read.
    until: Option<(Pin<Box<Sleep>>, usize)>,
}

// === impl Lingering ===

impl<S> Lingering<S> {
    /// Wraps `stream`.
    pub(super) fn new(stream: Checked<S>) -> Self {
        Self { stream, until: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.stream.get_mut()).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.stream.get_mut()).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get_ref().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.get_mut()).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.until.is_none() {
            ready!(Pin::new(this.stream.get_mut()).poll_shutdown(context))?;
            if this.stream.is_between_requests() {
                return Poll::Ready(Ok(()));
            }
        }
        let (timer, left) = this.until.get_or_insert_with(|| (Box::pin(sleep(PATIENCE)), MOST));
        let mut waste = [0; 16 * 1024];
        while *left > 0 && timer.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut waste);
            match ready!(Pin::new(this.stream.get_mut()).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => *left = left.saturating_sub(buffer.filled().len()),
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
