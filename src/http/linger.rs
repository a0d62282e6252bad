//! Closing without a reset.
//!
//! A socket that is closed while bytes of the client are unread, or reached by more of them, sends a reset, which may
//! destroy the last response on its way. So the end of our direction is sent first, and what the client still sends is
//! read and forgotten for a while (RFC 9112 section 9.6).

use std::{io, time::Duration};

use tokio::{io::AsyncWriteExt, time::timeout};

use crate::net::{Socket, Stream};

/// How long a client may take our end, and is listened to after it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much is read of it.
const MOST: usize = 8 * 1024 * 1024;

/// Sends what is the `last` of our direction of `stream`, ends it, and listens until the client ends its own.
pub(super) async fn linger(mut stream: impl Stream, last: &[u8]) {
    let _ = timeout(PATIENCE, async {
        stream.write_all(last).await?;
        stream.shutdown().await?;
        forget(stream.socket()).await
    })
    .await;
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
