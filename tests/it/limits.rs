//! Bounds in time and size: what a client sees that comes to one.

mod http2;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use roadrunner::http::Limits;

use crate::support::{Builder, Client, Gate, Server, answer, until};

/// A bound that a test comes to.
const SHORT: Duration = Duration::from_millis(400);
/// What takes longer than this was not ended by a short bound, but by one of the defaults, or by nothing.
const LONG: Duration = Duration::from_secs(25);

/// A server that answers with its own body, or with as many MiB as the target says.
fn server(limits: Limits) -> Server {
    let mut builder = Builder::new(|envelope| {
        let size = envelope.request.head.uri.path()[1..].parse::<usize>();
        let body = size.map_or_else(|_| envelope.request.body.clone(), |size| Bytes::from(vec![b'x'; size << 20]));
        envelope.replier.answer(answer(body));
    });
    builder.config.http.http2.h2c = true;
    builder.config.http.limits = limits;
    builder.start()
}

/// Checks that what began then was ended by a short bound, and not before it.
#[track_caller]
fn ended_by_a_short_bound(begun: Instant) {
    let after = begun.elapsed();
    assert!(after >= SHORT && after < LONG, "after {after:?}");
}

#[test]
fn a_head_that_does_not_come_to_its_end_is_answered_with_408() {
    let server = server(Limits { header_timeout: SHORT, ..Limits::default() });
    for start in ["G", "GET / HTTP/1.1\r\nHost: a\r\nX: y"] {
        let begun = Instant::now();
        let mut client = Client::connect(server.address);
        client.send(start);
        let responses = client.responses().unwrap();
        ended_by_a_short_bound(begun);
        assert!(matches!(&*responses, [response] if response.status == 408 && response.closes()), "{responses:?}");
        assert!(responses[0].header("date").is_some());
    }
    server.stop();
}

#[test]
fn a_client_that_sends_a_byte_now_and_then_gets_no_more_time_for_a_head() {
    let server = server(Limits { header_timeout: SHORT, ..Limits::default() });
    let begun = Instant::now();
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nX: ");
    while client.is_silent() {
        assert!(begun.elapsed() < LONG);
        let _ = client.try_send(b"a");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(begun.elapsed() >= SHORT);
    assert_eq!(client.response().status, 408);
    server.stop();
}

#[test]
fn a_later_head_is_timed_from_its_first_byte() {
    let server = server(Limits { header_timeout: SHORT, ..Limits::default() });
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/").status, 200);
    // Idle for longer than a head may take.
    std::thread::sleep(SHORT * 2);
    assert_eq!(client.get("/").status, 200);
    let begun = Instant::now();
    client.send("GET / HTTP/1.1\r\n");
    let responses = client.responses().unwrap();
    ended_by_a_short_bound(begun);
    assert!(matches!(&*responses, [response] if response.status == 408), "{responses:?}");
    server.stop();
}

#[test]
fn a_connection_without_a_request_ends_silently() {
    let server = server(Limits { header_timeout: SHORT, keep_alive_timeout: SHORT, ..Limits::default() });
    let begun = Instant::now();
    let mut unused = Client::connect(server.address);
    unused.expect_end();
    ended_by_a_short_bound(begun);
    let mut used = Client::connect(server.address);
    assert_eq!(used.get("/").status, 200);
    let begun = Instant::now();
    used.expect_end();
    // The answer was sent before it was read.
    assert!(begun.elapsed() >= SHORT / 2 && begun.elapsed() < LONG);
    server.stop();
}

#[test]
fn a_body_of_which_nothing_comes_is_answered_with_408() {
    let server = server(Limits { body_timeout: SHORT, ..Limits::default() });
    let begun = Instant::now();
    let mut client = Client::connect(server.address);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfour");
    let responses = client.responses().unwrap();
    ended_by_a_short_bound(begun);
    assert!(matches!(&*responses, [response] if response.status == 408 && response.closes()), "{responses:?}");
    server.stop();
}

#[test]
fn a_body_that_comes_byte_by_byte_is_bounded_as_a_whole() {
    let server = server(Limits { request_timeout: Some(SHORT), ..Limits::default() });
    let begun = Instant::now();
    let mut client = Client::connect(server.address);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    while client.is_silent() {
        assert!(begun.elapsed() < LONG);
        let _ = client.try_send(b"a");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(begun.elapsed() >= SHORT);
    assert_eq!(client.response().status, 408);
    server.stop();
}

#[test]
fn an_answer_that_is_not_taken_ends_the_connection() {
    let server = server(Limits { write_timeout: SHORT, ..Limits::default() });
    let mut client = Client::connect(server.address);
    client.send("GET /32 HTTP/1.1\r\nHost: a\r\n\r\n");
    until("the answer has begun", || !client.is_silent());
    let begun = Instant::now();
    // What the system keeps of it for the client is all that comes.
    until("the connection is given up", || client.try_send(b"x").is_err() || begun.elapsed() > LONG);
    assert!(begun.elapsed() < LONG);
    server.stop();
}

#[test]
fn an_answer_that_is_taken_slowly_is_sent_to_its_end() {
    // Long enough that a busy machine lets the client come to take something.
    let limit = SHORT * 5;
    let server = server(Limits { write_timeout: limit, ..Limits::default() });
    let mut client = Client::connect(server.address);
    client.send("GET /24 HTTP/1.1\r\nHost: a\r\n\r\n");
    let begun = Instant::now();
    while begun.elapsed() < limit * 2 {
        // So little that there is something left at the end of it.
        client.take(50_000);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(client.response().body.len(), 24 << 20);
    server.stop();
}

#[test]
fn a_connection_ends_with_its_last_request() {
    let limits = Limits { max_requests_per_connection: std::num::NonZeroU32::new(3), ..Limits::default() };
    let server = server(limits);
    let mut client = Client::connect(server.address);
    assert!(!client.get("/").closes());
    assert!(!client.get("/").closes());
    assert!(client.get("/").closes());
    client.expect_end();
    server.stop();
}

#[test]
fn sizes_are_those_of_the_configuration() {
    let limits = Limits { max_header_size: 8192, max_headers: 5, max_uri_length: 1024, ..Limits::default() };
    let server = server(limits);
    let status = |head: String| {
        let mut client = Client::connect(server.address);
        client.send(head);
        client.response().status
    };
    for (length, expected) in [(1024, 200), (1025, 414)] {
        assert_eq!(status(format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(length - 1))), expected);
    }
    for (count, expected) in [(4, 200), (5, 431)] {
        assert_eq!(status(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(count))), expected);
    }
    for (length, expected) in [(8000, 200), (8192, 431)] {
        assert_eq!(status(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(length))), expected);
    }
    server.stop();
}

#[test]
fn more_headers_than_hyper_takes_by_itself_can_be_allowed() {
    let server = server(Limits { max_headers: 300, ..Limits::default() });
    let mut client = Client::connect(server.address);
    for (count, expected) in [(299, 200), (300, 431)] {
        client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(count)));
        assert_eq!(client.response().status, expected);
    }
    server.stop();
}

#[test]
fn a_request_that_no_worker_takes_in_time_is_refused_and_never_worked_on() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let mut builder = Builder::new(move |envelope| {
        held.pass();
        envelope.replier.answer(answer(envelope.request.head.uri.path().to_owned()));
    })
    .workers(1);
    builder.config.http.limits.queue_timeout = Some(SHORT);
    let server = builder.start();
    let mut first = Client::connect(server.address);
    first.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
    gate.wait_for(1);
    let begun = Instant::now();
    let mut late: Vec<_> = (0..5).map(|_| Client::connect(server.address)).collect();
    for client in &mut late {
        client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for client in &mut late {
        let response = client.response();
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
        assert!(!response.closes());
    }
    ended_by_a_short_bound(begun);
    gate.open();
    assert_eq!(first.response().body, b"/first");
    for client in &mut late {
        assert_eq!(client.get("/again").body, b"/again");
    }
    assert_eq!(server.calls(), 6);
    server.stop();
}
