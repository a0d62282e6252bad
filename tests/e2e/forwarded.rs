//! What PHP sees of requests that came through a proxy: the client's address, and the target as it was written.

use crate::support::{Client, Server, until};

const SEEN: &str = r#"
    $worker->respond(200, "$request->remoteAddress|$request->remotePort|$request->path|$request->queryString");"#;

#[test]
fn the_client_is_the_one_that_the_proxy_forwards() {
    let server = Server::with_loop(SEEN)
        .config(
            "http: {address: {address}, middleware: [proxy_ip_parser], trusted_headers: [X-Forwarded-For, Forwarded]}",
        )
        .start();
    let mut client = Client::connect(server.address).unwrap();
    let mut seen = |headers: &str| client.request("GET", "/", headers, b"").unwrap().text();
    assert_eq!(seen("X-Forwarded-For: 198.51.100.7, 192.0.2.1, 10.0.0.1\r\n"), "192.0.2.1|0|/|");
    assert_eq!(seen("Forwarded: for=\"[2001:db8::1]:4711\";proto=https\r\n"), "2001:db8::1|4711|/|");
    assert!(seen("X-Real-IP: 192.0.2.1\r\n").starts_with("127.0.0.1|"));
    server.stop();
}

#[test]
fn targets_reach_php_as_they_were_written() {
    let server = Server::with_loop(SEEN).start();
    let mut client = Client::connect(server.address).unwrap();
    for (path, query) in [
        ("/a/../b", ""),
        ("//a//b/", "c=//d"),
        ("/%2e%2E/%41%2f", "%zz=%00&a+b"),
        ("/./.", "?"),
        ("/a;\"b\"=c\\d", "e={f}|g\\h"),
        ("/\u{e9}", "\u{e9}"),
    ] {
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let text = client.get(&target).unwrap().text();
        assert!(text.ends_with(&format!("|{path}|{query}")), "{target}: {text}");
    }
    server.stop();
}

/// What Laravel Octane looks for in the lines of a server that it has started.
#[test]
fn at_level_debug_octane_finds_its_requests() {
    let server = Server::with_loop("$worker->respond(201);")
        .config("http: {address: {address}}\nlogs: {mode: production, level: debug, output: stdout, encoding: json}")
        .start();
    let mut client = Client::connect(server.address).unwrap();
    assert_eq!(client.get("/a?b").unwrap().status, 201);
    let entry = || {
        server.log().lines().find_map(|line| {
            let entry: serde_json::Value = serde_json::from_str(line).ok()?;
            (entry["msg"] == "http log").then_some(entry)
        })
    };
    until("the request is logged", || entry().is_some());
    let entry = entry().unwrap();
    assert_eq!((entry["level"].as_str(), entry["logger"].as_str()), (Some("info"), Some("http")));
    assert_eq!((entry["method"].as_str(), entry["URI"].as_str()), (Some("GET"), Some("/a?b")));
    assert!(entry["status"] == 201 && entry["elapsed"].is_u64() && entry["remote_address"].is_string(), "{entry}");
    server.stop();
}
