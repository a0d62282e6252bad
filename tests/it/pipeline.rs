//! Several requests on one connection.

use std::sync::Arc;

use crate::support::{Builder, Client, Gate, Server, answer};

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Builder::new(|envelope| {
        let target = envelope.request.head.uri.to_string();
        envelope.replier.answer(answer(target));
    })
    .start();
    let mut client = Client::connect(server.address);
    let requests: String = (0..10).map(|number| format!("GET /{number} HTTP/1.1\r\nHost: test\r\n\r\n")).collect();
    client.send(requests);
    for number in 0..10 {
        assert_eq!(client.response().body, format!("/{number}").into_bytes());
    }
    assert_eq!(client.get("/last").body, b"/last");
    server.stop();
}

#[test]
fn pipelined_requests_with_bodies_are_answered_in_order() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    let post = |headers: &str, body: &str| format!("POST / HTTP/1.1\r\nHost: test\r\n{headers}\r\n{body}");
    client.send(post("Content-Length: 3\r\n", "one"));
    client.send(
        post("Transfer-Encoding: chunked\r\n", "3\r\ntwo\r\n0\r\n\r\n") + &post("Content-Length: 5\r\n", "three"),
    );
    client.send(
        post("", "") + &post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n") + &post("Content-Length: 3\r\n", "six"),
    );
    for body in ["one", "two", "three", "", "", "six"] {
        assert_eq!(String::from_utf8(client.response().body).unwrap(), body);
    }
    server.stop();
}

/// A client that has sent the start of its next request, or a line end too many, gets its answer all the same.
#[test]
fn an_answer_does_not_wait_for_what_follows_its_request() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\none\r\n");
    assert_eq!(client.response().body, b"one");
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\ntwoPOST / HTTP/1.1\r\nHo");
    assert_eq!(client.response().body, b"two");
    client.send("st: test\r\nContent-Length: 5\r\n\r\nthr");
    client.send("ee");
    assert_eq!(client.response().body, b"three");
    server.stop();
}

#[test]
fn an_answer_does_not_wait_for_those_behind_it() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let server = Builder::new(move |envelope| {
        if envelope.request.head.uri == "/held" {
            held.pass();
        }
        let target = envelope.request.head.uri.to_string();
        envelope.replier.answer(answer(target));
    })
    .start();
    let mut client = Client::connect(server.address);
    let get = |target| format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
    client.send(get("/first") + &get("/held") + &get("/last"));
    assert_eq!(client.response().body, b"/first");
    gate.wait_for(1);
    gate.open();
    assert_eq!(client.response().body, b"/held");
    assert_eq!(client.response().body, b"/last");
    server.stop();
}

#[test]
fn a_refusal_of_what_cannot_be_parsed_arrives() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/9.9\r\nHost: test\r\n\r\n");
    assert_eq!(client.response().status, 400);
    client.expect_end();
    server.stop();
}
