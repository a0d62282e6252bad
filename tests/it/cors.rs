//! Pages of other origins: what the Fetch standard has browsers ask and expect, row by row.

use std::sync::Arc;

use crate::{
    layers::configured,
    support::{Builder, Client, Response, Server, answer},
};

/// One origin, some methods and headers, with credentials.
const USUAL: &str = "allowed_origin: 'https://a.test, https://*.b.test', allowed_methods: 'GET,PUT,PATCH', \
                     allowed_headers: 'X-One, X-Two, Content-Type', allow_credentials: true, \
                     exposed_headers: 'X-Count, ETag', max_age: 600";
/// All that may be left open.
const OPEN: &str = "allowed_origin: '*', allowed_methods: '*', allowed_headers: '*', exposed_headers: '*', \
                    options_success_status: 204";
/// Credentials for everybody, which must not be.
const CARELESS: &str = "allowed_origin: '*', allow_credentials: true";
const EXPRESSION: &str =
    r"allowed_origin: '*', allowed_origin_regex: 'https://[a-z]+\.c\.test', allow_credentials: true";
const SANDBOXED: &str = "allowed_origin: ['null']";

/// Headers that an answer may have by CORS.
const SAID: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-allow-credentials",
    "access-control-max-age",
    "access-control-expose-headers",
];

/// A server with these settings, whose workers say that they were there.
fn server(cors: &str) -> Server {
    let mut builder = Builder::new(|envelope| {
        let mut answer = answer("php");
        for line in envelope.request.head.headers.get_all("x-say") {
            let (name, value) = line.to_str().unwrap().split_once('=').unwrap();
            answer.append(name.parse().unwrap(), value.parse().unwrap()).unwrap();
        }
        envelope.replier.answer(answer);
    });
    configured(&mut builder, &format!("middleware: [headers], headers: {{cors: {{{cors}}}}}"));
    builder.start()
}

fn asked(server: &Server, method: &str, lines: &[&str]) -> Response {
    let mut client = Client::connect(server.address);
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    client.send(format!("{method} / HTTP/1.1\r\nHost: test\r\n{lines}\r\n"));
    client.response()
}

/// What is said by CORS: values in the order of [`SAID`], `-` for those that are absent, those at the end left out.
fn said(response: &Response) -> String {
    let values: Vec<_> = SAID.iter().map(|name| response.header(name).unwrap_or("-")).collect();
    values.join(" | ").trim_end_matches(['-', ' ', '|']).to_owned()
}

/// The headers of a question: origin, method, names of headers.
fn question(origin: &str, method: &str, names: &str) -> Vec<String> {
    let mut lines = vec![format!("Origin: {origin}"), format!("Access-Control-Request-Method: {method}")];
    if !names.is_empty() {
        lines.push(format!("Access-Control-Request-Headers: {names}"));
    }
    lines
}

#[test]
fn questions_are_answered_without_a_worker() {
    for (cors, status, rows) in [
        (
            USUAL,
            200,
            &[
                // Origin, method, names of headers; what is said.
                ("https://a.test", "GET", "", "https://a.test | GET | - | true | 600"),
                ("https://a.test", "PUT", "", "https://a.test | PUT | - | true | 600"),
                ("https://a.test", "PATCH", "x-one", "https://a.test | PATCH | x-one | true | 600"),
                ("https://a.test", "PUT", "x-one,x-two", "https://a.test | PUT | x-one,x-two | true | 600"),
                (
                    "https://a.test",
                    "PUT",
                    "content-type, X-TWO",
                    "https://a.test | PUT | content-type, X-TWO | true | 600",
                ),
                ("https://a.test", "OPTIONS", "", "https://a.test | OPTIONS | - | true | 600"),
                ("https://x.b.test", "GET", "", "https://x.b.test | GET | - | true | 600"),
                ("https://y.x.b.test", "GET", "", "https://y.x.b.test | GET | - | true | 600"),
                ("HTTPS://A.test", "GET", "", "HTTPS://A.test | GET | - | true | 600"),
                // Methods are compared as they are written: a browser does not raise the letters of PATCH.
                ("https://a.test", "patch", "", ""),
                ("https://a.test", "DELETE", "", ""),
                ("https://a.test", "POST", "", ""),
                ("https://a.test", "*", "", ""),
                ("https://a.test", "PUT", "x-three", ""),
                ("https://a.test", "PUT", "x-one,x-three", ""),
                ("https://a.test", "PUT", "authorization", ""),
                ("https://a.test", "PUT", "*", ""),
                ("http://a.test", "GET", "", ""),
                ("https://a.test:8443", "GET", "", ""),
                ("https://b.test", "GET", "", ""),
                ("https://a.test.evil.test", "GET", "", ""),
                ("https://evil.test", "GET", "", ""),
                ("null", "GET", "", ""),
            ][..],
        ),
        (
            OPEN,
            204,
            &[
                ("https://any.test", "DELETE", "x-any, authorization", "* | DELETE | x-any, authorization"),
                ("http://localhost:5173", "chicken", "", "* | chicken"),
                ("null", "GET", "", "* | GET"),
            ],
        ),
        (
            CARELESS,
            200,
            &[
                ("https://any.test", "GET", "", "* | GET"),
                ("https://any.test", "POST", "content-type", "* | POST | content-type"),
                ("https://any.test", "POST", "authorization", ""),
                ("https://any.test", "PUT", "", ""),
            ],
        ),
        (
            EXPRESSION,
            200,
            &[
                ("https://x.c.test", "GET", "", "https://x.c.test | GET | - | true"),
                ("https://x.c.test.evil.test", "GET", "", ""),
                ("https://evil.test/https://x.c.test", "GET", "", ""),
                ("https://any.test", "GET", "", ""),
            ],
        ),
        (SANDBOXED, 200, &[("null", "GET", "", "null | GET"), ("https://a.test", "GET", "", "")]),
        // All as it is without settings.
        ("", 200, &[("https://any.test", "GET", "accept,x-requested-with", "* | GET | accept,x-requested-with")]),
    ] {
        let server = server(cors);
        for (origin, method, names, expected) in rows {
            let lines = question(origin, method, names);
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            let response = asked(&server, "OPTIONS", &lines);
            assert_eq!((response.status, &response.body[..]), (status, &b""[..]), "{lines:?}");
            assert_eq!(said(&response), *expected, "{cors}: {lines:?}");
            let vary = "origin, access-control-request-method, access-control-request-headers";
            assert_eq!(response.header("vary"), Some(vary));
        }
        assert_eq!(server.calls(), 0);
        server.stop();
    }
}

#[test]
fn other_requests_reach_the_worker_and_their_answers_say_who_may_read_them() {
    for (cors, rows) in [
        (
            USUAL,
            &[
                // Method, lines; what is said.
                ("GET", &["Origin: https://a.test"][..], "https://a.test | - | - | true | - | x-count, etag"),
                (
                    "PUT",
                    &["Origin: https://x.b.test", "Content-Length: 0"],
                    "https://x.b.test | - | - | true | - | x-count, etag",
                ),
                (
                    "PATCH",
                    &["Origin: https://a.test", "X-Three: 1"],
                    "https://a.test | - | - | true | - | x-count, etag",
                ),
                ("GET", &["Origin: https://evil.test"], ""),
                ("GET", &["Origin: http://a.test"], ""),
                ("GET", &["Origin: null"], ""),
                ("GET", &["Origin:"], ""),
                ("GET", &[], ""),
                // Simple for the standard, and not allowed here.
                ("POST", &["Origin: https://a.test", "Content-Length: 0"], ""),
                ("DELETE", &["Origin: https://a.test"], ""),
                ("GET", &["Origin: https://a.test", "Origin: https://a.test"], ""),
                // Questions of PHP's own.
                ("OPTIONS", &["Origin: https://a.test"], "https://a.test | - | - | true | - | x-count, etag"),
                ("OPTIONS", &["Origin: https://evil.test"], ""),
                ("OPTIONS", &[], ""),
                (
                    "OPTIONS",
                    &["Origin: https://a.test", "Access-Control-Request-Method:"],
                    "https://a.test | - | - | true | - | x-count, etag",
                ),
                (
                    "GET",
                    &["Origin: https://a.test", "Access-Control-Request-Method: PUT"],
                    "https://a.test | - | - | true | - | x-count, etag",
                ),
                // What PHP says of the same is replaced if the page may read, and stays if not.
                (
                    "GET",
                    &["Origin: https://a.test", "X-Say: access-control-allow-origin=*"],
                    "https://a.test | - | - | true | - | x-count, etag",
                ),
                (
                    "GET",
                    &["Origin: https://evil.test", "X-Say: access-control-allow-origin=https://own.test"],
                    "https://own.test",
                ),
            ][..],
        ),
        (
            OPEN,
            &[
                ("DELETE", &["Origin: https://any.test"], "* | - | - | - | - | *"),
                ("GET", &["Origin: null"], "* | - | - | - | - | *"),
                ("GET", &[], ""),
            ],
        ),
        (
            CARELESS,
            &[
                ("GET", &["Origin: https://any.test", "Cookie: a=b"], "*"),
                ("POST", &["Origin: https://any.test", "Content-Length: 0"], "*"),
            ],
        ),
        (
            EXPRESSION,
            &[
                ("GET", &["Origin: https://x.c.test"], "https://x.c.test | - | - | true"),
                ("GET", &["Origin: https://x.c.test.evil.test"], ""),
            ],
        ),
        (SANDBOXED, &[("GET", &["Origin: null"], "null")]),
    ] {
        let server = server(cors);
        for (method, lines, expected) in rows {
            let response = asked(&server, method, lines);
            assert_eq!((response.status, &response.body[..]), (200, &b"php"[..]), "{method} {lines:?}");
            assert_eq!(said(&response), *expected, "{cors}: {method} {lines:?}");
            assert_eq!(response.header("vary"), Some("origin"), "{method} {lines:?}");
        }
        assert_eq!(server.calls(), rows.len());
        server.stop();
    }
}

#[test]
fn vary_is_completed_and_other_headers_stay() {
    let mut builder = Builder::new(|envelope| {
        let mut answer = answer("php");
        answer.append("vary".parse().unwrap(), "Cookie, ORIGIN".parse().unwrap()).unwrap();
        envelope.replier.answer(answer);
    });
    configured(
        &mut builder,
        "middleware: [headers], headers: {response: {X-Out: 1, Referrer-Policy: origin}, security: strict, cors: {}}",
    );
    let server = builder.start();
    let response = asked(&server, "GET", &["Origin: https://a.test"]);
    assert_eq!(response.header("vary"), Some("Cookie, ORIGIN"));
    let question = asked(&server, "OPTIONS", &["Origin: https://a.test", "Access-Control-Request-Method: GET"]);
    for response in [response, question] {
        let expected = [
            ("access-control-allow-origin", Some("*")),
            ("x-out", Some("1")),
            ("referrer-policy", Some("origin")),
            ("x-content-type-options", Some("nosniff")),
            ("x-frame-options", Some("DENY")),
            ("strict-transport-security", None),
        ];
        for (name, value) in expected {
            assert_eq!(response.header(name), value, "{name}");
        }
    }
    server.stop();
}

#[test]
fn routes_may_be_open_to_others_than_the_rest() {
    let calls = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let mut builder = Builder::new(move |envelope| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        envelope.replier.answer(answer("php"));
    });
    configured(
        &mut builder,
        "middleware: [headers], headers: {cors: {allowed_origin: 'https://a.test', max_age: 7}}, \
         routes: [{prefix: /b, headers: {cors: {allowed_origin: 'https://b.test'}}}]",
    );
    let server = builder.start();
    let said = |path: &str, origin: &str| {
        let mut client = Client::connect(server.address);
        client.send(format!(
            "OPTIONS {path} HTTP/1.1\r\nHost: test\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: GET\r\n\r\n"
        ));
        said(&client.response())
    };
    assert_eq!(said("/", "https://a.test"), "https://a.test | GET | - | - | 7");
    assert_eq!(said("/", "https://b.test"), "");
    assert_eq!(said("/b", "https://b.test"), "https://b.test | GET | - | - | 7");
    assert_eq!(said("/b", "https://a.test"), "");
    assert_eq!(calls.load(std::sync::atomic::Ordering::SeqCst), 0);
    server.stop();
}

#[test]
fn settings_that_cannot_be_are_said() {
    for (cors, message) in [
        ("allowed_origin_regex: '('", "headers.cors.allowed_origin_regex is not a regular expression"),
        ("allowed_methods: 'GET,P T'", "headers.cors.allowed_methods has \"P T\", which is not a method"),
        ("allowed_headers: 'a b'", "headers.cors.allowed_headers has \"a b\""),
        ("options_success_status: 404", "headers.cors.options_success_status is 404"),
        ("max_age: soon", "headers.cors.max_age is"),
        ("allowed_origins: x", "headers.cors.allowed_origins"),
    ] {
        let text = format!("{{version: '3', http: {{middleware: [headers], headers: {{cors: {{{cors}}}}}}}}}");
        let problems = roadrunner::config::Config::parse(&text).unwrap_err().to_string();
        assert!(problems.contains(message), "{cors}: {problems}");
    }
}
