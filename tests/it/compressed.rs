//! Compressed bodies of requests.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use http::header;
use roadrunner::http::MEBIBYTE;

use crate::support::{Builder, Client, Response, Server, answer};

const LIMIT: usize = MEBIBYTE as usize;

/// A server that answers with the body and the headers that speak of it.
fn server(enabled: bool) -> Server {
    let mut builder = Builder::new(|envelope| {
        let mut answered = answer(envelope.request.body.clone());
        for name in [header::CONTENT_ENCODING, header::CONTENT_LENGTH] {
            if let Some(value) = envelope.request.head.headers.get(&name) {
                answered.append(header::HeaderName::try_from(format!("x-{name}")).unwrap(), value.clone()).unwrap();
            }
        }
        envelope.replier.answer(answered);
    });
    builder.config.http.decode.enabled = enabled;
    builder.start()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
    brotli::BrotliCompress(&mut &body[..], &mut encoded, &params).unwrap();
    encoded
}

fn zstd(body: &[u8]) -> Vec<u8> {
    zstd::encode_all(body, 3).unwrap()
}

#[track_caller]
fn post(client: &mut Client, headers: &str, body: &[u8]) -> Response {
    let length = body.len();
    client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{headers}\r\n"));
    client.send(body);
    client.response()
}

#[test]
fn bodies_are_decompressed_where_that_is_asked_for() {
    let (on, off) = (server(true), server(false));
    let (mut asked, mut not_asked) = (Client::connect(on.address), Client::connect(off.address));
    let body: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    type Encode = fn(&[u8]) -> Vec<u8>;
    let codings: [(&str, Encode); 3] = [("gzip", gzip), ("br", brotli), ("zstd", zstd)];
    for (coding, encode) in codings {
        let encoded = encode(&body);
        let headers = format!("Content-Encoding: {coding}\r\n");
        let response = post(&mut asked, &headers, &encoded);
        assert_eq!((response.status, response.header("x-content-encoding")), (200, None), "{coding}");
        assert!(response.body == body && response.header("x-content-length").is_none(), "{coding}");
        let response = post(&mut not_asked, &headers, &encoded);
        assert_eq!((response.status, response.header("x-content-encoding")), (200, Some(coding)));
        assert!(response.body == encoded, "{coding}");
    }
    // The connections are still in step.
    assert_eq!(post(&mut asked, "", b"plain").text(), "plain");
    on.stop();
    off.stop();
}

#[test]
fn what_cannot_be_decompressed_is_refused() {
    let server = server(true);
    let whole = gzip(b"some text");
    for (coding, body, status) in [
        ("gzip, gzip", &whole[..], 415),
        ("compress", &whole, 415),
        ("gzip", &whole[..whole.len() - 1], 400),
        ("gzip", b"no gzip", 400),
        ("br", b"\xff\xff\xff\xff", 400),
    ] {
        let response = post(&mut Client::connect(server.address), &format!("Content-Encoding: {coding}\r\n"), body);
        assert_eq!((response.status, response.closes()), (status, true), "{coding}");
        let offered = (status == 415).then_some("gzip, deflate, br, zstd");
        assert_eq!(response.header("accept-encoding"), offered, "{coding}");
    }
    assert_eq!(server.calls(), 0);
    server.stop();
}

#[test]
fn bombs_are_refused_and_bounds_hold_for_what_is_decompressed() {
    let server = server(true);
    let (fits, over) = (vec![b'x'; LIMIT], vec![b'x'; LIMIT + 1]);
    for (body, status) in [(fits, 200), (over, 413), (vec![0; 100 * LIMIT], 413)] {
        for encoded in [gzip(&body), brotli(&body), zstd(&body)] {
            let coding = match encoded[0] {
                0x1f => "gzip",
                0x28 => "zstd",
                _ => "br",
            };
            let headers = format!("Content-Encoding: {coding}\r\n");
            let response = post(&mut Client::connect(server.address), &headers, &encoded);
            assert_eq!(response.status, status, "{coding}: {} bytes made of {}", body.len(), encoded.len());
            assert!(status != 200 || response.body == body);
        }
    }
    assert_eq!(server.calls(), 3);
    server.stop();
}

#[test]
fn a_bomb_that_goes_on_is_answered_before_it_ends() {
    let server = server(true);
    let bomb = gzip(&vec![0; 16 * LIMIT]);
    let mut client = Client::connect(server.address);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(format!("{:x}\r\n", bomb.len()));
    client.send(&bomb);
    client.send("\r\n");
    assert_eq!(client.response().status, 413);
    server.stop();
}
