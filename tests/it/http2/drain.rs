//! The end of the server, with HTTP/2 connections.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{echo, http2};
use crate::support::{
    Builder, Gate, PATIENCE, answer,
    http2::{
        ACK, Connection, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, Raw, ask_until_told, get, post, run, whole,
    },
};

#[test]
fn idle_connections_are_told_and_end() {
    let server = echo().start();
    run(async {
        let used = Connection::open(server.address).await;
        assert_eq!(used.get("/").await.unwrap().status, 200);
        let unused = Connection::open(server.address).await;
        // It is known to the server once it has answered.
        assert_eq!(unused.get("/").await.unwrap().status, 200);
        server.shut_down();
        used.driven.await.unwrap().unwrap();
        unused.driven.await.unwrap().unwrap();
    });
    server.outcome();
}

#[test]
fn requests_under_way_are_answered_and_later_ones_refused() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let server = http2(Builder::new(move |envelope| {
        held.pass();
        envelope.replier.answer(answer("served"));
    }))
    .start();
    run(async {
        let connection = Connection::open(server.address).await;
        let first = connection.begin(get("/"), "").await.unwrap();
        let second = connection.begin(get("/"), "").await.unwrap();
        tokio::task::spawn_blocking({
            let gate = Arc::clone(&gate);
            move || gate.wait_for(2)
        })
        .await
        .unwrap();
        server.shut_down();
        let mut refused = false;
        let end = Instant::now() + PATIENCE;
        while !refused {
            assert!(Instant::now() < end, "no GOAWAY");
            // Those that are sent before the client hears of it are served, too.
            match connection.begin(post("/"), "").await {
                Ok(response) => drop(response),
                Err(error) => refused = error.is_go_away() || error.is_remote() || error.is_io(),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        gate.open();
        for response in [first, second] {
            assert_eq!(whole(response.await.unwrap()).await.unwrap().body, b"served");
        }
        connection.driven.await.unwrap().unwrap();
    });
    server.outcome();
}

#[test]
fn a_client_that_does_not_confirm_the_end_is_not_waited_for() {
    let server = echo().start();
    let mut raw = Raw::connect(server.address);
    raw.request(1, END_HEADERS | END_STREAM);
    raw.until(HEADERS);
    let begun = Instant::now();
    server.shut_down();
    raw.until(GOAWAY);
    server.outcome();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    drop(raw);
}

#[test]
fn a_request_that_crosses_the_end_is_served() {
    let server = echo().start();
    let mut raw = Raw::connect(server.address);
    raw.request(1, END_HEADERS | END_STREAM);
    raw.until(HEADERS);
    server.shut_down();
    let goaway = raw.until(GOAWAY);
    assert_eq!(goaway.payload[..4], [0x7f, 0xff, 0xff, 0xff]);
    // On its way when the server said so.
    raw.request(3, END_HEADERS | END_STREAM);
    let ping = raw.until(PING);
    raw.frame(PING, ACK, 0, &ping.payload);
    assert_eq!(raw.until(HEADERS).stream, 3);
    // It may have been said again before the answer.
    assert_ne!(raw.end().unwrap(), Some(1));
    server.outcome();
}

/// Load balancers are to notice the end by themselves: nobody is sent away before an answer.
#[test]
fn before_the_end_connections_end_with_their_next_request() {
    let mut builder = echo();
    builder.config.life.shutdown_delay = Duration::from_secs(2);
    let server = builder.start();
    run(async {
        let used = Connection::open(server.address).await;
        assert_eq!(used.get("/").await.unwrap().status, 200);
        let idle = Connection::open(server.address).await;
        assert_eq!(idle.get("/").await.unwrap().status, 200);
        let begun = Instant::now();
        server.shut_down();
        // The request after it is the last one, whenever the server has heard of it.
        while used.get("/").await.is_ok() {}
        used.driven.await.unwrap().unwrap();
        let new = Connection::open(server.address).await;
        assert_eq!(new.get("/").await.unwrap().status, 200);
        new.driven.await.unwrap().unwrap();
        assert!(begun.elapsed() < Duration::from_millis(1900), "the end came too early to show anything");
        assert!(!idle.driven.is_finished());
        idle.driven.await.unwrap().unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(2));
    });
    server.outcome();
}

/// Clients that ask without a pause until they are told of the end.
#[test]
fn no_request_is_cut_at_the_end_of_a_server_under_load() {
    const CLIENTS: usize = 64;
    let server = echo().workers(4).start();
    let (served, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let address = server.address;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (served, ended) = (Arc::clone(&served), Arc::clone(&ended));
            thread::spawn(move || run(ask_until_told(address, &served, &ended)))
        })
        .collect();
    while served.load(Ordering::Relaxed) < CLIENTS * 20 {
        thread::yield_now();
    }
    ended.store(true, Ordering::SeqCst);
    server.shut_down();
    for client in clients {
        client.join().unwrap();
    }
    server.outcome();
}
