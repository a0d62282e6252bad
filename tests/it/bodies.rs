//! Bodies in both directions: sizes, bounds, framing.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use roadrunner::http::{Answer, MEBIBYTE};

use crate::support::{Builder, Client, Response, Server, answer};

const LIMIT: usize = MEBIBYTE as usize;

/// `length` bytes, of every value.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|number| (number ^ number >> 8) as u8).collect()
}

/// `body` in chunks of `size`.
fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(size) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

#[track_caller]
fn check_echo(response: &Response, body: &[u8]) {
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-length"), Some(body.len().to_string().as_str()));
    assert!(response.body == body, "another body of {} bytes", response.body.len());
}

#[test]
fn bodies_of_every_size_pass_both_ways() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    for length in [0, 1, 2, 255, 256, 4095, 65_535, 65_536, 300_000, LIMIT - 1, LIMIT] {
        let body = bytes(length);
        client.post(&body);
        check_echo(&client.response(), &body);
        client.send(chunked(&body, 100_000));
        check_echo(&client.response(), &body);
    }
    server.stop();
}

#[test]
fn every_byte_passes_both_ways() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    let body: Vec<u8> = (0..=255).collect();
    client.post(&body);
    check_echo(&client.response(), &body);
    for size in [1, 2, 7, 255, 256] {
        client.send(chunked(&body, size));
        check_echo(&client.response(), &body);
    }
    server.stop();
}

#[test]
fn a_body_in_chunks_and_packets_of_one_byte_passes() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    let body = bytes(1000);
    for byte in chunked(&body, 1) {
        client.send([byte]);
    }
    check_echo(&client.response(), &body);
    server.stop();
}

#[test]
fn many_small_chunks_up_to_the_limit_pass() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    let body = bytes(LIMIT);
    client.send(chunked(&body, 10));
    check_echo(&client.response(), &body);
    server.stop();
}

#[track_caller]
fn check_too_large(client: &mut Client) {
    let response = client.response();
    assert_eq!(response.status, 413);
    assert!(response.closes());
    client.expect_end();
}

#[test]
fn one_byte_more_than_allowed_is_refused() {
    let server = Server::echo();
    let body = bytes(LIMIT + 1);
    let mut client = Client::connect(server.address);
    client.post(&body);
    check_too_large(&mut client);
    for size in [LIMIT + 1, LIMIT, 1000, 10] {
        let mut client = Client::connect(server.address);
        client.send(chunked(&body, size));
        check_too_large(&mut client);
    }
    assert_eq!(server.calls(), 0);
    server.stop();
}

/// The whole body is sent before the answer is read; a reset would destroy it.
#[test]
fn a_client_that_sends_far_too_much_sees_the_refusal() {
    let server = Server::echo();
    let body = bytes(4 * LIMIT);
    let mut client = Client::connect(server.address);
    client.post(&body);
    check_too_large(&mut client);
    let mut client = Client::connect(server.address);
    client.send(chunked(&body, 65_536));
    check_too_large(&mut client);
    assert_eq!(server.calls(), 0);
    server.stop();
}

#[test]
fn a_length_far_beyond_the_limit_is_refused_before_the_body() {
    let server = Server::echo();
    for length in [u64::MAX / 2, u64::from(u32::MAX) + 1, MEBIBYTE + 1] {
        let mut client = Client::connect(server.address);
        client.send(format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n"));
        check_too_large(&mut client);
    }
    server.stop();
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    for (framing, body) in [("Content-Length: 4", "body"), ("Transfer-Encoding: chunked", "4\r\nbody\r\n0\r\n\r\n")] {
        client.send(format!("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-Continue\r\n{framing}\r\n\r\n"));
        assert_eq!(client.response().status, 100);
        client.send(body);
        check_echo(&client.response(), b"body");
    }
    // There is nothing to go on with.
    client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n");
    check_echo(&client.response(), b"");
    // HTTP/1.0 knows no interim answers.
    client.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody");
    check_echo(&client.response(), b"body");
    server.stop();
}

#[test]
fn a_client_that_asks_first_is_refused_without_being_told_to_go_on() {
    let server = Server::echo();
    for line in ["Content-Length: 1048577", "Content-Length: 9223372036854775807"] {
        let mut client = Client::connect(server.address);
        client.send(format!("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n{line}\r\n\r\n"));
        check_too_large(&mut client);
    }
    let mut client = Client::connect(server.address);
    client.send("POST * HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    assert_eq!(client.response().status, 400);
    client.expect_end();
    assert_eq!(server.calls(), 0);
    server.stop();
}

/// A server whose workers give this answer to everything.
fn always(status: u16, headers: &[(header::HeaderName, &'static str)], body: Vec<u8>) -> Server {
    let headers = headers.to_vec();
    let body = bytes::Bytes::from(body);
    Builder::new(move |envelope| {
        let status = StatusCode::from_u16(status).unwrap();
        let mut answer = Answer::new(status, body.clone());
        for (name, value) in &headers {
            answer.append(name.clone(), HeaderValue::from_static(value)).unwrap();
        }
        envelope.replier.answer(answer);
    })
    .start()
}

#[test]
fn statuses_without_a_body_have_none_and_leave_the_connection_usable() {
    for status in [204, 304] {
        for body in ["", "a body nobody may see"] {
            let server = always(status, &[], body.into());
            let mut client = Client::connect(server.address);
            for _ in 0..3 {
                let response = client.get("/");
                assert_eq!((response.status, response.header("content-length")), (status, None));
            }
            server.stop();
        }
    }
}

#[test]
fn head_has_the_length_of_the_body_but_no_body() {
    let server = always(200, &[], bytes(300_000));
    let mut client = Client::connect(server.address);
    for _ in 0..3 {
        client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
        let response = client.response_without_body();
        assert_eq!((response.status, response.header("content-length")), (200, Some("300000")));
    }
    assert!(client.get("/").body == bytes(300_000));
    server.stop();
}

#[test]
fn a_worker_frames_no_bodies() {
    for (length, coding) in [("5", "chunked"), ("0", "gzip"), ("400", "identity"), ("-1", "x"), ("", "")] {
        let server = always(
            200,
            &[(header::CONTENT_LENGTH, length), (header::TRANSFER_ENCODING, coding), (header::CONTENT_LENGTH, "7")],
            b"a body".to_vec(),
        );
        let mut client = Client::connect(server.address);
        for _ in 0..2 {
            check_echo(&client.get("/"), b"a body");
        }
        client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
        let response = client.response_without_body();
        assert_eq!((response.header("content-length"), response.header("transfer-encoding")), (Some("6"), None));
        server.stop();
    }
}

/// The answer to HEAD may announce the length that GET would have, if it is one.
#[test]
fn head_announces_the_length_that_a_worker_knows() {
    for (lengths, expected) in [
        (&["12345"][..], Some("12345")),
        (&["0"], Some("0")),
        (&["+5"], None),
        (&["a"], None),
        (&[""], None),
        (&["5", "6"], None),
        (&["5, 5"], None),
        (&["99999999999999999999"], None),
    ] {
        let lengths: Vec<_> = lengths.iter().map(|length| (header::CONTENT_LENGTH, *length)).collect();
        let server = always(200, &lengths, Vec::new());
        let mut client = Client::connect(server.address);
        client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
        let response = client.response_without_body();
        assert_eq!((response.status, response.header("content-length")), (200, expected), "{lengths:?}");
        check_echo(&client.get("/"), b"");
        server.stop();
    }
}

#[test]
fn a_worker_can_close_the_connection() {
    let server = always(200, &[(header::CONNECTION, "close")], b"last".to_vec());
    let mut client = Client::connect(server.address);
    assert!(client.get("/").closes());
    client.expect_end();
    server.stop();
}

#[test]
fn a_client_that_reads_slowly_gets_everything() {
    let body = Arc::new(bytes(16 * LIMIT));
    let sent = Arc::clone(&body);
    let server = Builder::new(move |envelope| {
        envelope.replier.answer(answer(sent.to_vec()));
    })
    .start();
    let mut slow = Client::connect(server.address);
    slow.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    // More than the buffers of both sides hold: the server has to wait for this client, and serves others meanwhile.
    assert!(Client::connect(server.address).get("/").body == *body);
    assert!(slow.response().body == *body);
    server.stop();
}
