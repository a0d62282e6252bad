//! Requests hidden in others: what a proxy in front may have taken for a body is not worked on.

use std::time::Duration;

use super::{check, pipelined, row};
use crate::support::{Client, Server};

/// A request that must not reach a worker.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: test\r\n\r\n";
const GOOD: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// A POST request with these header lines and this body.
fn post(headers: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: test\r\n{headers}\r\n{body}")
}

#[test]
fn a_request_behind_a_refused_one_is_not_read() {
    check(&[
        row("behind a bad head", format!("GET / HTTP/1.1\r\nHost : a\r\n\r\n{HIDDEN}"), &[400]),
        row("behind a bad target", format!("GET * HTTP/1.1\r\nHost: a\r\n\r\n{HIDDEN}"), &[400]),
        row("behind a missing host", format!("GET / HTTP/1.1\r\n\r\n{HIDDEN}"), &[400]),
        row("behind CONNECT", format!("CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n{HIDDEN}"), &[501]),
        row(
            "behind too long a target",
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n{HIDDEN}", "a".repeat(40_000)),
            &[414],
        ),
        row("behind too many headers", format!("GET / HTTP/1.1\r\n{}\r\n{HIDDEN}", "A: b\r\n".repeat(200)), &[431]),
        row("as too large a body", post("Content-Length: 2000000\r\n", HIDDEN), &[413]),
        row(
            "behind a bad chunk",
            post("Transfer-Encoding: chunked\r\n", &format!("x\r\n\r\n0\r\n\r\n{HIDDEN}")),
            &[400],
        ),
        row(
            "behind an unknown coding",
            post("Transfer-Encoding: gzip, chunked\r\n", &format!("0\r\n\r\n{HIDDEN}")),
            &[501],
        ),
        row(
            "behind an expectation and too large a length",
            post("Content-Length: 2000000\r\nExpect: 100-continue\r\n", HIDDEN),
            &[413],
        ),
    ]);
}

#[test]
fn a_request_hidden_by_two_readings_of_a_length_is_not_read() {
    let chunks = |rest: &str| format!("0\r\n\r\n{rest}");
    let length = |body: &str, headers: &str| post(&format!("Content-Length: {}\r\n{headers}", body.len()), body);
    check(&[
        row("CL.TE", length(&chunks(HIDDEN), "Transfer-Encoding: chunked\r\n"), &[400]),
        row(
            "TE.CL",
            post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &format!("26\r\n{HIDDEN}\r\n0\r\n\r\n")),
            &[400],
        ),
        row(
            "TE.TE, a second line",
            length(&chunks(HIDDEN), "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"),
            &[400],
        ),
        row("TE.TE, a space before the colon", length(&chunks(HIDDEN), "Transfer-Encoding : chunked\r\n"), &[400]),
        row("TE.TE, a fold", length(&chunks(HIDDEN), "X: y\r\n Transfer-Encoding: chunked\r\n"), &[400]),
        row("TE.TE, a bare LF", length(&chunks(HIDDEN), "X: y\nTransfer-Encoding: chunked\r\n"), &[400]),
        row("TE.TE, a bare CR", length(&chunks(HIDDEN), "X: y\rTransfer-Encoding: chunked\r\n"), &[400]),
        row(
            "CL.0 by two lengths",
            post(&format!("Content-Length: 0\r\nContent-Length: {}\r\n", HIDDEN.len()), HIDDEN),
            &[400],
        ),
        row("a length of two numbers", post(&format!("Content-Length: 0, {}\r\n", HIDDEN.len()), HIDDEN), &[400]),
        row(
            "TE.0 in HTTP/1.0",
            format!(
                "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n{}",
                chunks(HIDDEN)
            ),
            &[400],
        ),
    ]);
}

#[test]
fn a_request_hidden_by_two_readings_of_a_chunk_is_not_read() {
    let chunked = |body: &str| post("Transfer-Encoding: chunked\r\n", body);
    check(&[
        row(
            "a LF that ends an extension for one",
            chunked(&format!("2;\nxx\r\n26\r\n0\r\n\r\n{HIDDEN}\r\n0\r\n\r\n")),
            &[400],
        ),
        row("a LF that ends a size for one", chunked(&format!("2\nxx\r\n0\r\n\r\n{HIDDEN}")), &[400]),
        row("a CR that ends an extension for one", chunked(&format!("2;\rxx\r\n0\r\n\r\n{HIDDEN}")), &[400]),
        row(
            "two bytes behind a chunk that are not looked at",
            chunked(&format!("4\r\nbodyXX26\r\n0\r\n\r\n{HIDDEN}")),
            &[400],
        ),
        row("a size that wraps to zero", chunked(&format!("10000000000000000\r\n\r\n{HIDDEN}")), &[400]),
        row("the largest size, and its LF", chunked(&format!("ffffffffffffffff\r\n\n0\r\n\r\n{HIDDEN}")), &[400, 413]),
        row("a trailer that is a length", chunked(&format!("0\r\nContent-Length: 38\n\r\n{HIDDEN}")), &[400]),
    ]);
}

#[test]
fn good_requests_before_a_bad_one_are_answered() {
    check(&[
        pipelined("a bad request line", format!("{GOOD}{GOOD}garbage\r\n\r\n{HIDDEN}"), 2, &[400]),
        pipelined("a bad header", format!("{GOOD}GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n{HIDDEN}"), 1, &[400]),
        pipelined(
            "two lengths",
            GOOD.to_owned() + &post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            1,
            &[400],
        ),
        pipelined(
            "a bad chunk",
            GOOD.to_owned() + &post("Transfer-Encoding: chunked\r\n", "4\r\nbody0\r\n\r\n"),
            1,
            &[400],
        ),
        pipelined("a bad target", format!("{GOOD}GET a HTTP/1.1\r\nHost: a\r\n\r\n{HIDDEN}"), 1, &[400]),
        pipelined(
            "more body than announced",
            post("Content-Length: 4\r\n", &format!("body0\r\n\r\n{HIDDEN}")),
            1,
            &[400],
        ),
        pipelined(
            "less body than announced",
            post("Content-Length: 40\r\n", &format!("{HIDDEN}XXGET / HTTP/1.1\r\n\r\n")),
            1,
            &[400],
        ),
        pipelined("a bare LF between requests", format!("{GOOD}\n{HIDDEN}"), 1, &[400]),
        pipelined("a line of space between requests", format!("{GOOD} \r\n{HIDDEN}"), 1, &[400]),
        pipelined("a NUL between requests", format!("{GOOD}\0{HIDDEN}"), 1, &[400]),
        pipelined("a body that nobody announced", format!("{GOOD}body\r\n{HIDDEN}"), 1, &[400]),
    ]);
}

/// What looks like a request within a body is a body.
#[test]
fn a_request_within_a_body_is_part_of_it() {
    let length = format!("Content-Length: {}\r\n", HIDDEN.len());
    let chunk = format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len());
    check(&[
        pipelined("by length", post(&length, HIDDEN) + "end\r\n\r\n", 1, &[400]),
        pipelined("by chunk", post("Transfer-Encoding: chunked\r\n", &chunk) + "end\r\n\r\n", 1, &[400]),
        pipelined("of GET", format!("GET / HTTP/1.1\r\nHost: test\r\n{length}\r\n{HIDDEN}end\r\n\r\n"), 1, &[400]),
        pipelined("of HEAD", format!("GET / HTTP/1.1\r\nHost: test\r\n{length}\r\n{HIDDEN}end\r\n\r\n"), 1, &[400]),
        pipelined(
            "behind a connection that closes",
            format!("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n{HIDDEN}"),
            1,
            &[super::SILENT],
        ),
    ]);
}

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
        (post("Content-Length: 2000000\r\n", ""), 413),
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
