//! Ways into this room for the fuzzers in `fuzz/`. Each panics when something that must always hold does not.

use std::{
    io,
    net::Ipv4Addr,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Version, header};
use http_body_util::Full;
use hyper::body::Body as _;
use tokio::io::{AsyncRead, ReadBuf};

use super::{
    Answer, Checked, DecodeConfig, Limits, Proxies, Ranges,
    decode::Decoded,
    form::{Event, Parser},
    head, ranges,
};
use crate::net::Peer;

/// The largest body that is made.
const MAX_BYTES: u64 = 8 << 20;

/// The first byte says how long pieces are, the rest is what comes in them.
fn pieces(data: &[u8]) -> Option<(usize, &[u8])> {
    data.split_first().map(|(size, rest)| (usize::from(*size).max(1), rest))
}

/// A `Range` header: parts lie within the file, none is empty, and they are not more than the file has.
pub fn range(data: &[u8]) {
    let Some((length, value)) = data.split_at_checked(2) else { return };
    let length = u64::from(u16::from_be_bytes([length[0], length[1]]));
    if let Ranges::Some(parts) = ranges(value, length) {
        assert!(!parts.is_empty());
        assert!(parts.iter().all(|part| part.start < part.end && part.end <= length), "{parts:?} of {length}");
        assert!(parts.iter().map(|part| part.end - part.start).sum::<u64>() <= length);
    }
}

/// Headers of an answer, a line each: what is taken is sent as it is, but for what frames the body.
pub fn answer_headers(data: &[u8]) {
    let mut answer = Answer::new(StatusCode::OK, Bytes::new());
    for line in data.split(|byte| *byte == b'\n') {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(value)) else {
            continue;
        };
        let frames = name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING;
        if answer.append(name.clone(), value).is_ok() {
            assert_ne!(answer.has(&name), frames, "{name}");
        }
    }
}

/// A form: however it is cut, the same parts come out.
pub fn multipart(data: &[u8]) {
    let Some((size, body)) = pieces(data) else { return };
    let read = |size: usize| {
        let mut parser = Parser::new(b"multipart/form-data; boundary=XX").ok()?;
        let mut parts = Vec::new();
        for piece in body.chunks(size) {
            parser.feed(piece);
            loop {
                match parser.next() {
                    // Where a head that is too long is noticed depends on where it is cut.
                    Err(_) => return None,
                    Ok(None) => break,
                    Ok(Some(Event::Part(head))) => parts.push((head, Vec::new())),
                    Ok(Some(Event::Data(data))) => {
                        assert!(!data.is_empty());
                        parts.last_mut().expect("contents of a part").1.extend_from_slice(&data);
                    }
                    Ok(Some(Event::End | Event::Over)) => {}
                }
            }
        }
        if let Some(rest) = parser.rest() {
            parts.last_mut().expect("contents of a part").1.extend_from_slice(&rest);
        }
        Some(parts)
    };
    if let (Some(whole), Some(cut)) = (read(body.len().max(1)), read(size)) {
        assert_eq!(whole, cut, "in pieces of {size}");
    }
}

/// The type of a form.
pub fn boundary(data: &[u8]) {
    let _ = Parser::new(data);
}

/// A compressed body: it comes to an end, and becomes no larger than it may.
pub fn compressed(data: &[u8]) {
    let Some((coding, body)) = data.split_first() else { return };
    let coding = ["gzip", "deflate", "br", "zstd"][usize::from(*coding) % 4];
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    let config = DecodeConfig { enabled: true, ..DecodeConfig::default() };
    let body = Full::new(Bytes::copy_from_slice(body));
    let Ok(mut body) = Decoded::new(&mut headers, body, &config, MAX_BYTES) else { return };
    let (mut length, mut pending) = (0, 0);
    let most = (1 << 20).max(data.len() * 100) + (1 << 15);
    loop {
        match Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(None | Some(Err(_))) => return,
            Poll::Ready(Some(Ok(frame))) => length += frame.data_ref().map_or(0, Bytes::len),
            Poll::Pending => pending += 1,
        }
        assert!(length <= most && pending <= most, "{length} bytes of {}", data.len());
    }
}

/// Lines of headers, after a line with the target.
fn request(data: &[u8]) -> Option<http::request::Parts> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut request = Request::builder().uri(lines.next()?).body(()).ok()?;
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        request.headers_mut().append(name, HeaderValue::from_bytes(&line[colon + 1..]).ok()?);
    }
    Some(request.into_parts().0)
}

/// The head of a request: one that passes has a single host, and nothing that is dropped.
pub fn request_head(data: &[u8]) {
    let Some(mut head) = request(data) else { return };
    for version in [Version::HTTP_11, Version::HTTP_2] {
        head.version = version;
        head::drop_headers(&mut head.headers, false);
        assert!(head.headers.keys().all(|name| name != "proxy" && !name.as_str().contains('_')));
        if head::check(&mut head, true, &Limits::default()).is_ok() {
            assert!(head.headers.get_all(header::HOST).iter().count() <= 1);
        }
    }
}

/// What proxies forward: a client that they name has an address.
pub fn forwarded(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let peer = Peer { remote: Some((Ipv4Addr::LOCALHOST, 1).into()), local: None };
    for name in ["forwarded", "x-forwarded-for", "x-real-ip"] {
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value.clone())]);
        if let Ok(client) = Proxies::default().resolve(peer, &headers) {
            assert!(client.remote.is_some());
        }
    }
}

/// A stream that gives what it has in pieces.
struct Stream<'a>(&'a [u8], usize);

impl AsyncRead for Stream<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self(left, size) = &mut *self;
        let (piece, rest) = left.split_at(left.len().min(*size).min(buffer.remaining()));
        buffer.put_slice(piece);
        *left = rest;
        Poll::Ready(Ok(()))
    }
}

/// A connection: however it is cut, the same is passed on, which is what came up to a point.
pub fn framing(data: &[u8]) {
    let Some((size, data)) = pieces(data) else { return };
    let read = |size: usize| {
        let mut checked = pin!(Checked::new(Stream(data, size)));
        let (mut passed, mut bytes) = (Vec::new(), [0; 512]);
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            let polled = checked.as_mut().poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer);
            assert!(matches!(polled, Poll::Ready(Ok(()))));
            if buffer.filled().is_empty() {
                return (passed, checked.is_between_requests());
            }
            passed.extend_from_slice(buffer.filled());
            assert!(passed.len() <= data.len() + 512, "more is passed on than has come");
        }
    };
    let (whole, cut) = (read(data.len().max(1)), read(size));
    assert_eq!(whole, cut, "in pieces of {size}");
    let same = whole.0.iter().zip(data).take_while(|(one, other)| one == other).count();
    assert!(whole.0.len() - same <= 16, "something else is passed on than has come");
}
