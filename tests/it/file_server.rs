//! Section `fileserver`: files at an address of their own, without workers.

use std::{fs, net::TcpListener};

use roadrunner::{
    config::Config,
    server::{Error, Outcome},
};

use crate::{
    static_attacks::{Site, write},
    static_files::{ask, body},
    support::{Builder, Client},
};

const FILES: &[(&str, &str)] = &[
    ("public/index.html", "<p>home"),
    ("public/a.txt", "text"),
    ("public/LICENSE", "no ending"),
    ("public/docs/index.html", "<p>docs"),
    ("public/bare/b.txt", "bare"),
    ("public/media/a.txt", "below the shorter prefix"),
    ("media/b.txt", "media"),
    ("media/deep/index.html", "<p>deep"),
];

#[test]
fn files_answer_and_nothing_else_does() {
    let site = Site::alone("{prefix: /, root: '{public}'}", "", FILES);
    let response = ask(&site, "GET", "/a.txt?v=1", "");
    assert_eq!((response.status, &response.body[..]), (200, &b"text"[..]));
    assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(response.header("accept-ranges"), Some("bytes"));
    assert_eq!(response.header("cache-control"), None);
    let tag = response.header("etag").unwrap();
    assert_eq!(ask(&site, "GET", "/a.txt", &format!("If-None-Match: {tag}\r\n")).status, 304);
    let part = ask(&site, "GET", "/a.txt", "Range: bytes=1-2\r\n");
    assert_eq!((part.status, &part.body[..]), (206, &b"ex"[..]));
    let head = ask(&site, "HEAD", "/a.txt", "");
    assert_eq!((head.status, head.header("content-length")), (200, Some("4")));
    for (path, expected) in
        [("/", "<p>home"), ("/LICENSE", "no ending"), ("/docs/", "<p>docs"), ("//a.txt", "text"), ("/%61.txt", "text")]
    {
        assert_eq!(body(&site, path, ""), expected, "{path}");
    }
    for path in ["/none", "/none.txt", "/bare", "/bare/", "/a.txt/", "/index.php"] {
        let response = ask(&site, "GET", path, "");
        assert_eq!((response.status, &response.body[..]), (404, &b"Not Found\n"[..]), "{path}");
    }
    let response = ask(&site, "GET", "//docs?a=b", "");
    assert_eq!((response.status, response.header("location")), (301, Some("/docs/?a=b")));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let response = ask(&site, method, "/a.txt", "Content-Length: 4\r\n\r\nbody");
        assert_eq!((response.status, response.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    assert_eq!(site.server.calls(), 0, "a worker was asked");
    site.stop();
}

#[test]
fn the_application_answers_at_its_own_address() {
    let site = Site::alone("{prefix: /, root: '{public}'}", "", FILES);
    assert_eq!(Client::connect(site.server.address).get("/a.txt").body, b"php:/a.txt");
    assert_eq!(body(&site, "/a.txt", ""), "text");
    // Both ends of a connection that is kept: the server ends it when it ends itself.
    let mut kept = Client::connect(site.address);
    assert_eq!(kept.get("/a.txt").body, b"text");
    assert_eq!(kept.get("/LICENSE").body, b"no ending");
    site.server.shut_down();
    kept.expect_end();
    assert!(matches!(site.server.outcome(), Outcome::Clean));
    fs::remove_dir_all(site.folder).unwrap();
}

#[test]
fn the_longest_prefix_decides() {
    let items = "{prefix: /, root: '{public}'}, {prefix: /media/, root: '{public}/../media', max_age: 60}";
    let site = Site::alone(items, "", FILES);
    for (path, expected) in
        [("/a.txt", "text"), ("/media/b.txt", "media"), ("/media/deep/", "<p>deep"), ("//media//b.txt", "media")]
    {
        assert_eq!(body(&site, path, ""), expected, "{path}");
    }
    for path in ["/media/a.txt", "/media", "/media/", "/mediab.txt", "/b.txt"] {
        assert_eq!(ask(&site, "GET", path, "").status, 404, "{path}");
    }
    let response = ask(&site, "GET", "/media/deep?x", "");
    assert_eq!((response.status, response.header("location")), (301, Some("/media/deep/?x")));
    write(&site.folder.join("media/index.html"), "<p>media");
    let response = ask(&site, "GET", "/media", "");
    assert_eq!((response.status, response.header("location")), (301, Some("/media/")));
    assert_eq!(ask(&site, "GET", "/media/b.txt", "").header("cache-control"), Some("public, max-age=60"));
    assert_eq!(ask(&site, "GET", "/a.txt", "").header("cache-control"), None);
    site.stop();
}

#[test]
fn each_setting_does_what_it_says() {
    let plain = Site::alone("{prefix: /, root: '{public}', bytes_range: false, cache_duration: -1}", "", FILES);
    let response = ask(&plain, "GET", "/a.txt", "Range: bytes=1-2\r\n");
    assert_eq!((response.status, &response.body[..]), (200, &b"text"[..]));
    assert_eq!(response.header("accept-ranges"), Some("none"));
    let by_time = response.header("etag").unwrap().to_owned();
    assert!(!by_time.starts_with("W/"), "{by_time}");
    write(&plain.folder.join("public/a.txt"), "changed");
    assert_eq!(body(&plain, "/a.txt", ""), "changed");
    plain.stop();

    let items = "{prefix: /, root: '{public}'}, {prefix: /packed, root: '{public}', compress: true}";
    let site = Site::alone(items, "calculate_etag: true, weak: true", FILES);
    let tag = |path: &str| ask(&site, "GET", path, "").header("etag").unwrap().to_owned();
    let before = tag("/a.txt");
    assert!(before.starts_with("W/\""), "{before}");
    write(&site.folder.join("public/copy.txt"), "text");
    assert_eq!(before, tag("/copy.txt"), "it is made of the contents");

    write(&site.folder.join("public/long.txt"), &"all the same ".repeat(1000));
    write(&site.folder.join("public/app.js"), "let a;");
    write(&site.folder.join("public/app.js.gz"), "GZIP");
    let gzip = "Accept-Encoding: gzip\r\n";
    let response = ask(&site, "GET", "/packed/long.txt", gzip);
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    assert!(response.body.len() < 1000, "{}", response.body.len());
    let response = ask(&site, "GET", "/packed/app.js", gzip);
    assert_eq!((response.header("content-encoding"), &response.body[..]), (Some("gzip"), &b"GZIP"[..]));
    for path in ["/long.txt", "/app.js"] {
        assert_eq!(ask(&site, "GET", path, gzip).header("content-encoding"), None, "{path}");
    }
    site.stop();
}

#[test]
fn what_is_wrong_with_the_section_is_said() {
    for (section, expected) in [
        ("{serve: [{prefix: /}]}", "fileserver.address is required here"),
        ("{address: ':1'}", "fileserver.serve is required here"),
        ("{address: ':1', serve: []}", "fileserver.serve is required here"),
        ("{address: ':1', serve: [{root: .}]}", "fileserver.serve.prefix is required here"),
        ("{address: ':1', serve: [{prefix: a}]}", "fileserver.serve.prefix must begin with a slash"),
        ("{address: ':1', serve: [{prefix: /a}, {prefix: //%61/}]}", "prefix is that of another directory, too"),
        ("{address: ':1', serve: [{prefix: /a/../b}]}", "prefix is \"/a/../b\", below which nothing is ever served"),
        ("{address: ':1', serve: [{prefix: /.git}]}", "prefix is \"/.git\", below which nothing is ever served"),
        ("{address: ':1', serve: [{prefix: /, cache_duration: -2}]}", "cache_duration is -2"),
        ("{address: ':1', serve: [{prefix: /, max_age: -1}]}", "max_age is -1"),
        ("{address: '127.0.0.1:8080', serve: [{prefix: /}]}", "address is not the only one that asks for"),
        ("{address: ':1', serve: [{prefix: /, cache: 5}]}", "cache is not a known key"),
    ] {
        let problems = Config::parse(&format!("fileserver: {section}")).unwrap_err().to_string();
        assert!(problems.contains(expected) && problems.lines().count() == 1, "{section}: {problems}");
    }
    for nothing in ["{}", ""] {
        let config = Config::parse(&format!("fileserver: {nothing}")).unwrap();
        assert_eq!(config, Config::default());
    }
    let config = Config::parse("fileserver: {address: ':1', serve: [{prefix: /}]}").unwrap();
    let addresses: Vec<_> = config.http.endpoints().iter().map(|endpoint| endpoint.address.to_string()).collect();
    assert_eq!(addresses, ["127.0.0.1:8080", "0.0.0.0:1"], "http is there as always");
}

/// A server that is not to come to run, with this section.
fn fails(section: &str) -> Error {
    let mut builder = Builder::new(drop);
    let text = format!("http: {{address: '127.0.0.1:0'}}\nfileserver: {section}");
    builder.config.http = Config::parse(&text).unwrap().http;
    builder.run().unwrap_err()
}

#[test]
fn a_directory_that_is_not_there_and_an_address_that_is_taken_are_errors() {
    let error = fails("{address: '127.0.0.1:0', serve: [{prefix: /, root: .}, {prefix: /b, root: /no/such/root}]}");
    assert_eq!(error.to_string(), "fileserver.serve.root is \"/no/such/root\", but there is no such directory");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = fails(&format!("{{address: '{address}', serve: [{{prefix: /}}]}}"));
    assert!(error.to_string().starts_with(&format!("cannot listen on {address}: ")), "{error}");
}
