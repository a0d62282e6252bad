//! From an open file and a request to an answer.

use std::{collections::VecDeque, fs::File, io, ops::Range, os::unix::fs::FileExt, sync::Arc, time::SystemTime};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE,
        CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED, MaxSizeReached, RANGE,
    },
    request::Parts,
};

use super::{
    Opened, Ranges, Transfer, Unusable,
    conditions::{Validators, Verdict, date, whole_seconds},
    media_type, multipart,
    open::Held,
    ranges,
    sending::Piece,
};
use crate::http::{Answer, Payload, message::Length};

/// Longest body that is read at once: a file that is no longer is closed before its answer is sent.
const AT_ONCE: u64 = 64 * 1024;

/// Headers that describe a body which is not sent.
const OF_THE_BODY: [HeaderName; 5] =
    [CONTENT_TYPE, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, ACCEPT_RANGES];
/// Further ones that are not those of a refusal.
const OF_THE_FILE: [HeaderName; 4] = [ETAG, LAST_MODIFIED, CACHE_CONTROL, EXPIRES];

// === impl Opened ===

impl Opened {
    /// Puts the file in the place of the body of `answer`. What that has of `content-type`, `etag`, `last-modified` and
    /// `accept-ranges` counts instead of the file's own, so that `accept-ranges: none` keeps it from being sent in parts.
    ///
    /// Conditions and ranges of GET and HEAD requests count if the answer's status is 200. May wait for the disk.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or has become shorter since it was opened; when there are too many headers.
    pub fn reply(self, request: &Parts, mut answer: Answer) -> Result<Answer, Unusable> {
        answer.length = Length::Unsaid;
        if !answer.has(&CONTENT_TYPE) {
            answer.headers.try_insert(CONTENT_TYPE, media_type(&self.path))?;
        }
        let is_get = request.method == Method::GET;
        if answer.status != StatusCode::OK || !(is_get || request.method == Method::HEAD) {
            return self.all(answer, request);
        }
        let validators = self.validators(&mut answer.headers, SystemTime::now())?;
        if !answer.has(&ACCEPT_RANGES) {
            answer.headers.try_insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"))?;
        }
        let accepts =
            answer.headers.get(ACCEPT_RANGES).is_some_and(|unit| unit.as_bytes().eq_ignore_ascii_case(b"bytes"));
        match validators.judge(&request.headers) {
            Verdict::Failed => return Ok(refusal(answer, StatusCode::PRECONDITION_FAILED, "Precondition Failed\n")?),
            Verdict::NotModified => return Ok(not_modified(answer)),
            Verdict::Send => {}
        }
        // For GET alone: RFC 9110 section 14.2.
        match self.asked(&request.headers).filter(|_| is_get && accepts && validators.lets_parts(&request.headers)) {
            None | Some(Ranges::All) => self.all(answer, request),
            Some(Ranges::Some(parts)) => self.some(answer, request, parts),
            Some(Ranges::Nothing) => {
                let length = self.length;
                let mut answer = refusal(answer, StatusCode::RANGE_NOT_SATISFIABLE, "Range Not Satisfiable\n")?;
                answer.headers.try_insert(CONTENT_RANGE, text(format!("bytes */{length}")))?;
                Ok(answer)
            }
        }
    }

    /// The parts that are asked for. Two such headers are none.
    fn asked(&self, headers: &HeaderMap) -> Option<Ranges> {
        let mut values = headers.get_all(RANGE).iter();
        let value = values.next().filter(|_| values.next().is_none())?;
        Some(ranges(value.as_bytes(), self.length))
    }

    /// What the file is told from its other states by, which is put into `headers` unless it is there.
    ///
    /// The entity tag is strong: it has the time of the last change to the nanosecond, as far as the system keeps it, and the
    /// length.
    fn validators(&self, headers: &mut HeaderMap, now: SystemTime) -> Result<Validators, MaxSizeReached> {
        if self.tagged && !headers.contains_key(ETAG) {
            let since = self.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            headers.try_insert(ETAG, text(format!("\"{:x}-{:x}\"", since.as_nanos(), self.length)))?;
        }
        let modified = if headers.contains_key(LAST_MODIFIED) {
            date(headers, &LAST_MODIFIED)
        } else {
            let modified = whole_seconds(self.modified, now);
            if let Some(modified) = modified {
                headers.try_insert(LAST_MODIFIED, text(httpdate::fmt_http_date(modified)))?;
            }
            modified
        };
        Ok(Validators { etag: headers.get(ETAG).cloned(), modified })
    }

    fn all(self, answer: Answer, request: &Parts) -> Result<Answer, Unusable> {
        let all = Piece::Part(0..self.length);
        self.with(answer, request, [all].into())
    }

    fn some(self, mut answer: Answer, request: &Parts, mut parts: Vec<Range<u64>>) -> Result<Answer, Unusable> {
        answer.status = StatusCode::PARTIAL_CONTENT;
        let pieces = if parts.len() > 1 {
            let (content_type, pieces) = multipart::multipart(parts, self.length, answer.headers.get(CONTENT_TYPE));
            answer.headers.try_insert(CONTENT_TYPE, text(content_type))?;
            pieces
        } else {
            let part = parts.pop().unwrap_or_default();
            answer.headers.try_insert(CONTENT_RANGE, text(multipart::content_range(&part, self.length)))?;
            [Piece::Part(part)].into()
        };
        self.with(answer, request, pieces)
    }

    fn with(self, mut answer: Answer, request: &Parts, pieces: VecDeque<Piece>) -> Result<Answer, Unusable> {
        let left: u64 = pieces.iter().map(Piece::length).sum();
        answer.length = Length::Known(left);
        answer.body = match self.held {
            Held::Memory(bytes) => Payload::Whole(put_together(&bytes, &pieces)),
            Held::File(file) if left == 0 || left <= AT_ONCE && request.method != Method::HEAD => {
                Payload::Whole(read(&file, &pieces, left)?)
            }
            Held::File(file) => {
                Payload::File(Box::new(Transfer { file: Arc::new(file), path: self.path, pieces, left }))
            }
        };
        Ok(answer)
    }
}

/// The pieces of a file in memory; one alone is not copied.
fn put_together(bytes: &Bytes, pieces: &VecDeque<Piece>) -> Bytes {
    let place = |part: &Range<u64>| {
        let place = |at: u64| usize::try_from(at).map_or(bytes.len(), |at| at.min(bytes.len()));
        place(part.start)..place(part.end)
    };
    if let (1, Some(Piece::Part(part))) = (pieces.len(), pieces.front()) {
        return bytes.slice(place(part));
    }
    let mut whole = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => whole.extend_from_slice(text),
            Piece::Part(part) => whole.extend_from_slice(&bytes[place(part)]),
        }
    }
    whole.into()
}

fn read(file: &File, pieces: &VecDeque<Piece>, length: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    for piece in pieces {
        match piece {
            Piece::Text(text) => bytes.extend_from_slice(text),
            Piece::Part(part) => {
                let at = bytes.len();
                bytes.resize(at + usize::try_from(part.end - part.start).unwrap_or_default(), 0);
                file.read_exact_at(&mut bytes[at..], part.start)?;
            }
        }
    }
    Ok(bytes.into())
}

/// The answer to a client that has the file. What its cache is to know of it stays (RFC 9110 section 15.4.5).
fn not_modified(mut answer: Answer) -> Answer {
    answer.status = StatusCode::NOT_MODIFIED;
    answer.body = Payload::Whole(Bytes::new());
    for name in OF_THE_BODY {
        answer.headers.remove(name);
    }
    answer
}

fn refusal(mut answer: Answer, status: StatusCode, said: &'static str) -> Result<Answer, MaxSizeReached> {
    answer.status = status;
    answer.body = Payload::Whole(Bytes::from_static(said.as_bytes()));
    for name in OF_THE_BODY.into_iter().chain(OF_THE_FILE) {
        answer.headers.remove(name);
    }
    answer.headers.try_insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))?;
    Ok(answer)
}

/// A value that we made.
fn text(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
