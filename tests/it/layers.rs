//! What stands before the workers: middleware, by route and in its order.

use roadrunner::config::Config;

use crate::support::{Builder, Client, Server, answer};

/// Reads section `http`, beside an address.
pub fn configured(builder: &mut Builder, http: &str) {
    let text = format!("{{version: '3', http: {{address: '127.0.0.1:0', {http}}}}}");
    builder.config.http = Config { ..Config::parse(&text).unwrap() }.http;
}

/// A server that answers with the request's headers, one `name: value` per line, and a header of its own.
fn mirror(http: &str) -> Server {
    let mut builder = Builder::new(|envelope| {
        let headers = &envelope.request.head.headers;
        let lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect();
        let mut answer = answer(lines.concat());
        answer.append("x-own".parse().unwrap(), "php".parse().unwrap()).unwrap();
        envelope.replier.answer(answer);
    });
    configured(&mut builder, http);
    builder.start()
}

/// The response to a request for `path` with these header lines.
fn get(server: &Server, path: &str, lines: &str) -> (crate::support::Response, String) {
    let mut client = Client::connect(server.address);
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n{lines}\r\n"));
    let response = client.response();
    let body = String::from_utf8(response.body.clone()).unwrap();
    (response, body)
}

#[test]
fn headers_are_set_on_both_ways_and_taken_away() {
    let server = mirror(
        "middleware: [headers], headers: {request: {X-In: one, X-Gone: ''}, response: {X-Out: two, X-Own: '', Date: x}}",
    );
    let (response, body) = get(&server, "/", "X-In: forged\r\nX-In: twice\r\nX-Gone: secret\r\nX-Kept: 1\r\n");
    assert_eq!(body, "host: a.test\nx-kept: 1\nx-in: one\n");
    assert_eq!(response.header("x-out"), Some("two"));
    assert_eq!(response.header("x-own"), None);
    assert_eq!(response.header("date"), Some("x"));
    server.stop();
}

#[test]
fn layers_do_nothing_unless_they_are_named() {
    let server = mirror("headers: {request: {X-In: one}, response: {X-Out: two}}");
    let (response, body) = get(&server, "/", "");
    assert_eq!((body.as_str(), response.header("x-out")), ("host: a.test\n", None));
    server.stop();
}

#[test]
fn routes_have_layers_of_their_own_and_share_what_they_do_not_say() {
    let server = mirror(
        "middleware: [headers], headers: {response: {X-Out: all}}, routes: [\
         {prefix: /api, headers: {response: {X-Out: api}}}, {prefix: /bare, middleware: []}, \
         {prefix: /, host: '*.a.test', headers: {request: {X-In: sub}}}]",
    );
    let out = |path: &str| get(&server, path, "").0.header("x-out").map(str::to_owned);
    assert_eq!(out("/").as_deref(), Some("all"));
    assert_eq!(out("/apis").as_deref(), Some("all"));
    assert_eq!(out("/api").as_deref(), Some("api"));
    assert_eq!(out("/%61pi/x?y").as_deref(), Some("api"));
    assert_eq!(out("/bare/"), None);
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: b.a.test:80\r\n\r\n");
    let response = client.response();
    assert!(response.body.ends_with(b"x-in: sub\n"));
    assert_eq!(response.header("x-out"), Some("all"));
    server.stop();
}

#[test]
fn bodies_and_kept_connections_pass_through_layers() {
    let mut builder = Builder::new(|envelope| {
        let body = envelope.request.body.clone();
        envelope.replier.answer(answer(body));
    });
    configured(&mut builder, "middleware: [headers], headers: {response: {X-Out: two}}");
    let server = builder.start();
    let mut client = Client::connect(server.address);
    for _ in 0..3 {
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
        let response = client.response();
        assert_eq!((response.status, &response.body[..], response.header("x-out")), (200, &b"hello"[..], Some("two")));
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        assert_eq!(client.response().body, b"");
    }
    server.stop();
}
