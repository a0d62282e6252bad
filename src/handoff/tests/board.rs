//! Errands: who gets them, and that each has an answer.

use std::{
    future::Future,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};

use super::super::*;

type Requests = Inbox<u32, u32>;
type Errands = Board<u32, u32>;

const PATIENCE: Duration = Duration::from_secs(60);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits as a task does.
fn wait(mut promise: Promise<u32, u32>) -> Result<u32, Unanswered> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(answer) = std::pin::Pin::new(&mut promise).poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        thread::park_timeout(PATIENCE);
    }
}

/// A worker that offers `names` and adds 100 to each errand, until it is to leave.
fn worker(seat: &Arc<Seat<u32, u32>>, board: &Arc<Errands>, names: &[&str]) -> JoinHandle<Leave> {
    let member = board.join(seat);
    names.iter().for_each(|name| member.offer(name));
    let seat = Arc::clone(seat);
    thread::spawn(move || {
        loop {
            match seat.wait() {
                Received::Errand => {
                    let Given { request, duty, .. } = member.take().unwrap();
                    duty.answer(request + 100);
                }
                Received::Request(sealed) => {
                    sealed.open().replier.answer(0);
                }
                Received::Leave(why) => return why,
            }
        }
    })
}

fn asleep(inbox: &Requests, count: usize) {
    let end = Instant::now() + PATIENCE;
    while inbox.statistics().idle < count {
        assert!(Instant::now() < end, "nobody sleeps");
        thread::yield_now();
    }
}

fn unknown(asked: Result<Promise<u32, u32>, Untaken<u32>>) -> bool {
    matches!(asked, Err(Untaken::Unknown(_)))
}

#[test]
fn an_errand_is_done_by_one_that_has_offered_it() {
    let (inbox, board) = (Requests::new(2, 1, 2), Errands::new(8));
    let seats: Vec<_> = (0..2).map(|number| Arc::new(inbox.seat(number))).collect();
    let workers = [worker(&seats[0], &board, &["a"]), worker(&seats[1], &board, &["a", "b"])];
    asleep(&inbox, 2);
    for number in 0..1000 {
        let name = if number % 3 == 0 { "b" } else { "a" };
        assert_eq!(wait(board.ask(name, number).unwrap()), Ok(number + 100));
    }
    assert!(unknown(board.ask("c", 1)) && !board.offers("c") && board.offers("b"));
    inbox.close();
    seats.iter().for_each(|seat| seat.leave(Leave::Stop));
    for worker in workers {
        assert_eq!(worker.join().unwrap(), Leave::Stop);
    }
    assert!(unknown(board.ask("a", 1)), "who has left offers nothing");
}

#[test]
fn one_that_is_busy_does_what_waits_at_its_next_wait_and_a_request_has_its_turn() {
    let (inbox, board) = (Requests::new(1, 8, 1), Errands::new(8));
    let seat = inbox.seat(0);
    let member = board.join(&seat);
    member.offer("a");
    let promises: Vec<_> = (0..3).map(|number| board.ask("a", number).unwrap()).collect();
    assert_eq!(board.waiting(), 3);
    let port = Port::new(8);
    let mut lines = [Line::new(&port), Line::new(&port)];
    let _pending: Vec<_> = lines.iter_mut().map(|line| inbox.try_dispatch(line, 7, Instant::now()).unwrap()).collect();
    let mut order = String::new();
    for _ in 0..5 {
        match seat.wait() {
            Received::Errand => {
                let Given { name, request, duty } = member.take().unwrap();
                order.push_str(&format!("{name}{request} "));
                assert!(duty.answer(request));
            }
            Received::Request(sealed) => {
                order.push_str("request ");
                sealed.open().replier.answer(0);
            }
            Received::Leave(why) => panic!("left: {why:?}"),
        }
    }
    assert_eq!(order, "a0 request a1 request a2 ");
    for (number, promise) in (0..).zip(promises) {
        assert_eq!(wait(promise), Ok(number));
    }
}

#[test]
fn every_way_to_lose_an_errand_answers_it() {
    let (inbox, board) = (Requests::new(2, 1, 2), Errands::new(8));
    let (seat, other) = (inbox.seat(0), inbox.seat(1));
    let member = board.join(&seat);
    member.offer("a");
    // Dropped by the one who has taken it.
    let promise = board.ask("a", 1).unwrap();
    assert!(matches!(seat.wait(), Received::Errand));
    drop(member.take());
    assert_eq!(wait(promise), Err(Unanswered::WorkerLost));
    // Not even taken out of the hand.
    let promise = board.ask("a", 1).unwrap();
    assert!(matches!(seat.wait(), Received::Errand));
    seat.leave(Leave::Retire);
    assert!(matches!(seat.wait(), Received::Leave(Leave::Retire)));
    assert_eq!(wait(promise), Err(Unanswered::Stopping), "it was given back, and there is nobody else");
    // Waiting when the last offer is withdrawn.
    let next = board.join(&other);
    next.offer("a");
    let promise = board.ask("a", 2).unwrap();
    assert!(next.withdraw("a") && !next.withdraw("a"));
    assert_eq!(wait(promise), Err(Unanswered::Stopping));
    // Waiting when the last worker goes.
    next.offer("a");
    let promise = board.ask("a", 3).unwrap();
    next.leave();
    assert_eq!(wait(promise), Err(Unanswered::Stopping));
    assert_eq!(board.waiting(), 0);
}

#[test]
fn a_worker_that_is_run_again_keeps_its_offers_until_it_waits() {
    let (inbox, board) = (Requests::new(1, 1, 1), Errands::new(8));
    let seat = inbox.seat(0);
    let member = board.join(&seat);
    member.offer("a");
    member.offer("b");
    seat.leave(Leave::Recycle);
    assert!(matches!(seat.wait(), Received::Leave(Leave::Recycle)));
    seat.stay();
    let (one, other) = (board.ask("a", 1).unwrap(), board.ask("b", 2).unwrap());
    member.begin();
    member.offer("a");
    member.settle();
    assert_eq!(wait(other), Err(Unanswered::Stopping), "the new run does not offer it");
    assert!(matches!(seat.wait(), Received::Errand));
    member.take().unwrap().duty.answer(5);
    assert_eq!(wait(one), Ok(5));
    assert!(unknown(board.ask("b", 2)));
}

#[test]
fn what_nobody_waits_for_is_not_done_and_makes_room() {
    let (inbox, board) = (Requests::new(1, 1, 1), Errands::new(2));
    let seat = inbox.seat(0);
    let member = board.join(&seat);
    member.offer("a");
    let (gone, stays) = (board.ask("a", 1).unwrap(), board.ask("a", 2).unwrap());
    assert!(matches!(board.ask("a", 3), Err(Untaken::Full(3))));
    drop(gone);
    let third = board.ask("a", 3).unwrap();
    assert!(stays.is_waiting());
    for expected in [2, 3] {
        assert!(matches!(seat.wait(), Received::Errand));
        let Given { request, duty, .. } = member.take().unwrap();
        assert_eq!(request, expected);
        duty.answer(0);
    }
    drop((stays, third));
    let promise = board.ask("a", 4).unwrap();
    assert!(matches!(seat.wait(), Received::Errand));
    let duty = member.take().unwrap().duty;
    drop(promise);
    assert!(duty.is_abandoned() && !duty.answer(0));
}

#[test]
fn a_worker_waits_for_another_ones_answer_at_its_seat() {
    let (inbox, board) = (Requests::new(2, 1, 2), Errands::new(8));
    let seats: Vec<_> = (0..2).map(|number| Arc::new(inbox.seat(number))).collect();
    let other = worker(&seats[1], &board, &["a"]);
    assert_eq!(board.ask("a", 1).unwrap().wait(&seats[0], PATIENCE), Ok(101));
    seats[1].leave(Leave::Retire);
    other.join().unwrap();
    // Nobody does it.
    let own = board.join(&seats[0]);
    own.offer("b");
    let asked = board.ask("b", 1).unwrap().wait(&seats[0], Duration::from_millis(5));
    assert_eq!(asked, Err(Missing::TimedOut));
    seats[0].interrupt();
    assert_eq!(board.ask("b", 1).unwrap().wait(&seats[0], PATIENCE), Err(Missing::Interrupted));
}

#[test]
fn an_errand_that_takes_too_long_is_answered_for_its_worker() {
    let (inbox, board) = (Requests::new(1, 1, 1), Errands::new(8));
    let mut seat = inbox.seat(0);
    seat.oversee();
    let member = board.join(&seat);
    member.offer("a");
    let promise = board.ask("a", 1).unwrap();
    assert!(matches!(seat.wait(), Received::Errand));
    let (number, _) = seat.in_hand().unwrap();
    assert_eq!(seat.request_number(), number);
    assert!(seat.time_out(number) && seat.is_timed_out());
    assert_eq!(wait(promise), Err(Unanswered::TimedOut));
    assert!(!member.take().unwrap().duty.answer(1), "the answer comes too late");
    seat.settle();
    assert!(!seat.time_out(number));
}
