use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use super::*;

type Requests = Inbox<u32, u32>;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn request(received: Received<u32, u32>) -> Envelope<u32, u32> {
    match received {
        Received::Request(envelope) => envelope,
        Received::Leave(why) => panic!("left: {why:?}"),
    }
}

#[test]
fn dropped_envelope_answers_worker_lost() {
    let (envelope, pending) = envelope::<u32, u32>(1);
    drop(envelope);
    assert_eq!(block_on(pending), Err(Unanswered::WorkerLost));
}

#[test]
fn dropped_pending_is_seen_by_the_worker() {
    let (envelope, pending) = envelope::<u32, u32>(1);
    assert!(!envelope.replier.is_abandoned());
    drop(pending);
    assert!(envelope.replier.is_abandoned());
    assert!(!envelope.replier.answer(2));
}

#[test]
fn answer_reaches_the_waiting_side() {
    let inbox = Requests::new(1, 1, 1);
    let pending = inbox.try_dispatch(20).unwrap();
    let seat = inbox.seat(0);
    let envelope = request(seat.wait());
    assert!(envelope.replier.answer(envelope.request + 1));
    assert_eq!(block_on(pending), Ok(21));
}

#[test]
fn one_more_than_workers_and_waiting_is_given_back() {
    let inbox = Requests::new(2, 3, 2);
    let kept: Vec<_> = (0..5).map(|number| inbox.try_dispatch(number).unwrap()).collect();
    let Overloaded(request) = inbox.try_dispatch(77).unwrap_err();
    assert_eq!(request, 77);
    assert_eq!(inbox.statistics().refused, 1);
    drop(kept);
}

#[test]
fn a_taken_request_counts_until_the_next_wait() {
    let inbox = Requests::new(1, 0, 1);
    let seat = inbox.seat(0);
    let first = inbox.try_dispatch(1).unwrap();
    let envelope = request(seat.wait());
    envelope.replier.answer(1);
    assert!(inbox.try_dispatch(2).is_err(), "the worker still works after its answer");
    seat.settle();
    assert!(inbox.try_dispatch(3).is_ok());
    assert_eq!(block_on(first), Ok(1));
}

#[test]
fn an_abandoned_request_never_reaches_a_worker() {
    let inbox = Requests::new(1, 2, 1);
    drop(inbox.try_dispatch(1).unwrap());
    let _second = inbox.try_dispatch(2).unwrap();
    assert_eq!(request(inbox.seat(0).wait()).request, 2);
    assert_eq!(inbox.statistics().abandoned, 1);
}

#[test]
fn closing_refuses_what_waits_and_ends_every_wait() {
    let inbox = Requests::new(1, 2, 2);
    let seat = Arc::new(inbox.seat(0));
    let sleeper = {
        let seat = Arc::clone(&seat);
        thread::spawn(move || matches!(seat.wait(), Received::Leave(Leave::Stop)))
    };
    while inbox.statistics().idle == 0 {
        thread::yield_now();
    }
    inbox.close();
    assert!(sleeper.join().unwrap());
    assert!(inbox.try_dispatch(1).is_err());

    let inbox = Requests::new(1, 2, 1);
    let pending = inbox.try_dispatch(1).unwrap();
    inbox.close();
    assert_eq!(block_on(pending), Err(Unanswered::Stopping));
}

#[test]
fn a_sleeping_worker_hears_that_it_is_to_leave() {
    let inbox = Requests::new(1, 1, 1);
    let seat = Arc::new(inbox.seat(0));
    let sleeper = {
        let seat = Arc::clone(&seat);
        thread::spawn(move || matches!(seat.wait(), Received::Leave(Leave::Recycle)))
    };
    while inbox.statistics().idle == 0 {
        thread::yield_now();
    }
    seat.leave(Leave::Recycle);
    assert!(sleeper.join().unwrap());
    seat.stay();
    assert_eq!(seat.leaving(), None);
    seat.leave(Leave::Stop);
    seat.stay();
    assert_eq!(seat.leaving(), Some(Leave::Stop), "a stop is final");
}

#[test]
fn mail_reaches_only_its_own_seat() {
    let inbox = Requests::new(2, 2, 2);
    let (first, second) = (inbox.seat(0), inbox.seat(1));
    let (letter, pending) = envelope(9);
    second.send(letter).unwrap();
    let _shared = inbox.try_dispatch(1).unwrap();
    assert_eq!(request(first.wait()).request, 1);
    let letter = request(second.wait());
    assert_eq!(letter.request, 9);
    letter.replier.answer(10);
    assert_eq!(block_on(pending), Ok(10));
}

#[test]
fn a_full_mailbox_gives_the_letter_back() {
    let inbox = Requests::new(1, 1, 1);
    let seat = inbox.seat(0);
    let mut kept = Vec::new();
    let refused = loop {
        let (letter, pending) = envelope(1);
        match seat.send(letter) {
            Ok(()) => kept.push(pending),
            Err(Overloaded(letter)) => break letter,
        }
    };
    assert_eq!((refused.request, kept.len()), (1, 16));
    drop(refused);
}

#[test]
fn a_request_given_back_is_taken_by_another_worker() {
    let inbox = Requests::new(2, 0, 2);
    let (first, second) = (inbox.seat(0), inbox.seat(1));
    let pending = inbox.try_dispatch(5).unwrap();
    let envelope = request(first.wait());
    first.give_back(envelope);
    let envelope = request(second.wait());
    envelope.replier.answer(6);
    assert_eq!(block_on(pending), Ok(6));
    second.settle();
    first.settle();
    assert!(inbox.try_dispatch(1).is_ok() && inbox.try_dispatch(2).is_ok(), "the load is back at zero");
}

#[test]
fn a_pause_ends_when_the_worker_is_to_leave() {
    let inbox = Requests::new(1, 1, 1);
    let seat = Arc::new(inbox.seat(0));
    let sleeper = {
        let seat = Arc::clone(&seat);
        thread::spawn(move || seat.pause(Duration::from_secs(600)))
    };
    seat.leave(Leave::Stop);
    sleeper.join().unwrap();
}

/// Many senders, many workers that sleep between requests: every request is answered, none twice.
#[test]
fn nothing_is_lost_between_sleepers_and_senders() {
    const SENDERS: u32 = 4;
    const EACH: u32 = if cfg!(miri) { 20 } else { 5_000 };
    let inbox = Requests::new(3, 64, 3);
    let worked = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..3)
        .map(|number| {
            let (seat, worked) = (inbox.seat(number), Arc::clone(&worked));
            thread::spawn(move || {
                while let Received::Request(envelope) = seat.wait() {
                    worked.fetch_add(1, Ordering::Relaxed);
                    let answer = envelope.request * 2;
                    envelope.replier.answer(answer);
                }
            })
        })
        .collect();
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || {
                for number in 0..EACH {
                    let pending = loop {
                        match inbox.try_dispatch(number) {
                            Ok(pending) => break pending,
                            Err(_) => thread::yield_now(),
                        }
                    };
                    assert_eq!(block_on(pending), Ok(number * 2));
                }
            })
        })
        .collect();
    for sender in senders {
        sender.join().unwrap();
    }
    inbox.close();
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!(worked.load(Ordering::Relaxed), (SENDERS * EACH) as usize);
}
