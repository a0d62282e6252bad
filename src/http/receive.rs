//! Reads the bodies of requests.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::{
    HeaderValue, Response, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_TYPE},
    request::Parts,
};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::time::{timeout, timeout_at};
use tracing::debug;

use super::{
    Config, Form, Uploads,
    access::Body,
    answering::closing,
    decode::{DecodeError, Decoded, OFFERED, Refused},
    form::{Malformed, Reading},
};

/// How much of a refused body is still read, so that the client sees the answer instead of a reset.
const DRAINED: u64 = 1024 * 1024;

/// How bodies are read.
#[derive(Debug)]
pub(super) struct Bodies {
    /// The largest body.
    max_bytes: u64,
    /// Time for a whole request.
    request_timeout: Option<Duration>,
    /// Time in which something must come.
    body_timeout: Duration,
    /// What is done with files of forms, unless their bodies are passed on as they are.
    uploads: Option<Arc<Uploads>>,
}

/// What has arrived.
#[derive(Default)]
pub(super) struct Received {
    pub(super) bytes: Bytes,
    pub(super) form: Option<Box<Form>>,
}

/// Why a body did not arrive.
pub(super) enum BodyError {
    TooLarge,
    TimedOut,
    /// The client broke off, or its chunks were malformed.
    Broken(hyper::Error),
    /// It is not what its coding says.
    Undecodable(io::Error),
    /// The form is not what its type says.
    Malformed(Malformed),
}

impl From<Malformed> for BodyError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<DecodeError<hyper::Error>> for BodyError {
    fn from(error: DecodeError<hyper::Error>) -> Self {
        match error {
            DecodeError::Body(error) => Self::Broken(error),
            DecodeError::Malformed(error) => Self::Undecodable(error),
            DecodeError::TooLarge | DecodeError::Ratio(_) => Self::TooLarge,
        }
    }
}

// === impl Bodies ===

impl Bodies {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            max_bytes: config.max_request_bytes,
            request_timeout: config.limits.request_timeout,
            body_timeout: config.limits.body_timeout,
            uploads: config.uploads.uploads(),
        }
    }

    /// The largest body.
    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Reads a body, and takes a form with files apart. `counted` is told how many bytes have come.
    pub(super) async fn read(
        &self,
        head: &Parts,
        mut body: Decoded<Incoming>,
        arrived: Instant,
        counted: Option<&AtomicU64>,
    ) -> Result<Received, BodyError> {
        let uploads = self.uploads.as_ref().and_then(|uploads| Some((uploads, multipart(head)?)));
        let begin = |(uploads, kind): (&Arc<Uploads>, &[u8])| Reading::new(kind, Arc::clone(uploads)).map(Box::new);
        let mut form = uploads.map(begin).transpose()?;
        let announced = body.size_hint().exact();
        if announced.is_some_and(|length| length > self.max_bytes) {
            // Not polled, so a client that waits for `100 Continue` sends nothing.
            return Err(BodyError::TooLarge);
        }
        let deadline = self.request_timeout.map(|timeout| arrived + timeout);
        let mut first = Bytes::new();
        let mut whole = BytesMut::new();
        let mut length = 0;
        loop {
            let idle = Instant::now() + self.body_timeout;
            let until = deadline.map_or(idle, |deadline| deadline.min(idle));
            let frame = match timeout_at(until.into(), body.frame()).await {
                Err(_) => return Err(BodyError::TimedOut),
                Ok(None) => break,
                Ok(Some(Err(DecodeError::Body(error)))) => return Err(BodyError::Broken(error)),
                Ok(Some(Err(error))) => {
                    drain(body.into_encoded()).await;
                    return Err(error.into());
                }
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(data) = frame.into_data() else { continue };
            length += data.len() as u64;
            if let Some(counted) = counted {
                counted.store(length, Ordering::Relaxed);
            }
            if length > self.max_bytes {
                drain(body.into_encoded()).await;
                return Err(BodyError::TooLarge);
            }
            if let Some(form) = &mut form {
                form.feed(&data).await?;
            // A body that came in one piece is passed on as it is.
            } else if first.is_empty() && whole.is_empty() {
                first = data;
            } else {
                if whole.is_empty() {
                    let expected = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
                    whole.reserve(expected.min(1 << 24).max(first.len() + data.len()));
                    whole.extend_from_slice(&first);
                }
                whole.extend_from_slice(&data);
            }
        }
        let form = match form {
            Some(form) => Some(Box::new(form.finish().await)),
            None => None,
        };
        Ok(Received { bytes: if whole.is_empty() { first } else { whole.freeze() }, form })
    }
}

/// The type of a form with files, if it is one.
fn multipart(head: &Parts) -> Option<&[u8]> {
    let kind = head.headers.get(CONTENT_TYPE)?.as_bytes();
    let media_type = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data").then_some(kind)
}

/// Reads and forgets what a client still sends of a body that was refused, within limits.
async fn drain(mut body: Incoming) {
    let mut left = DRAINED;
    while let Ok(Some(Ok(frame))) = timeout(Duration::from_secs(1), body.frame()).await {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        if length >= left {
            return;
        }
        left -= length;
    }
}

/// The answer to a body that is not read, for its coding. A client whose coding is not known is told which are (RFC 9110
/// section 15.5.16).
pub(super) fn refuse_coding(refused: Refused) -> Response<Body> {
    match refused {
        Refused::TooLarge => refuse_body(BodyError::TooLarge),
        Refused::Unsupported => {
            let text = "The coding of the request body is not supported\n";
            let mut response = closing(StatusCode::UNSUPPORTED_MEDIA_TYPE, text);
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static(OFFERED));
            response
        }
    }
}

/// The answer to a body that did not arrive.
pub(super) fn refuse_body(error: BodyError) -> Response<Body> {
    match error {
        BodyError::TooLarge => closing(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large\n"),
        BodyError::TimedOut => closing(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time\n"),
        BodyError::Malformed(error) => {
            debug!(%error, "Form is malformed");
            closing(StatusCode::BAD_REQUEST, "The form is malformed\n")
        }
        BodyError::Undecodable(error) => {
            debug!(%error, "Request body cannot be decompressed");
            closing(StatusCode::BAD_REQUEST, "The request body cannot be decompressed\n")
        }
        BodyError::Broken(error) => {
            debug!(%error, "Request body broke off");
            closing(StatusCode::BAD_REQUEST, "The request body is malformed\n")
        }
    }
}
