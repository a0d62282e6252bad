//! Clients that keep the server busy.

use std::{
    io::{ErrorKind, Write},
    time::Instant,
};

use super::echo;
use crate::support::{
    Client, Server,
    http2::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, PING, PRIORITY, RST_STREAM, Raw,
        SETTINGS, WINDOW_UPDATE, frame, request,
    },
};

/// Sends frames until the server closes. Returns how many were sent, and the reason that it gave.
fn flood(server: &Server, first: &[u8], frames: impl Fn(u32) -> Vec<u8>) -> (usize, Option<u32>) {
    let mut raw = Raw::connect(server.address);
    raw.send(first);
    // What it answers is read meanwhile, so that it has nothing to wait for.
    let mut reader = Raw { stream: raw.stream.try_clone().unwrap() };
    let reason = std::thread::spawn(move || reader.end());
    let mut sent = 0;
    for number in 0..1_000_000 {
        if reason.is_finished() {
            break;
        }
        match raw.stream.write_all(&frames(number)) {
            Ok(()) => sent += 1,
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => break,
            Err(error) => panic!("{error}"),
        }
    }
    let _ = raw.stream.shutdown(std::net::Shutdown::Write);
    (sent, reason.join().unwrap().unwrap_or_default())
}

/// Checks that a flood ends its connection, after no more frames than are on their way meanwhile, and nobody else's.
#[track_caller]
fn ends(first: &[u8], frames: impl Fn(u32) -> Vec<u8>) {
    let server = echo().start();
    let mut other = Client::connect(server.address);
    assert_eq!(other.get("/").status, 200);
    let begun = Instant::now();
    let (sent, reason) = flood(&server, first, frames);
    assert!(sent < 500_000, "{sent} frames");
    assert_eq!(reason, Some(ENHANCE_YOUR_CALM), "after {sent} frames, in {:?}", begun.elapsed());
    assert_eq!(other.get("/").status, 200);
    server.stop();
}

#[test]
fn pings() {
    ends(b"", |number| frame(PING, 0, 0, &u64::from(number).to_be_bytes()));
}

#[test]
fn answers_to_pings_that_were_not_sent() {
    ends(b"", |number| frame(PING, ACK, 0, &u64::from(number).to_be_bytes()));
}

#[test]
fn settings() {
    ends(b"", |number| frame(SETTINGS, 0, 0, &[[0, 4].as_slice(), &(number % 65_536).to_be_bytes()].concat()));
}

#[test]
fn priorities() {
    ends(b"", |number| frame(PRIORITY, 0, number % 100 * 2 + 3, &[0, 0, 0, 1, 1]));
}

#[test]
fn requests_that_are_reset_at_once() {
    ends(b"", |number| {
        let stream = number * 2 + 1;
        [request(stream, END_HEADERS | END_STREAM), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
    });
}

/// The server itself resets streams whose windows become too large.
#[test]
fn requests_that_make_the_server_reset_them() {
    ends(b"", |number| {
        let stream = number * 2 + 1;
        [request(stream, END_HEADERS), frame(WINDOW_UPDATE, 0, stream, &[0x7f, 0xff, 0xff, 0xff])].concat()
    });
}

#[test]
fn malformed_requests() {
    // A path, and nothing else.
    ends(b"", |number| frame(HEADERS, END_HEADERS | END_STREAM, number * 2 + 1, b"\x84"));
}

#[test]
fn resets_of_a_request_that_is_over() {
    ends(&request(1, END_HEADERS | END_STREAM), |_| frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]));
}

#[test]
fn windows_that_grow_by_nothing_worth_it() {
    ends(b"", |_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]));
}

#[test]
fn empty_pieces_of_a_body() {
    ends(&request(1, END_HEADERS), |_| frame(DATA, 0, 1, b""));
}

#[test]
fn empty_pieces_of_a_head() {
    ends(&request(1, END_STREAM), |_| frame(CONTINUATION, 0, 1, b""));
}

#[test]
fn full_pieces_of_a_head() {
    // A header that is passed over: `x: <15 000 bytes>`.
    let header = [b"\x00\x01x\x7f\x99\x74".as_slice(), &[b'a'; 15_000]].concat();
    ends(&request(1, END_STREAM), |_| frame(CONTINUATION, 0, 1, &header));
}

#[test]
fn frames_of_unknown_types() {
    ends(b"", |_| frame(0xbe, 0, 0, b"beef"));
}

/// Whatever is served, the time that it takes is not that of the flood.
#[test]
fn others_are_served_meanwhile() {
    let server = echo().one_reactor().start();
    let mut other = Client::connect(server.address);
    let pings = frame(PING, 0, 0, &[0; 8]).repeat(100);
    for _ in 0..20 {
        let mut raw = Raw::connect(server.address);
        for _ in 0..20 {
            if raw.stream.write_all(&pings).is_err() {
                break;
            }
            assert_eq!(other.get("/").status, 200);
        }
    }
    server.stop();
}

/// Many clients behind a proxy share a connection: what each does now and then is no flood.
#[test]
fn many_requests_and_a_few_other_frames_are_no_flood() {
    let server = echo().start();
    let mut raw = Raw::connect(server.address);
    for round in 0..200_u32 {
        let first = round * 100 + 1;
        let streams = (0..50).map(|number| first + number * 2);
        let mut bytes: Vec<u8> = streams.clone().flat_map(|stream| request(stream, END_HEADERS | END_STREAM)).collect();
        bytes.extend(frame(PRIORITY, 0, first, &[0, 0, 0, 0, 1]));
        bytes.extend(frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0]));
        bytes.extend(frame(PING, 0, 0, &[0; 8]));
        raw.send(&bytes);
        for _ in streams {
            raw.until(HEADERS);
        }
    }
    assert_eq!(server.calls(), 200 * 50);
    drop(raw);
    server.stop();
}
