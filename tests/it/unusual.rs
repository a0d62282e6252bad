//! Requests that are rare, but right: they reach a worker as they are.

use std::fmt::Write as _;

use crate::support::{Builder, Client, Response, Server, answer};

/// A server that answers with what it got: the request line, the header lines in lower case, the body.
fn mirror() -> Server {
    Builder::new(|envelope| {
        let request = envelope.request;
        let head = &request.head;
        let mut text = format!("{} {} {:?}\n", head.method, head.uri, head.version).into_bytes();
        for (name, value) in &head.headers {
            text.extend_from_slice(format!("{name}: ").as_bytes());
            text.extend_from_slice(value.as_bytes());
            text.push(b'\n');
        }
        text.push(b'\n');
        text.extend_from_slice(&request.body);
        envelope.replier.answer(answer(text));
    })
    .start()
}

/// What a worker sees of `request`.
#[track_caller]
fn seen(request: &[u8]) -> Vec<u8> {
    let server = mirror();
    for size in [request.len(), 1] {
        let mut client = Client::connect(server.address);
        for piece in request.chunks(size) {
            client.send(piece);
        }
        let response = client.response();
        assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
        if size == 1 {
            server.stop();
            return response.body;
        }
    }
    unreachable!("the last size is 1");
}

#[track_caller]
fn check(request: impl AsRef<[u8]>, expected: impl AsRef<[u8]>) {
    let seen = seen(request.as_ref());
    assert_eq!(String::from_utf8_lossy(&seen), String::from_utf8_lossy(expected.as_ref()));
}

#[test]
fn an_absolute_target_passes_and_names_the_host() {
    check(
        "GET http://test:81/a?b HTTP/1.1\r\nHost: other\r\n\r\n",
        "GET http://test:81/a?b HTTP/1.1\nhost: test:81\n\n",
    );
    check("GET http://test HTTP/1.1\r\nHost: test\r\n\r\n", "GET http://test/ HTTP/1.1\nhost: test\n\n");
}

#[test]
fn unusual_methods_pass_as_they_are() {
    // `#` is allowed in a method, too, but a request line with one is refused: nobody needs it.
    for method in ["get", "Post", "TRACE", "PROPFIND", "M-SEARCH", "X", "!$%&'*+-.^_`|~"] {
        check(format!("{method} / HTTP/1.1\r\nHost: test\r\n\r\n"), format!("{method} / HTTP/1.1\nhost: test\n\n"));
    }
    check("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n", "OPTIONS * HTTP/1.1\nhost: test\n\n");
}

#[test]
fn unusual_paths_pass_as_they_are() {
    for target in [
        "//a",
        "/../a",
        "/./a/",
        "/a/%2e%2E/b",
        "/a%2fb",
        "/a%5cb",
        "/a%00b",
        "/%",
        "/%zz",
        "/a;b=c",
        "/*",
        "/?",
        "/?a?b",
        "/a:80",
        "/http://b",
        "/%23",
        "/a\\b",
        "/\"a\"",
        "/{a}|b^~",
        "/a+b?c+d=%20",
        "/\u{e9}",
        "/A%c3%A9?\u{e9}",
    ] {
        check(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"), format!("GET {target} HTTP/1.1\nhost: test\n\n"));
    }
}

#[test]
fn unusual_header_values_pass() {
    check("GET / HTTP/1.1\r\nHost: test\r\nX-A:\r\nX-B: \t \r\n\r\n", "GET / HTTP/1.1\nhost: test\nx-a: \nx-b: \n\n");
    check("GET / HTTP/1.1\r\nHost:test\r\nX-A:a\tb  c \t\r\n\r\n", "GET / HTTP/1.1\nhost: test\nx-a: a\tb  c\n\n");
    let high: Vec<u8> = (0x80..=0xff).collect();
    check(
        [b"GET / HTTP/1.1\r\nHost: test\r\nX-A: ", &high[..], b"\r\n\r\n"].concat(),
        [b"GET / HTTP/1.1\nhost: test\nx-a: ", &high[..], b"\n\n"].concat(),
    );
    check(
        // The underscore is allowed, too, but means that the header is dropped.
        "GET / HTTP/1.1\r\nHost: test\r\n!#$%&'*+-.^`|~0: a\r\n\r\n",
        "GET / HTTP/1.1\nhost: test\n!#$%&'*+-.^`|~0: a\n\n",
    );
}

#[test]
fn unusual_hosts_pass() {
    for host in ["", "test:8080", "test:", "[::1]:80", "127.0.0.1", "a_b.c-d.", "%41"] {
        check(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), format!("GET / HTTP/1.1\nhost: {host}\n\n"));
    }
    check("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\n\n");
}

#[test]
fn empty_lines_before_a_request_pass() {
    check("\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n", "GET / HTTP/1.1\nhost: test\n\n");
    check("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n", "GET / HTTP/1.1\nhost: test\n\n");
}

#[test]
fn unusual_lengths_pass() {
    let length = |value: &str| format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length:{value}\r\n\r\nbody");
    for value in ["4", " 4", "\t4 ", " 0000000000000000000000000000004"] {
        let expected = format!("POST / HTTP/1.1\nhost: test\ncontent-length: {}\n\nbody", value.trim());
        check(length(value), expected);
    }
    check(
        "GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody",
        "GET / HTTP/1.1\nhost: test\ncontent-length: 4\n\nbody",
    );
}

#[test]
fn chunk_extensions_and_trailers_pass_and_are_dropped() {
    let head = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: Chunked\r\n\r\n";
    let seen = "POST / HTTP/1.1\nhost: test\ntransfer-encoding: Chunked\n\n";
    for body in [
        "4\r\nbody\r\n0\r\n\r\n",
        "4;a\r\nbody\r\n0;b=c\r\n\r\n",
        "4 ; a=\"b;c\"\r\nbody\r\n0\r\n\r\n",
        "00004\r\nbody\r\n000\r\n\r\n",
        "1\r\nb\r\n3;x\r\nody\r\n0\r\n\r\n",
        "4\r\nbody\r\n0\r\nX-A: a\r\nX-B:\r\n\r\n",
        "4\r\nbody\r\n0\r\nContent-Length: 99\r\nHost: other\r\nTransfer-Encoding: gzip\r\n\r\n",
    ] {
        check(head.to_owned() + body, seen.to_owned() + "body");
    }
}

/// A head of exactly `length` bytes.
fn head_of(length: usize) -> String {
    let head = "GET / HTTP/1.1\r\nHost: test\r\nX-A: ";
    format!("{head}{}\r\n\r\n", "a".repeat(length - head.len() - 4))
}

#[test]
fn heads_at_their_bounds_pass() {
    let server = mirror();
    let get = |request: &str| -> Response {
        let mut client = Client::connect(server.address);
        client.send(request);
        client.response()
    };
    assert_eq!(get(&head_of(64 * 1024)).status, 200);
    assert_eq!(get(&head_of(64 * 1024 + 1)).status, 431);
    let target = "a".repeat(32 * 1024 - 1);
    assert_eq!(get(&format!("GET /{target} HTTP/1.1\r\nHost: test\r\n\r\n")).status, 200);
    assert_eq!(get(&format!("GET /{target}a HTTP/1.1\r\nHost: test\r\n\r\n")).status, 414);
    let mut headers = String::new();
    for number in 1..100 {
        write!(headers, "X-{number}: a\r\n").unwrap();
    }
    assert_eq!(get(&format!("GET / HTTP/1.1\r\nHost: test\r\n{headers}\r\n")).status, 200);
    assert_eq!(get(&format!("GET / HTTP/1.1\r\nHost: test\r\n{headers}X: a\r\n\r\n")).status, 431);
    server.stop();
}

#[test]
fn a_connection_lives_as_long_as_the_client_asked() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(client.response().status, 200);
    client.expect_end();

    let mut client = Client::connect(server.address);
    for _ in 0..2 {
        client.send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
        assert_eq!(client.response().header("connection"), Some("keep-alive"));
    }
    client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: x, Close\r\n\r\n");
    assert!(client.response().closes());
    client.expect_end();

    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_eq!(client.response().status, 200);
    assert_eq!(client.get("/").status, 200);
    server.stop();
}
