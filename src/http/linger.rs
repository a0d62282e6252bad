//! Closing without a reset.
//!
//! A socket that is closed while bytes of the client are unread, or reached by more of them, sends a reset, which may
//! destroy the last response on its way. So the end of our direction is sent first, and what the client still sends is
//! read and forgotten for a while (RFC 9112 section 9.6).

use std::{io, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    time::{Instant, sleep_until},
};

use crate::{
    net::{Socket, Stream},
    process,
};

/// How long a client that has taken everything is listened to.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same when the server ends.
const PARTING: Duration = Duration::from_millis(500);
/// How long a client may take nothing of what is left for it.
const STALLED: Duration = Duration::from_secs(10);
/// How often is looked at what is left.
const LOOK: Duration = Duration::from_millis(50);
/// How much is read of the client.
const MOST: usize = 8 * 1024 * 1024;

/// Sends what is the `last` of our direction of `stream`, ends it, and listens until the client ends its own, or has taken
/// everything and says nothing for a while; a short one if the server is `parting`.
pub(super) async fn linger(mut stream: impl Stream, last: &[u8], parting: bool) {
    let ended = async {
        stream.write_all(last).await?;
        stream.shutdown().await
    };
    tokio::select! {
        ended = ended => if ended.is_err() {
            return;
        },
        () = sleep_until(Instant::now() + STALLED) => return,
    }
    let socket = stream.socket();
    tokio::select! {
        _ = forget(socket) => {}
        () = taken(socket, if parting { PARTING } else { PATIENCE }) => {}
    }
}

/// Waits until the client has had everything for `patience`, or takes nothing any more.
async fn taken(socket: &Socket, patience: Duration) {
    let (mut left, mut since) = (process::unsent(socket), Instant::now());
    loop {
        sleep_until(Instant::now() + LOOK).await;
        let now = process::unsent(socket);
        if now != left {
            (left, since) = (now, Instant::now());
        }
        if since.elapsed() >= if left == 0 { patience } else { STALLED } {
            return;
        }
    }
}

async fn forget(stream: &Socket) -> io::Result<()> {
    let mut left = MOST;
    while left > 0 {
        stream.readable().await?;
        match read_away(stream) {
            Ok(0) => break,
            Ok(length) => left = left.saturating_sub(length),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Not part of the future above, which is part of every connection's: the buffer would be, too.
fn read_away(stream: &Socket) -> io::Result<usize> {
    stream.try_read(&mut [0; 16 * 1024])
}
