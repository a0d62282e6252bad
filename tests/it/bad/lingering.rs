//! Bytes behind the last answer of a connection.

use std::time::Duration;

use crate::support::{Client, Server};

/// A request that must not reach a worker.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: test\r\n\r\n";

/// Bytes that come after the server's end would be answered by a reset, which may destroy the answer on its way.
#[test]
fn what_comes_after_the_last_answer_is_read_and_forgotten() {
    let server = Server::echo();
    let get = |headers: &str| format!("GET / HTTP/1.1\r\nHost: test\r\n{headers}\r\n");
    for (request, status) in [
        (get("Connection: close\r\n"), 200),
        (get("Connection: close, upgrade\r\nUpgrade: websocket\r\n"), 200),
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), 200),
        ("CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n".to_owned(), 501),
        (get("Host: test\r\n"), 400),
        (get("X-A : a\r\n"), 400),
        ("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2000000\r\n\r\n".to_owned(), 413),
    ] {
        let calls = server.calls();
        let mut client = Client::connect(server.address);
        client.send(&request);
        assert_eq!(client.response().status, status, "{request}");
        client.expect_end();
        for _ in 0..10 {
            client.try_send(HIDDEN.as_bytes()).unwrap_or_else(|error| panic!("{error} after {request}"));
            // Time for a reset to come back.
            std::thread::sleep(Duration::from_millis(2));
        }
        assert_eq!(server.calls() - calls, usize::from(status == 200));
    }
    server.stop();
}
