//! What a connection meets before it is served: limits, and the header of a proxy.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv6Addr, SocketAddr},
    num::NonZeroUsize,
    os::unix::net::UnixStream,
    path::PathBuf,
};

use roadrunner::net::Address;

use crate::support::{Builder, Client, Server, answer, until};

/// Workers that answer by the two ends of the connection.
fn builder() -> Builder {
    Builder::new(|envelope| {
        let peer = envelope.request.peer;
        envelope.replier.answer(answer(format!("{:?} {:?}", peer.remote, peer.local)));
    })
}

/// A server that expects the header of a proxy.
fn proxied() -> Server {
    let mut builder = builder();
    builder.config.http.listeners[0].endpoint.terms.proxy_protocol = true;
    builder.start()
}

fn ends(remote: &str, local: &str) -> String {
    let parse = |text: &str| Some(text.parse::<SocketAddr>().unwrap());
    format!("{:?} {:?}", parse(remote), parse(local))
}

/// A header of version 2 from 192.0.2.1:1000 to 198.51.100.2:443, with an addition.
fn binary() -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f".to_vec();
    header.extend([192, 0, 2, 1, 198, 51, 100, 2, 0x03, 0xe8, 0x01, 0xbb, 4, 0, 0]);
    header
}

const LINE: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n";

#[test]
fn a_proxy_says_whose_connection_it_is() {
    let server = proxied();
    for header in [LINE.to_vec(), binary()] {
        let mut client = Client::connect(server.address);
        // In one piece with the request, which stays unread until it is over.
        client.send([header.as_slice(), b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"].concat());
        let expected = ends("192.0.2.1:1000", "198.51.100.2:443");
        assert_eq!(client.response().body, expected.as_bytes());
        assert_eq!(client.get("/again").body, expected.as_bytes(), "for the whole connection");
    }
    server.stop();
}

#[test]
fn a_header_may_arrive_byte_by_byte() {
    let server = proxied();
    for header in [LINE.to_vec(), binary()] {
        let mut client = Client::connect(server.address);
        for byte in &header {
            client.send([*byte]);
        }
        assert_eq!(client.get("/").body, ends("192.0.2.1:1000", "198.51.100.2:443").as_bytes());
    }
    server.stop();
}

#[test]
fn a_proxy_may_speak_for_itself() {
    let server = proxied();
    for header in [b"PROXY UNKNOWN\r\n".as_slice(), b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let mut client = Client::connect(server.address);
        client.send(header);
        let text = String::from_utf8(client.get("/").body).unwrap();
        assert!(text.starts_with("Some(127.0.0.1:") && text.ends_with(&format!("Some({})", server.address)), "{text}");
    }
    server.stop();
}

#[test]
fn a_connection_without_a_header_is_closed() {
    let server = proxied();
    for wrong in
        [b"GET / HTTP/1.1\r\nHost: test\r\n\r\n".as_slice(), b"PROXY TCP4 ?\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\xff\0\0"]
    {
        let mut client = Client::connect(server.address);
        client.send(wrong);
        let end = client.responses();
        assert!(end.as_ref().is_ok_and(Vec::is_empty) || end.is_err_and(|e| e.kind() == ErrorKind::ConnectionReset));
    }
    let client = Client::connect(server.address);
    client.end_sending();
    until("a connection without a byte is closed", || !client.is_silent());
    assert_eq!(server.calls(), 0);
    server.stop();
}

#[test]
fn a_server_that_ends_does_not_wait_for_headers() {
    let server = proxied();
    let clients: Vec<_> = (0..3).map(|_| Client::connect(server.address)).collect();
    server.stop();
    drop(clients);
}

#[test]
fn without_being_told_to_expect_it_a_header_is_a_malformed_request() {
    let server = builder().start();
    for header in [LINE.to_vec(), binary()] {
        let mut client = Client::connect(server.address);
        client.send(header);
        assert_eq!(client.response().status, 400);
    }
    server.stop();
}

/// Opens connections until one is refused; those that were not are kept.
#[track_caller]
fn fill(kept: &mut Vec<Client>, connect: impl Fn() -> Client) -> u16 {
    for _ in 0..100 {
        let mut client = connect();
        client.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        let response = client.response();
        if response.status != 200 {
            assert!(response.closes(), "{response:?}");
            assert_eq!(response.header("retry-after"), Some("1"));
            client.expect_end();
            return response.status;
        }
        kept.push(client);
    }
    panic!("nobody is refused");
}

#[test]
fn no_more_connections_than_there_may_be() {
    let mut builder = builder();
    builder.config.http.connections.most = NonZeroUsize::new(5);
    let server = builder.start();
    let mut kept = Vec::new();
    assert_eq!(fill(&mut kept, || Client::connect(server.address)), 503);
    assert_eq!(kept.len(), 5);
    kept.clear();
    until("there is room again", || {
        let mut client = Client::connect(server.address);
        client.get("/").status == 200
    });
    server.stop();
}

#[test]
fn no_more_connections_of_one_address_than_it_may_have() {
    let mut builder = builder();
    builder.config.http.connections.per_address = 3;
    builder.config.http.listeners.push(SocketAddr::from(([127, 0, 0, 1], 0)).into());
    builder.config.http.listeners[1].endpoint.terms.proxy_protocol = true;
    let server = builder.start();
    let mut kept = Vec::new();
    assert_eq!(fill(&mut kept, || Client::connect(server.address)), 503);
    assert_eq!(kept.len(), 3);
    // That of the proxy does not count.
    let announced = |address: &'static str| {
        let server = &server;
        move || {
            let mut client = Client::connect(server.addresses[1].tcp().unwrap());
            client.send(format!("PROXY TCP6 {address} ::1 1 2\r\n"));
            client
        }
    };
    for address in ["2001:db8::1", "2001:db8:0:1::1"] {
        let mut kept = Vec::new();
        assert_eq!(fill(&mut kept, announced(address)), 503);
        assert_eq!(kept.len(), 3, "{address}");
    }
    let mut other = announced("2001:db8:0:2::1")();
    assert_eq!(other.get("/").status, 200);
    server.stop();
}

#[test]
fn both_protocols_and_a_unix_socket_are_served_at_once() {
    let path: PathBuf = std::env::temp_dir().join(format!("rr-it-{}.sock", std::process::id()));
    let mut builder = builder();
    builder.config.http.connections.per_address = 1;
    builder.config.http.listeners.push(SocketAddr::from((Ipv6Addr::LOCALHOST, 0)).into());
    builder.config.http.listeners.push(Address::Unix(path.clone()).into());
    let server = builder.start();
    assert!(Client::connect(server.address).get("/").body.starts_with(b"Some(127.0.0.1:"));
    assert!(Client::connect(server.addresses[1].tcp().unwrap()).get("/").body.starts_with(b"Some([::1]:"));
    for _ in 0..3 {
        let mut client = UnixStream::connect(&path).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("HTTP/1.1 200 ") && text.ends_with("None None"), "{text}");
    }
    server.stop();
    assert!(!path.exists());
}
