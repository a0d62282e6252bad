//! Answers that are written while their clients read.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use crossbeam_channel::bounded;
use http::{HeaderMap, HeaderValue, StatusCode};
use roadrunner::{
    handoff::Written,
    http::{Answer, Sink},
    pool::Ended,
};

use crate::support::{Builder, Client, Gate, PATIENCE, until};

/// Bytes that may be under way to one client.
const CAPACITY: usize = 64 * 1024;
const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

type Worker = roadrunner::pool::Worker<roadrunner::http::Request, Answer>;

/// Workers that start a streamed answer to each request and leave its body to `write`.
fn streaming(write: impl Fn(&Worker, Sink) + Send + Sync + 'static) -> Builder {
    lengthy(None, write)
}

/// The same with an announced length.
fn lengthy(length: Option<u64>, write: impl Fn(&Worker, Sink) + Send + Sync + 'static) -> Builder {
    Builder::scripted(move |worker| {
        while let Some(envelope) = worker.wait().map(roadrunner::handoff::Sealed::open) {
            let (sink, source) = worker.flow(CAPACITY);
            let mut answer = Answer::new(StatusCode::OK, source);
            if let Some(length) = length {
                answer.append(http::header::CONTENT_LENGTH, length.into()).unwrap();
            }
            envelope.replier.answer(answer);
            write(worker, sink);
        }
        Ended::Exit(0)
    })
}

#[test]
fn a_client_sees_what_was_written_before_the_worker_is_done() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let server = streaming(move |worker, sink| {
        assert_eq!(worker.write(&sink, b"first", PATIENCE), Written::Yes);
        held.pass();
        assert_eq!(worker.write(&sink, b"second", PATIENCE), Written::Yes);
        sink.end(None);
    })
    .start();
    let mut client = Client::connect(server.address);
    client.send(GET);
    let head = client.read_until("5\r\nfirst\r\n");
    assert!(head.to_lowercase().contains("transfer-encoding: chunked"), "{head}");
    gate.open();
    client.read_until("6\r\nsecond\r\n0\r\n\r\n");
    // The connection goes on.
    gate.open();
    let response = client.get("/");
    assert_eq!(response.body, b"firstsecond");
    server.stop();
}

#[test]
fn trailers_follow_if_the_client_takes_them() {
    let server = streaming(|worker, sink| {
        worker.write(&sink, b"body", PATIENCE);
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", HeaderValue::from_static("4"));
        sink.end(Some(trailers));
    });
    let server = server.start();
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: test\r\nTE: trailers\r\n\r\n");
    client.read_until("4\r\nbody\r\n0\r\n");
    server.stop();
}

#[test]
fn a_body_of_an_announced_length_has_it() {
    for (length, written, intact) in [(10, "0123456789", true), (4, "0123456789", true), (11, "0123456789", false)] {
        let server = lengthy(Some(length), move |worker, sink| {
            worker.write(&sink, written.as_bytes(), PATIENCE);
            sink.end(None);
        })
        .start();
        let mut client = Client::connect(server.address);
        client.send(GET);
        if intact {
            let response = client.response();
            assert_eq!(response.header("content-length"), Some(length.to_string().as_str()));
            assert_eq!(response.body, written.as_bytes()[..usize::try_from(length).unwrap()]);
        } else {
            client.read_until(written);
            client.expect_cut();
        }
        server.stop();
    }
}

#[test]
fn a_worker_that_goes_in_the_middle_cuts_the_connection() {
    let server = streaming(|worker, sink| {
        worker.write(&sink, b"half", PATIENCE);
        drop(sink);
    })
    .start();
    let mut client = Client::connect(server.address);
    client.send(GET);
    client.read_until("4\r\nhalf\r\n");
    client.expect_cut();
    server.stop();
}

#[test]
fn a_client_that_leaves_in_the_middle_is_seen() {
    let (left, seen) = bounded(1);
    let server = streaming(move |worker, sink| {
        while worker.write(&sink, b"tick", PATIENCE) == Written::Yes {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(sink.is_left());
        left.send(()).unwrap();
    })
    .start();
    let mut client = Client::connect(server.address);
    client.send(GET);
    client.read_until("tick");
    drop(client);
    seen.recv_timeout(PATIENCE).unwrap();
    server.stop();
}

#[test]
fn a_reader_that_stops_holds_the_worker_up_for_a_bounded_time_and_memory() {
    let produced = Arc::new(AtomicUsize::new(0));
    let (counted, (ended, outcome)) = (Arc::clone(&produced), bounded(1));
    let server = streaming(move |worker, sink| {
        let piece = vec![b'x'; 8192];
        let outcome = loop {
            match worker.write(&sink, &piece, Duration::from_millis(300)) {
                Written::Yes => counted.fetch_add(piece.len(), Ordering::SeqCst),
                other => break other,
            };
        };
        ended.send(outcome).unwrap();
    })
    .start();
    let mut client = Client::connect(server.address);
    client.send(GET);
    assert_eq!(outcome.recv_timeout(PATIENCE).unwrap(), Written::TimedOut);
    // What the kernel's buffers take, and little more.
    assert!(produced.load(Ordering::SeqCst) < 16 * 1024 * 1024);
    // The worker is free again.
    drop(client);
    server.stop();
}

#[test]
fn a_large_piece_is_written_as_there_is_room() {
    const LENGTH: usize = 4 * 1024 * 1024;
    let server = streaming(|worker, sink| {
        assert_eq!(worker.write(&sink, &vec![b'x'; LENGTH], PATIENCE), Written::Yes);
        sink.end(None);
    })
    .start();
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/").body.len(), LENGTH);
    server.stop();
}

#[test]
fn nothing_is_written_to_who_reads_no_body() {
    let (told, outcome) = bounded(1);
    let server = streaming(move |worker, sink| {
        // The answer must be on its way before the end shows.
        until("the stream is left", || sink.is_left());
        told.send(worker.write(&sink, b"body", PATIENCE)).unwrap();
    })
    .start();
    let mut client = Client::connect(server.address);
    client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.response_without_body().status, 200);
    assert_eq!(outcome.recv_timeout(PATIENCE).unwrap(), Written::Left);
    server.stop();
}

#[test]
fn the_end_of_the_server_interrupts_a_write_that_waits() {
    let (told, outcome) = bounded(1);
    let server = streaming(move |worker, sink| {
        let piece = Bytes::from(vec![b'x'; CAPACITY]);
        let outcome = loop {
            match worker.write(&sink, &piece, PATIENCE) {
                Written::Yes => {}
                other => break other,
            }
        };
        told.send(outcome).unwrap();
    })
    .grace(Duration::from_millis(100))
    .start();
    let mut client = Client::connect(server.address);
    client.send(GET);
    until("the request is worked on", || !client.is_silent());
    server.shut_down();
    let outcome = outcome.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(outcome, Written::Interrupted | Written::Left), "{outcome:?}");
}
