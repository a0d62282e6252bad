//! Answers that are compressed on their way: every coding, every kind of body, and what must be left alone.

use std::{
    io::{Read, Write},
    sync::Arc,
};

use http::{HeaderMap, StatusCode};
use roadrunner::{
    handoff::{Sealed, Written},
    http::{Answer, Payload},
    pool::Ended,
};

use crate::{
    layers::configured,
    support::{Builder, Client, Gate, PATIENCE, Response, Server},
};

pub const CODINGS: [&str; 3] = ["br", "zstd", "gzip"];
/// Bytes that may be under way to one client.
const CAPACITY: usize = 64 * 1024;

/// Text that can be compressed, but not to nothing.
pub fn text(length: usize) -> Vec<u8> {
    let lines = (0_u64..).flat_map(|n| format!("line {n} {:x}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes());
    lines.take(length).collect()
}

/// A server that answers with what the request's headers say: `x-length` bytes of text, in pieces of `x-piece` if there is
/// one, with `x-status` and each `x-say: name=value`.
fn server(gzip: &str) -> Server {
    let mut builder = Builder::scripted(|worker| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let headers = &envelope.request.head.headers;
            let number = |name| headers.get(name).map(|value| value.to_str().unwrap().parse::<usize>().unwrap());
            let body = text(number("x-length").unwrap_or(0));
            let status = StatusCode::from_u16(u16::try_from(number("x-status").unwrap_or(200)).unwrap()).unwrap();
            let flow = number("x-piece").map(|piece| (piece, worker.flow(CAPACITY)));
            let (payload, sink) = match flow {
                Some((piece, (sink, source))) => (Payload::from(source), Some((piece, sink))),
                None => (Payload::from(bytes::Bytes::from(body.clone())), None),
            };
            let mut answer = Answer::new(status, payload);
            for line in headers.get_all("x-say") {
                let (name, value) = line.to_str().unwrap().split_once('=').unwrap();
                answer.append(name.parse().unwrap(), value.parse().unwrap()).unwrap();
            }
            envelope.replier.answer(answer);
            if let Some((piece, sink)) = sink {
                let gone = body.chunks(piece).any(|piece| worker.write(&sink, piece, PATIENCE) != Written::Yes);
                if !gone {
                    sink.end(None);
                }
            }
        }
        Ended::Exit(0)
    });
    configured(&mut builder, &format!("middleware: [gzip], gzip: {{{gzip}}}"));
    builder.start()
}

/// The answer to a request with these headers, `|` between them.
fn asked(server: &Server, method: &str, lines: &str) -> Response {
    let mut client = Client::connect(server.address);
    let lines: String = lines.split('|').map(|line| format!("{line}\r\n")).collect();
    client.send(format!("{method} / HTTP/1.1\r\nHost: test\r\n{lines}\r\n"));
    if method == "HEAD" { client.response_without_body() } else { client.response() }
}

pub fn decoded(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut plain),
        "zstd" => zstd::stream::read::Decoder::new(body).unwrap().read_to_end(&mut plain),
        _ => flate2::read::GzDecoder::new(body).read_to_end(&mut plain),
    }
    .unwrap();
    plain
}

/// All but what differs by nature.
fn described(response: &Response) -> Vec<(String, String)> {
    let by_nature = ["date", "content-length", "transfer-encoding"];
    response.headers.iter().filter(|(name, _)| !by_nature.contains(&name.as_str())).cloned().collect()
}

#[test]
fn every_coding_gives_every_kind_of_body_back() {
    let lines =
        "X-Say: content-type=text/html; charset=utf-8|X-Say: etag=\"a\"|X-Say: accept-ranges=bytes|X-Say: vary=Cookie";
    for level in ["fast", "default", "best"] {
        let server = server(&format!("level: {level}"));
        for coding in CODINGS {
            for length in [1024, 5_000, 32 * 1024, 500_000] {
                for piece in ["", "|X-Piece: 7000", "|X-Piece: 100000", "|X-Piece: 40|X-Say: content-length=LENGTH"] {
                    if length == 500_000 && piece.contains(": 40|") {
                        continue;
                    }
                    let piece = piece.replace("LENGTH", &length.to_string());
                    let lines = format!("{lines}|Accept-Encoding: {coding}|X-Length: {length}{piece}");
                    let response = asked(&server, "GET", &lines);
                    assert_eq!(response.header("content-encoding"), Some(coding), "{lines}");
                    assert_eq!(response.header("etag"), Some("W/\"a\""));
                    assert_eq!(response.header("accept-ranges"), None);
                    let known = response.header("content-length").map(|length| length.parse().unwrap());
                    assert!(known.is_none_or(|known: usize| known == response.body.len()));
                    assert!(decoded(coding, &response.body) == text(length), "{lines}");
                    let head = asked(&server, "HEAD", &lines);
                    assert_eq!(described(&head), described(&response), "{lines}");
                    assert_eq!(head.header("content-length"), None);
                }
            }
        }
        server.stop();
    }
}

#[test]
fn what_must_be_left_alone_is() {
    let server = server("");
    for (lines, vary) in [
        // Not wanted, or nothing that there is.
        ("X-Length: 5000|X-Say: content-type=text/css", true),
        ("X-Length: 5000|X-Say: content-type=text/css|Accept-Encoding: deflate, identity", true),
        ("X-Length: 5000|X-Say: content-type=text/css|Accept-Encoding: br;q=0", true),
        // Too small.
        ("X-Length: 1023|X-Say: content-type=text/css|Accept-Encoding: gzip", true),
        ("X-Length: 0|X-Say: content-type=text/css|Accept-Encoding: gzip", true),
        (
            "X-Length: 1023|X-Piece: 500|X-Say: content-length=1023|X-Say: content-type=text/css|Accept-Encoding: gzip",
            true,
        ),
        // Not to be changed, or already.
        (
            "X-Length: 5000|X-Say: content-type=text/css|X-Say: cache-control=public, No-Transform|Accept-Encoding: gzip",
            true,
        ),
        ("X-Length: 5000|X-Say: content-type=text/css|X-Say: content-encoding=own|Accept-Encoding: gzip", false),
        (
            "X-Length: 5000|X-Say: content-type=text/css|X-Status: 206|X-Say: content-range=bytes 0-4999/9999|Accept-Encoding: gzip",
            false,
        ),
        // Of another type, or of none.
        ("X-Length: 5000|X-Say: content-type=image/png|Accept-Encoding: gzip", false),
        ("X-Length: 5000|Accept-Encoding: gzip", false),
        (
            "X-Length: 5000|X-Piece: 100|X-Say: content-type=Text/Event-Stream; charset=utf-8|Accept-Encoding: gzip",
            false,
        ),
        // Without contents.
        ("X-Status: 204|X-Say: content-type=text/css|Accept-Encoding: gzip", false),
        ("X-Status: 304|Accept-Encoding: gzip", true),
    ] {
        let lines = format!("{lines}|X-Say: etag=\"a\"");
        let response = asked(&server, "GET", &lines);
        let own = lines.contains("content-encoding").then_some("own");
        assert_eq!(response.header("content-encoding"), own, "{lines}");
        assert_eq!(response.header("etag"), Some("\"a\""), "{lines}");
        assert_eq!(response.header("vary"), vary.then_some("accept-encoding"), "{lines}");
        let length =
            lines.split_once("X-Length: ").map_or(0, |(_, rest)| rest.split('|').next().unwrap().parse().unwrap());
        assert!(response.body == text(length), "{lines}");
    }
    server.stop();
}

#[test]
fn settings_choose_codings_types_and_sizes() {
    let server = server("encodings: [gzip, zstd], min_size: 10, types: [application/*, '*/x-own']");
    for (lines, coding) in [
        ("X-Length: 10|X-Say: content-type=application/octet-stream|Accept-Encoding: br, zstd, gzip", Some("gzip")),
        ("X-Length: 10|X-Say: content-type=IMAGE/X-OWN|Accept-Encoding: br, zstd;q=0.9, gzip;q=0.8", Some("zstd")),
        ("X-Length: 9|X-Say: content-type=application/json|Accept-Encoding: gzip", None),
        ("X-Length: 99|X-Say: content-type=text/html|Accept-Encoding: gzip", None),
        ("X-Length: 99|X-Say: content-type=application/json|Accept-Encoding: br", None),
        ("X-Length: 9|X-Piece: 9|X-Say: content-type=application/json|Accept-Encoding: gzip", Some("gzip")),
    ] {
        assert_eq!(asked(&server, "GET", lines).header("content-encoding"), coding, "{lines}");
    }
    server.stop();
    for (gzip, message) in [
        ("encodings: [gzip, deflate]", "gzip.encodings has \"deflate\", which is not known"),
        ("encodings: []", "gzip.encodings must name one or more"),
        ("level: 9", "gzip.level is"),
        ("types: ['a*b*']", "gzip.types has \"a*b*\""),
    ] {
        let text = format!("{{version: '3', http: {{middleware: [gzip], gzip: {{{gzip}}}}}}}");
        let problems = roadrunner::config::Config::parse(&text).unwrap_err().to_string();
        assert!(problems.contains(message), "{gzip}: {problems}");
    }
}

/// What is decoded of a piece, behind those before it.
type Decode = Box<dyn FnMut(&[u8]) -> Vec<u8>>;

/// Decodes piece by piece.
fn decoder(coding: &str) -> Decode {
    macro_rules! stepwise {
        ($decoder:expr) => {{
            let mut decoder = $decoder;
            Box::new(move |piece: &[u8]| {
                decoder.write_all(piece).unwrap();
                decoder.flush().unwrap();
                std::mem::take(decoder.get_mut())
            })
        }};
    }
    match coding {
        "br" => stepwise!(brotli::DecompressorWriter::new(Vec::new(), 4096)),
        "zstd" => stepwise!(zstd::stream::write::Decoder::new(Vec::new()).unwrap()),
        _ => stepwise!(flate2::write::GzDecoder::new(Vec::new())),
    }
}

/// Takes the whole chunks out of what has come of a body.
fn chunks(come: &mut Vec<u8>) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some(end) = come.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&come[..end]).unwrap(), 16).unwrap();
        let whole = end + 2 + length + 2;
        if length == 0 || come.len() < whole {
            break;
        }
        data.extend_from_slice(&come[end + 2..end + 2 + length]);
        come.drain(..whole);
    }
    data
}

#[test]
fn what_a_worker_writes_arrives_before_it_writes_more() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let mut builder = Builder::scripted(move |worker| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let (sink, source) = worker.flow(CAPACITY);
            let mut answer = Answer::new(StatusCode::OK, source);
            answer.append("content-type".parse().unwrap(), "text/html".parse().unwrap()).unwrap();
            envelope.replier.answer(answer);
            for (round, piece) in ["first", "second", "third"].into_iter().enumerate() {
                if round > 0 {
                    held.pass();
                }
                assert_eq!(worker.write(&sink, piece.as_bytes(), PATIENCE), Written::Yes);
            }
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", "9".parse().unwrap());
            sink.end(Some(trailers));
        }
        Ended::Exit(0)
    });
    configured(&mut builder, "middleware: [gzip]");
    let server = builder.workers(1).start();
    for coding in CODINGS {
        gate.close();
        let mut client = Client::connect(server.address);
        client.send(format!("GET / HTTP/1.1\r\nHost: test\r\nTE: trailers\r\nAccept-Encoding: {coding}\r\n\r\n"));
        let (mut come, mut seen) = (Vec::new(), Vec::new());
        let head = loop {
            come.extend(client.some().unwrap());
            if let Some(end) = come.windows(4).position(|window| window == b"\r\n\r\n") {
                break come.drain(..end + 4).collect::<Vec<_>>();
            }
        };
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.contains(&format!("content-encoding: {coding}")), "{head}");
        let mut decode = decoder(coding);
        while seen != b"first" {
            seen.extend(decode(&chunks(&mut come)));
            if seen != b"first" {
                let more = client.some().unwrap();
                assert!(!more.is_empty(), "{coding}: the end after {seen:?}");
                come.extend(more);
            }
        }
        gate.open();
        while seen != b"firstsecondthird" {
            seen.extend(decode(&chunks(&mut come)));
            if seen != b"firstsecondthird" {
                let more = client.some().unwrap();
                assert!(!more.is_empty(), "{coding}: the end after {seen:?}");
                come.extend(more);
            }
        }
    }
    server.stop();
}
