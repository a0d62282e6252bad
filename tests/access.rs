//! The access log of a server: everything here is one story, because a process has one log.

#![allow(unreachable_pub, missing_docs, dead_code, reason = "a test binary has no public interface")]
#![allow(unused_imports, reason = "this one uses a part of support")]

#[path = "it/support/mod.rs"]
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use roadrunner::{config::Config, log};
use serde_json::{Value, json};
use support::{Builder, Client, Gate, PATIENCE, answer, first_answered, http2, until};

/// The entries of a file, in their order.
fn entries(file: &Path) -> Vec<Value> {
    assert!(log::flush(PATIENCE));
    let text = fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Waits until a file has so many entries, which may be written after the client has its answer; gives the last.
fn last(file: &Path, count: usize) -> Value {
    until("the entry is written", || entries(file).len() >= count);
    entries(file).pop().unwrap()
}

/// A file in a directory that goes with the test.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

#[test]
fn every_request_has_one_entry() {
    let directory = std::env::temp_dir().join(format!("rr-access-server-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let file = File(directory.join("access.log"));
    let settings = format!(
        "http: {{access_logs: true, middleware: [proxy_ip_parser], access_log: {{output: '{}'}}}}\nlogs: {{level: warn}}",
        file.0.display()
    );
    let config = Config::parse(&settings).unwrap();
    log::install(&config.logs).unwrap();
    log::start().unwrap();

    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let mut builder = Builder::new(move |envelope| {
        match envelope.request.head.uri.path() {
            "/held" => held.pass(),
            "/lost" => return,
            _ => {}
        }
        envelope.replier.answer(answer("worked"));
    })
    .workers(1)
    .queue(1);
    builder.config.http.access_log = config.http.access_log;
    builder.config.http.proxy_ip_parser = true;
    builder.config.http.http2.h2c = true;
    let server = builder.start();
    let mut count = 0;
    // Sends a request on a connection of its own, checks the status, and gives the entry.
    let mut exchange = |request: &str| {
        let mut client = Client::connect(server.address);
        client.send(request);
        let head_only = request.starts_with("HEAD");
        let response = if head_only { client.response_without_body() } else { client.response() };
        let status = response.status;
        count += 1;
        let entry = last(&file.0, count);
        assert_eq!(entry["status"], json!(status), "{request}");
        entry
    };

    let entry = exchange("GET /a?b HTTP/1.1\r\nHost: test\r\nUser-Agent: me\r\n\r\n");
    assert_eq!((&entry["URI"], &entry["write_bytes"], &entry["user_agent"]), (&json!("/a?b"), &json!(6), &json!("me")));
    assert!(entry["remote_address"].as_str().unwrap().starts_with("127.0.0.1:"));
    let entry = exchange("HEAD / HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
    assert_eq!((&entry["remote_address"], &entry["write_bytes"]), (&json!("192.0.2.1"), &json!(0)));
    let entry = exchange("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody");
    assert_eq!((&entry["read_bytes"], &entry["content_len"]), (&json!(4), &json!(4)));
    let entry = exchange("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
    assert_eq!((&entry["read_bytes"], &entry["content_len"]), (&json!(4), &json!(-1)));

    // These never reach a worker, the last ones not even the server's own code.
    let calls = server.calls();
    for (request, status, uri) in [
        ("CONNECT test:80 HTTP/1.1\r\nHost: test:80\r\n\r\n".to_owned(), 501, "test:80"),
        ("GET /b HTTP/1.1\r\n\r\n".to_owned(), 400, "/b"),
        ("POST /c HTTP/1.1\r\nHost: test\r\nContent-Length: 2000000\r\n\r\n".to_owned(), 413, "/c"),
        ("GET /d HTTP/1.1\r\nHost: test\r\nForwarded: for=\"\r\n\r\n".to_owned(), 400, "/d"),
        ("garbage\r\n\r\n".to_owned(), 400, ""),
        ("GET /e HTTP/1.1\r\nHost : test\r\n\r\n".to_owned(), 400, ""),
        (format!("GET /f HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200)), 431, ""),
    ] {
        let entry = exchange(&request);
        assert_eq!((&entry["status"], &entry["URI"]), (&json!(status), &json!(uri)));
    }
    assert_eq!(server.calls(), calls);

    assert_eq!(exchange("GET /lost HTTP/1.1\r\nHost: test\r\n\r\n")["status"], 500);

    // One request is with the worker, one waits, one is refused; then the one that waits gives up.
    let mut first = Client::connect(server.address);
    first.send("GET /held HTTP/1.1\r\nHost: test\r\n\r\n");
    gate.wait_for(1);
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect(server.address);
        client.send("GET /other HTTP/1.1\r\nHost: test\r\n\r\n");
        others.push(client);
    }
    assert_eq!(first_answered(&mut others).response().status, 503);
    let has = |uri: &str, status: u16| {
        entries(&file.0).iter().any(|entry| entry["URI"] == uri && entry["status"] == json!(status))
    };
    until("the refusal has its entry", || has("/other", 503));
    drop(others);
    until("the client that left has its entry", || has("/other", 499));
    gate.open();
    assert_eq!(first.response().status, 200);
    until("the slow one has its entry", || has("/held", 200));

    let body = vec![b'x'; 100_000];
    let sent = http2::run(async {
        let connection = http2::Connection::open(server.address).await;
        connection.send(http2::post("/second?a"), body).await.unwrap().body
    });
    assert_eq!(sent, b"worked");
    until("the request of HTTP/2 has its entry", || has("/second?a", 200));
    let entry = entries(&file.0).pop().unwrap();
    assert_eq!((&entry["host"], &entry["method"], &entry["query"]), (&json!("test"), &json!("POST"), &json!("a")));
    assert_eq!((&entry["read_bytes"], &entry["write_bytes"]), (&json!(100_000), &json!(6)));

    // Moved away by others, and opened again.
    let moved = directory.join("access.log.1");
    fs::rename(&file.0, &moved).unwrap();
    log::reopen();
    assert_eq!(Client::connect(server.address).get("/new").status, 200);
    until("the new file has an entry", || file.0.exists() && !entries(&file.0).is_empty());
    assert_eq!(last(&file.0, 1)["URI"], "/new");
    server.stop();
    log::stop(PATIENCE);
}
