//! What gRPC puts around messages, and how it says what came of them.

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode;

/// The method that takes traces.
pub(super) const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// Bytes in front of a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// A message with what stands in front of it.
pub(super) fn framed(message: &[u8], compressed: bool) -> Vec<u8> {
    let mut framed = Vec::with_capacity(PREFIX + message.len());
    framed.push(compressed.into());
    // What is sent at a time is far shorter.
    framed.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    framed.extend_from_slice(message);
    framed
}

/// The message of a response with one.
pub(super) fn unframed(body: &Bytes) -> &[u8] {
    body.get(PREFIX..).unwrap_or_default()
}

/// The code, and what is said of it. `None`: there is no code, or not in these fields.
pub(super) fn status(fields: &HeaderMap) -> Option<(u32, String)> {
    let code = fields.get(STATUS)?.to_str().ok()?.parse().ok()?;
    let message =
        fields.get(MESSAGE).map(|message| percent_decode(message.as_bytes()).decode_utf8_lossy().into_owned());
    Some((code, message.unwrap_or_default()))
}

/// Whether the same may be taken later (specification of OTLP, "OTLP/gRPC Response"): 1 cancelled, 4 deadline, 8 exhausted,
/// 10 aborted, 11 out of range, 14 unavailable, 15 data loss.
pub(super) fn is_passing(code: u32) -> bool {
    matches!(code, 1 | 4 | 8 | 10 | 11 | 14 | 15)
}
