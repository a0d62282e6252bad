//! The same bounds in HTTP/2.

use std::{io::ErrorKind, num::NonZeroU32, sync::Arc, time::Instant};

use bytes::Bytes;
use roadrunner::http::Limits;

use super::{LONG, SHORT, ended_by_a_short_bound, server};
use crate::support::{
    Builder, Gate, answer,
    http2::{
        CONTINUATION, Connection, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, Raw, SETTINGS, WINDOW_UPDATE,
        frame, get, post, request, run,
    },
};

#[test]
fn a_connection_that_does_not_begin_ends() {
    let server = server(Limits { header_timeout: SHORT, ..Limits::default() });
    for start in [b"".as_slice(), b"PRI * HTTP", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let begun = Instant::now();
        let mut raw = Raw::silent(server.address);
        raw.send(start);
        let ended = raw.end();
        ended_by_a_short_bound(begun);
        assert_eq!(ended.unwrap(), None);
    }
    server.stop();
}

#[test]
fn a_head_that_does_not_come_to_its_end_ends_the_connection() {
    let server = server(Limits { header_timeout: SHORT, ..Limits::default() });
    let head = request(3, END_STREAM);
    for pieces in [&[head.clone(), frame(CONTINUATION, 0, 3, b"")].concat(), &head[..12]] {
        let mut raw = Raw::connect(server.address);
        raw.request(1, END_HEADERS | END_STREAM);
        raw.until(HEADERS);
        let begun = Instant::now();
        raw.send(pieces);
        assert_eq!(raw.end().unwrap(), None);
        ended_by_a_short_bound(begun);
    }
    server.stop();
}

#[test]
fn a_connection_without_a_request_is_told_and_ends() {
    let server = server(Limits { keep_alive_timeout: SHORT, ..Limits::default() });
    run(async {
        let begun = Instant::now();
        let connection = Connection::open(server.address).await;
        assert_eq!(connection.get("/").await.unwrap().status, 200);
        connection.driven.await.unwrap().unwrap();
        ended_by_a_short_bound(begun);
    });
    // Pings are no requests, and who does not confirm the end is not waited for.
    let begun = Instant::now();
    let mut raw = Raw::connect(server.address);
    raw.request(1, END_HEADERS | END_STREAM);
    raw.until(HEADERS);
    raw.frame(PING, 0, 0, &[0; 8]);
    assert_eq!(raw.end().unwrap(), Some(0));
    ended_by_a_short_bound(begun);
    server.stop();
}

#[test]
fn a_connection_with_a_request_is_not_idle() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let mut builder = Builder::new(move |envelope| {
        held.pass();
        envelope.replier.answer(answer("served"));
    });
    builder.config.http.http2.h2c = true;
    builder.config.http.limits = Limits {
        header_timeout: SHORT,
        keep_alive_timeout: SHORT,
        write_timeout: SHORT,
        body_timeout: SHORT,
        ..Limits::default()
    };
    let server = builder.start();
    run(async {
        let connection = Connection::open(server.address).await;
        let response = connection.begin(get("/"), "").await.unwrap();
        tokio::time::sleep(SHORT * 3).await;
        gate.open();
        assert_eq!(response.await.unwrap().status(), 200);
    });
    server.stop();
}

#[test]
fn a_body_of_which_nothing_comes_is_answered_with_408_and_the_connection_goes_on() {
    let server = server(Limits { body_timeout: SHORT, ..Limits::default() });
    run(async {
        let connection = Connection::open(server.address).await;
        let mut requests = connection.requests.clone().ready().await.unwrap();
        let begun = Instant::now();
        let (response, mut body) = requests.send_request(post("/"), false).unwrap();
        body.send_data(Bytes::from_static(b"some"), false).unwrap();
        assert_eq!(response.await.unwrap().status(), 408);
        ended_by_a_short_bound(begun);
        assert_eq!(connection.get("/").await.unwrap().status, 200);
    });
    server.stop();
}

#[test]
fn a_body_that_comes_byte_by_byte_is_bounded_as_a_whole() {
    let server = server(Limits { request_timeout: Some(SHORT), ..Limits::default() });
    let begun = Instant::now();
    let mut raw = Raw::connect(server.address);
    raw.request(1, END_HEADERS);
    let mut reader = Raw { stream: raw.stream.try_clone().unwrap() };
    let answered = std::thread::spawn(move || reader.until(HEADERS));
    while !answered.is_finished() {
        assert!(begun.elapsed() < LONG);
        raw.frame(DATA, 0, 1, b"a");
        std::thread::sleep(SHORT / 20);
    }
    ended_by_a_short_bound(begun);
    // 408 in HPACK: the name from the table, the digits in Huffman code.
    let head = answered.join().unwrap().payload;
    assert!(head.starts_with(&[0x48, 0x83, 0x68, 0x0f, 0x7f]), "{head:?}");
    drop(raw);
    server.stop();
}

/// Windows that are never opened further, while the rest of the connection is busy.
#[test]
fn an_answer_that_is_not_taken_ends_the_connection_whatever_else_it_does() {
    let server = server(Limits { write_timeout: SHORT, ..Limits::default() });
    let mut raw = Raw::connect(server.address);
    raw.request(1, END_HEADERS | END_STREAM);
    raw.until(HEADERS);
    let begun = Instant::now();
    raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 3, b"\x82\x86\x04\x02/1\x41\x04test"));
    let mut reader = Raw { stream: raw.stream.try_clone().unwrap() };
    let ended = std::thread::spawn(move || reader.end());
    let mut stream = 5;
    while !ended.is_finished() {
        assert!(begun.elapsed() < LONG);
        // Other requests are answered meanwhile.
        if let Err(error) = std::io::Write::write_all(&mut raw.stream, &request(stream, END_HEADERS | END_STREAM)) {
            assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset));
            break;
        }
        stream += 2;
        std::thread::sleep(SHORT / 20);
    }
    let _ = ended.join().unwrap();
    ended_by_a_short_bound(begun);
    assert!(stream > 11);
    server.stop();
}

#[test]
fn a_client_that_reads_nothing_at_all_ends() {
    let server = server(Limits { write_timeout: SHORT, ..Limits::default() });
    let mut raw = Raw::connect(server.address);
    // Windows of 2 GiB: what stops the answers is that the client does not read.
    raw.frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]);
    raw.frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]);
    for stream in [1, 3, 5] {
        raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, b"\x82\x86\x04\x03/16\x41\x04test"));
    }
    let begun = Instant::now();
    while std::io::Write::write_all(&mut raw.stream, &frame(PING, 0, 0, &[0; 8])).is_ok() {
        assert!(begun.elapsed() < LONG);
        std::thread::sleep(SHORT / 10);
    }
    ended_by_a_short_bound(begun);
    server.stop();
}

#[test]
fn an_answer_that_is_taken_slowly_is_sent_to_its_end() {
    let server = server(Limits { write_timeout: SHORT, keep_alive_timeout: SHORT, ..Limits::default() });
    let mut raw = Raw::connect(server.address);
    raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x82\x86\x04\x02/1\x41\x04test"));
    let (mut length, begun) = (0, Instant::now());
    loop {
        let frame = raw.read().unwrap().expect("an answer must come to its end");
        assert_ne!(frame.kind, GOAWAY);
        if frame.kind != DATA {
            continue;
        }
        length += frame.payload.len();
        if frame.flags & END_STREAM != 0 {
            break;
        }
        std::thread::sleep(SHORT / 10);
        let more = u32::try_from(frame.payload.len()).unwrap().to_be_bytes();
        raw.frame(WINDOW_UPDATE, 0, 0, &more);
        raw.frame(WINDOW_UPDATE, 0, 1, &more);
    }
    assert_eq!(length, 1 << 20);
    assert!(begun.elapsed() > SHORT * 3);
    // It is idle from now on, and not one whose answers are not taken.
    assert_eq!(raw.end().unwrap(), Some(0));
    server.stop();
}

#[test]
fn a_connection_ends_with_its_last_request() {
    let server = server(Limits { max_requests_per_connection: NonZeroU32::new(3), ..Limits::default() });
    run(async {
        let connection = Connection::open(server.address).await;
        for _ in 0..3 {
            assert_eq!(connection.get("/").await.unwrap().status, 200);
        }
        connection.driven.await.unwrap().unwrap();
    });
    server.stop();
}

#[test]
fn a_request_that_no_worker_takes_in_time_is_refused() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let mut builder = Builder::new(move |envelope| {
        held.pass();
        envelope.replier.answer(answer("served"));
    })
    .workers(1);
    builder.config.http.http2.h2c = true;
    builder.config.http.limits.queue_timeout = Some(SHORT);
    let server = builder.start();
    run(async {
        let connection = Connection::open(server.address).await;
        let first = connection.begin(get("/"), "").await.unwrap();
        tokio::task::spawn_blocking({
            let gate = Arc::clone(&gate);
            move || gate.wait_for(1)
        })
        .await
        .unwrap();
        let begun = Instant::now();
        let late = connection.get("/late").await.unwrap();
        assert_eq!((late.status, late.headers["retry-after"].to_str().unwrap()), (503, "1"));
        ended_by_a_short_bound(begun);
        gate.open();
        assert_eq!(first.await.unwrap().status(), 200);
    });
    assert_eq!(server.calls(), 1);
    server.stop();
}
