//! A span, as the collector is to get it.

use std::{borrow::Cow, time::SystemTime};

use super::{SpanId, TraceId};

/// One thing that was done, from when to when.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The trace that it is a part of.
    pub trace: TraceId,
    /// Its name in the trace.
    pub id: SpanId,
    /// The span that it is a part of.
    pub parent: Option<SpanId>,
    /// Whether that one is of another process.
    pub is_remote: bool,
    /// What `tracestate` said.
    pub state: Option<String>,
    /// What was done.
    pub name: Cow<'static, str>,
    /// Whether somebody outside has asked for it.
    pub kind: Kind,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// What else is known of it.
    pub attributes: Vec<(&'static str, Value)>,
    /// Why it has failed, if it has.
    pub error: Option<Cow<'static, str>>,
}

/// Whose work a span is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A part of another one.
    Internal,
    /// The answer to a request.
    Server,
}

/// The value of an attribute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

// === impl Value ===

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

/// Nanoseconds since 1970.
pub(super) fn nanoseconds(moment: SystemTime) -> u64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    // Enough until the year 2554.
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
