//! Starts that fail or take their time, and workers that are lost.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::StatusCode;
use roadrunner::{
    pool::Ended,
    server::{Error, Outcome},
};

use crate::support::{Builder, Client, Gate, answer};

#[test]
fn a_taken_address_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut builder = Builder::new(drop);
    builder.config.http.listeners = vec![address.into()];
    let error = builder.run().expect_err("the address is taken");
    assert!(matches!(error, Error::Bind(_)), "{error:?}");
    assert!(error.to_string().starts_with(&format!("cannot listen on {address}: Address already in use")), "{error}");
}

#[test]
fn an_address_of_another_machine_is_named() {
    let mut builder = Builder::new(drop);
    builder.config.http.listeners = vec!["192.0.2.1:80".parse::<SocketAddr>().unwrap().into()];
    let error = builder.run().expect_err("the address is not ours");
    assert!(error.to_string().starts_with("cannot listen on 192.0.2.1:80: "), "{error}");
}

#[test]
fn a_script_that_never_comes_to_wait_ends_the_start() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let builder = Builder::scripted(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ended::Fatal("no such file".into())
    });
    let error = builder.workers(3).run().expect_err("no worker boots");
    assert!(matches!(error, Error::Boot), "{error:?}");
    assert!(runs.load(Ordering::SeqCst) >= 15, "each worker has its tries");
}

#[test]
fn one_worker_that_boots_is_enough() {
    let server = Builder::scripted(|worker| {
        if worker.number == 0 {
            return Ended::Exit(1);
        }
        while let Some(envelope) = worker.wait().map(roadrunner::handoff::Sealed::open) {
            envelope.replier.answer(answer("worked"));
        }
        Ended::Exit(0)
    })
    .start();
    let mut client = Client::connect(server.address);
    for _ in 0..10 {
        assert_eq!(client.get("/").status, 200);
    }
    server.stop();
}

#[test]
fn nothing_is_served_before_a_worker_is_ready() {
    let (gate, booted) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
    let (held, opened) = (Arc::clone(&gate), Arc::clone(&booted));
    let builder = Builder::scripted(move |worker| {
        opened.open();
        held.pass();
        while let Some(envelope) = worker.wait().map(roadrunner::handoff::Sealed::open) {
            envelope.replier.answer(answer("worked"));
        }
        Ended::Exit(0)
    });
    let starting = builder.begin();
    booted.pass();
    assert!(TcpStream::connect(starting.address).is_err());
    gate.open();
    let server = starting.serving();
    assert_eq!(Client::connect(server.address).get("/").status, 200);
    server.stop();
}

#[test]
fn a_server_can_be_told_to_end_while_it_starts() {
    let (gate, booted) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
    let (held, opened) = (Arc::clone(&gate), Arc::clone(&booted));
    let builder = Builder::scripted(move |worker| {
        opened.open();
        held.pass();
        assert!(worker.wait().is_none(), "there is no request");
        Ended::Exit(0)
    });
    let server = builder.begin();
    booted.pass();
    server.shut_down();
    gate.open();
    assert!(matches!(server.outcome(), Outcome::Clean));
}

#[test]
fn a_lost_worker_is_answered_for_and_replaced() {
    let mut builder = Builder::scripted(|worker| {
        while let Some(envelope) = worker.wait().map(roadrunner::handoff::Sealed::open) {
            match envelope.request.head.uri.path() {
                "/fatal" => return Ended::Fatal("out of memory".into()),
                "/exit" => return Ended::Exit(0),
                "/silent" => drop(envelope),
                _ => drop(envelope.replier.answer(answer("worked"))),
            }
        }
        Ended::Exit(0)
    });
    builder.config.http.internal_error_code = StatusCode::BAD_GATEWAY;
    builder.config.http.pool.thread_runs = Some(2);
    let server = builder.workers(1).start();
    let mut client = Client::connect(server.address);
    for target in ["/fatal", "/silent", "/exit", "/fatal", "/silent", "/fatal"] {
        assert_eq!(client.get(target).status, 502, "{target}");
        assert_eq!(client.get("/").status, 200, "after {target}");
    }
    server.stop();
}

#[test]
fn a_request_to_a_server_with_a_booting_worker_waits() {
    let gate = Arc::new(Gate::default());
    let (held, runs) = (Arc::clone(&gate), AtomicUsize::new(0));
    let server = Builder::scripted(move |worker| {
        if runs.fetch_add(1, Ordering::SeqCst) > 0 {
            held.pass();
        }
        if let Some(envelope) = worker.wait().map(roadrunner::handoff::Sealed::open) {
            envelope.replier.answer(answer("worked"));
        }
        Ended::Exit(0)
    })
    .workers(1)
    .start();
    let mut client = Client::connect(server.address);
    assert_eq!(client.get("/").status, 200);
    gate.wait_for(1);
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    gate.open();
    assert_eq!(client.response().status, 200);
    server.stop();
}
