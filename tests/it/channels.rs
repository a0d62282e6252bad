//! Answers that stay open while no worker has them.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use roadrunner::{
    channel::{Event, Form, Message},
    handoff::{Leave, Sealed},
    http::{Answer, Channels},
    pool::{Ended, Reason},
};

use crate::{
    http2::http2,
    support::{
        Builder, Client, answer,
        http2::{Connection, get, run},
        until,
    },
};

/// Bytes that may be under way to one client.
const CAPACITY: usize = 64 * 1024;

/// One worker that hands the answers under `/room/…` over to the channel of the rest of the path, after a first piece, and
/// others over to nobody.
fn rooms(change: impl FnOnce(&mut Builder)) -> (Builder, Arc<Channels>) {
    let channels = Arc::new(parking_lot::Mutex::new(None::<Arc<Channels>>));
    let own = Arc::clone(&channels);
    let mut builder = Builder::scripted(move |worker| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let path = envelope.request.head.uri.path().to_owned();
            let Some(room) = path.strip_prefix("/room/") else {
                envelope.replier.answer(answer("free"));
                continue;
            };
            let (sink, source) = worker.flow(CAPACITY);
            envelope.replier.answer(Answer::new(StatusCode::OK, source));
            assert_eq!(sink.try_write(b"first;"), Some(true));
            let last = envelope.request.head.headers.get("last-event-id").map(http::HeaderValue::as_bytes);
            let own = Arc::clone(own.lock().as_ref().unwrap());
            own.subscribe(&[room.as_bytes()], Form::Event, sink, last);
        }
        Ended::Exit(0)
    })
    .workers(1);
    change(&mut builder);
    let made = builder.channels();
    *channels.lock() = Some(Arc::clone(&made));
    (builder, made)
}

fn publish(channels: &Channels, room: &str, data: &str) -> usize {
    let event = Event { data: data.as_bytes(), id: Some(data.as_bytes()), ..Event::default() };
    channels.publish(&[room.as_bytes()], &Message::new(&event).unwrap())
}

fn enter(address: std::net::SocketAddr, room: &str) -> Client {
    let mut client = Client::connect(address);
    client.send(format!("GET /room/{room} HTTP/1.1\r\nHost: test\r\n\r\n"));
    client.read_until("first;");
    client
}

#[test]
fn one_worker_is_free_while_many_listen() {
    let (builder, channels) = rooms(|_| {});
    let server = builder.start();
    let mut clients: Vec<_> = (0..100).map(|_| enter(server.address, "a")).collect();
    until("all listen", || channels.count(b"a") == 100);
    assert_eq!(Client::connect(server.address).get("/").text(), "free");
    assert_eq!(publish(&channels, "a", "hello"), 100);
    for client in &mut clients {
        client.read_until("id: hello\ndata: hello\n\n");
    }
    // Who leaves is forgotten without a message.
    clients.truncate(60);
    until("they are forgotten", || channels.count(b"a") == 60);
    clients.pop().unwrap().reset();
    until("it is forgotten", || channels.count(b"a") == 59);
    assert_eq!(channels.close(b"a"), 59);
    for client in &mut clients {
        client.read_until("0\r\n\r\n");
        assert_eq!(client.get("/").text(), "free", "the connection goes on");
    }
    server.stop();
}

#[test]
fn the_end_of_the_server_ends_them_cleanly_and_does_not_wait() {
    let (builder, channels) = rooms(|_| {});
    let server = http2(builder).start();
    let mut client = enter(server.address, "a");
    run(async {
        let connection = Connection::open(server.address).await;
        let mut body = connection.begin(get("/room/a"), "").await.unwrap().await.unwrap().into_body();
        assert_eq!(body.data().await.unwrap().unwrap(), "first;");
        until("both listen", || channels.count(b"a") == 2);
        assert_eq!(publish(&channels, "a", "last"), 2);
        server.shut_down();
        let mut text = Vec::new();
        while let Some(piece) = body.data().await {
            text.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(text, b"id: last\ndata: last\n\n");
    });
    client.read_until("data: last\n\n\r\n0\r\n\r\n");
    client.expect_end();
    assert!(matches!(server.outcome(), roadrunner::server::Outcome::Clean));
    assert_eq!(publish(&channels, "a", "nobody"), 0);
}

#[test]
fn they_outlive_the_run_of_the_worker_that_began_them() {
    let channels = Arc::new(parking_lot::Mutex::new(None::<Arc<Channels>>));
    let own = Arc::clone(&channels);
    let mut builder = Builder::scripted(move |worker| {
        // A run for each request.
        let Some(envelope) = worker.wait().map(Sealed::open) else { return Ended::Exit(0) };
        let (sink, source) = worker.flow(CAPACITY);
        envelope.replier.answer(Answer::new(StatusCode::OK, source));
        let own = Arc::clone(own.lock().as_ref().unwrap());
        own.subscribe(&[b"a"], Form::Data, sink, None);
        worker.leave(Leave::Recycle, Reason::Asked);
        Ended::Exit(0)
    })
    .workers(1);
    let made = builder.channels();
    *channels.lock() = Some(Arc::clone(&made));
    let server = builder.start();
    let mut clients: Vec<_> = (0..5).map(|_| Client::connect(server.address)).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    }
    until("all listen", || made.count(b"a") == 5);
    assert_eq!(publish(&made, "a", "hello"), 5);
    for client in &mut clients {
        client.read_until("hello");
    }
    server.stop();
}

#[test]
fn who_reads_nothing_is_cut_off_and_others_go_on() {
    let (builder, channels) = rooms(|_| {});
    let server = http2(builder).start();
    let (mut slow, mut quick) = (enter(server.address, "a"), enter(server.address, "a"));
    until("both listen", || channels.count(b"a") == 2);
    let (ended, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let reader = {
        let (ended, read) = (Arc::clone(&ended), Arc::clone(&read));
        std::thread::spawn(move || {
            while !ended.load(Ordering::SeqCst) || read.load(Ordering::SeqCst) == 0 {
                let text = quick.read_until("\n\n");
                read.fetch_add(text.matches('x').count(), Ordering::SeqCst);
            }
            quick
        })
    };
    let data = "x".repeat(8192);
    let mut pieces = 0;
    until("the slow one is cut off", || {
        // Not faster than the quick one reads.
        for _ in 0..32 {
            // A piece has the data twice, as its id as well.
            until("the quick one has all", || read.load(Ordering::SeqCst) >= pieces * 2 * data.len());
            pieces += 1;
            publish(&channels, "a", &data);
        }
        channels.count(b"a") < 2
    });
    assert!(pieces * data.len() < 64 * 1024 * 1024, "{pieces} pieces");
    assert_eq!((channels.count(b"a"), channels.statistics().dropped), (1, 1));
    ended.store(true, Ordering::SeqCst);
    publish(&channels, "a", "more");
    let quick = reader.join().unwrap();
    slow.expect_cut();
    drop(quick);
    until("it is forgotten", || channels.count(b"a") == 0);
    server.stop();
}

#[test]
fn who_takes_nothing_for_the_time_limit_is_cut_off() {
    let (builder, channels) = rooms(|builder| {
        builder.config.http.limits.write_timeout = Duration::from_millis(300);
    });
    let server = http2(builder).start();
    let silent = enter(server.address, "silent");
    let stalled = enter(server.address, "a");
    run(async {
        let connection = Connection::open(server.address).await;
        // Its window is never opened again: what comes beyond it stays here.
        let response = connection.begin(get("/room/b"), "").await.unwrap().await.unwrap();
        until("all listen", || ["a", "b", "silent"].iter().all(|room| channels.count(room.as_bytes()) == 1));
        let data = "x".repeat(50 * 1024);
        let mut sent = HashMap::from([("a", 0), ("b", 0)]);
        until("they are cut off", || {
            for (room, sent) in &mut sent {
                // Full at last, and then left alone for longer than the limit; or cut off for being full.
                if *sent < 1000 {
                    *sent += publish(&channels, room, &data);
                }
            }
            channels.count(b"a") + channels.count(b"b") == 0
        });
        drop(response);
    });
    assert_eq!(channels.count(b"silent"), 1, "who has nothing to take is not in delay");
    drop((silent, stalled));
    server.stop();
}

#[test]
fn silent_streams_are_kept_alive_and_come_again() {
    let (builder, channels) = rooms(|builder| {
        builder.config.http.sse.ping_interval = Some(Duration::from_millis(20));
        builder.config.http.sse.history = 10;
        // Idle connections end soon; these are not idle.
        builder.config.http.limits.keep_alive_timeout = Duration::from_millis(100);
    });
    let server = builder.start();
    let mut client = enter(server.address, "a");
    let mut pings = 0;
    while pings < 20 {
        pings += client.read_until(":\n\n").matches(":\n\n").count();
    }
    for data in ["1", "2", "3"] {
        assert_eq!(publish(&channels, "a", data), 1);
    }
    client.read_until("data: 3");
    drop(client);
    until("it is forgotten", || channels.count(b"a") == 0);
    publish(&channels, "a", "4");
    let mut client = Client::connect(server.address);
    client.send("GET /room/a HTTP/1.1\r\nHost: test\r\nLast-Event-ID: 2\r\n\r\n");
    let text = client.read_until("data: 4");
    assert!(text.contains("data: 3") && !text.contains("data: 2"), "{text}");
    server.stop();
}
