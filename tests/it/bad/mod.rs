//! Malformed and hostile requests: each is refused and its connection closed, or is of one reading alone.

mod broken;
mod lingering;
mod rows;

use std::time::Duration;

use rows::{Row, SILENT, body, head, smuggling, target};

use crate::support::{Builder, Client, Server, answer};

/// Longest time for an answer; the server's own patience with clients is longer.
const PROMPT: Duration = Duration::from_secs(20);
/// Requests longer than this are not sent byte by byte, too.
const SHORT: usize = 1024;

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
        if self.statuses.is_empty() {
            return self.check_taken(server, &mut client, calls);
        }
        let responses = client.responses().map_err(|error| format!("the connection ends by {error}"))?;
        let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
        let calls = server.calls() - calls;
        if calls != self.workers {
            return Err(format!("{calls} requests reached a worker; answered by {statuses:?}"));
        }
        let last = if statuses.len() > self.workers { statuses.pop().unwrap_or(SILENT) } else { SILENT };
        if !self.statuses.contains(&last) || statuses.iter().any(|status| *status != 200) {
            return Err(format!("answered by {statuses:?} and {last}"));
        }
        Ok(())
    }

    /// Reads the answers, and one more to a request that shows where the server is.
    fn check_taken(&self, server: &Server, client: &mut Client, calls: usize) -> Result<(), String> {
        for number in 0..self.workers {
            let response = client.try_response().map_err(|error| format!("answer {number}: {error}"))?;
            if response.status != 200 {
                return Err(format!("answer {number} has status {}", response.status));
            }
        }
        if !client.is_silent() {
            return Err("there are more answers than requests".to_owned());
        }
        client.send("GET /canary HTTP/1.1\r\nHost: test\r\n\r\n");
        let response = client.try_response().map_err(|error| format!("the next request: {error}"))?;
        match (response.status, response.text().as_str(), server.calls() - calls) {
            (200, "/canary", calls) if calls == self.workers + 1 => Ok(()),
            (status, text, calls) => Err(format!("the next request: {status} {text}, {calls} requests in all")),
        }
    }
}

/// Checks all rows, and names all that fail.
#[track_caller]
fn check(rows: &[Row]) {
    let server = Builder::new(|envelope| {
        let path = envelope.request.head.uri.path().to_owned();
        envelope.replier.answer(answer(path));
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

/// A test of a table.
macro_rules! tables {
    ($($test:ident: $table:expr,)*) => {$(
        #[test]
        fn $test() {
            check(&$table);
        }
    )*};
}

tables! {
    a_length_and_an_encoding_hide_no_request: smuggling::length_and_encoding(),
    two_readings_of_a_length_hide_no_request: smuggling::lengths(),
    two_readings_of_a_chunk_hide_no_request: smuggling::chunks(),
    two_readings_of_a_head_hide_no_request: smuggling::heads(),
    good_requests_before_a_bad_one_are_answered: smuggling::rows_of_requests(),
    malformed_chunks_are_refused: body::malformed_chunks(),
    malformed_trailers_are_refused: body::malformed_trailers(),
    malformed_header_lines_are_refused: head::malformed_header_lines(),
    heads_beyond_their_bounds_are_refused: head::heads_beyond_their_bounds(),
    doubtful_lengths_are_refused: head::doubtful_lengths(),
    doubtful_encodings_are_refused: head::doubtful_encodings(),
    malformed_request_lines_are_refused: target::malformed_request_lines(),
    targets_that_name_no_resource_of_ours_are_refused: target::targets_that_name_no_resource_of_ours(),
    doubtful_hosts_are_refused: target::doubtful_hosts(),
}

#[test]
fn the_tables_are_whole() {
    let all = rows::all();
    let smuggling: usize = all[..5].iter().map(|(_, rows)| rows.len()).sum();
    assert!(smuggling >= 60, "{smuggling}");
}
