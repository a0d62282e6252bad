//! From what a worker answers, or does not, to a response.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};

use super::{
    Answer, Payload,
    access::Body,
    body::{Content, is_bodyless},
    message::Length,
    service::Connection,
    traced::Awaited,
};
use crate::handoff::Unanswered;

/// Seconds after which a client that met a full queue may come again (`Retry-After`).
const RETRY_SECONDS: &str = "1";

/// The answer to one request. Dropping it tells the worker that the client has gone.
pub(super) enum Answering {
    /// The request is with a worker, or waits for one.
    Worker {
        pending: Awaited,
        head_only: bool,
        connection: Connection,
        /// It has come, but what its worker has sent before it is not out yet. Boxed, as this is rare.
        held: Option<Box<Result<Answer, Unanswered>>>,
    },
    /// The body is still to come. Boxed, so that the many requests without one do not carry its weight.
    Body(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
    /// It was refused; `None` once that was said.
    Refused(Option<Box<Response<Body>>>),
}

// === impl Answering ===

impl Answering {
    /// Whether nothing happens until a worker has answered.
    pub(super) fn awaits_worker(&self) -> bool {
        matches!(self, Self::Worker { .. })
    }
}

impl From<Response<Body>> for Answering {
    fn from(response: Response<Body>) -> Self {
        Self::Refused(Some(Box::new(response)))
    }
}

impl Future for Answering {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match &mut *self {
            Self::Worker { pending, head_only, connection, held } => {
                let answer = match held.take() {
                    Some(answer) => *answer,
                    None => ready!(Pin::new(pending).poll(context)),
                };
                if connection.hints().are_waiting() {
                    // The connection polls again once they are out.
                    *held = Some(Box::new(answer));
                    return Poll::Pending;
                }
                connection.set_waiting(false);
                let mut response = match answer {
                    Ok(answer) => response(answer, *head_only, connection),
                    Err(Unanswered::Stopping | Unanswered::Overdue) => unavailable(),
                    Err(Unanswered::TimedOut) => {
                        plain(StatusCode::GATEWAY_TIMEOUT, "The answer did not come in time\n")
                    }
                    Err(Unanswered::WorkerLost) => plain(connection.internal_error_code(), "Internal Server Error\n"),
                };
                connection.tell_if_parting(&mut response);
                response
            }
            Self::Body(receiving) => ready!(receiving.as_mut().poll(context)),
            Self::Refused(response) => return response.take().map_or(Poll::Pending, |said| Poll::Ready(Ok(*said))),
        }))
    }
}

pub(super) fn unavailable() -> Response<Body> {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable\n");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
    response
}

pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

pub(super) fn closing(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = plain(status, text);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

pub(super) fn response(answer: Answer, head_only: bool, connection: &Connection) -> Response<Body> {
    let Answer { status, mut headers, body, length } = answer;
    let announced = match length {
        Length::Known(length) => Some(length),
        Length::Unsaid | Length::Wrong => None,
    };
    let body = match body {
        Payload::Whole(body) => body.into(),
        // Nobody reads it, which the worker sees at once.
        Payload::Stream(_) if is_bodyless(head_only, status) => Bytes::new().into(),
        Payload::Stream(source) => {
            connection.set_waiting(true);
            Content::stream(source, announced, connection.clone())
        }
        Payload::File(transfer) => Content::file(*transfer),
    };
    if let Some(length) = announced
        && head_only
        && body.is_empty()
    {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
