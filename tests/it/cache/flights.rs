//! Many who want the same at once, and bodies that are stored while they pass.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use roadrunner::{
    handoff::Sealed,
    http::{Answer, Caches, Clock, Unpurgeable},
    pool::Ended,
};

use crate::{
    layers::configured,
    support::{Builder, Client, Gate, Server, answer},
};

fn with(mut answer: Answer, name: &'static str, value: &'static str) -> Answer {
    answer.append(HeaderName::from_static(name), HeaderValue::from_static(value)).unwrap();
    answer
}

fn ask(server: &Server, target: &str) -> Client {
    let mut client = Client::connect(server.address);
    client.send(format!("GET {target} HTTP/1.1\r\nHost: flights.test\r\n\r\n"));
    client
}

/// Reads section `http`; the cache's clock stands still, however long the test takes.
fn cached(builder: &mut Builder, http: &str) {
    configured(builder, http);
    builder.config.http.layers.set_clock(&Clock::by_hand());
}

/// Workers that count, wait at a gate, and answer with `control`.
fn gated(control: &'static str) -> (Server, Arc<Gate>, Arc<AtomicUsize>) {
    let (gate, count) = (Arc::new(Gate::default()), Arc::new(AtomicUsize::new(0)));
    let (at, counted) = (Arc::clone(&gate), Arc::clone(&count));
    let mut builder = Builder::new(move |envelope| {
        counted.fetch_add(1, Ordering::SeqCst);
        at.pass();
        envelope.replier.answer(with(answer("hello"), "cache-control", control));
    });
    cached(&mut builder, "middleware: [cache], cache: {wait: 60s}");
    (builder.workers(4).queue(100).start(), gate, count)
}

#[test]
fn fifty_clients_make_one_request_to_a_worker() {
    let (server, gate, count) = gated("max-age=60");
    let mut clients: Vec<_> = (0..50).map(|_| ask(&server, "/")).collect();
    gate.wait_for(1);
    gate.open();
    for client in &mut clients {
        assert_eq!(client.response().body, b"hello");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    server.stop();
}

#[test]
fn nobody_waits_for_what_is_not_stored() {
    let (server, gate, count) = gated("no-store");
    gate.open();
    assert_eq!(ask(&server, "/").response().body, b"hello");
    gate.close();
    let mut clients: Vec<_> = (0..4).map(|_| ask(&server, "/")).collect();
    // All of them are with a worker at the same time.
    gate.wait_for(4);
    gate.open();
    for client in &mut clients {
        assert_eq!(client.response().body, b"hello");
    }
    assert_eq!(count.load(Ordering::SeqCst), 5);
    server.stop();
}

#[test]
fn when_who_asks_leaves_another_one_asks() {
    let (server, gate, count) = gated("max-age=60");
    let first = ask(&server, "/");
    gate.wait_for(1);
    let mut second = ask(&server, "/");
    first.reset();
    gate.wait_for(2);
    gate.open();
    assert_eq!(second.response().body, b"hello");
    assert_eq!(count.load(Ordering::SeqCst), 2);
    server.stop();
}

#[test]
fn what_was_removed_while_it_was_made_is_not_stored() {
    let (gate, count) = (Arc::new(Gate::default()), Arc::new(AtomicUsize::new(0)));
    let (at, counted) = (Arc::clone(&gate), Arc::clone(&count));
    let mut builder = Builder::new(move |envelope| {
        let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
        at.pass();
        let answer = with(answer(number.to_string()), "cache-control", "max-age=60");
        envelope.replier.answer(with(answer, "cache-tag", "flights-made"));
    });
    cached(&mut builder, "middleware: [cache]");
    let server = builder.start();
    for (number, purge) in [
        (1, (|| Caches::purge(&["flights-made"])) as fn() -> Result<usize, Unpurgeable>),
        (2, || Caches::purge_url("https://flights.test/made")),
        (3, || Caches::purge_url("/made")),
    ] {
        gate.close();
        let mut client = ask(&server, "/made");
        gate.wait_for(1);
        assert_eq!(purge(), Ok(0));
        gate.open();
        assert_eq!(client.response().body, number.to_string().as_bytes());
    }
    assert_eq!(ask(&server, "/made").response().body, b"4");
    assert_eq!(ask(&server, "/made").response().body, b"4");
    assert_eq!(Caches::purge_url("http://flights.test/made"), Ok(1));
    assert_eq!(ask(&server, "/made").response().body, b"5");
    server.stop();
}

/// Workers that stream: to `/whole` in pieces, to `/cut` less than all, to `/long` more than is stored, to `/known` a known
/// length, to `/gated` a half before the gate and a half behind it, to `/replaced` something whole, but less than all the second time.
fn streaming() -> (Server, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    let (at, asked) = (Arc::clone(&gate), AtomicUsize::new(0));
    let mut builder = Builder::scripted(move |worker| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let path = envelope.request.head.uri.path().to_owned();
            let (sink, source) = worker.flow(256 * 1024);
            let mut answer = with(Answer::new(StatusCode::OK, Bytes::new()), "cache-control", "max-age=60");
            if path == "/known" {
                answer = with(answer, "content-length", "10");
            }
            if path == "/replaced" && asked.fetch_add(1, Ordering::SeqCst) != 1 {
                envelope.replier.answer(answer);
                continue;
            }
            envelope.replier.answer(answer.with_body(source));
            let write = |bytes: &[u8]| {
                // What is not taken is seen by the client's end of the test.
                let _ = worker.write(&sink, bytes, crate::support::PATIENCE);
            };
            write(b"first");
            match path.as_str() {
                "/cut" | "/replaced" => continue,
                "/long" => (0..40).for_each(|_| write(&[b'x'; 32 * 1024])),
                "/gated" => at.pass(),
                _ => {}
            }
            write(b"*last");
            sink.end(None);
        }
        Ended::Exit(0)
    });
    cached(&mut builder, "middleware: [cache]");
    (builder.workers(2).start(), gate)
}

#[test]
fn streamed_bodies_are_stored_once_they_are_whole() {
    let (server, _) = streaming();
    for target in ["/whole", "/known"] {
        let response = ask(&server, target).response();
        assert_eq!((&response.body[..], response.header("age")), (&b"first*last"[..], None));
        let response = ask(&server, target).response();
        assert_eq!((&response.body[..], response.header("age").is_some()), (&b"first*last"[..], true), "{target}");
    }
    ask(&server, "/cut").expect_cut();
    ask(&server, "/cut").expect_cut();
    for _ in 0..2 {
        let response = ask(&server, "/long").response();
        assert_eq!((response.body.len(), response.header("age")), (10 + 40 * 32 * 1024, None));
    }
    server.stop();
}

#[test]
fn what_a_client_did_not_stay_for_is_not_stored() {
    let (server, gate) = streaming();
    let first = ask(&server, "/gated");
    gate.wait_for(1);
    let mut second = ask(&server, "/gated");
    first.reset();
    gate.wait_for(2);
    gate.open();
    let response = second.response();
    assert_eq!((&response.body[..], response.header("age")), (&b"first*last"[..], None));
    assert!(ask(&server, "/gated").response().header("age").is_some());
    server.stop();
}

#[test]
fn what_was_replaced_by_a_response_that_broke_off_is_not_used_again() {
    let (server, _) = streaming();
    assert_eq!(ask(&server, "/replaced").response().header("age"), None);
    assert!(ask(&server, "/replaced").response().header("age").is_some());
    let mut checks = Client::connect(server.address);
    checks.send("GET /replaced HTTP/1.1\r\nHost: flights.test\r\nCache-Control: no-cache\r\n\r\n");
    checks.read_until("first");
    let _ = checks.read_to_end(&mut Vec::new());
    assert_eq!(ask(&server, "/replaced").response().header("age"), None);
    server.stop();
}

#[test]
fn patience_ends() {
    let gate = Arc::new(Gate::default());
    let at = Arc::clone(&gate);
    let mut builder = Builder::new(move |envelope| {
        at.pass();
        envelope.replier.answer(with(answer("hello"), "cache-control", "max-age=60"));
    });
    cached(&mut builder, "middleware: [cache], cache: {wait: 1ms}");
    let server = builder.start();
    let mut clients = [ask(&server, "/"), ask(&server, "/")];
    gate.wait_for(2);
    gate.open();
    for client in &mut clients {
        assert_eq!(client.response().body, b"hello");
    }
    server.stop();
}

#[test]
fn ten_thousand_responses_stay_within_their_memory() {
    let mut builder = Builder::new(|envelope| {
        envelope.replier.answer(with(answer(vec![b'x'; 1024]), "cache-control", "max-age=60"));
    });
    cached(&mut builder, "middleware: [cache], cache: {max_size: 1}");
    let server = builder.start();
    let mut client = Client::connect(server.address);
    client.set_patience(Duration::from_secs(600));
    let path = |number: u32| format!("/memory/{number}");
    for number in 0..10_000 {
        client.get(&path(number));
    }
    let is_stored = |number: &u32| {
        let mut client = Client::connect(server.address);
        client.send(format!("GET {} HTTP/1.1\r\nHost: test\r\nCache-Control: only-if-cached\r\n\r\n", path(*number)));
        client.response().status == 200
    };
    let stored = (9_000..10_000).filter(is_stored).count();
    // 1 MiB by 1 KiB each, and what is beside the bodies.
    assert!((300..=1000).contains(&stored), "{stored}");
    assert_eq!((0..10).filter(is_stored).count(), 0);
    server.stop();
}
