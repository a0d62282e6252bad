//! The bytes of a connection, decrypted.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::Session;
use crate::net::{self, Socket};

/// A TLS connection after its handshake.
#[derive(Debug)]
pub struct Stream {
    stream: TlsStream<Socket>,
    session: Arc<Session>,
}

// === impl Stream ===

impl Stream {
    pub(super) fn new(stream: TlsStream<Socket>, session: Session) -> Self {
        Self { stream, session: Arc::new(session) }
    }

    /// What was agreed upon.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }
}

impl net::Stream for Stream {
    /// The end is the client's `close_notify`, or that of its connection. Bytes that are there are decrypted to find it
    /// behind them, one record at most: with the first that is not empty the look ends.
    fn poll_left(&mut self, context: &mut Context<'_>) -> bool {
        match Pin::new(&mut self.stream).poll_fill_buf(context) {
            Poll::Pending => false,
            Poll::Ready(Ok(bytes)) => bytes.is_empty(),
            Poll::Ready(Err(_)) => true,
        }
    }

    fn socket(&self) -> &Socket {
        self.stream.get_ref().0
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    /// Says `close_notify`, then ends our direction of the connection.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
