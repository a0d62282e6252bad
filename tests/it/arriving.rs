//! Bodies that are on disk, and those that workers read while they arrive.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use roadrunner::{
    handoff::{Blocked, Read, Sealed},
    http::{Beyond, BodyError, Request},
    pool::Ended,
};

use crate::support::{Builder, Client, Server, answer, until};

type Worker = roadrunner::pool::Worker<Request, roadrunner::http::Answer>;

/// What a body was, and where.
fn read(request: &Request) -> (&'static str, Vec<u8>) {
    match request.beyond.as_deref() {
        None => ("memory", request.body.to_vec()),
        Some(Beyond::Disk(spilled)) => {
            let mut body = vec![0; usize::try_from(spilled.length()).unwrap()];
            let (mut at, mut buffer) = (0, [0; 10_000]);
            while let length @ 1.. = spilled.read_at(&mut buffer, at as u64).unwrap() {
                body[at..at + length].copy_from_slice(&buffer[..length]);
                at += length;
            }
            ("disk", body)
        }
        Some(_) => panic!("it has arrived"),
    }
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|number| (number ^ number >> 8) as u8).collect()
}

/// Workers that work on a body which may still arrive.
fn streamed(work: impl Fn(&Worker, &mut Request) -> String + Send + Sync + 'static) -> Builder {
    let mut builder = Builder::scripted(move |worker| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let mut request = envelope.request;
            let text = work(worker, &mut request);
            envelope.replier.answer(answer(text));
        }
        Ended::Exit(0)
    });
    builder.config.http.bodies.stream = true;
    builder.config.http.bodies.buffer_bytes = 1000;
    builder
}

/// Reads all that arrives, and what it ends with.
fn pieces(worker: &Worker, request: &Request) -> (usize, Option<Result<(), BodyError>>) {
    let Some(Beyond::Arriving(arrival)) = request.beyond.as_deref() else { panic!("it has arrived") };
    assert!(arrival.begin());
    let (mut length, mut buffer) = (0, [0; 5000]);
    while let Read::Bytes(read) = worker.read(arrival, &mut buffer, Duration::MAX) {
        length += read;
    }
    (length, arrival.take_end().map(|end| end.map(drop)))
}

fn begin(server: &Server, head: &str) -> Client {
    let mut client = Client::connect(server.address);
    client.send(format!("POST / HTTP/1.1\r\nHost: test\r\n{head}\r\n"));
    client
}

#[test]
fn bodies_are_in_memory_up_to_a_bound_and_on_disk_beyond() {
    let mut builder = Builder::new(|envelope| {
        let (place, body) = read(&envelope.request);
        let text = [place.as_bytes(), b" ", &body].concat();
        envelope.replier.answer(answer(text));
    });
    builder.config.http.bodies.buffer_bytes = 1000;
    let server = builder.start();
    let mut client = Client::connect(server.address);
    for (length, place) in [(1, "memory"), (1000, "memory"), (1001, "disk"), (700_000, "disk")] {
        let body = bytes(length);
        let expected = [place.as_bytes(), b" ", &body].concat();
        client.post(&body);
        assert!(client.response().body == expected, "{length}");
        let mut chunks = b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for chunk in body.chunks(300) {
            chunks.extend_from_slice(&[format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        }
        client.send([chunks.as_slice(), b"0\r\n\r\n"].concat());
        assert!(client.response().body == expected, "{length} in chunks");
    }
    server.stop();
}

#[test]
fn a_worker_reads_pieces_or_has_everything_collected() {
    let turn = Arc::new(AtomicUsize::new(0));
    let begun = Arc::clone(&turn);
    let server = streamed(move |worker, request| {
        if begun.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) {
            return format!("{:?}", pieces(worker, request));
        }
        let Some(Beyond::Arriving(arrival)) = request.beyond.as_deref() else { panic!("it has arrived") };
        assert_eq!(worker.collect(arrival), Blocked::Ready);
        let received = arrival.take_end().unwrap().unwrap();
        request.take(received);
        let (place, body) = read(request);
        format!("{place} {}", body.len())
    })
    .workers(1)
    .start();
    let mut client = Client::connect(server.address);
    for length in [500, 5000, 900_000] {
        for expected in
            [format!("({length}, Some(Ok(())))"), format!("{} {length}", if length > 1000 { "disk" } else { "memory" })]
        {
            let before = turn.load(Ordering::SeqCst);
            client.send(format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n", length + 1));
            client.send(bytes(length));
            until("a worker has it, which is not whole", || turn.load(Ordering::SeqCst) > before);
            client.send(b"x");
            let text = client.response().text();
            let more = expected.replace(&length.to_string(), &(length + 1).to_string());
            assert_eq!(text, more);
        }
    }
    server.stop();
}

#[test]
fn a_request_whose_body_is_there_is_passed_on_as_ever() {
    let server = streamed(|_, request| read(request).0.to_owned()).start();
    let mut client = Client::connect(server.address);
    for framing in ["Content-Length: 4\r\n\r\nbody", "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", "\r\n"]
    {
        client.send(format!("POST / HTTP/1.1\r\nHost: test\r\n{framing}"));
        assert_eq!(client.response().text(), "memory", "{framing}");
    }
    server.stop();
}

#[test]
fn whoever_reads_hears_why_a_body_does_not_end() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&told);
    let mut builder = streamed(move |worker, request| {
        let (length, end) = pieces(worker, request);
        noted.lock().push((length, end.and_then(Result::err)));
        String::new()
    });
    builder.config.http.limits.body_timeout = Duration::from_millis(200);
    let server = builder.start();
    let heads = ["Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"];
    for (number, head) in heads.iter().enumerate() {
        let mut silent = begin(&server, head);
        silent.send(b"3\r\nabc\r\n");
        silent.response();
        until("the silence was heard of", || told.lock().len() == number + 1);
        assert_eq!(told.lock()[number].1, Some(BodyError::TimedOut));
    }
    let mut large = begin(&server, heads[1]);
    large.send(format!("{:x}\r\n", 2 << 20));
    let _ = large.try_send(&bytes(2 << 20));
    until("the size was heard of", || told.lock().len() == 3);
    assert_eq!(told.lock()[2].1, Some(BodyError::TooLarge));
    server.stop();
}

#[test]
fn a_worker_that_does_not_read_slows_its_client_down() {
    let gate = Arc::new(crate::support::Gate::default());
    let held = Arc::clone(&gate);
    let mut builder = streamed(move |worker, request| {
        held.pass();
        format!("{:?}", pieces(worker, request))
    });
    builder.config.http.max_request_bytes = 64 << 20;
    builder.config.http.limits.body_timeout = Duration::from_secs(600);
    let server = builder.start();
    let mut client = begin(&server, &format!("Content-Length: {}\r\n", 64 << 20));
    gate.wait_for(1);
    client.set_write_patience(Duration::from_millis(500));
    let mut sent = 0;
    let piece = bytes(65_536);
    while sent < 64 << 20 {
        match client.send_some(&piece[..piece.len().min((64 << 20) - sent)]) {
            Ok(length) => sent += length,
            Err(_) => break,
        }
    }
    // What the system holds for both sides is beside what is under way.
    assert!(sent < 32 << 20, "{sent} bytes were taken");
    client.set_write_patience(crate::support::PATIENCE);
    gate.open();
    while sent < 64 << 20 {
        sent += client.send_some(&piece[..piece.len().min((64 << 20) - sent)]).unwrap();
    }
    assert_eq!(client.response().text(), format!("({}, Some(Ok(())))", 64 << 20));
    server.stop();
}
