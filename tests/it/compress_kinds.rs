//! Every coding on every kind of answer: what a client decodes is what there was, and what has no such contents is left alone.

use std::{fs, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, request::Parts};
use roadrunner::{
    handoff::{Sealed, Written},
    http::{Answer, Opened},
    pool::Ended,
};

use crate::{
    compress::{CODINGS, decoded, text},
    http2::http2,
    layers::configured,
    support::{
        Builder, Client, Folder, Gate, PATIENCE, Server,
        http2::{Connection, run},
    },
};

/// More than is compressed at once.
const LENGTH: usize = 300_000;
/// Who makes an answer: PHP as a string, piece by piece, or by naming a file; middleware `static`.
const KINDS: [&str; 4] = ["/string", "/generator", "/file", "/page.html"];
/// Bytes that may be under way to one client.
const CAPACITY: usize = 64 * 1024;

/// What came, by either protocol.
struct Seen {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Seen {
    #[track_caller]
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "two {name} in {:?}", self.headers);
        value
    }
}

fn with(mut answer: Answer, lines: &[(&'static str, &str)]) -> Answer {
    for (name, value) in lines {
        answer.append(HeaderName::from_static(name), value.parse().unwrap()).unwrap();
    }
    answer
}

/// As an application answers that knows of conditions and ranges: the status, what it adds, and the contents.
fn made(head: &Parts, whole: &[u8]) -> (Answer, Vec<u8>) {
    let answer = |status, lines: &[_]| with(with(Answer::new(status, Bytes::new()), &[("etag", "\"made\"")]), lines);
    let kind = ("content-type", "text/html; charset=utf-8");
    if head.headers.get("if-none-match").is_some_and(|known| known.to_str().unwrap().contains("\"made\"")) {
        return (answer(StatusCode::NOT_MODIFIED, &[]), Vec::new());
    }
    if head.headers.contains_key("range") {
        let range = format!("bytes 10-5009/{}", whole.len());
        return (answer(StatusCode::PARTIAL_CONTENT, &[kind, ("content-range", &range)]), whole[10..5010].to_vec());
    }
    (answer(StatusCode::OK, &[kind]), whole.to_vec())
}

/// A server that answers as [`KINDS`] says.
fn server() -> (Server, Folder) {
    let folder = Folder::new();
    let path = folder.0.join("page.html");
    fs::write(&path, text(LENGTH)).unwrap();
    let mut builder = Builder::scripted(move |worker| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let head = &envelope.request.head;
            let (answer, contents) = made(head, &text(LENGTH));
            match head.uri.path() {
                "/string" => drop(envelope.replier.answer(answer.with_body(Bytes::from(contents)))),
                "/file" => {
                    let answer = with(Answer::new(StatusCode::OK, Bytes::new()), &[("content-type", "text/html")]);
                    let answer = Opened::open(&path).unwrap().reply(head, answer).unwrap();
                    envelope.replier.answer(answer);
                }
                // As the PHP room does: these have no stream.
                _ if head.method == Method::HEAD || answer.status() == StatusCode::NOT_MODIFIED => {
                    envelope.replier.answer(answer);
                }
                _ => {
                    let (sink, source) = worker.flow(CAPACITY);
                    envelope.replier.answer(answer.with_body(source));
                    if contents.chunks(7000).all(|piece| worker.write(&sink, piece, PATIENCE) == Written::Yes) {
                        sink.end(None);
                    }
                }
            }
        }
        Ended::Exit(0)
    });
    configured(
        &mut builder,
        &format!("middleware: [static, gzip], static: {{dir: '{}'}}, http2: {{h2c: true}}", folder.0.display()),
    );
    (builder.start(), folder)
}

/// Asks over HTTP/1.1 or HTTP/2, each time on a connection of its own.
fn ask(server: &Server, second: bool, method: &str, path: &str, lines: &[(&str, &str)]) -> Seen {
    if !second {
        let mut client = Client::connect(server.address);
        let lines: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        client.send(format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{lines}\r\n"));
        let response = if method == "HEAD" { client.response_without_body() } else { client.response() };
        let header = |(name, value): &(String, String)| {
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        };
        let mut headers = HeaderMap::new();
        for (name, value) in response.headers.iter().map(header) {
            headers.append(name, value);
        }
        return Seen { status: response.status, headers, body: response.body };
    }
    run(async {
        let connection = Connection::open(server.address).await;
        let request = Request::builder().method(method).uri(format!("http://test{path}"));
        let request = lines.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let whole = connection.send(request.body(()).unwrap(), "").await.unwrap();
        Seen { status: whole.status, headers: whole.headers, body: whole.body }
    })
}

/// Headers but for those that differ by nature.
fn described(seen: &Seen) -> HeaderMap {
    let mut headers = seen.headers.clone();
    for name in ["date", "content-length", "transfer-encoding"] {
        headers.remove(name);
    }
    headers
}

fn check(server: &Server, second: bool, coding: &str, kind: &str) {
    let what = format!("{coding} of {kind}, HTTP/2: {second}");
    let accept = ("accept-encoding", coding);
    let whole = ask(server, second, "GET", kind, &[accept]);
    assert_eq!((whole.status, whole.header("content-encoding")), (200, Some(coding)), "{what}");
    assert!(decoded(coding, &whole.body) == text(LENGTH), "{what}");
    assert!(whole.body.len() < LENGTH, "{what}");
    assert!(whole.header("vary").unwrap().eq_ignore_ascii_case("accept-encoding"), "{what}");
    assert_eq!(whole.header("accept-ranges"), None, "{what}");
    let tag = whole.header("etag").unwrap();
    assert!(tag.starts_with("W/\""), "{what}: {tag}");

    let head = ask(server, second, "HEAD", kind, &[accept]);
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, None, 0), "{what}");
    assert_eq!(described(&head), described(&whole), "{what}");

    for method in ["GET", "HEAD"] {
        let known = ask(server, second, method, kind, &[accept, ("if-none-match", tag)]);
        assert_eq!((known.status, known.body.len()), (304, 0), "{what}");
        assert_eq!(known.header("content-encoding"), None, "{what}");
        assert!(known.header("vary").unwrap().eq_ignore_ascii_case("accept-encoding"), "{what}");
        assert_eq!(known.header("etag").unwrap().trim_start_matches("W/"), tag.trim_start_matches("W/"), "{what}");
    }

    // Parts are parts of the contents as they are, long enough to be compressed otherwise.
    let part = ask(server, second, "GET", kind, &[accept, ("range", "bytes=10-5009")]);
    assert_eq!((part.status, part.header("content-encoding")), (206, None), "{what}");
    assert_eq!(part.header("content-range"), Some(&*format!("bytes 10-5009/{LENGTH}")), "{what}");
    assert_eq!(part.body, text(5010)[10..], "{what}");

    if kind == "/file" || kind == "/page.html" {
        // A weak tag names no bytes that a part could be added to.
        let anew = ask(server, second, "GET", kind, &[accept, ("range", "bytes=10-5009"), ("if-range", tag)]);
        assert_eq!((anew.status, anew.header("content-encoding")), (200, Some(coding)), "{what}");
        assert!(decoded(coding, &anew.body) == text(LENGTH), "{what}");
        let beyond = ask(server, second, "GET", kind, &[accept, ("range", "bytes=300000-")]);
        assert_eq!((beyond.status, beyond.header("content-encoding")), (416, None), "{what}");
        assert_eq!(beyond.header("content-range"), Some(&*format!("bytes */{LENGTH}")), "{what}");
    }
}

#[test]
fn every_kind_of_answer_is_decoded_to_what_it_was() {
    let (server, _folder) = server();
    for coding in CODINGS {
        for kind in KINDS {
            check(&server, false, coding, kind);
        }
    }
    server.stop();
}

#[test]
fn it_is_the_same_over_http_2() {
    let (server, _folder) = server();
    for coding in CODINGS {
        for kind in KINDS {
            check(&server, true, coding, kind);
        }
    }
    server.stop();
}

#[test]
fn who_takes_no_coding_gets_the_contents_as_they_are() {
    let (server, _folder) = server();
    for kind in KINDS {
        for accept in ["identity", "br;q=0, zstd;q=0, gzip;q=0", "deflate"] {
            let plain = ask(&server, false, "GET", kind, &[("accept-encoding", accept)]);
            assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{kind} {accept}");
            assert!(plain.body == text(LENGTH), "{kind} {accept}");
            assert!(plain.header("vary").unwrap().eq_ignore_ascii_case("accept-encoding"), "{kind} {accept}");
            assert!(plain.header("etag").unwrap().starts_with('"'), "{kind} {accept}");
        }
    }
    server.stop();
}

#[test]
fn events_are_passed_on_as_they_come() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let mut builder = http2(Builder::scripted(move |worker| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let (sink, source) = worker.flow(CAPACITY);
            let lines = [("content-type", "text/event-stream"), ("etag", "\"events\"")];
            envelope.replier.answer(with(Answer::new(StatusCode::OK, source), &lines));
            let first = format!("data: {}\n\n", "x".repeat(5000));
            assert_eq!(worker.write(&sink, first.as_bytes(), PATIENCE), Written::Yes);
            held.pass();
            assert_eq!(worker.write(&sink, b"data: last\n\n", PATIENCE), Written::Yes);
            sink.end(None);
        }
        Ended::Exit(0)
    }));
    configured(&mut builder, "middleware: [gzip], gzip: {types: ['*'], min_size: 0}, http2: {h2c: true}");
    let server = builder.workers(1).start();
    let expected = format!("data: {}\n\ndata: last\n\n", "x".repeat(5000));
    for coding in CODINGS {
        gate.close();
        run(async {
            let connection = Connection::open(server.address).await;
            let request = Request::get("http://test/").header("accept-encoding", coding).body(()).unwrap();
            let (head, mut body) = connection.begin(request, "").await.unwrap().await.unwrap().into_parts();
            assert_eq!((head.headers.get("content-encoding"), head.headers.get("vary")), (None, None), "{coding}");
            assert_eq!(head.headers["etag"], "\"events\"");
            let mut seen = Vec::new();
            while seen.len() < expected.len() - b"data: last\n\n".len() {
                let data = body.data().await.unwrap().unwrap();
                body.flow_control().release_capacity(data.len()).unwrap();
                seen.extend_from_slice(&data);
            }
            // Only now is there more.
            gate.open();
            while let Some(data) = body.data().await.transpose().unwrap() {
                body.flow_control().release_capacity(data.len()).unwrap();
                seen.extend_from_slice(&data);
            }
            assert_eq!(String::from_utf8(seen).unwrap(), expected, "{coding}");
        });
    }
    server.stop();
}
