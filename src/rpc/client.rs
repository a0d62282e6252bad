//! A client of this protocol, which waits for each answer: `rr`, and a server that wants to know who has its address.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Codec, Config, Value, body,
    frame::{self, ERROR, HEAD, Head},
    place,
};
use crate::net::Address;

/// Longest answer that is read.
const MAX: u32 = 64 * 1024 * 1024;

/// A connection to a server.
pub struct Client {
    stream: Box<dyn Stream>,
    /// Number of the last call.
    number: u32,
}

trait Stream: Read + Write + Send {
    fn patience(&self, patience: Option<Duration>) -> io::Result<()>;
}

/// No server can be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is none where it would be.
    #[error("no server runs here: there is no socket {}", .0.display())]
    Absent(PathBuf),
    /// There is no way to it.
    #[error("no server can be reached at {0}: {1}")]
    Unreachable(Address, #[source] io::Error),
    /// It cannot be told where it would be.
    #[error("it is not known where a server would be: rpc.listen says nothing, and there is no working directory")]
    Unknown,
}

/// A call that has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The server says so.
    #[error("{0}")]
    Fault(String),
    /// The connection ended, or nothing came for too long.
    #[error("the server does not answer: {0}")]
    Lost(#[from] io::Error),
    /// What came is no answer.
    #[error("the answer cannot be understood: {0}")]
    Wrong(String),
}

// === impl Client ===

impl Client {
    /// Connects to an address. Each step of a call may take as long as `patience`.
    ///
    /// # Errors
    ///
    /// When nobody listens there.
    pub fn connect(address: &Address, patience: Duration) -> Result<Self, ConnectError> {
        let unreachable = |reason| ConnectError::Unreachable(address.clone(), reason);
        let stream: Box<dyn Stream> = match address {
            Address::Tcp(address) => Box::new(TcpStream::connect_timeout(address, patience).map_err(unreachable)?),
            Address::Unix(path) => Box::new(UnixStream::connect(path).map_err(unreachable)?),
        };
        stream.patience(Some(patience)).map_err(unreachable)?;
        Ok(Self { stream, number: 0 })
    }

    /// Connects to the server of a configuration. `users`: who it may run as, besides the user of this process.
    ///
    /// # Errors
    ///
    /// When none runs.
    pub fn find(config: &Config, users: &[u32], patience: Duration) -> Result<Self, ConnectError> {
        let addresses = match (&config.listen, &config.place) {
            (Some(addresses), _) => addresses.clone(),
            (None, Some(at)) => place::candidates(at, users).into_iter().map(Address::Unix).collect(),
            (None, None) => Vec::new(),
        };
        let mut failure: Option<ConnectError> = None;
        for address in &addresses {
            let error = match (Self::connect(address, patience), address) {
                (Ok(client), _) => return Ok(client),
                (Err(ConnectError::Unreachable(_, error)), Address::Unix(path))
                    if error.kind() == io::ErrorKind::NotFound =>
                {
                    ConnectError::Absent(path.clone())
                }
                (Err(error), _) => error,
            };
            // A socket that is there says more than one that is not.
            if failure.as_ref().is_none_or(|before| {
                matches!(before, ConnectError::Absent(_)) && !matches!(error, ConnectError::Absent(_))
            }) {
                failure = Some(error);
            }
        }
        Err(failure.unwrap_or(ConnectError::Unknown))
    }

    /// Waits for the answers of what follows as long as it takes.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn be_patient(&mut self) -> io::Result<()> {
        self.stream.patience(None)
    }

    /// Calls a method and waits for its result.
    ///
    /// # Errors
    ///
    /// When the server says that it failed, or says nothing.
    pub fn call<A: Serialize + ?Sized, R: DeserializeOwned>(
        &mut self,
        method: &str,
        argument: &A,
    ) -> Result<R, CallError> {
        let wrong = |what: &dyn std::fmt::Display| CallError::Wrong(what.to_string());
        let body = body::encode(Codec::Json, argument).map_err(|fault| wrong(&fault))?;
        let result = self.exchange(Codec::Json, method, &body, None)?;
        serde_json::from_slice(&result).map_err(|error| wrong(&error))
    }

    /// Calls a method whose result may be anything, and waits for it not longer than `patience`.
    ///
    /// # Errors
    ///
    /// When the server says that it failed, or says nothing in time.
    pub fn call_within(&mut self, method: &str, argument: &Value, patience: Duration) -> Result<Value, CallError> {
        let wrong = |what: &dyn std::fmt::Display| CallError::Wrong(what.to_string());
        let body = body::encode(Codec::MessagePack, argument).map_err(|fault| wrong(&fault))?;
        let deadline = Instant::now().checked_add(patience);
        let result = self.exchange(Codec::MessagePack, method, &body, deadline)?;
        rmp_serde::from_slice(&result).map_err(|error| wrong(&error))
    }

    /// Sends a call and reads the body of its answer.
    fn exchange(
        &mut self,
        codec: Codec,
        method: &str,
        body: &[u8],
        deadline: Option<Instant>,
    ) -> Result<Vec<u8>, CallError> {
        self.number += 1;
        let wrong = |what: &dyn std::fmt::Display| CallError::Wrong(what.to_string());
        let mut bytes = Vec::new();
        frame::write(&mut bytes, codec.flag(), self.number, method, body).map_err(|error| wrong(&error))?;
        let mut stream = Timed(&mut *self.stream, deadline);
        stream.write_all(&bytes)?;

        let mut head = [0; HEAD];
        stream.read_exact(&mut head)?;
        let head = Head::read(head).map_err(|broken| wrong(&broken))?;
        if head.options != 2 || head.length > MAX {
            return Err(wrong(&format!("{} options, {} bytes", head.options, head.length)));
        }
        let mut options = [0; 8];
        stream.read_exact(&mut options)?;
        let [n0, n1, n2, n3, l0, l1, l2, l3] = options;
        let (number, name) = (u32::from_le_bytes([n0, n1, n2, n3]), u32::from_le_bytes([l0, l1, l2, l3]));
        let mut payload = Vec::new();
        (&mut stream).take(u64::from(head.length)).read_to_end(&mut payload)?;
        if payload.len() != head.length as usize || payload.len() < name as usize {
            return Err(wrong(&"it ends early"));
        }
        if number != self.number {
            return Err(wrong(&"it is that of another call"));
        }
        let result = payload.split_off(name as usize);
        if head.flags & ERROR != 0 {
            return Err(CallError::Fault(String::from_utf8_lossy(&result).into_owned()));
        }
        Ok(result)
    }
}

/// A stream on which everything is to be done by a time; none: each step has its own.
struct Timed<'a>(&'a mut dyn Stream, Option<Instant>);

// === impl Timed ===

impl Timed<'_> {
    fn hurry(&self) -> io::Result<()> {
        let Some(deadline) = self.1 else { return Ok(()) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { self.0.patience(Some(left)) }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.hurry()?;
        self.0.read(buffer)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hurry()?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Stream for TcpStream {
    fn patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(patience).and_then(|()| self.set_write_timeout(patience))
    }
}

impl Stream for UnixStream {
    fn patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(patience).and_then(|()| self.set_write_timeout(patience))
    }
}
