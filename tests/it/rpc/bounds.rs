//! What bounds a connection costs only that connection.

use std::{io::Write, time::Duration};

use roadrunner::rpc::Limits;

use super::{ERROR, JSON, call, start};
use crate::support::until;

#[test]
fn ten_thousand_calls_may_be_sent_before_the_first_answer_is_read() {
    let rpc = start(Limits::default());
    let mut wire = rpc.connect();
    let count = 10_000;
    let bytes: Vec<u8> =
        (0..count).flat_map(|number| call(number, JSON, "test.Echo", format!("\"{number}\"").as_bytes())).collect();
    wire.send(&bytes);
    for number in 0..count {
        let answer = wire.answer().unwrap();
        assert_eq!((answer.number, answer.body), (number, format!("\"{number}\"").into_bytes()));
    }
}

#[test]
fn calls_that_wait_are_answered_when_they_are_done_and_no_more_are_read_than_a_connection_may_have() {
    let limits = Limits { calls: 4, waiting: 8, ..Limits::default() };
    let rpc = start(limits);
    let (mut wire, mut other) = (rpc.connect(), rpc.connect());
    for number in 0..12 {
        wire.send(&call(number, JSON, "test.Wait", number.to_string().as_bytes()));
    }
    until("four wait", || rpc.gate.waiting() == 4);
    // The thread of all connections is free, and so are other threads for calls.
    assert_eq!(other.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
    assert_eq!(other.call("resetter.Reset", "\"http\""), Ok("true".to_owned()));
    assert_eq!(rpc.gate.waiting(), 4, "the fifth is not read yet");
    rpc.gate.open();
    let mut numbers: Vec<_> = (0..12).map(|_| wire.answer().unwrap().number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..12).collect::<Vec<_>>());
}

#[test]
fn more_calls_that_wait_than_there_are_threads_fail_at_once() {
    let rpc = start(Limits { waiting: 2, ..Limits::default() });
    let mut wire = rpc.connect();
    for number in 0..3 {
        wire.send(&call(number, JSON, "test.Wait", b"0"));
    }
    let answer = wire.answer().unwrap();
    assert_eq!((answer.number, answer.flags), (2, JSON | ERROR));
    assert_eq!(answer.body, b"too many calls wait for something: try again later");
    rpc.gate.open();
    assert!(wire.answer().is_some() && wire.answer().is_some());
    // There is room again once they are done, which is a moment before or after they are answered.
    until("a thread is free", || wire.call("test.Wait", "0").is_ok());
}

#[test]
fn a_client_that_reads_nothing_is_not_read_on_and_loses_its_connection() {
    let limits = Limits { unread: 64 * 1024, patience: Duration::from_secs(1), ..Limits::default() };
    let rpc = start(limits);
    let mut wire = rpc.connect();
    wire.0.set_write_timeout(Some(Duration::from_millis(100))).unwrap();
    // Each answer is far longer than its call: the kernel's buffers fill up, then the server's, then calls are not read.
    let asking = call(1, JSON, "test.Big", b"60000");
    let mut sent = 0;
    let mut other = rpc.connect();
    until("the server ends the connection", || {
        assert_eq!(other.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
        match wire.0.write_all(&asking) {
            Ok(()) => {
                sent += 1;
                false
            }
            Err(error) => {
                matches!(error.kind(), std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionReset)
            }
        }
    });
}

#[test]
fn the_rest_of_a_frame_must_come_and_the_next_frame_need_not() {
    let rpc = start(Limits { patience: Duration::from_millis(300), ..Limits::default() });
    let mut idle = rpc.connect();
    assert_eq!(idle.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
    let mut wire = rpc.connect();
    let bytes = call(1, JSON, "test.Echo", b"\"a\"");
    wire.send(&bytes[..bytes.len() - 1]);
    assert_eq!(wire.answer(), None);
    assert_eq!(idle.call("test.Echo", "\"b\""), Ok("\"b\"".to_owned()), "longer idle than the patience");
}

#[test]
fn a_new_connection_takes_the_place_of_the_one_that_was_idle_longest() {
    let rpc = start(Limits { connections: 2, idle: Duration::ZERO, ..Limits::default() });
    let (mut first, mut second) = (rpc.connect(), rpc.connect());
    assert_eq!(first.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
    assert_eq!(second.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
    assert_eq!(first.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
    let mut third = rpc.connect();
    assert_eq!(third.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
    assert_eq!(second.answer(), None);
    assert_eq!(first.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
}

#[test]
fn without_an_idle_one_a_new_connection_is_closed() {
    let rpc = start(Limits { connections: 1, ..Limits::default() });
    let mut first = rpc.connect();
    assert_eq!(first.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
    assert_eq!(rpc.connect().answer(), None);
    assert_eq!(first.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
    drop(first);
    until("there is room", || {
        let mut next = rpc.connect();
        // Closed with this call unread it may also be reset.
        next.0.write_all(&call(1, JSON, "test.Echo", b"\"a\"")).is_ok() && next.answer().is_some()
    });
}

#[test]
fn the_memory_of_all_frames_is_bounded_and_comes_back() {
    let size = 1024 * 1024;
    let rpc = start(Limits { frame: size, memory: size, ..Limits::default() });
    let body = format!("\"{}\"", "x".repeat(size as usize - 100));
    let bytes = call(1, JSON, "test.Echo", body.as_bytes());
    // One that holds all of it and does not go on.
    let mut slow = rpc.connect();
    slow.send(&bytes[..bytes.len() / 2]);
    let mut small = rpc.connect();
    assert_eq!(small.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()), "short frames need none");
    let waiting = std::thread::spawn({
        let mut wire = rpc.connect();
        let bytes = bytes.clone();
        move || wire.ask(&bytes).unwrap().body.len()
    });
    drop(slow);
    assert_eq!(waiting.join().unwrap(), body.len());
    for _ in 0..8 {
        assert_eq!(rpc.connect().ask(&bytes).unwrap().body.len(), body.len());
    }
}
