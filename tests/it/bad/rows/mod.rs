//! What clients should not send, and what must come of it: pure data, for tests of the server alone and behind a proxy.

pub mod body;
pub mod head;
pub mod smuggling;
pub mod target;

/// In place of a status: the connection is closed without an answer.
pub const SILENT: u16 = 0;

/// What a client sends on one connection.
pub struct Row {
    pub what: &'static str,
    pub bytes: Vec<u8>,
    /// Requests that reach a worker, which answers each with 200.
    pub workers: usize,
    /// The statuses of which one refuses what comes behind them, and the connection is closed then. None: nothing is
    /// refused, and the connection lives on.
    pub statuses: &'static [u16],
}

/// One bad request.
pub fn row(what: &'static str, bytes: impl Into<Vec<u8>>, statuses: &'static [u16]) -> Row {
    Row { what, bytes: bytes.into(), workers: 0, statuses }
}

/// So many requests that are unusual, but of which there is one reading alone.
pub fn taken(what: &'static str, bytes: impl Into<Vec<u8>>, workers: usize) -> Row {
    Row { what, bytes: bytes.into(), workers, statuses: &[] }
}

/// Every row, with the name of its table.
pub fn all() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("length and encoding", smuggling::length_and_encoding()),
        ("lengths", smuggling::lengths()),
        ("chunks", smuggling::chunks()),
        ("heads", smuggling::heads()),
        ("requests behind others", smuggling::rows_of_requests()),
        ("malformed chunks", body::malformed_chunks()),
        ("malformed trailers", body::malformed_trailers()),
        ("malformed header lines", head::malformed_header_lines()),
        ("heads beyond their bounds", head::heads_beyond_their_bounds()),
        ("doubtful lengths", head::doubtful_lengths()),
        ("doubtful encodings", head::doubtful_encodings()),
        ("malformed request lines", target::malformed_request_lines()),
        ("targets that name no resource", target::targets_that_name_no_resource_of_ours()),
        ("doubtful hosts", target::doubtful_hosts()),
    ]
}
