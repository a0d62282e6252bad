//! Which protocol a client begins with.
//!
//! A client that knows beforehand that the server takes HTTP/2 without TLS sends its preface at once (RFC 9113 section
//! 3.3). No HTTP/1 request looks like it for more than three bytes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::flood::PREFACE;
use crate::net::{Socket, Stream};

/// A stream of which the first bytes were read already; they are read once more.
#[derive(Debug)]
pub(super) struct Rewound<S> {
    stream: S,
    first: [u8; PREFACE.len()],
    /// How many of them were read.
    length: usize,
    /// How many of these were read once more.
    again: usize,
}

impl<S: Stream> Rewound<S> {
    /// Reads until it is clear whether the client begins with HTTP/2. `None`: it ends before.
    pub(super) async fn read(mut stream: S) -> Option<(Self, bool)> {
        let (mut first, mut length) = ([0; PREFACE.len()], 0);
        loop {
            match stream.read(&mut first[length..]).await {
                Ok(0) | Err(_) if length == 0 => return None,
                // What came is for HTTP/1 to refuse.
                Ok(0) | Err(_) => break,
                Ok(more) => length += more,
            }
            if first[..length] != PREFACE[..length] || length == PREFACE.len() {
                break;
            }
        }
        let is_http2 = first == *PREFACE;
        Some((Self { stream, first, length, again: 0 }, is_http2))
    }
}

impl<S: Stream> Stream for Rewound<S> {
    fn poll_left(&mut self, context: &mut Context<'_>) -> bool {
        self.again == self.length && self.stream.poll_left(context)
    }

    fn socket(&self) -> &Socket {
        self.stream.socket()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.again == self.length {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let step = buffer.remaining().min(self.length - self.again);
        buffer.put_slice(&self.first[self.again..self.again + step]);
        self.again += step;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewound<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
