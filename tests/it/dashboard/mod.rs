//! The live page: who may see it and act on it, what it is told, and what a browser makes of it.

mod browser;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use roadrunner::{dashboard::Config, handoff::Sealed, net::Address, pool::Ended, status::Load};

use crate::support::{Builder, Client, Gate, Server, answer, until};

/// A server with a page, whose workers show what they have in hand, and wait before `gate` if it is for `/slow`.
fn start(gate: &Arc<Gate>, runs: &Arc<AtomicUsize>, broken: bool) -> Server {
    let (held, runs) = (Arc::clone(gate), Arc::clone(runs));
    let mut builder = Builder::scripted(move |worker| {
        if runs.fetch_add(1, Ordering::SeqCst) >= 2 && broken {
            return Ended::Fatal("Parse error".into());
        }
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let head = &envelope.request.head;
            worker.shows(head.method.as_str(), &head.uri.to_string());
            if head.uri.path() == "/slow" {
                held.pass();
            }
            envelope.replier.answer(answer("worked"));
        }
        Ended::Exit(0)
    });
    let addresses = vec![Address::Tcp("127.0.0.1:0".parse().unwrap())];
    builder.config.dashboard = Some(Config { addresses, hosts: vec!["rr.example".to_owned()], ..Config::default() });
    builder.start()
}

fn usual() -> Server {
    start(&Arc::default(), &Arc::default(), false)
}

fn page(server: &Server) -> SocketAddr {
    server.addresses[1].tcp().unwrap()
}

/// Sends a head with these lines, and says what status comes back, and with which body.
#[track_caller]
fn send(server: &Server, line: &str, headers: &str) -> (u16, String) {
    let mut client = Client::connect(page(server));
    client.send(format!("{line} HTTP/1.1\r\n{headers}Content-Length: 0\r\n\r\n"));
    let response = client.response();
    (response.status, response.text())
}

/// The word that the page knows.
fn token(server: &Server) -> String {
    let text = send(server, "GET /", "Host: localhost\r\n").1;
    let (_, rest) = text.split_once("name=\"token\" content=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn the_page_and_its_parts_come_with_a_strict_policy() {
    let server = usual();
    let mut client = Client::connect(page(&server));
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        client.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        let response = client.response();
        assert_eq!((response.status, response.header("content-type")), (200, Some(kind)), "{path}");
        let policy = response.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; ") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    assert_eq!(token(&server).len(), 32);
    for (line, status) in [("GET /x", 404), ("POST /", 405), ("GET /reload", 405), ("DELETE /events", 405)] {
        assert_eq!(send(&server, line, "Host: localhost\r\n").0, status, "{line}");
    }
    server.stop();
}

#[test]
fn other_pages_see_nothing_and_change_nothing() {
    let runs = Arc::new(AtomicUsize::new(0));
    let server = start(&Arc::default(), &runs, false);
    until("the workers have booted", || runs.load(Ordering::SeqCst) == 2);
    let token = token(&server);
    let port = page(&server).port();
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"] {
        let (status, text) = send(&server, "GET /", &format!("Host: {host}\r\n"));
        assert!(
            status == 403 && !text.contains("token") && text.contains("dashboard.hosts"),
            "{host}: {status} {text}"
        );
        assert_eq!(send(&server, "GET /events", &format!("Host: {host}\r\n")).0, 403, "{host}");
    }
    assert_eq!(send(&server, "GET /", "Host: rr.example\r\n").0, 200, "a name that is meant");
    assert_eq!(send(&server, "GET /", "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n").0, 200, "a link to it");
    assert_eq!(send(&server, "GET /events", "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n").0, 403);
    let own = format!("Host: localhost:{port}\r\n");
    for headers in [
        String::new(),
        format!("Origin: http://localhost:{port}\r\n"),
        format!("X-RoadRunner-Token: {token}\r\n"),
        format!("Origin: http://evil.example\r\nX-RoadRunner-Token: {token}\r\n"),
        format!("Origin: null\r\nX-RoadRunner-Token: {token}\r\n"),
        format!("Origin: http://localhost:{port}\r\nX-RoadRunner-Token: {}\r\n", "0".repeat(32)),
        format!("Origin: http://localhost:{port}\r\nX-RoadRunner-Token: {token}\r\nSec-Fetch-Site: same-site\r\n"),
    ] {
        assert_eq!(send(&server, "POST /reload", &format!("{own}{headers}")).0, 403, "{headers}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 2, "no worker was replaced");
    server.stop();
}

#[test]
fn the_page_reloads_workers_and_says_how_that_went() {
    for (broken, pool, status, text) in [
        (false, "", 200, "reloaded\n"),
        (false, "?pool=http", 200, "reloaded\n"),
        (false, "?pool=grpc", 409, "there is no pool \"grpc\"; there are http\n"),
        (true, "", 409, "Parse error\n"),
    ] {
        let runs = Arc::new(AtomicUsize::new(0));
        let server = start(&Arc::default(), &runs, broken);
        until("the workers have booted", || runs.load(Ordering::SeqCst) == 2);
        let own =
            format!("Host: {0}\r\nOrigin: http://{0}\r\nX-RoadRunner-Token: {1}\r\n", page(&server), token(&server));
        assert_eq!(send(&server, &format!("POST /reload{pool}"), &own), (status, text.to_owned()), "{pool}");
        if status == 200 {
            assert_eq!(runs.load(Ordering::SeqCst), 4, "each worker was replaced");
        }
        assert_eq!(Client::connect(server.address).get("/").status, 200);
        server.stop();
    }
}

/// Opens the stream of a page.
fn listen(server: &Server) -> Client {
    let mut client = Client::connect(page(server));
    client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client
}

/// The last sample in what came.
fn sample(text: &str) -> Load {
    let (_, rest) = text.rsplit_once("event: load\ndata: ").unwrap();
    serde_json::from_str(rest.lines().next().unwrap()).unwrap()
}

#[test]
fn those_who_look_are_told_at_once_and_each_second_until_the_end() {
    let gate = Arc::new(Gate::default());
    let server = start(&gate, &Arc::default(), false);
    let mut first = listen(&server);
    let head = first.read_until("event: log\ndata: ");
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    assert_eq!(sample(&head).pools[0].name, "http");
    let mut busy = Client::connect(server.address);
    busy.send("GET /slow?x HTTP/1.1\r\nHost: test\r\n\r\n");
    gate.wait_for(1);
    // Somebody who comes later is told at once, too.
    let seen = listen(&server).read_until("\"uri\":\"/slow?x\"");
    assert!(seen.contains("\"method\":\"GET\""), "{seen}");
    first.read_until("\"uri\":\"/slow?x\"");
    gate.open();
    assert_eq!(busy.response().status, 200);
    let mut text = String::new();
    until("the request is counted and the worker waits", || {
        text += &first.read_until("\n\n");
        text.contains("\"latency\":[{\"below\":") && text.contains("\"state\":\"ready\"")
    });
    server.shut_down();
    let mut rest = Vec::new();
    first.read_to_end(&mut rest).unwrap();
    assert!(matches!(server.outcome(), roadrunner::server::Outcome::Clean));
}

#[test]
fn there_is_an_end_of_those_who_look() {
    let server = usual();
    let mut clients: Vec<_> = (0..32).map(|_| listen(&server)).collect();
    clients.iter_mut().for_each(|client| drop(client.read_until("event: load")));
    assert_eq!(send(&server, "GET /events", "Host: localhost\r\n").0, 503);
    clients.truncate(16);
    until("there is room again", || {
        let mut client = listen(&server);
        client.read_until("HTTP/1.1 ").contains("HTTP/1.1 200")
    });
    server.stop();
}
