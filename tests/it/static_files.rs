//! Middleware `static`: which file answers which request, and with which headers.

use std::{
    fs,
    os::unix::fs::symlink,
    time::{Duration, SystemTime},
};

use crate::{
    static_attacks::{Site, write},
    support::{Client, Response},
};

const FILES: &[(&str, &str)] = &[
    ("public/a.txt", "text"),
    ("public/app.js", "let a;"),
    ("public/README", "no ending"),
    ("public/docs/index.html", "<p>docs"),
    ("public/bare/b.txt", "bare"),
    ("public/build/app.4f.js", "let b;"),
    ("public/index.html", "<p>home"),
    ("public/.well-known/security.txt", "contact"),
    ("public/.well-known/acme-challenge/token", "proof"),
    ("elsewhere/c.txt", "linked"),
];

pub fn ask(site: &Site, method: &str, path: &str, lines: &str) -> Response {
    let mut client = Client::connect(site.address);
    client.send(format!("{method} {path} HTTP/1.1\r\nHost: a.test\r\n{lines}\r\n"));
    if method == "HEAD" { client.response_without_body() } else { client.response() }
}

pub fn body(site: &Site, path: &str, lines: &str) -> String {
    String::from_utf8(ask(site, "GET", path, lines).body).unwrap()
}

#[test]
fn files_answer_before_php_does_and_what_there_is_none_for_goes_on() {
    let site = Site::new("response: {X-Static: 'yes', Etag: ''}", FILES);
    let response = ask(&site, "GET", "/a.txt?v=1", "");
    assert_eq!((response.status, &response.body[..]), (200, &b"text"[..]));
    assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(response.header("x-static"), Some("yes"));
    assert_eq!(response.header("etag"), None);
    let response = ask(&site, "HEAD", "/a.txt", "");
    assert_eq!((response.status, response.header("content-length")), (200, Some("4")));
    for (path, expected) in [
        ("/README", "php:/README"),
        ("/none.txt", "php:/none.txt"),
        ("/docs", "php:/docs"),
        ("/docs/", "php:/docs/"),
        ("/", "php:/"),
        ("/docs/index.html", "<p>docs"),
        ("/.well-known/security.txt", "contact"),
        ("/.well-known/acme-challenge/token", "proof"),
    ] {
        assert_eq!(body(&site, path, ""), expected, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        assert_eq!(ask(&site, method, "/a.txt", "Content-Length: 0\r\n").body, b"php:/a.txt", "{method}");
    }
    site.stop();
}

#[test]
fn endings_decide_what_is_sent() {
    let site = Site::new("forbid: ['.txt']", FILES);
    assert_eq!(body(&site, "/a.txt", ""), "php:/a.txt");
    assert_eq!(body(&site, "/app.js", ""), "let a;");
    site.stop();
    let site = Site::new("allow: [js, .Html]", FILES);
    assert_eq!(body(&site, "/a.txt", ""), "php:/a.txt");
    assert_eq!(body(&site, "/app.js", ""), "let a;");
    assert_eq!(body(&site, "/index.html", ""), "<p>home");
    site.stop();
}

#[test]
fn directories_answer_with_what_is_named_for_them_or_a_list() {
    let site = Site::new("index: [index.htm, index.html], listing: true", FILES);
    assert_eq!(body(&site, "/", ""), "<p>home");
    assert_eq!(body(&site, "/docs/", ""), "<p>docs");
    let response = ask(&site, "GET", "//docs?a=b", "");
    assert_eq!((response.status, response.header("location")), (301, Some("/docs/?a=b")));
    let response = ask(&site, "GET", "/bare/", "");
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"));
    let page = String::from_utf8(response.body).unwrap();
    assert!(page.contains("<a href=\"./b.txt\">b.txt</a>") && page.contains("../"), "{page}");
    assert_eq!(body(&site, "/README", ""), "php:/README", "not a directory");
    assert_eq!(body(&site, "/none/", ""), "php:/none/");
    site.stop();
    let site = Site::new("index: [index.html]", FILES);
    assert_eq!(body(&site, "/bare", ""), "php:/bare", "it has no page: the application may have a route");
    assert_eq!(body(&site, "/bare/", ""), "php:/bare/");
    assert_eq!(ask(&site, "GET", "/docs", "").status, 301);
    site.stop();
}

#[test]
fn a_page_answers_where_there_is_no_file_if_html_is_asked_for() {
    let site = Site::new("fallback: /index.html", FILES);
    for (path, accept, expected) in [
        ("/users/7", "text/html,application/xhtml+xml,*/*;q=0.8", "<p>home"),
        ("/", "text/html", "<p>home"),
        ("/none.js", "*/*", "php:/none.js"),
        ("/api/users", "application/json", "php:/api/users"),
        ("/a.txt", "text/html", "text"),
        ("/x.php", "text/html", "php:/x.php"),
    ] {
        assert_eq!(body(&site, path, &format!("Accept: {accept}\r\n")), expected, "{path} {accept}");
    }
    assert_eq!(ask(&site, "POST", "/users/7", "Accept: text/html\r\nContent-Length: 0\r\n").body, b"php:/users/7");
    site.stop();
}

#[test]
fn compressed_siblings_are_sent_to_who_takes_them_unless_they_are_older() {
    let site = Site::new("precompressed: true", FILES);
    let public = site.folder.join("public");
    for (name, contents) in
        [("app.js.br", "BR"), ("app.js.zst", "ZSTD"), ("app.js.gz", "GZIP"), ("index.html.gz", "OLD")]
    {
        write(&public.join(name), contents);
    }
    let old = SystemTime::now() - Duration::from_hours(1);
    fs::File::options().write(true).open(public.join("index.html.gz")).unwrap().set_modified(old).unwrap();
    for (path, accept, expected, coding) in [
        ("/app.js", "gzip, deflate, br, zstd", "BR", Some("br")),
        ("/app.js", "gzip, zstd", "ZSTD", Some("zstd")),
        ("/app.js", "br;q=0.1, gzip", "GZIP", Some("gzip")),
        ("/app.js", "identity", "let a;", None),
        ("/a.txt", "gzip, br", "text", None),
        ("/index.html", "gzip", "<p>home", None),
    ] {
        let response = ask(&site, "GET", path, &format!("Accept-Encoding: {accept}\r\n"));
        assert_eq!(String::from_utf8(response.body.clone()).unwrap(), expected, "{path} {accept}");
        assert_eq!(response.header("content-encoding"), coding, "{path} {accept}");
        assert_eq!(response.header("vary"), Some("Accept-Encoding"));
        assert!(!response.header("content-type").unwrap().contains("octet"), "{path} {accept}");
        let tag = response.header("etag").unwrap();
        let known = ask(&site, "GET", path, &format!("Accept-Encoding: {accept}\r\nIf-None-Match: {tag}\r\n"));
        assert_eq!((known.status, known.header("vary")), (304, Some("Accept-Encoding")), "{path} {accept}");
    }
    let plain = ask(&site, "GET", "/app.js", "").header("etag").unwrap().to_owned();
    let packed = ask(&site, "GET", "/app.js", "Accept-Encoding: br\r\n").header("etag").unwrap().to_owned();
    assert_ne!(plain, packed);
    site.stop();
}

#[test]
fn tags_say_what_is_asked_of_them() {
    let tag = |more: &str| {
        let site = Site::new(more, FILES);
        let tag = ask(&site, "GET", "/a.txt", "").header("etag").map(str::to_owned);
        site.stop();
        tag
    };
    let plain = tag("").unwrap();
    assert!(plain.starts_with('"') && plain.ends_with("-4\""), "{plain}");
    assert!(tag("weak: true").unwrap().starts_with("W/\""));
    assert_eq!(tag("etag: false"), None);
    let calculated = tag("calculate_etag: true").unwrap();
    assert_eq!(calculated, "\"982d9e3eb996f559e633f4d194def376\"", "half of the SHA-256 of what it holds");
    assert_eq!(tag("calculate_etag: true, weak: true").unwrap(), format!("W/{calculated}"));
}

#[test]
fn what_never_changes_is_said_to() {
    let site = Site::new("immutable: ['/build/*']", FILES);
    let lasting = |path: &str| ask(&site, "GET", path, "").header("cache-control").map(str::to_owned);
    assert_eq!(lasting("/build/app.4f.js").as_deref(), Some("public, max-age=31536000, immutable"));
    assert_eq!(lasting("/app.js"), None);
    site.stop();
}

#[test]
fn changes_are_seen_at_once() {
    let site = Site::new("", FILES);
    let path = site.folder.join("public/a.txt");
    let mut tags = Vec::new();
    for contents in ["one", "two", "three", "", "one"] {
        fs::write(&path, contents).unwrap();
        for _ in 0..3 {
            let response = ask(&site, "GET", "/a.txt", "");
            assert_eq!(String::from_utf8(response.body.clone()).unwrap(), contents);
            tags.push(response.header("etag").unwrap().to_owned());
        }
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(body(&site, "/a.txt", ""), "php:/a.txt");
    symlink("app.js", &path).unwrap();
    assert_eq!(body(&site, "/a.txt", ""), "let a;");
    site.stop();
}

#[test]
fn long_files_are_sent_whole_and_in_parts() {
    let site = Site::new("calculate_etag: true", FILES);
    let long: String = (0..100_000).map(|number| format!("{number:09}\n")).collect();
    fs::write(site.folder.join("public/long.txt"), &long).unwrap();
    for _ in 0..2 {
        assert!(body(&site, "/long.txt", "") == long);
        let response = ask(&site, "GET", "/long.txt", "Range: bytes=500000-500009\r\n");
        assert_eq!((response.status, &response.body[..]), (206, &b"000050000\n"[..]));
    }
    let response = ask(&site, "HEAD", "/long.txt", "");
    assert_eq!(response.header("content-length"), Some("1000000"));
    site.stop();
}

#[test]
fn links_lead_where_they_are_allowed_to() {
    let folder = fs::canonicalize(std::env::temp_dir()).unwrap();
    let linked = folder.join(format!("rr-linked-{}", roadrunner::http::RequestId::next()));
    write(&linked.join("c.txt"), "linked");
    write(&linked.join(".env"), "hidden");
    let site = Site::new(&format!("links: ['{}']", linked.display()), FILES);
    symlink(&linked, site.folder.join("public/storage")).unwrap();
    symlink(linked.join(".env"), site.folder.join("public/env.txt")).unwrap();
    symlink(site.folder.join("elsewhere"), site.folder.join("public/elsewhere")).unwrap();
    assert_eq!(body(&site, "/storage/c.txt", ""), "linked");
    assert_eq!(body(&site, "/env.txt", ""), "php:/env.txt");
    assert_eq!(body(&site, "/elsewhere/c.txt", ""), "php:/elsewhere/c.txt");
    site.stop();
    fs::remove_dir_all(linked).unwrap();
}

#[test]
fn what_is_in_memory_is_answered_as_what_is_on_disk_and_only_as_long_as_it_is_there() {
    // Files that have not been changed lately: others are not held.
    let old = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let site = Site::new(&format!("links: ['{}']", old.display()), FILES);
    let link = site.folder.join("public/linked.md");
    let mut tags = Vec::new();
    for name in ["http.md", "tls.md", "http.md"] {
        let _ = fs::remove_file(&link);
        symlink(old.join(name), &link).unwrap();
        let contents = fs::read(old.join(name)).unwrap();
        for _ in 0..3 {
            let response = ask(&site, "GET", "/linked.md", "");
            assert!((response.status, &response.body) == (200, &contents), "{name}");
            assert_eq!(response.header("content-type"), Some("text/markdown; charset=utf-8"));
            let tag = response.header("etag").unwrap().to_owned();
            let known = ask(&site, "GET", "/linked.md", &format!("If-None-Match: {tag}\r\n"));
            assert_eq!((known.status, known.header("etag")), (304, Some(tag.as_str())));
            let part = ask(&site, "GET", "/linked.md", &format!("Range: bytes=5-9\r\nIf-Range: {tag}\r\n"));
            assert_eq!((part.status, &part.body[..]), (206, &contents[5..10]));
            let parts = ask(&site, "GET", "/linked.md", "Range: bytes=0-1,5-9\r\n");
            assert!(parts.header("content-type").unwrap().starts_with("multipart/byteranges"));
            let text = String::from_utf8(parts.body).unwrap();
            assert!(text.contains(&format!("Content-Range: bytes 5-9/{}\r\n\r\n", contents.len())), "{text}");
            let head = ask(&site, "HEAD", "/linked.md", "");
            assert_eq!(head.header("content-length"), Some(contents.len().to_string().as_str()));
            tags.push(tag);
        }
    }
    assert!(tags[0] == tags[2] && tags[0] != tags[3] && tags[0] == tags[8], "{tags:?}");
    fs::remove_file(&link).unwrap();
    assert_eq!(body(&site, "/linked.md", ""), "php:/linked.md");
    site.stop();
}
