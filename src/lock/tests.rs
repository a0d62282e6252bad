//! What the rules promise.

mod model;

use std::{
    sync::Arc,
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Asked, Limits, LockError, Locks, Request, Ties, Timer, Wait};

/// Longest time for what must happen.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells a channel.
struct Ring(Sender<()>);

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        let _ = self.0.try_send(());
    }
}

fn ring() -> (Waker, Receiver<()>) {
    let (sender, receiver) = bounded(1);
    (Waker::from(Arc::new(Ring(sender))), receiver)
}

fn locks() -> Arc<Locks> {
    Locks::new(Limits::default())
}

fn exclusive<'a>(name: &'a str, id: &'a str) -> Request<'a> {
    Request { name: name.as_bytes(), id: id.as_bytes(), shared: false, ttl: None, tie: None }
}

fn shared<'a>(name: &'a str, id: &'a str) -> Request<'a> {
    Request { shared: true, ..exclusive(name, id) }
}

/// Asks for what is not there.
fn wait(locks: &Arc<Locks>, request: Request<'_>) -> Wait {
    match locks.ask(request).unwrap() {
        Asked::Wait(wait) => wait,
        Asked::Granted => panic!("it has the lock at once"),
    }
}

fn is_there(wait: &Wait) -> bool {
    wait.is_settled(Waker::noop())
}

#[test]
fn an_exclusive_lock_has_one_owner() {
    let locks = locks();
    assert!(locks.take(exclusive("a", "one")).unwrap());
    for request in [exclusive("a", "two"), shared("a", "two"), exclusive("a", "one"), shared("a", "one")] {
        assert!(!locks.take(request).unwrap(), "{request:?}");
    }
    assert!(locks.take(exclusive("b", "two")).unwrap());
    assert!(!locks.release(b"a", b"two"));
    assert!(locks.exists(b"a", Some(b"one")) && locks.exists(b"a", None) && !locks.exists(b"a", Some(b"two")));
    assert!(locks.release(b"a", b"one"));
    assert!(!locks.release(b"a", b"one") && !locks.exists(b"a", None));
    assert!(locks.take(exclusive("a", "two")).unwrap());
    assert!(locks.force_release(b"a") && !locks.force_release(b"a"));
    assert_eq!(locks.counts(), (1, 0));
}

#[test]
fn those_that_wait_are_served_as_they_came_and_readers_do_not_pass_writers() {
    let locks = locks();
    assert!(locks.take(shared("a", "one")).unwrap() && locks.take(shared("a", "two")).unwrap());
    let writer = wait(&locks, exclusive("a", "three"));
    let reader = wait(&locks, shared("a", "four"));
    let other = wait(&locks, shared("a", "five"));
    let last = wait(&locks, exclusive("a", "six"));
    assert!(!locks.take(shared("a", "seven")).unwrap());
    assert!(locks.release(b"a", b"one") && !is_there(&writer));
    assert!(locks.release(b"a", b"two") && is_there(&writer));
    assert!(writer.finish() && !is_there(&reader));
    assert!(locks.release(b"a", b"three") && is_there(&reader) && is_there(&other) && !is_there(&last));
    assert!(reader.finish() && other.finish());
    // The next one gets what was forced.
    assert!(locks.force_release(b"a") && is_there(&last) && last.finish());
    assert_eq!(locks.counts(), (1, 0));
}

#[test]
fn one_that_gives_up_lets_those_behind_pass_and_keeps_nothing() {
    let locks = locks();
    assert!(locks.take(shared("a", "one")).unwrap());
    let writer = wait(&locks, exclusive("a", "two"));
    let reader = wait(&locks, shared("a", "three"));
    drop(writer);
    assert!(is_there(&reader), "nobody before it waits for the first to be gone");
    // It has the lock by now, and does not want it any more.
    drop(reader);
    assert!(!locks.exists(b"a", Some(b"three")));
    let late = wait(&locks, exclusive("a", "four"));
    assert!(!late.finish(), "its time is over before its turn");
    assert_eq!(locks.counts(), (1, 0));
}

#[test]
fn one_that_shares_may_have_it_alone_once_nobody_else_does() {
    let locks = locks();
    assert!(locks.take(shared("a", "one")).unwrap() && locks.take(exclusive("a", "one")).unwrap());
    assert!(!locks.take(shared("a", "two")).unwrap(), "it is exclusive now");
    assert!(locks.release(b"a", b"one"));
    assert!(locks.take(shared("a", "one")).unwrap() && locks.take(shared("a", "two")).unwrap());
    let writer = wait(&locks, exclusive("a", "three"));
    let raised = wait(&locks, exclusive("a", "one"));
    assert!(locks.take(shared("a", "two")).unwrap(), "it has it already");
    assert!(locks.release(b"a", b"two") && is_there(&raised) && raised.finish());
    assert!(!is_there(&writer), "it came before, but could not have it");
    assert!(locks.release(b"a", b"one") && is_there(&writer));
}

#[test]
fn locks_end_with_their_time_and_wake_those_that_wait() {
    let locks = locks();
    let timer = Timer::start(&locks).unwrap();
    let ttl = Some(Duration::from_millis(30));
    let started = Instant::now();
    assert!(locks.take(Request { ttl: Some(PATIENCE), ..exclusive("b", "one") }).unwrap());
    assert!(locks.take(Request { ttl, ..exclusive("a", "one") }).unwrap());
    let (waker, rung) = ring();
    let next = wait(&locks, exclusive("a", "two"));
    assert!(!next.is_settled(&waker));
    rung.recv_timeout(PATIENCE).unwrap();
    assert!(next.finish() && started.elapsed() >= Duration::from_millis(30));
    // A new time takes the place of the old one, and the timer hears of one that is sooner.
    assert!(locks.update(b"b", b"one", ttl) && !locks.update(b"b", b"two", ttl));
    let next = wait(&locks, exclusive("b", "two"));
    assert!(!next.is_settled(&waker));
    rung.recv_timeout(PATIENCE).unwrap();
    assert!(next.finish());
    drop(timer);
    assert_eq!(locks.counts(), (2, 0));
}

#[test]
fn what_is_tied_to_a_run_ends_with_it() {
    let locks = locks();
    let ties = Ties::new(Arc::clone(&locks));
    assert_eq!(ties.tie(), None, "no run has begun");
    ties.begin();
    let tie = ties.tie();
    assert!(tie.is_some() && tie == ties.tie());
    assert!(locks.take(Request { tie, ..exclusive("a", "one") }).unwrap());
    assert!(locks.take(Request { tie, ..exclusive("b", "one") }).unwrap() && locks.release(b"b", b"one"));
    assert!(locks.take(exclusive("c", "one")).unwrap());
    let next = wait(&locks, exclusive("a", "two"));
    let hers = wait(&locks, Request { tie, ..exclusive("c", "two") });
    assert_eq!(ties.end(), 1);
    assert!(is_there(&next) && next.finish());
    // The run can have nothing any more, be it that it waits already.
    assert_eq!(locks.take(Request { tie, ..exclusive("d", "one") }), Err(LockError::Untied));
    assert!(locks.release(b"c", b"one") && is_there(&hers) && !hers.finish() && !locks.exists(b"c", None));
    assert_eq!(ties.tie(), None);
    ties.begin();
    let other = ties.tie();
    assert!(other.is_some() && other != tie);
    assert!(locks.take(Request { tie: other, ..exclusive("d", "one") }).unwrap());
    drop(ties);
    assert_eq!(locks.counts(), (1, 0));
}

#[test]
fn what_cannot_be_had_is_said() {
    let locks = Locks::new(Limits { locks: 3, waiting: 1, name: 4, id: 3 });
    for (name, id, error) in [
        ("", "one", "the name of a lock must not be empty"),
        ("abcde", "one", "the name of a lock has at most 4 bytes, one of 5 given"),
        ("a", "", "empty ID is not allowed"),
        ("a", "four", "the id of a lock has at most 3 bytes, one of 4 given"),
        ("a", "*", "the id \"*\" stands for any: a lock cannot have it"),
    ] {
        assert_eq!(locks.take(exclusive(name, id)).unwrap_err().to_string(), error);
    }
    assert!(locks.take(shared("a", "one")).unwrap());
    let _writer = wait(&locks, exclusive("a", "two"));
    assert_eq!(locks.ask(shared("a", "1")).unwrap_err(), LockError::TooManyWait(1));
    assert!(locks.take(exclusive("b", "one")).unwrap());
    assert_eq!(locks.take(exclusive("c", "one")), Err(LockError::TooMany(3)));
    assert!(!locks.take(exclusive("b", "two")).unwrap(), "it would not be had anyway");
    assert!(locks.take(shared("a", "one")).unwrap(), "it is no other one");
    assert!(locks.release(b"b", b"one") && locks.take(exclusive("c", "one")).unwrap());
}
