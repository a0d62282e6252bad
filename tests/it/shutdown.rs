//! The end of a server, from the word to the last thread.

use std::{
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use roadrunner::{pool::State, server::Outcome};

use crate::support::{Builder, Client, Gate, Server, answer, first_answered, until};

/// Bound for what needs no waiting at all.
const PROMPT: Duration = Duration::from_secs(1);
/// What a busy machine may add to any time.
const SLACK: Duration = Duration::from_secs(4);
/// After the grace period, what still runs is interrupted, and given up soon after.
const END: Duration = Duration::from_millis(1250);

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// Workers that hold every request before `gate`.
fn held(gate: &Arc<Gate>) -> Builder {
    let gate = Arc::clone(gate);
    Builder::new(move |envelope| {
        gate.pass();
        envelope.replier.answer(answer("worked"));
    })
}

/// Clients with a request each, the first `held` of them before the gate.
fn clients(server: &Server, gate: &Gate, held: usize, waiting: usize) -> Vec<Client> {
    let start = || {
        let mut client = Client::connect(server.address);
        client.send(GET);
        client
    };
    let mut clients: Vec<_> = (0..held).map(|_| start()).collect();
    gate.wait_for(held);
    clients.extend((0..waiting).map(|_| start()));
    clients
}

#[test]
fn a_server_that_ends_finishes_its_requests_and_closes_its_connections() {
    let gate = Arc::new(Gate::default());
    let server = held(&gate).start();
    gate.open();
    let mut idle: Vec<_> = (0..10).map(|_| Client::connect(server.address)).collect();
    for client in &mut idle[5..] {
        assert_eq!(client.get("/").status, 200);
    }
    gate.close();
    let mut busy = clients(&server, &gate, 2, 0);
    // With a line end too many: there is something in the buffer, but no request.
    busy[1].send("\r\n");
    let start = Instant::now();
    server.shut_down();
    for client in &mut idle {
        client.expect_end();
    }
    assert!(start.elapsed() < PROMPT, "idle connections close only after {:?}", start.elapsed());
    until("connections are refused", || TcpStream::connect(server.address).is_err());
    gate.open();
    for client in &mut busy {
        let response = client.response();
        assert_eq!((response.status, response.body.as_slice()), (200, &b"worked"[..]));
        assert!(response.closes());
        client.expect_end();
    }
    assert!(matches!(server.outcome(), Outcome::Clean));
}

#[test]
fn a_server_that_ends_finishes_requests_that_wait() {
    let gate = Arc::new(Gate::default());
    let server = held(&gate).workers(1).queue(4).start();
    let mut busy = clients(&server, &gate, 1, 5);
    // If one is too many, all others wait.
    let mut refused = first_answered(&mut busy);
    assert_eq!(refused.response().status, 503);
    server.shut_down();
    refused.expect_end();
    gate.open();
    for client in &mut busy {
        assert_eq!(client.response().status, 200);
        client.expect_end();
    }
    assert!(matches!(server.outcome(), Outcome::Clean));
}

#[test]
fn a_request_whose_body_still_comes_is_finished() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    assert_eq!(client.response().status, 100);
    server.shut_down();
    until("connections are refused", || TcpStream::connect(server.address).is_err());
    client.send("body");
    assert_eq!(client.response().body, b"body");
    client.expect_end();
    assert!(matches!(server.outcome(), Outcome::Clean));
}

#[test]
fn pipelined_requests_behind_the_one_under_way_are_dropped() {
    let gate = Arc::new(Gate::default());
    let server = held(&gate).start();
    let mut client = Client::connect(server.address);
    client.send(GET.repeat(5));
    gate.wait_for(1);
    server.shut_down();
    until("connections are refused", || TcpStream::connect(server.address).is_err());
    gate.open();
    assert!(client.response().closes());
    client.expect_end();
    assert_eq!(server.calls(), 1);
    assert!(matches!(server.outcome(), Outcome::Clean));
}

#[test]
fn workers_that_never_leave_are_reported_after_the_grace_period() {
    let (gate, interrupted) = (Arc::new(Gate::default()), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&interrupted);
    let grace = Duration::from_millis(300);
    let server = held(&gate)
        .grace(grace)
        .on_interrupt(move || {
            count.fetch_add(1, Ordering::SeqCst);
        })
        .workers(3)
        .start();
    let mut busy = clients(&server, &gate, 2, 0);
    let start = Instant::now();
    server.shut_down();
    let Outcome::Stuck(workers) = server.outcome() else { panic!("workers must be stuck") };
    let after = start.elapsed();
    assert!(after >= grace && after < grace + END + SLACK, "reported after {after:?}");
    assert_eq!(workers.len(), 2);
    for worker in workers {
        assert!(worker.name.starts_with("rr-php-http-"), "{}", worker.name);
        assert_eq!((worker.state, worker.requests), (State::Working, 1));
        assert!(worker.age >= grace);
    }
    assert!(interrupted.load(Ordering::SeqCst) >= 2);
    for client in &mut busy {
        client.expect_end();
    }
    gate.open();
}

#[test]
fn workers_that_only_wait_are_not_interrupted() {
    // A machine that is busy enough may keep them from leaving in time, but not ten times.
    let interrupted = (0..10).map(|_| {
        let interrupted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&interrupted);
        let server = Builder::new(drop)
            .grace(Duration::ZERO)
            .on_interrupt(move || {
                count.fetch_add(1, Ordering::SeqCst);
            })
            .start();
        server.stop();
        interrupted.load(Ordering::SeqCst)
    });
    assert!({ interrupted }.any(|count| count == 0));
}

/// An answer that an interrupted worker gives in its last moment still arrives.
#[test]
fn answers_after_the_grace_period_arrive() {
    for _ in 0..10 {
        let gate = Arc::new(Gate::default());
        let interrupted = Arc::clone(&gate);
        let grace = Duration::from_millis(20);
        let builder = held(&gate).workers(1).queue(1);
        let server = builder.grace(grace).on_interrupt(move || interrupted.open()).start();
        let mut busy = clients(&server, &gate, 1, 2);
        // If one is too many, the other waits.
        assert_eq!(first_answered(&mut busy).response().status, 503);
        server.shut_down();
        assert_eq!(busy[0].response().status, 200);
        assert_eq!(busy[1].response().status, 503, "no worker takes what still waits");
        assert!(matches!(server.outcome(), Outcome::Clean));
    }
}

#[test]
fn a_client_that_sends_or_reads_nothing_delays_the_end_no_longer_than_the_grace_period() {
    let grace = Duration::from_millis(300);
    let server = Builder::new(|envelope| {
        envelope.replier.answer(answer(vec![0; 64 * 1024 * 1024]));
    })
    .grace(grace)
    .start();
    let mut silent = Client::connect(server.address);
    silent.send("GET / HTTP/1.1\r\nHo");
    let mut deaf = Client::connect(server.address);
    deaf.send(GET);
    until("the request is worked on", || server.calls() == 1);
    let start = Instant::now();
    server.shut_down();
    assert!(matches!(server.outcome(), Outcome::Clean));
    assert!(start.elapsed() < grace + END + SLACK, "ended after {:?}", start.elapsed());
}

#[test]
fn a_server_whose_commander_is_gone_ends() {
    let gate = Arc::new(Gate::default());
    let mut server = held(&gate).start();
    let mut busy = clients(&server, &gate, 1, 0);
    server.drop_commands();
    until("connections are refused", || TcpStream::connect(server.address).is_err());
    gate.open();
    assert_eq!(busy[0].response().status, 200);
    assert!(matches!(server.outcome(), Outcome::Clean));
}

#[test]
fn a_server_can_be_told_twice() {
    let gate = Arc::new(Gate::default());
    let server = held(&gate).start();
    let mut busy = clients(&server, &gate, 1, 0);
    server.shut_down();
    server.shut_down();
    gate.open();
    assert_eq!(busy[0].response().status, 200);
    assert!(matches!(server.outcome(), Outcome::Clean));
}

#[test]
fn many_servers_start_and_end() {
    for _ in 0..50 {
        let server = Server::echo();
        let mut client = Client::connect(server.address);
        assert_eq!(client.get("/").status, 200);
        server.stop();
        client.expect_end();
    }
}
