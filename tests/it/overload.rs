//! More requests than workers, and clients that do not wait.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, unbounded};

use crate::support::{Builder, Client, Gate, PATIENCE, Server, answer, first_answered, until};

/// A refusal needs no worker, so it comes at once.
const QUICK: Duration = Duration::from_secs(5);

/// Workers that hold every request before `gate`.
fn held(gate: &Arc<Gate>) -> Builder {
    let gate = Arc::clone(gate);
    Builder::new(move |envelope| {
        gate.pass();
        let target = envelope.request.head.uri.to_string();
        envelope.replier.answer(answer(target));
    })
}

/// Sends `count` requests at once, and checks that all but `served` are refused while the workers are held.
#[track_caller]
fn check_overload(server: &Server, gate: &Gate, count: usize, served: usize) {
    let calls = server.calls();
    let (sender, responses) = unbounded();
    let (start, address) = (Arc::new(Barrier::new(count)), server.address);
    let clients: Vec<_> = (0..count)
        .map(|_| {
            let (start, sender) = (Arc::clone(&start), sender.clone());
            thread::spawn(move || {
                let mut client = Client::connect(address);
                start.wait();
                let sent = Instant::now();
                let response = client.get("/");
                let _ = sender.send((response, sent.elapsed()));
                assert!(client.is_silent(), "a refusal is no reason to close");
            })
        })
        .collect();
    for _ in served..count {
        let (response, after) =
            responses.recv_timeout(PATIENCE).expect("a refusal must come while the workers are held");
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
        assert!(after < QUICK, "refused only after {after:?}");
    }
    assert!(responses.is_empty(), "no worker can have answered");
    gate.open();
    for _ in 0..served {
        assert_eq!(responses.recv_timeout(PATIENCE).unwrap().0.status, 200);
    }
    for client in clients {
        client.join().unwrap();
    }
    assert_eq!(server.calls() - calls, served);
}

#[test]
fn as_many_requests_as_fit_are_served_and_the_rest_refused_at_once() {
    let gate = Arc::new(Gate::default());
    let server = held(&gate).workers(2).queue(3).start();
    for _ in 0..3 {
        gate.close();
        check_overload(&server, &gate, 20, 5);
    }
    server.stop();
}

#[test]
fn a_refused_client_is_served_on_the_same_connection_later() {
    let gate = Arc::new(Gate::default());
    let server = held(&gate).workers(1).queue(1).start();
    // Which of them is refused is up to the server.
    let mut clients: Vec<_> = (0..3).map(|_| Client::connect(server.address)).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    }
    let mut refused = first_answered(&mut clients);
    assert_eq!(refused.response().status, 503);
    gate.open();
    for client in &mut clients {
        assert_eq!(client.response().status, 200);
    }
    // The worker may have answered, but not yet come back for the next request.
    until("there is room again", || refused.get("/").status == 200);
    server.stop();
}

#[test]
fn a_client_that_goes_while_it_waits_never_reaches_a_worker() {
    let gate = Arc::new(Gate::default());
    let server = held(&gate).workers(1).queue(3).one_reactor().start();
    let mut first = Client::connect(server.address);
    first.send("GET /first HTTP/1.1\r\nHost: test\r\n\r\n");
    gate.wait_for(1);
    for _ in 0..3 {
        let mut gone = Client::connect(server.address);
        gone.send("GET /gone HTTP/1.1\r\nHost: test\r\n\r\n");
        gone.end_sending();
        gone.expect_end();
    }
    // The only reactor answers this after it has cleared away those that are gone.
    let mut probe = Client::connect(server.address);
    probe.send("GET * HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(probe.response().status, 400);
    gate.open();
    assert_eq!(first.response().body, b"/first");
    until("there is room again", || Client::connect(server.address).get("/second").status == 200);
    assert_eq!(server.calls(), 2);
    // Nothing of those that are gone is counted any more.
    gate.close();
    check_overload(&server, &gate, 10, 4);
    server.stop();
}

/// Workers that wait until their client has gone, and what `answer` told them then.
fn forsaken() -> (Builder, Receiver<()>, Receiver<bool>) {
    let ((begin, begun), (tell, told)) = (unbounded(), unbounded());
    let builder = Builder::new(move |envelope| {
        if envelope.request.head.uri == "/stays" {
            envelope.replier.answer(answer("stays"));
            return;
        }
        begin.send(()).unwrap();
        until("the client has gone", || envelope.replier.is_abandoned());
        tell.send(envelope.replier.answer(answer("too late"))).unwrap();
    });
    (builder, begun, told)
}

#[test]
fn a_worker_learns_that_its_client_has_gone() {
    let (builder, begun, told) = forsaken();
    let server = builder.start();
    let leave: [fn(Client); 3] = [drop, Client::reset, |client| {
        // A client that listens on looks no different.
        client.end_sending();
        let _ = Box::leak(Box::new(client));
    }];
    for leave in leave {
        let mut client = Client::connect(server.address);
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody");
        begun.recv_timeout(PATIENCE).unwrap();
        leave(client);
        assert!(!told.recv_timeout(PATIENCE).unwrap(), "the answer has nowhere to go");
    }
    assert_eq!(Client::connect(server.address).get("/stays").status, 200);
    server.stop();
}

#[test]
fn a_worker_learns_that_its_client_has_gone_though_it_had_pipelined_an_answered_request() {
    let (builder, begun, told) = forsaken();
    let server = builder.start();
    let mut client = Client::connect(server.address);
    client.send("GET /stays HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.response().body, b"stays");
    begun.recv_timeout(PATIENCE).unwrap();
    drop(client);
    assert!(!told.recv_timeout(PATIENCE).unwrap());
    server.stop();
}

/// One reactor and one worker serve a whole request between any two bytes of the slow ones.
#[test]
fn slow_clients_hold_up_nobody() {
    let server = Builder::new(|envelope| {
        envelope.replier.answer(answer(envelope.request.body.clone()));
    })
    .workers(1)
    .queue(1)
    .one_reactor()
    .start();
    let request = b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nslow\r\n0\r\n\r\n";
    let mut slow: Vec<_> = (0..5).map(|_| Client::connect(server.address)).collect();
    let mut fast = Client::connect(server.address);
    for byte in request {
        for client in &mut slow {
            client.send([*byte]);
        }
        fast.post(b"fast");
        let response = fast.response();
        // The last byte lets five more requests in; there is room for one.
        assert!(response.status == 200 || byte == request.last().unwrap());
    }
    let served = slow.iter_mut().map(Client::response).filter(|response| response.body == b"slow").count();
    assert!(served >= 1);
    server.stop();
}

/// Keeps bodies coming until told to end.
fn uploads(address: SocketAddr, ended: &Arc<AtomicBool>) -> thread::JoinHandle<()> {
    let ended = Arc::clone(ended);
    thread::spawn(move || {
        let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x1_0000], b"\r\n"].concat();
        while !ended.load(Ordering::Relaxed) {
            let mut client = Client::connect(address);
            client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            for _ in 0..800 {
                if ended.load(Ordering::Relaxed) || client.try_send(&chunk).is_err() {
                    return;
                }
            }
            client.send("0\r\n\r\n");
            assert_eq!(client.response().status, 200);
        }
    })
}

#[test]
fn a_reactor_that_always_has_bytes_to_read_hands_requests_over() {
    let server = Builder::new(|envelope| {
        envelope.replier.answer(answer("hello"));
    })
    .workers(2)
    .one_reactor()
    .start();
    let ended = Arc::default();
    let uploads: Vec<_> = (0..4).map(|_| uploads(server.address, &ended)).collect();
    let mut client = Client::connect(server.address);
    // Before, one was served in six seconds.
    for _ in 0..20 {
        let sent = Instant::now();
        assert_eq!(client.get("/").status, 200);
        assert!(sent.elapsed() < QUICK, "served only after {:?}", sent.elapsed());
    }
    ended.store(true, Ordering::Relaxed);
    for upload in uploads {
        upload.join().unwrap();
    }
    server.stop();
}

#[test]
fn workers_are_told_of_a_queue_that_is_always_full() {
    const BATCH: usize = 200;
    let server = Builder::new(|envelope| {
        envelope.replier.answer(answer("hello"));
    })
    .workers(2)
    .queue(4)
    .one_reactor()
    .start();
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let address = server.address;
            thread::spawn(move || {
                let (mut client, mut served) = (Client::connect(address), 0);
                for _ in 0..20 {
                    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(BATCH));
                    served += (0..BATCH).filter(|_| client.response().status == 200).count();
                }
                served
            })
        })
        .collect();
    let served: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    // Before, none was.
    assert!(served > 400, "only {served} of {} were served", 20 * 20 * BATCH);
    server.stop();
}
