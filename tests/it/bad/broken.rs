//! Requests that end before they are whole.

use crate::support::{Client, Server};

/// Sends `bytes` and then the end of the stream.
#[track_caller]
fn check_broken(server: &Server, what: &str, bytes: &[u8]) {
    let mut client = Client::connect(server.address);
    client.send(bytes);
    client.end_sending();
    let responses = client.responses().unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(responses.iter().all(|response| response.status == 400), "{what}: {responses:?}");
    assert_eq!(server.calls(), 0, "{what}");
}

#[test]
fn a_request_that_breaks_off_never_reaches_a_worker() {
    let server = Server::echo();
    let heads: [(&str, &[u8]); 8] = [
        ("nothing", b""),
        ("in the request line", b"GET / HT"),
        ("in the headers", b"GET / HTTP/1.1\r\nHost: te"),
        ("before the last line end", b"GET / HTTP/1.1\r\nHost: test\r\n\r"),
        ("before the body", b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n"),
        ("in the body", b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbod"),
        ("in a chunk", b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbo"),
        (
            "before the last chunk",
            b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n",
        ),
    ];
    for (what, bytes) in heads {
        check_broken(&server, what, bytes);
    }
    server.stop();
}
