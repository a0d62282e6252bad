//! What becomes of answers.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use roadrunner::handoff::flow;

use super::{BROWSER, Site, html, version, with};
use crate::support::Client;

/// Whether a page has the script.
fn has_script(text: &str) -> bool {
    text.contains("<script src=\"/.roadrunner/reload.js\" data-version=\"")
}

#[test]
fn pages_get_the_script_and_lose_what_is_not_true_of_them_any_more() {
    let headers = &[
        ("etag", "\"a\""),
        ("last-modified", "Mon, 02 Jan 2006 15:04:05 GMT"),
        ("cache-control", "max-age=60"),
        ("content-length", "26"),
        ("x-own", "kept"),
    ];
    let site = Site::page("", "<body><h1>Hi</h1></body>\r\n", headers);
    let response = site.get("/", BROWSER);
    let text = response.text();
    assert!(text.starts_with("<body><h1>Hi</h1><script ") && text.ends_with("</script></body>\r\n"), "{text}");
    for gone in ["etag", "last-modified"] {
        assert_eq!(response.header(gone), None, "{gone}");
    }
    assert_eq!(response.header("content-length"), Some(&*text.len().to_string()));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("x-own"), Some("kept"));
}

#[test]
fn only_those_who_open_a_page_get_it() {
    let site = Site::page("", "<body></body>", &[("etag", "\"a\"")]);
    for (lines, expected) in [
        (BROWSER, true),
        ("Accept: text/html\r\nSec-Fetch-Dest: iframe\r\n", true),
        ("Accept: text/html\r\n", true),
        ("Accept: text/html\r\nSec-Fetch-Dest: empty\r\n", false),
        ("Accept: text/html\r\nX-Requested-With: XMLHttpRequest\r\n", false),
        ("Accept: text/html\r\nHX-Request: true\r\nSec-Fetch-Dest: document\r\n", false),
        ("Accept: */*\r\n", false),
        ("", false),
    ] {
        let response = site.get("/", lines);
        assert_eq!((has_script(&response.text()), response.header("etag").is_none()), (expected, expected), "{lines}");
    }
    let mut client = Client::connect(site.address);
    client.send(format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n{BROWSER}\r\n"));
    assert!(!has_script(&client.response().text()));
}

#[test]
fn answers_that_are_no_pages_stay_as_they_are() {
    for (status, headers, expected) in [
        (200, &[][..], true),
        (404, &[][..], true),
        (500, &[][..], true),
        (302, &[("location", "/x")][..], false),
        (200, &[("content-type", "application/json")][..], false),
        (200, &[("content-type", "text/html; charset=utf-16le")][..], false),
        (200, &[("content-type", "Text/HTML")][..], true),
        (200, &[("content-encoding", "gzip")][..], false),
        (200, &[("content-disposition", "attachment; filename=a.html")][..], false),
        (200, &[("cache-control", "no-transform")][..], false),
        (404, &[("content-type", "text/plain")][..], false),
        (206, &[("content-range", "bytes 0-1/3")][..], false),
    ] {
        let site = Site::new("", move |_, envelope| {
            let status = StatusCode::from_u16(status).unwrap();
            envelope.replier.answer(with(status, Bytes::from_static(b"<p>a"), headers));
        });
        let response = site.get("/", BROWSER);
        assert_eq!((response.status, has_script(&response.text())), (status, expected), "{status} {headers:?}");
        assert!(expected || response.text() == "<p>a", "{}", response.text());
    }
}

#[test]
fn failures_in_plain_text_become_pages() {
    let site = Site::new("", |_, envelope| {
        // Without an answer, or with one.
        if envelope.request.head.uri.path() == "/text" {
            let status = StatusCode::BAD_GATEWAY;
            envelope.replier.answer(with(status, Bytes::from_static(b"<b>"), &[("content-type", "text/plain")]));
        }
    });
    for (path, status, text) in [("/", 500, "<pre>Internal Server Error\n</pre>"), ("/text", 502, "<pre>&lt;b></pre>")]
    {
        let response = site.get(path, BROWSER);
        assert_eq!((response.status, response.header("content-type")), (status, Some("text/html; charset=utf-8")));
        assert!(response.text().contains(text) && has_script(&response.text()), "{}", response.text());
    }
    assert_eq!(site.get("/", "").text(), "Internal Server Error\n");
}

#[test]
fn workers_are_asked_for_the_whole_page() {
    let site = Site::new("", |_, envelope| {
        let names: Vec<_> = envelope.request.head.headers.keys().map(ToString::to_string).collect();
        envelope.replier.answer(html(Bytes::from(names.join(" ")), &[]));
    });
    let lines =
        "Accept-Encoding: gzip\r\nRange: bytes=0-1\r\nIf-None-Match: \"a\"\r\nIf-Modified-Since: x\r\nX-A: 1\r\n";
    let page = site.get("/", &format!("{BROWSER}{lines}")).text();
    assert!(page.starts_with("host accept sec-fetch-dest x-a<script "), "{page}");
    assert!(site.get("/", lines).text().contains("if-none-match"));
}

#[test]
fn streamed_pages_get_it_behind_their_end() {
    let site = Site::new("http2: {h2c: true}", |seat, envelope| {
        let announced = envelope.request.head.uri.path() == "/announced";
        let (sink, source) = flow(seat, 1024);
        let headers: &[_] = if announced { &[("content-length", "8")] } else { &[] };
        envelope.replier.answer(html(source, headers));
        for piece in [b"<b>o", b"ne<b"] {
            sink.write(seat, piece, Duration::from_secs(60));
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("x-last", "1".parse().unwrap());
        sink.end((!announced).then_some(trailers));
    });
    for path in ["/", "/announced"] {
        let response = site.get(path, BROWSER);
        let text = response.text();
        assert!(text.starts_with("<b>one<b<script ") && text.ends_with("</script>"), "{text}");
        let length = (path != "/").then(|| text.len().to_string());
        assert_eq!(response.header("content-length"), length.as_deref());
    }
}

#[test]
fn pages_are_compressed_behind_it_and_layers_stand_around_it() {
    let site = Site::page(
        "middleware: [gzip, headers, basic_auth], gzip: {min_size: 1}, headers: {response: {X-A: b}}, \
         basic_auth: {users: {a: b}}, routes: [{prefix: /bare, middleware: []}]",
        "<body></body>",
        &[("content-security-policy", "script-src 'nonce-abc'")],
    );
    assert_eq!(site.get("/", BROWSER).status, 401);
    let lines = format!("{BROWSER}Authorization: Basic YTpi\r\n");
    let page = site.get("/", &lines);
    assert!(page.text().contains(" async nonce=\"abc\"></script></body>"), "{}", page.text());
    assert_eq!(page.header("x-a"), Some("b"));
    let compressed = site.get("/", &format!("{lines}Accept-Encoding: gzip\r\n"));
    assert_eq!(compressed.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&compressed.body[..]), &mut text).unwrap();
    assert_eq!(version(&text), version(&page.text()));
    assert!(has_script(&site.get("/bare", BROWSER).text()));
    // Nobody is asked for a password to listen.
    let (_client, told) = site.listen();
    assert_eq!(version(&told), version(&page.text()));
}
