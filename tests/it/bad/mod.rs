//! Malformed and hostile requests: each is refused, its connection is closed, and no worker sees it.

mod body;
mod head;
mod smuggling;
mod target;

use std::time::Duration;

use crate::support::{Builder, Client, Server, answer};

/// In place of a status: the connection is closed without an answer.
const SILENT: u16 = 0;
/// Longest time for an answer; the server's own patience with clients is longer.
const PROMPT: Duration = Duration::from_secs(20);
/// Requests longer than this are not sent byte by byte, too.
const SHORT: usize = 1024;

/// What a client sends on one connection.
struct Row {
    what: &'static str,
    bytes: Vec<u8>,
    /// Requests before the bad one, which are answered.
    good: usize,
    /// The statuses that may refuse the bad one.
    statuses: &'static [u16],
}

/// One bad request.
fn row(what: &'static str, bytes: impl Into<Vec<u8>>, statuses: &'static [u16]) -> Row {
    Row { what, bytes: bytes.into(), good: 0, statuses }
}

/// `good` good requests and then a bad one.
fn pipelined(what: &'static str, bytes: impl Into<Vec<u8>>, good: usize, statuses: &'static [u16]) -> Row {
    Row { what, bytes: bytes.into(), good, statuses }
}

impl Row {
    /// Sends the row in pieces of `size`, and returns what is wrong with the server's reaction.
    fn check(&self, server: &Server, size: usize) -> Result<(), String> {
        let calls = server.calls();
        let mut client = Client::connect(server.address);
        client.set_patience(PROMPT);
        for piece in self.bytes.chunks(size) {
            if client.try_send(piece).is_err() {
                break;
            }
        }
        let responses = client.responses().map_err(|error| format!("the connection ends by {error}"))?;
        let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
        let calls = server.calls() - calls;
        if calls != self.good {
            return Err(format!("{calls} requests reached a worker; answered by {statuses:?}"));
        }
        let last = if statuses.len() > self.good { statuses.pop().unwrap_or(SILENT) } else { SILENT };
        if !self.statuses.contains(&last) || statuses.iter().any(|status| *status != 200) {
            return Err(format!("answered by {statuses:?} and {last}"));
        }
        Ok(())
    }
}

/// Checks all rows, and names all that fail.
#[track_caller]
fn check(rows: &[Row]) {
    let server = Builder::new(|envelope| {
        envelope.replier.answer(answer("worked"));
    })
    .start();
    let mut failures = Vec::new();
    for row in rows {
        let short = row.bytes.len() <= SHORT;
        for size in [row.bytes.len(), 1].into_iter().take(if short { 2 } else { 1 }) {
            if let Err(failure) = row.check(&server, size.max(1)) {
                failures.push(format!("{}, in pieces of {size}: {failure}", row.what));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(Client::connect(server.address).get("/").status, 200, "the server must have survived");
    server.stop();
}
