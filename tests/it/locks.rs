//! Locks as callers of the RPC see them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use roadrunner::{
    lock,
    lock::{Locks, Timer},
    rpc::{Limits, Methods, Server},
};

use crate::{
    rpc::{ERROR, JSON, Wire, call, connect, serve},
    support::{PATIENCE, until},
};

const PROTOBUF: u8 = 0x80;

struct Rpc {
    server: Server,
    locks: Arc<Locks>,
    _timer: Timer,
}

fn start(limits: Limits) -> Rpc {
    let locks = Locks::new(lock::Limits::default());
    let mut methods = Methods::new();
    methods.lock(&locks);
    Rpc { server: serve(methods, limits), _timer: Timer::start(&locks).unwrap(), locks }
}

/// Calls a method with JSON: what its answer says, or its error.
#[track_caller]
fn ask(wire: &mut Wire, method: &str, argument: &str) -> Result<bool, String> {
    wire.call(method, argument).map(|answer| match &*answer {
        r#"{"ok":true}"# => true,
        r#"{"ok":false}"# => false,
        other => panic!("{other}"),
    })
}

#[test]
fn a_lock_is_one_for_all_connections() {
    let rpc = start(Limits::default());
    let (mut one, mut two) = (connect(&rpc.server), connect(&rpc.server));
    let (mine, yours) = (r#"{"resource":"a","id":"one"}"#, r#"{"resource":"a","id":"two"}"#);
    assert_eq!(ask(&mut one, "lock.Lock", mine), Ok(true));
    assert_eq!(ask(&mut two, "lock.Lock", yours), Ok(false));
    assert_eq!(ask(&mut two, "lock.LockRead", yours), Ok(false));
    assert_eq!(ask(&mut two, "lock.Release", yours), Ok(false));
    assert_eq!(ask(&mut two, "lock.Exists", yours), Ok(false));
    assert_eq!(ask(&mut two, "lock.Exists", mine), Ok(true));
    assert_eq!(ask(&mut two, "lock.Exists", r#"{"resource":"a","id":"*"}"#), Ok(true));
    assert_eq!(ask(&mut two, "lock.UpdateTTL", r#"{"resource":"a","id":"one","ttl":60000000}"#), Ok(true));
    // It is the id's, not the connection's.
    assert_eq!(ask(&mut two, "lock.Release", mine), Ok(true));
    assert_eq!(ask(&mut two, "lock.LockRead", yours), Ok(true));
    assert_eq!(ask(&mut one, "lock.LockRead", mine), Ok(true));
    assert_eq!(ask(&mut one, "lock.ForceRelease", r#"{"resource":"a"}"#), Ok(true));
    assert_eq!(ask(&mut one, "lock.ForceRelease", r#"{"resource":"a"}"#), Ok(false));
    for (argument, error) in [
        (r#"{"resource":"a"}"#, "empty ID is not allowed"),
        (r#"{"id":"a"}"#, "the name of a lock must not be empty"),
        (r#"{"resource":"a","id":"b","ttl":-1}"#, "the ttl of a lock must not be negative"),
        (r#"{"resource":"a","id":"b","wait":-1}"#, "the wait of a lock must not be negative"),
    ] {
        assert_eq!(ask(&mut one, "lock.Lock", argument), Err(error.to_owned()));
    }
    assert_eq!(rpc.locks.counts(), (0, 0));
}

#[test]
fn clients_of_roadrunner_call_in_protobuf() {
    let rpc = start(Limits::default());
    let mut wire = connect(&rpc.server);
    // resource, id, ttl, wait
    let asks = b"\x0a\x01a\x12\x03one\x18\x80\xad\xe2\x04\x20\x00";
    let answer = wire.ask(&call(1, PROTOBUF, "lock.Lock", asks)).unwrap();
    assert_eq!((answer.flags, &*answer.body), (PROTOBUF, &b"\x08\x01"[..]));
    let answer = wire.ask(&call(2, PROTOBUF, "lock.Lock", asks)).unwrap();
    assert_eq!((answer.flags, &*answer.body), (PROTOBUF, &b""[..]), "false is not written");
    let answer = wire.ask(&call(3, PROTOBUF, "lock.Lock", b"\x0a\x01a")).unwrap();
    assert_eq!((answer.flags, &*answer.body), (PROTOBUF | ERROR, &b"empty ID is not allowed"[..]));
}

#[test]
fn more_calls_wait_than_there_are_threads_and_others_are_answered_meanwhile() {
    let rpc = start(Limits { waiting: 1, ..Limits::default() });
    let mut owner = connect(&rpc.server);
    assert_eq!(ask(&mut owner, "lock.Lock", r#"{"resource":"a","id":"owner"}"#), Ok(true));
    let mut wires: Vec<_> = (0..40).map(|_| connect(&rpc.server)).collect();
    for (number, wire) in wires.iter_mut().enumerate() {
        let body = format!(r#"{{"resource":"a","id":"{number}","wait":60000000}}"#);
        wire.send(&call(7, JSON, "lock.Lock", body.as_bytes()));
        until("it waits", || rpc.locks.counts().1 == number + 1);
    }
    assert_eq!(ask(&mut owner, "lock.Release", r#"{"resource":"a","id":"owner"}"#), Ok(true));
    for (number, wire) in wires.iter_mut().enumerate() {
        assert_eq!(wire.answer().unwrap().body, br#"{"ok":true}"#, "{number} is the next");
        let body = format!(r#"{{"resource":"a","id":"{number}"}}"#);
        assert_eq!(ask(wire, "lock.Release", &body), Ok(true));
    }
    assert_eq!(rpc.locks.counts(), (0, 0));
}

#[test]
fn a_wait_ends_with_its_time_its_client_and_the_server() {
    let rpc = start(Limits::default());
    let (mut owner, mut other) = (connect(&rpc.server), connect(&rpc.server));
    assert_eq!(ask(&mut owner, "lock.Lock", r#"{"resource":"a","id":"owner"}"#), Ok(true));
    let start = Instant::now();
    assert_eq!(ask(&mut other, "lock.Lock", r#"{"resource":"a","id":"b","wait":20000}"#), Ok(false));
    assert!(start.elapsed() >= Duration::from_millis(20));
    let long = call(1, JSON, "lock.Lock", br#"{"resource":"a","id":"b","wait":3600000000}"#);
    other.send(&long);
    until("it waits", || rpc.locks.counts().1 == 1);
    drop(other);
    until("its client has gone", || rpc.locks.counts().1 == 0);
    let mut last = connect(&rpc.server);
    last.send(&long);
    until("it waits", || rpc.locks.counts().1 == 1);
    let Rpc { server, locks, .. } = rpc;
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < PATIENCE / 2);
    assert_eq!(last.answer().unwrap().body, b"the wait was given up");
    assert_eq!(locks.counts(), (1, 0));
}

#[test]
fn a_lock_whose_time_is_over_is_the_next_ones() {
    let rpc = start(Limits::default());
    let mut wire = connect(&rpc.server);
    assert_eq!(ask(&mut wire, "lock.Lock", r#"{"resource":"a","id":"one","ttl":30000}"#), Ok(true));
    assert_eq!(ask(&mut wire, "lock.Lock", r#"{"resource":"a","id":"two","wait":60000000}"#), Ok(true));
    assert_eq!(ask(&mut wire, "lock.Exists", r#"{"resource":"a","id":"one"}"#), Ok(false));
}
