//! Searches interleavings of the hand-off: no wake-up is lost, nothing is delivered twice, a stop is always heard.
//!
//! Run by `make model`. Time stands still in the model, so what the rules put off stays put off: nothing here depends on
//! the monitor but the test that has one.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use shuttle::{
    check_random,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::{
    super::{bell::Bell, *},
    schedules,
};

type Requests = Inbox<usize, usize>;

/// Schedules searched by each test.
const SCHEDULES: usize = 100_000;

/// A reactor with one line per request: dispatches all, then parks and drains until every answer is there.
fn drive(inbox: &Requests, port: &Arc<Port<usize, usize>>, requests: &[usize]) -> Vec<Result<usize, Unanswered>> {
    let root = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&root));
    let mut lines: Vec<_> = requests.iter().map(|_| Line::new(port)).collect();
    let mut waiting: Vec<_> = Vec::new();
    for (line, request) in lines.iter_mut().zip(requests) {
        waiting.push(inbox.try_dispatch(line, *request, Instant::now()).expect("there is room"));
    }
    let mut answers: Vec<_> = requests.iter().map(|_| None).collect();
    loop {
        port.drain(&waker);
        for (answer, pending) in answers.iter_mut().zip(&mut waiting) {
            if answer.is_none()
                && let Poll::Ready(ready) = pin!(pending).poll(&mut Context::from_waker(&waker))
            {
                *answer = Some(ready);
            }
        }
        if answers.iter().all(Option::is_some) {
            return answers.into_iter().flatten().collect();
        }
        inbox.announce(port);
        port.parking();
        root.sleep(None);
        port.unparked();
    }
}

/// Takes and answers until told to leave; a recycled one comes back.
fn work(seat: &Seat<usize, usize>, taken: &AtomicUsize) {
    loop {
        match seat.wait() {
            Received::Request(sealed) => {
                let envelope = sealed.open();
                taken.fetch_add(1, Ordering::SeqCst);
                let answer = envelope.request + 100;
                envelope.replier.answer(answer);
            }
            Received::Leave(Leave::Recycle) => {
                seat.settle();
                seat.stay();
            }
            Received::Errand => unreachable!(),
            Received::Leave(Leave::Retire | Leave::Stop) => return,
        }
    }
}

#[test]
fn every_request_is_answered_once_and_every_stop_is_heard() {
    check_random(
        || {
            let inbox = Requests::new(2, 4, 2);
            let taken = Arc::new(AtomicUsize::new(0));
            let workers: Vec<_> = (0..2)
                .map(|number| {
                    let (seat, taken) = (inbox.seat(number), Arc::clone(&taken));
                    thread::spawn(move || work(&seat, &taken))
                })
                .collect();
            let port = Port::new(16);
            assert_eq!(drive(&inbox, &port, &[1, 2, 3]), [Ok(101), Ok(102), Ok(103)]);
            inbox.close();
            for worker in workers {
                worker.join().unwrap();
            }
            assert_eq!(taken.load(Ordering::SeqCst), 3);
        },
        schedules(SCHEDULES),
    );
}

#[test]
fn two_reactors_share_the_workers() {
    check_random(
        || {
            let inbox = Requests::new(2, 4, 2);
            let taken = Arc::new(AtomicUsize::new(0));
            let workers: Vec<_> = (0..2)
                .map(|number| {
                    let (seat, taken) = (inbox.seat(number), Arc::clone(&taken));
                    thread::spawn(move || work(&seat, &taken))
                })
                .collect();
            let other = {
                let inbox = Arc::clone(&inbox);
                thread::spawn(move || drive(&inbox, &Port::new(16), &[11, 12]))
            };
            assert_eq!(drive(&inbox, &Port::new(16), &[1, 2]), [Ok(101), Ok(102)]);
            assert_eq!(other.join().unwrap(), [Ok(111), Ok(112)]);
            inbox.close();
            for worker in workers {
                worker.join().unwrap();
            }
            assert_eq!(taken.load(Ordering::SeqCst), 4);
        },
        schedules(SCHEDULES),
    );
}

#[test]
fn recycling_and_closing_lose_nothing() {
    check_random(
        || {
            let inbox = Requests::new(2, 4, 2);
            let taken = Arc::new(AtomicUsize::new(0));
            let seats: Vec<_> = (0..2).map(|number| Arc::new(inbox.seat(number))).collect();
            let workers: Vec<_> = seats
                .iter()
                .map(|seat| {
                    let (seat, taken) = (Arc::clone(seat), Arc::clone(&taken));
                    thread::spawn(move || work(&seat, &taken))
                })
                .collect();
            let closer = {
                let (inbox, seats) = (Arc::clone(&inbox), seats.clone());
                thread::spawn(move || {
                    seats[0].leave(Leave::Recycle);
                    inbox.close();
                })
            };
            let port = Port::new(16);
            let mut lines = [Line::new(&port), Line::new(&port)];
            let dispatched = lines
                .iter_mut()
                .filter_map(|line| inbox.try_dispatch(line, 1, Instant::now()).ok())
                .collect::<Vec<_>>();
            inbox.announce(&port);
            let root = Arc::new(Bell::default());
            let waker = Waker::from(Arc::clone(&root));
            let mut answered = 0;
            for pending in dispatched {
                let mut pending = pin!(pending);
                loop {
                    port.drain(&waker);
                    if let Poll::Ready(answer) = pending.as_mut().poll(&mut Context::from_waker(&waker)) {
                        assert!(matches!(answer, Ok(101) | Err(Unanswered::Stopping)), "{answer:?}");
                        answered += usize::from(answer.is_ok());
                        break;
                    }
                    port.parking();
                    root.sleep(None);
                    port.unparked();
                }
            }
            closer.join().unwrap();
            for worker in workers {
                worker.join().unwrap();
            }
            assert_eq!(taken.load(Ordering::SeqCst), answered);
        },
        schedules(SCHEDULES),
    );
}

#[test]
fn a_client_that_leaves_at_any_moment_harms_nobody() {
    check_random(
        || {
            let inbox = Requests::new(1, 4, 1);
            let taken = Arc::new(AtomicUsize::new(0));
            let worker = {
                let (seat, taken) = (inbox.seat(0), Arc::clone(&taken));
                thread::spawn(move || work(&seat, &taken))
            };
            let port = Port::new(16);
            let mut leaving = Line::new(&port);
            let pending = inbox.try_dispatch(&mut leaving, 7, Instant::now()).expect("there is room");
            inbox.announce(&port);
            let leaver = thread::spawn(move || drop(pending));
            assert_eq!(drive(&inbox, &port, &[1]), [Ok(101)]);
            leaver.join().unwrap();
            let again = inbox.try_dispatch(&mut leaving, 8, Instant::now()).expect("there is room");
            drop(again);
            inbox.close();
            worker.join().unwrap();
            assert!((1..=3).contains(&taken.load(Ordering::SeqCst)));
        },
        schedules(SCHEDULES),
    );
}

/// Waits for one answer.
fn answer(
    inbox: &Requests,
    port: &Arc<Port<usize, usize>>,
    pending: Pending<usize, usize>,
) -> Result<usize, Unanswered> {
    let root = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&root));
    let mut pending = pin!(pending);
    loop {
        port.drain(&waker);
        if let Poll::Ready(answer) = pending.as_mut().poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        inbox.announce(port);
        port.parking();
        root.sleep(None);
        port.unparked();
    }
}

#[test]
fn an_end_from_outside_hits_one_request_and_no_later_one_on_its_line() {
    for leaves in [false, true] {
        check_random(
            move || {
                let inbox = Requests::new(1, 4, 1);
                let mut seat = inbox.seat(0);
                seat.oversee();
                let seat = Arc::new(seat);
                let taken = Arc::new(AtomicUsize::new(0));
                let worker = {
                    let (seat, taken) = (Arc::clone(&seat), Arc::clone(&taken));
                    thread::spawn(move || work(&seat, &taken))
                };
                let ender = {
                    let seat = Arc::clone(&seat);
                    thread::spawn(move || {
                        // The first request that is taken, whenever that may be.
                        while !seat.time_out(1) && seat.pulse() < 2 {
                            thread::yield_now();
                        }
                    })
                };
                let port = Port::new(16);
                let mut line = Line::new(&port);
                let first = inbox.try_dispatch(&mut line, 1, Instant::now()).expect("there is room");
                if leaves {
                    inbox.announce(&port);
                    drop(first);
                } else {
                    let first = answer(&inbox, &port, first);
                    assert!(matches!(first, Ok(101) | Err(Unanswered::TimedOut)), "{first:?}");
                }
                for request in [2, 3] {
                    let next = inbox.try_dispatch(&mut line, request, Instant::now()).expect("there is room");
                    let next = answer(&inbox, &port, next);
                    // Where the client of the first one has left, the second one may be the first that is taken.
                    let first_taken = leaves && request == 2 && next == Err(Unanswered::TimedOut);
                    assert!(first_taken || next == Ok(request + 100), "{next:?}");
                }
                inbox.close();
                worker.join().unwrap();
                ender.join().unwrap();
            },
            schedules(SCHEDULES / 4),
        );
    }
}

#[test]
fn an_end_from_outside_ends_the_wait_of_its_request_alone() {
    check_random(
        || {
            let inbox = Requests::new(1, 4, 1);
            let mut seat = inbox.seat(0);
            seat.oversee();
            let seat = Arc::new(seat);
            let port = Port::new(16);
            let mut lines = [Line::new(&port), Line::new(&port)];
            let waiting: Vec<_> = lines
                .iter_mut()
                .map(|line| inbox.try_dispatch(line, 1, Instant::now()).expect("there is room"))
                .collect();
            let Received::Request(first) = seat.wait() else { panic!("there is a request") };
            let ender = {
                let seat = Arc::clone(&seat);
                thread::spawn(move || assert!(seat.time_out(1)))
            };
            assert_eq!(seat.block(Duration::MAX, || false), Blocked::Interrupted);
            ender.join().unwrap();
            assert!(!first.open().replier.answer(1));
            let Received::Request(second) = seat.wait() else { panic!("there is another one") };
            let mut looks = 0;
            let ready = || {
                looks += 1;
                looks > 1
            };
            seat.nudge();
            assert_eq!(seat.block(Duration::MAX, ready), Blocked::Ready);
            assert!(!seat.time_out(1));
            assert!(second.open().replier.answer(2));
            drop(waiting);
        },
        schedules(SCHEDULES / 4),
    );
}

#[test]
fn the_monitor_mends_what_the_rule_misjudged() {
    check_random(
        || {
            let inbox = Requests::new(2, 4, 2);
            let port = Port::new(16);
            let monitor = Monitor::new(vec![Arc::clone(&inbox)], vec![Arc::clone(&port)]);
            // Takes one request and does not come back before the other one was answered.
            let slow = {
                let seat = inbox.seat(0);
                let gate = Arc::new(Bell::default());
                let opened = Arc::clone(&gate);
                (
                    gate,
                    thread::spawn(move || match seat.wait() {
                        Received::Request(sealed) => {
                            let envelope = sealed.open();
                            opened.sleep(None);
                            let answer = envelope.request + 100;
                            envelope.replier.answer(answer);
                            seat.settle();
                        }
                        Received::Errand => unreachable!(),
                        Received::Leave(_) => {}
                    }),
                )
            };
            let quick = {
                let seat = inbox.seat(1);
                let gate = Arc::clone(&slow.0);
                thread::spawn(move || {
                    while let Received::Request(sealed) = seat.wait() {
                        let envelope = sealed.open();
                        let answer = envelope.request + 100;
                        envelope.replier.answer(answer);
                        gate.ring();
                    }
                })
            };
            let driver = {
                let (inbox, port) = (Arc::clone(&inbox), Arc::clone(&port));
                thread::spawn(move || drive(&inbox, &port, &[1, 2]))
            };
            let looking = {
                let monitor = Arc::clone(&monitor);
                thread::spawn(move || {
                    for _ in 0..200 {
                        monitor.look(&[0], &[0]);
                        thread::yield_now();
                    }
                })
            };
            looking.join().unwrap();
            slow.0.ring();
            assert_eq!(driver.join().unwrap(), [Ok(101), Ok(102)]);
            inbox.close();
            slow.1.join().unwrap();
            quick.join().unwrap();
        },
        schedules(SCHEDULES / 20),
    );
}

/// Reads a stream to its end, or until `most` bytes have come.
fn read(mut source: Source<()>, most: usize) -> usize {
    let root = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&root));
    let mut context = Context::from_waker(&waker);
    let mut length = 0;
    while length < most {
        match source.poll_next(&mut context) {
            Poll::Ready(Some(Ok(piece))) => length += piece.len(),
            Poll::Ready(Some(Err(Broken)) | None) => break,
            Poll::Pending => root.sleep(None),
        }
    }
    length
}

#[test]
fn streams_arrive_whole_and_nobody_waits_for_who_has_gone() {
    for (most, outcome) in [(usize::MAX, Written::Yes), (3, Written::Left)] {
        check_random(
            move || {
                let seat = Requests::new(1, 1, 1).seat(0);
                let (sink, source) = flow(&seat, 4);
                let reader = thread::spawn(move || read(source, most));
                let last = (0..4).map(|_| sink.write(&seat, b"pieces", Duration::MAX)).last();
                if most == usize::MAX {
                    sink.end(None);
                    assert_eq!(reader.join().unwrap(), 24);
                } else {
                    assert!(reader.join().unwrap() >= most);
                    while sink.write(&seat, b"more", Duration::MAX) == Written::Yes {}
                }
                assert!(last == Some(Written::Yes) || last == Some(outcome));
            },
            schedules(SCHEDULES),
        );
    }
}

#[test]
fn an_interruption_ends_a_wait_for_room() {
    check_random(
        || {
            let seat = Arc::new(Requests::new(1, 1, 1).seat(0));
            let (sink, _source) = flow::<_, _, ()>(&seat, 4);
            let interrupter = {
                let seat = Arc::clone(&seat);
                thread::spawn(move || seat.interrupt())
            };
            let _ = sink.write(&seat, b"full", Duration::MAX);
            assert_eq!(sink.write(&seat, b"more", Duration::MAX), Written::Interrupted);
            interrupter.join().unwrap();
        },
        schedules(SCHEDULES),
    );
}

/// Fills a stream with `count` pieces of three bytes while they are wanted, or collects them; ends with what was collected.
fn fill(inlet: Inlet<usize>, count: usize) {
    let root = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&root));
    let mut context = Context::from_waker(&waker);
    for _ in 0..count {
        loop {
            match inlet.poll_wanted(&mut context, false) {
                Poll::Ready(Wanted::Piece) => break inlet.push(bytes::Bytes::from_static(b"abc")),
                Poll::Ready(Wanted::All) => return inlet.end(1),
                Poll::Ready(Wanted::Nothing) => return,
                Poll::Pending => root.sleep(None),
            }
        }
    }
    inlet.end(0);
}

#[test]
fn what_arrives_is_read_whole_and_nobody_fills_for_who_has_gone() {
    for most in [usize::MAX, 4] {
        check_random(
            move || {
                let seat = Requests::new(1, 1, 1).seat(0);
                let (inlet, outlet) = inflow(4);
                let filler = thread::spawn(move || fill(inlet, 5));
                assert!(outlet.begin());
                let (mut length, mut buffer) = (0, [0; 2]);
                while length < most
                    && let Read::Bytes(read) = outlet.read(&seat, &mut buffer, Duration::MAX)
                {
                    length += read;
                }
                if most == usize::MAX {
                    assert_eq!((length, outlet.take_end()), (15, Some(0)));
                }
                drop(outlet);
                filler.join().unwrap();
            },
            schedules(SCHEDULES),
        );
    }
}

#[test]
fn a_worker_that_wants_everything_gets_the_end() {
    check_random(
        || {
            let seat = Requests::new(1, 1, 1).seat(0);
            let (inlet, outlet) = inflow(4);
            let filler = thread::spawn(move || fill(inlet, 5));
            assert_eq!(outlet.collect(&seat), Blocked::Ready);
            assert_eq!(outlet.take_end(), Some(1));
            filler.join().unwrap();
        },
        schedules(SCHEDULES),
    );
}

#[test]
fn a_task_that_goes_ends_a_wait_for_pieces() {
    check_random(
        || {
            let seat = Requests::new(1, 1, 1).seat(0);
            let (inlet, outlet) = inflow::<usize>(4);
            let goes = thread::spawn(move || {
                inlet.push(bytes::Bytes::from_static(b"a"));
                drop(inlet);
            });
            outlet.begin();
            assert_eq!(outlet.read(&seat, &mut [0; 8], Duration::MAX), Read::Bytes(1));
            assert_eq!(outlet.read(&seat, &mut [0; 8], Duration::MAX), Read::Ended);
            assert!(outlet.is_spent() && outlet.take_end().is_none());
            goes.join().unwrap();
        },
        schedules(SCHEDULES),
    );
}

#[test]
fn every_errand_is_answered_once_whoever_sleeps_or_leaves() {
    check_random(
        || {
            let inbox = Requests::new(2, 4, 2);
            let board = Board::<usize, usize>::new(8);
            let seats: Vec<_> = (0..2).map(|number| Arc::new(inbox.seat(number))).collect();
            let workers: Vec<_> = seats
                .iter()
                .map(|seat| {
                    let (seat, member) = (Arc::clone(seat), board.join(seat));
                    member.offer("a");
                    thread::spawn(move || {
                        loop {
                            match seat.wait() {
                                Received::Errand => {
                                    let Given { request, duty, .. } = member.take().expect("it is in the hand");
                                    duty.answer(request + 100);
                                }
                                Received::Request(sealed) => {
                                    sealed.open().replier.answer(0);
                                }
                                Received::Leave(Leave::Recycle) => {
                                    seat.settle();
                                    seat.stay();
                                }
                                Received::Leave(_) => return,
                            }
                        }
                    })
                })
                .collect();
            seats[0].leave(Leave::Recycle);
            let asking = {
                let board = Arc::clone(&board);
                thread::spawn(move || shuttle::future::block_on(board.ask("a", 1).expect("it is offered")))
            };
            let port = Port::new(16);
            assert_eq!(drive(&inbox, &port, &[5]), [Ok(0)]);
            assert_eq!(shuttle::future::block_on(board.ask("a", 2).expect("it is offered")), Ok(102));
            assert_eq!(asking.join().unwrap(), Ok(101));
            inbox.close();
            seats.iter().for_each(|seat| seat.leave(Leave::Stop));
            for worker in workers {
                worker.join().unwrap();
            }
        },
        schedules(SCHEDULES),
    );
}
