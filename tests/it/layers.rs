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

#[test]
fn requests_are_named_for_both_sides() {
    let server = mirror("middleware: [request_id]");
    let (response, body) = get(&server, "/", "X-Request-Id: forged\r\n");
    let id = response.header("x-request-id").unwrap();
    assert!(id.len() == 32 && body == format!("host: a.test\nx-request-id: {id}\n"), "{body}");
    assert_ne!(get(&server, "/", "").0.header("x-request-id"), Some(id));
    server.stop();

    let server = mirror("middleware: [request_id], request_id: {trust: true, header: X-Trace}");
    assert_eq!(get(&server, "/", "X-Trace: known\r\n").0.header("x-trace"), Some("known"));
    for unfit in ["", "a b", &"x".repeat(129)] {
        let id = get(&server, "/", &format!("X-Trace: {unfit}\r\n")).0.header("x-trace").unwrap().to_owned();
        assert_eq!(id.len(), 32, "{unfit}");
    }
    server.stop();
}

#[test]
fn nobody_comes_in_without_a_password() {
    let server = mirror(
        "routes: [{prefix: /in, middleware: [basic_auth], basic_auth: {realm: Inside, users: {a: 'p:w', \
         b: '$2y$05$K659/NPgcjLUcB1GfMfayemDTLUzfns1PwACXkPKs6Na8A1MSNcmK'}}}]",
    );
    let asked = |path: &str, credentials: &str| {
        let (response, _) = get(&server, path, &format!("Authorization: Basic {credentials}\r\n"));
        (response.status, response.header("www-authenticate").map(str::to_owned))
    };
    let refused = (401, Some("Basic realm=\"Inside\", charset=\"UTF-8\"".to_owned()));
    assert_eq!(asked("/out", ""), (200, None));
    assert_eq!(asked("/in", ""), refused);
    assert_eq!(asked("/in/x", "YTpwOnc="), (200, None), "a:p:w");
    assert_eq!(asked("/in", "YTpwOng="), refused, "a:p:x");
    assert_eq!(asked("/in", "YjpwOnc="), (200, None), "b:p:w");
    assert_eq!(asked("/in", "YjpwOnc="), (200, None), "b:p:w, known by now");
    assert_eq!(asked("/in", "YjpwOng="), refused, "b:p:x");
    assert_eq!(asked("/in", "YzpwOnc="), refused, "c:p:w");
    assert_eq!(asked("/x/../%69n/y", ""), refused, "another way to write it");
    server.stop();
}

#[test]
fn an_answer_that_does_not_come_in_time_is_given_up() {
    let (told, abandoned) = crossbeam_channel::bounded(1);
    let mut builder = Builder::new(move |envelope| {
        if envelope.request.head.uri.path() == "/slow" {
            while !envelope.replier.is_abandoned() {
                std::thread::yield_now();
            }
            told.send(()).unwrap();
        }
        envelope.replier.answer(answer("done"));
    });
    configured(&mut builder, "middleware: [timeout], timeout: {after: 200ms}");
    let server = builder.workers(1).start();
    let mut client = Client::connect(server.address);
    client.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.response().status, 504);
    abandoned.recv_timeout(crate::support::PATIENCE).unwrap();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    let response = client.response();
    assert_eq!((response.status, &response.body[..]), (200, &b"done"[..]), "on the same connection");
    server.stop();
}

#[test]
fn requests_under_way_are_bounded_and_others_wait_if_they_may() {
    let gate = std::sync::Arc::new(crate::support::Gate::default());
    let inside = std::sync::Arc::clone(&gate);
    let mut builder = Builder::new(move |envelope| {
        if envelope.request.head.uri.path() != "/free" {
            inside.pass();
        }
        envelope.replier.answer(answer("done"));
    });
    configured(
        &mut builder,
        "routes: [{prefix: /one, middleware: [limit], limit: {concurrency: 1}}, \
         {prefix: /wait, middleware: [limit], limit: {concurrency: 1, wait: 60s}}]",
    );
    let server = builder.workers(3).start();
    let begin = |path: &str| {
        let mut client = Client::connect(server.address);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        client
    };
    let mut first = begin("/one");
    gate.wait_for(1);
    let response = begin("/one").response();
    assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
    assert_eq!(begin("/free").response().status, 200, "no other route is concerned");
    let mut second = begin("/wait");
    gate.wait_for(2);
    let mut third = begin("/wait");
    gate.open();
    for client in [&mut first, &mut second, &mut third] {
        assert_eq!(client.response().status, 200);
    }
    assert_eq!(begin("/one").response().status, 200, "the place is free again");
    server.stop();
}

#[test]
fn clients_make_as_many_requests_as_they_may() {
    let server = mirror("middleware: [rate_limit], rate_limit: {requests: 5, per: 1h, key: header}");
    let status = |lines: &str| {
        let (response, _) = get(&server, "/", lines);
        if response.status == 429 {
            let seconds: u32 = response.header("retry-after").unwrap().parse().unwrap();
            assert!((600..=720).contains(&seconds), "{seconds}: one in twelve minutes");
            assert_eq!(response.header("ratelimit-limit"), Some("5"));
        }
        response.status
    };
    for key in ["X-Api-Key: a\r\n", "X-Api-Key: b\r\n", ""] {
        let statuses: Vec<_> = (0..7).map(|_| status(key)).collect();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429], "{key}");
    }
    server.stop();
}
