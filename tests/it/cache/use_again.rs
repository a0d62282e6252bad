//! What a stored response is made into, how it is renewed, and how it goes.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Reply, Site};
use crate::support::{Client, Response, until};

/// Status, body and what the cache says.
fn seen(response: &Response) -> (u16, String, &str) {
    (response.status, response.text(), response.header("cache-status").unwrap_or_default())
}

#[test]
fn stored_responses_are_told_from_new_ones() {
    let site = Site::with("keep_tags: true");
    site.reply("/", Reply::new("Cache-Control: max-age=60\nCache-Tag: a\nConnection: x-hop\nX-Hop: 1\nX-Kept: 1"));
    let first = site.get("/", "");
    assert_eq!(seen(&first), (200, "1".to_owned(), "RoadRunner; fwd=uri-miss; stored"));
    assert_eq!(first.header("age"), None);
    site.pass(7);
    let second = site.get("/", "");
    assert_eq!(seen(&second), (200, "1".to_owned(), "RoadRunner; hit; ttl=53"));
    for (name, value) in [
        ("age", Some("7")),
        ("x-kept", Some("1")),
        ("x-hop", None),
        ("cache-tag", Some("a")),
        ("date", Some(&*Site::date(0))),
    ] {
        assert_eq!(second.header(name), value, "{name}");
    }
    site.server.stop();
}

#[test]
fn cookies_and_named_headers_are_for_the_first_client_alone() {
    let site = Site::new();
    site.reply(
        "/",
        Reply::new("Cache-Control: public, max-age=60, no-cache=\"x-user\"\nSet-Cookie: a=b\nX-User: me\nCache-Tag: t"),
    );
    let first = site.get("/", "");
    assert_eq!(
        (first.header("set-cookie"), first.header("x-user"), first.header("cache-tag")),
        (Some("a=b"), Some("me"), None)
    );
    let second = site.get("/", "");
    assert_eq!((second.header("set-cookie"), second.header("x-user"), second.header("cache-tag")), (None, None, None));
    assert_eq!(second.header("age"), Some("0"));
    site.server.stop();
}

#[test]
fn hosts_targets_and_variants_are_kept_apart() {
    let site = Site::new();
    site.reply("/a", Reply::new("Cache-Control: max-age=60\nVary: X-A"));
    for (target, lines, body) in [
        ("/a", "", "1"),
        ("/a?x", "", "2"),
        ("/a", "Host: b.test", "3"),
        ("/a", "X-A: 1", "4"),
        ("/a", "X-A: 2", "5"),
        ("/a", "Host: A.test:80", "1"),
        ("/a?x", "", "2"),
        ("/a", "Host: b.test", "3"),
        ("/a", "X-A: 1", "4"),
        ("/a", "X-A: 2", "5"),
    ] {
        assert_eq!(site.get(target, lines).text(), body, "{target} {lines}");
    }
    assert!(site.get("/a", "X-A: 3").header("cache-status").unwrap().contains("fwd=vary-miss"));
    site.server.stop();
}

#[test]
fn head_is_answered_by_what_get_has_stored() {
    let site = Site::new();
    site.reply("/", Reply::new("Cache-Control: max-age=60").body("hello"));
    let response = site.ask("HEAD", "/", "");
    assert!(response.header("cache-status").unwrap().contains("fwd="), "and does not store");
    site.get("/", "");
    let response = site.ask("HEAD", "/", "");
    assert_eq!(
        (response.status, response.header("content-length"), response.header("age")),
        (200, Some("5"), Some("0"))
    );
    assert_eq!(site.calls("/").iter().map(|call| call.method.as_str()).collect::<Vec<_>>(), ["HEAD", "GET"]);
    site.server.stop();
}

#[test]
fn clients_that_have_it_already_are_told_so() {
    let site = Site::new();
    site.reply("/", Reply::new("Cache-Control: max-age=60\nETag: \"e\"\nContent-Type: text/plain").body("hello"));
    let fetched = site.get("/", "If-None-Match: \"e\"");
    assert_eq!((fetched.status, fetched.text().as_str()), (304, ""), "the worker was asked for the whole of it");
    assert!(!site.calls("/")[0].headers.contains_key("if-none-match"));
    for (lines, status) in [
        ("If-None-Match: \"e\"", 304),
        ("If-None-Match: W/\"x\", W/\"e\"", 304),
        ("If-None-Match: *", 304),
        ("If-None-Match: \"x\"", 200),
        (&*format!("If-Modified-Since: {}", Site::date(0)), 304),
        (&*format!("If-Modified-Since: {}", Site::date(-1)), 200),
        (&*format!("If-None-Match: \"x\"\nIf-Modified-Since: {}", Site::date(0)), 200),
    ] {
        let response = site.get("/", lines);
        assert_eq!(response.status, status, "{lines}");
        assert_eq!(response.header("etag"), Some("\"e\""));
        assert_eq!(response.header("content-type"), (status == 200).then_some("text/plain"));
    }
    assert_eq!(site.calls("/").len(), 1);
    site.server.stop();
}

#[test]
fn parts_are_cut_from_what_is_stored() {
    let site = Site::new();
    site.reply("/", Reply::new("Cache-Control: max-age=60\nETag: \"e\"").body("0123456789"));
    assert!(site.get("/", "Range: bytes=0-1").header("cache-status").unwrap().contains("fwd=partial"));
    site.get("/", "");
    for (lines, status, body, range) in [
        ("Range: bytes=2-4", 206, "234", Some("bytes 2-4/10")),
        ("Range: bytes=-2", 206, "89", Some("bytes 8-9/10")),
        ("Range: bytes=8-", 206, "89", Some("bytes 8-9/10")),
        ("Range: bytes=10-", 416, "", Some("bytes */10")),
        ("Range: bytes=2-4\nIf-Range: \"e\"", 206, "234", Some("bytes 2-4/10")),
        ("Range: bytes=2-4\nIf-Range: \"x\"", 200, "0123456789", None),
        ("Range: bytes=2-4\nIf-None-Match: \"e\"", 304, "", None),
        ("Range: bytes=4-2", 200, "0123456789", None),
        ("Range: words=1-2", 200, "0123456789", None),
    ] {
        let response = site.get("/", lines);
        assert_eq!(
            (response.status, response.text().as_str(), response.header("content-range")),
            (status, body, range),
            "{lines}"
        );
        assert!(response.header("cache-status").unwrap().contains("hit"), "{lines}");
    }
    let calls = site.calls("/").len();
    assert!(site.get("/", "Range: bytes=0-1,3-4").header("cache-status").unwrap().contains("fwd=request"));
    assert!(site.get("/", "If-Match: \"e\"").header("cache-status").unwrap().contains("fwd=request"));
    assert_eq!(site.calls("/").len(), calls + 2);
    site.server.stop();
}

#[test]
fn a_check_renews_headers_and_time() {
    let site = Site::new();
    site.reply("/", Reply::new("Cache-Control: max-age=60\nETag: \"e\"\nX-A: old\nCache-Tag: t").body("body #"));
    site.get("/", "");
    site.pass(100);
    site.reply("/", Reply::new("Cache-Control: max-age=30\nETag: \"e\"\nX-A: new\nContent-Length: 99").body("body #"));
    let response = site.get("/", "");
    assert_eq!(seen(&response), (200, "body 1".to_owned(), "RoadRunner; fwd=stale; fwd-status=304; ttl=30; stored"));
    assert_eq!((response.header("x-a"), response.header("age")), (Some("new"), Some("0")));
    site.pass(29);
    let response = site.get("/", "If-None-Match: \"e\"");
    assert_eq!((response.status, response.header("age")), (304, Some("29")));
    site.pass(1);
    let response = site.get("/", "If-None-Match: \"x\"");
    assert_eq!((response.status, response.text().as_str()), (200, "body 1"), "its own tag was asked for");
    assert_eq!(site.calls("/")[2].headers["if-none-match"], "\"e\"");
    // It is another one by now.
    site.pass(100);
    site.reply("/", Reply::new("Cache-Control: max-age=60\nETag: \"f\"").body("body #"));
    assert_eq!(seen(&site.get("/", "")), (200, "body 4".to_owned(), "RoadRunner; fwd=stale; stored"));
    assert_eq!(site.get("/", "").text(), "body 4");
    // It must not be stored any more.
    site.pass(100);
    site.reply("/", Reply::new("Cache-Control: no-store\nETag: \"f\"").body("body #"));
    assert_eq!(site.get("/", "").text(), "body 4", "it is good still");
    assert_eq!(site.get("/", "").text(), "body 6");
    site.server.stop();
}

#[test]
fn stale_responses_stand_in_for_errors_if_they_may() {
    let site = Site::new();
    for (path, control) in [
        ("/may", "max-age=60, stale-if-error=600"),
        ("/not", "max-age=60"),
        ("/must", "max-age=60, stale-if-error=600, must-revalidate"),
    ] {
        site.reply(path, Reply::new(&format!("Cache-Control: {control}")));
        site.get(path, "");
        site.reply(path, Reply::new("").status(503));
    }
    site.pass(660);
    let response = site.get("/may", "");
    assert_eq!(
        seen(&response),
        (200, "1".to_owned(), "RoadRunner; fwd=stale; fwd-status=503; ttl=-600; detail=stale-if-error")
    );
    assert_eq!(site.get("/not", "").status, 503);
    assert_eq!(site.get("/must", "").status, 503);
    site.reply("/may", Reply::new("").status(404));
    assert_eq!(site.get("/may", "").status, 404, "that is an answer");
    site.reply("/may", Reply::new("").status(503));
    assert_eq!(site.get("/may", "").status, 503, "and it has taken the place");
    site.server.stop();
}

#[test]
fn a_stale_response_is_renewed_while_it_is_used() {
    let site = Site::new();
    site.reply("/", Reply::new("Cache-Control: max-age=60, stale-while-revalidate=600\nETag: \"e\"").body("body #"));
    site.get("/", "");
    site.pass(100);
    let response = site.ask("HEAD", "/", "");
    assert_eq!((response.status, response.header("age")), (200, Some("100")));
    until("a worker was asked", || site.calls("/").len() == 2);
    assert_eq!(
        (site.calls("/")[1].method.as_str(), &site.calls("/")[1].headers["if-none-match"]),
        ("GET", &"\"e\"".parse().unwrap())
    );
    until("it is renewed", || site.get("/", "").header("age") == Some("0"));
    site.reply("/", Reply::new("Cache-Control: max-age=60\nETag: \"f\"").body("body #"));
    site.pass(100);
    assert_eq!(site.get("/", "").text(), "body 1");
    until("it is another one", || site.get("/", "").text().starts_with("body 3"));
    assert_eq!(site.calls("/").len(), 3, "one asks at a time");
    site.server.stop();
}

/// Says at its end, even an early one, that it is over.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn each_renewal_asks_a_worker_once_however_many_look() {
    const ROUNDS: usize = 100;
    for control in ["max-age=60, stale-while-revalidate=600", "max-age=60"] {
        for etag in ["", "\nETag: \"e\""] {
            let site = Site::new();
            site.reply("/", Reply::new(&format!("Cache-Control: {control}{etag}")));
            site.get("/", "");
            let over = AtomicBool::new(false);
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        let mut client = Client::connect(site.server.address);
                        while !over.load(Ordering::SeqCst) {
                            client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
                            assert_eq!(client.response().status, 200);
                        }
                    });
                }
                let _over = Over(&over);
                for round in 1..=ROUNDS {
                    site.pass(100);
                    until("it is renewed", || site.get("/", "").header("age") == Some("0"));
                    assert_eq!(site.calls("/").len(), 1 + round, "{control}{etag}");
                }
            });
            site.server.stop();
        }
    }
}

#[test]
fn what_changes_a_target_removes_what_is_stored_of_it() {
    let site = Site::new();
    for path in ["/a", "/b", "/c"] {
        site.reply(path, Reply::new("Cache-Control: max-age=60"));
    }
    let is_stored = |path: &str| site.get(path, "Cache-Control: only-if-cached").status == 200;
    for (method, status, reply, kept) in [
        ("POST", 200, "", false),
        ("PUT", 302, "", false),
        ("DELETE", 404, "", true),
        ("POST", 500, "", true),
        ("OPTIONS", 200, "", true),
        ("POST", 201, "Location: /b", false),
        ("POST", 201, "Location: http://b.test/a", false),
    ] {
        site.get("/a", "");
        site.get("/b", "");
        site.reply("/a", Reply::new(reply).status(status));
        let response = site.ask(method, "/a", "Content-Length: 0");
        assert_eq!(seen(&response).2, "RoadRunner; fwd=method");
        site.reply("/a", Reply::new("Cache-Control: max-age=60"));
        assert_eq!(is_stored("/a"), kept, "{method} {status}");
        assert_eq!(is_stored("/b"), reply != "Location: /b", "{method} {reply}");
    }
    site.server.stop();
}

#[test]
fn some_may_purge() {
    let site = Site::with("purge_from: [127.0.0.1], tag_header: Surrogate-Key");
    site.reply("/a", Reply::new("Cache-Control: max-age=60\nSurrogate-Key: one two"));
    site.reply("/b", Reply::new("Cache-Control: max-age=60\nSurrogate-Key: two,three"));
    let fill = || (site.get("/a", ""), site.get("/b", ""));
    let stored = || ["/a", "/b"].map(|path| site.get(path, "Cache-Control: only-if-cached").status == 200);
    fill();
    assert_eq!(site.ask("PURGE", "/a", "").text(), "1\n");
    assert_eq!(stored(), [false, true]);
    fill();
    assert_eq!(site.ask("PURGE", "/", "Surrogate-Key: three").text(), "1\n");
    assert_eq!(stored(), [true, false]);
    fill();
    assert_eq!(site.ask("PURGE", "/", "Surrogate-Key: two none").text(), "2\n");
    assert_eq!(stored(), [false, false]);
    assert!(site.calls("/").is_empty());
    site.server.stop();

    let site = Site::with("purge_from: [10.0.0.0/8]");
    assert_eq!(site.ask("PURGE", "/", "").status, 403);
    site.server.stop();

    let site = Site::new();
    site.reply("/", Reply::new(""));
    assert_eq!(site.ask("PURGE", "/", "").status, 200);
    assert_eq!(site.calls("/")[0].method, "PURGE", "it is the application's");
    site.server.stop();
}

#[test]
fn routes_have_settings_of_their_own() {
    let site = Site::configured(
        "middleware: [cache], routes: [{prefix: /always, cache: {default_ttl: 10s, client_control: false, status: false}}, \
         {prefix: /never, middleware: []}, \
         {prefix: /stale, cache: {stale_while_revalidate: 10s}}, {prefix: /error, cache: {stale_if_error: 10s}}, \
         {prefix: /plain, cache: {control_headers: X-Cache}}, {prefix: /short, cache: {max_object_size: 1}}]",
    );
    site.reply("/always", Reply::new(""));
    assert_eq!(site.get("/always", "Cookie: a=b").text(), "1");
    assert_eq!(site.get("/always", "").text(), "2", "one with a cookie is not stored");
    let again = site.get("/always", "Cache-Control: no-cache");
    assert_eq!((again.text().as_str(), again.header("cache-status")), ("2", None));
    site.reply("/never", Reply::new("Cache-Control: max-age=60"));
    assert_eq!((site.get("/never", "").text(), site.get("/never", "").text()), ("1".to_owned(), "2".to_owned()));
    for path in ["/stale", "/error"] {
        site.reply(path, Reply::new("Cache-Control: max-age=60"));
        site.get(path, "");
    }
    site.reply("/error", Reply::new("").status(500));
    site.reply("/plain", Reply::new("Cache-Control: no-store\nCDN-Cache-Control: no-store\nX-Cache: max-age=60"));
    site.get("/plain", "");
    assert_eq!(site.get("/plain", "").text(), "1");
    let long = "x".repeat(1024 * 1024);
    site.reply("/short", Reply::new("Cache-Control: max-age=60").body(&long));
    site.get("/short", "");
    assert!(site.get("/short", "").header("age").is_some(), "as long as may be");
    site.reply("/short/er", Reply::new("Cache-Control: max-age=60").body(&(long + "x")));
    site.get("/short/er", "");
    assert!(site.get("/short/er", "").header("age").is_none(), "longer");
    site.pass(65);
    assert_eq!((site.get("/stale", "").text().as_str(), site.get("/error", "").text().as_str()), ("1", "1"));
    site.server.stop();
}
