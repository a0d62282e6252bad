//! What the bytes of a connection come over.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    pin::Pin,
    task::{Context, Poll},
};

use rustix::net::RecvFlags;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{TcpStream, UnixStream},
};

/// Pieces that are no longer than this together are copied: the system takes one piece faster than several.
const SMALL: usize = 512;

/// The socket of one connection.
#[derive(Debug)]
pub enum Socket {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a unix socket.
    Unix(UnixStream),
}

/// A connection's bytes, as they are or decrypted.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Whether the client has closed its end; if not, the task is woken when it does. What it sent ahead hides that until
    /// it is read.
    fn poll_left(&mut self, context: &mut Context<'_>) -> bool;

    /// The socket below.
    fn socket(&self) -> &Socket;
}

// === impl Socket ===

impl Socket {
    /// Takes a connected socket that does not block.
    ///
    /// # Errors
    ///
    /// When it is of neither kind, or cannot be watched.
    pub fn new(socket: OwnedFd, unix: bool) -> io::Result<Self> {
        if unix {
            return UnixStream::from_std(socket.into()).map(Self::Unix);
        }
        let stream = TcpStream::from_std(socket.into())?;
        // Without it a small response waits for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        Ok(Self::Tcp(stream))
    }

    /// Our end; `None`: a unix socket.
    ///
    /// # Errors
    ///
    /// When the client has gone again.
    pub fn local(&self) -> io::Result<Option<SocketAddr>> {
        match self {
            Self::Tcp(stream) => stream.local_addr().map(Some),
            Self::Unix(_) => Ok(None),
        }
    }

    /// Waits until there is something to read, or an end.
    ///
    /// # Errors
    ///
    /// When the socket is no use any more.
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.readable().await,
            Self::Unix(stream) => stream.readable().await,
        }
    }

    /// Reads what is there.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when nothing is there; what the system says.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(buffer),
            Self::Unix(stream) => stream.try_read(buffer),
        }
    }

    /// Looks at what is there, and leaves it there.
    ///
    /// # Errors
    ///
    /// As those of [`Socket::try_read`].
    pub fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let peek = || Ok(rustix::net::recv(self, buffer, RecvFlags::PEEK)?.0);
        match self {
            Self::Tcp(stream) => stream.try_io(Interest::READABLE, peek),
            Self::Unix(stream) => stream.try_io(Interest::READABLE, peek),
        }
    }

    /// Ends our direction.
    ///
    /// # Errors
    ///
    /// When the client has gone.
    pub fn shut_down(&self) -> io::Result<()> {
        SockRef::from(self).shutdown(std::net::Shutdown::Write)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Stream for Socket {
    fn poll_left(&mut self, context: &mut Context<'_>) -> bool {
        let mut byte = [0];
        match self {
            Self::Tcp(stream) => {
                matches!(stream.poll_peek(context, &mut ReadBuf::new(&mut byte)), Poll::Ready(Ok(0) | Err(_)))
            }
            Self::Unix(stream) => loop {
                match stream.poll_read_ready(context) {
                    Poll::Pending => return false,
                    Poll::Ready(Err(_)) => return true,
                    Poll::Ready(Ok(())) => {}
                }
                let peek = || Ok(rustix::net::recv(&*stream, &mut byte, RecvFlags::PEEK)?.0);
                match stream.try_io(Interest::READABLE, peek) {
                    // The readiness is cleared: the next turn leaves the waker.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    peeked => return matches!(peeked, Ok(0) | Err(_)),
                }
            },
        }
    }

    fn socket(&self) -> &Socket {
        self
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if length <= SMALL {
            let mut together = [0; SMALL];
            let mut end = 0;
            for slice in slices {
                together[end..end + slice.len()].copy_from_slice(slice);
                end += slice.len();
            }
            return self.poll_write(context, &together[..end]);
        }
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Sockets hold nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, io::Write};

    use super::*;

    /// A connected pair: ours, and the client's.
    fn unix() -> (Socket, std::os::unix::net::UnixStream) {
        let (ours, client) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Socket::new(ours.into(), true).unwrap(), client)
    }

    fn tcp() -> (Socket, std::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let ours = listener.accept().unwrap().0;
        ours.set_nonblocking(true).unwrap();
        (Socket::new(ours.into(), false).unwrap(), client)
    }

    async fn check(mut socket: Socket, mut client: impl Write) {
        let left = |socket: &mut Socket, context: &mut Context<'_>| Poll::Ready(socket.poll_left(context));
        assert!(!poll_fn(|context| left(&mut socket, context)).await);
        client.write_all(b"ahead").unwrap();
        socket.readable().await.unwrap();
        assert!(!poll_fn(|context| left(&mut socket, context)).await, "bytes are no end");
        assert_eq!(socket.try_read(&mut [0; 9]).unwrap(), 5);
        drop(client);
        // Woken by the end.
        poll_fn(|context| if socket.poll_left(context) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    #[test]
    fn a_client_that_leaves_is_seen() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (socket, client) = unix();
            check(socket, client).await;
            let (socket, client) = tcp();
            check(socket, client).await;
        });
    }
}
