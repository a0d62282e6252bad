use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use super::super::*;

type Requests = Inbox<u32, u32>;

/// A reactor that drives one answer at a time: announces, parks, drains.
struct Driver {
    inbox: Arc<Requests>,
    port: Arc<Port<u32, u32>>,
    line: Line<u32, u32>,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Driver {
    fn new(inbox: &Arc<Requests>) -> Self {
        let port = Port::new(64);
        Self { inbox: Arc::clone(inbox), line: Line::new(&port), port }
    }

    fn dispatch(&mut self, request: u32) -> Result<Pending<u32, u32>, Overloaded<u32>> {
        let pending = self.inbox.try_dispatch(&mut self.line, request, Instant::now());
        self.inbox.announce(&self.port);
        pending
    }

    fn wait(&self, pending: Pending<u32, u32>) -> Result<u32, Unanswered> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut pending = pin!(pending);
        loop {
            self.port.drain(&waker);
            if let Poll::Ready(answer) = pending.as_mut().poll(&mut Context::from_waker(&waker)) {
                return answer;
            }
            self.port.parking();
            thread::park_timeout(Duration::from_secs(60));
            self.port.unparked();
        }
    }
}

fn request(received: Received<u32, u32>) -> Envelope<u32, u32> {
    match received {
        Received::Request(sealed) => sealed.open(),
        other => panic!("no request: {other:?}"),
    }
}

fn asleep(inbox: &Requests) {
    while inbox.statistics().idle == 0 {
        thread::yield_now();
    }
}

#[test]
fn dropped_envelope_answers_worker_lost() {
    let inbox = Requests::new(1, 1, 1);
    let mut driver = Driver::new(&inbox);
    let pending = driver.dispatch(1).unwrap();
    drop(request(inbox.seat(0).wait()));
    assert_eq!(driver.wait(pending), Err(Unanswered::WorkerLost));
}

#[test]
fn dropped_pending_is_seen_by_the_worker() {
    let inbox = Requests::new(1, 1, 1);
    let mut driver = Driver::new(&inbox);
    let pending = driver.dispatch(1).unwrap();
    let envelope = request(inbox.seat(0).wait());
    assert!(!envelope.replier.is_abandoned());
    drop(pending);
    assert!(envelope.replier.is_abandoned());
    assert!(!envelope.replier.answer(2));
}

#[test]
fn who_waits_knows_who_has_taken_the_request_and_when() {
    let inbox = Requests::new(2, 2, 2);
    let mut driver = Driver::new(&inbox);
    for number in [1, 0] {
        let before = Instant::now();
        let pending = driver.dispatch(1).unwrap();
        assert_eq!(pending.taken(), None, "not even the one before");
        let envelope = request(inbox.seat(number).wait());
        let taken = pending.taken().unwrap();
        assert!(taken.seat == number && before <= taken.at && taken.at <= Instant::now());
        envelope.replier.answer(2);
        assert_eq!(driver.wait(pending), Ok(2));
    }
}

#[test]
fn a_line_serves_one_request_after_the_other_and_survives_an_abandoned_one() {
    let inbox = Requests::new(1, 1, 1);
    let (mut driver, seat) = (Driver::new(&inbox), inbox.seat(0));
    for number in 0..3 {
        let pending = driver.dispatch(number).unwrap();
        let envelope = request(seat.wait());
        assert!(envelope.replier.answer(envelope.request + 1));
        assert_eq!(driver.wait(pending), Ok(number + 1));
        drop(driver.dispatch(99).unwrap());
    }
    let pending = driver.dispatch(7).unwrap();
    let envelope = request(seat.wait());
    assert_eq!(envelope.request, 7);
    envelope.replier.answer(8);
    assert_eq!(driver.wait(pending), Ok(8));
    assert_eq!(inbox.statistics().abandoned, 3);
}

#[test]
fn one_more_than_workers_and_waiting_is_given_back() {
    let inbox = Requests::new(2, 3, 2);
    let mut drivers: Vec<_> = (0..6).map(|_| Driver::new(&inbox)).collect();
    let _kept: Vec<_> =
        drivers.iter_mut().take(5).zip(0..).map(|(driver, number)| driver.dispatch(number).unwrap()).collect();
    let Overloaded(request) = drivers[5].dispatch(77).unwrap_err();
    assert_eq!(request, 77);
    assert_eq!(inbox.statistics().refused, 1);
}

#[test]
fn a_taken_request_counts_until_the_next_wait() {
    let inbox = Requests::new(1, 0, 1);
    let (mut first, mut second) = (Driver::new(&inbox), Driver::new(&inbox));
    let seat = inbox.seat(0);
    let pending = first.dispatch(1).unwrap();
    let envelope = request(seat.wait());
    envelope.replier.answer(1);
    assert!(second.dispatch(2).is_err(), "the worker still works after its answer");
    seat.settle();
    assert!(second.dispatch(3).is_ok());
    assert_eq!(first.wait(pending), Ok(1));
}

#[test]
fn an_abandoned_request_never_reaches_a_worker() {
    let inbox = Requests::new(1, 2, 1);
    let (mut first, mut second) = (Driver::new(&inbox), Driver::new(&inbox));
    drop(first.dispatch(1).unwrap());
    let _pending = second.dispatch(2).unwrap();
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
    asleep(&inbox);
    inbox.close();
    assert!(sleeper.join().unwrap());
    assert!(Driver::new(&inbox).dispatch(1).is_err());

    let inbox = Requests::new(1, 2, 1);
    let mut driver = Driver::new(&inbox);
    let pending = driver.dispatch(1).unwrap();
    inbox.close();
    assert_eq!(driver.wait(pending), Err(Unanswered::Stopping));
}

#[test]
fn a_sleeping_worker_hears_that_it_is_to_leave() {
    let inbox = Requests::new(1, 1, 1);
    let seat = Arc::new(inbox.seat(0));
    let sleeper = {
        let seat = Arc::clone(&seat);
        thread::spawn(move || matches!(seat.wait(), Received::Leave(Leave::Recycle)))
    };
    asleep(&inbox);
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
    let (mut post, mut driver) = (Driver::new(&inbox), Driver::new(&inbox));
    let pending = second.send(&mut post.line, 9).unwrap();
    let _shared = driver.dispatch(1).unwrap();
    assert_eq!(request(first.wait()).request, 1);
    let letter = request(second.wait());
    assert_eq!(letter.request, 9);
    letter.replier.answer(10);
    assert_eq!(post.wait(pending), Ok(10));
}

#[test]
fn a_full_mailbox_gives_the_letter_back() {
    let inbox = Requests::new(1, 1, 1);
    let (seat, port) = (inbox.seat(0), Port::new(64));
    let mut kept = Vec::new();
    let refused = loop {
        match seat.send(&mut Line::new(&port), 1) {
            Ok(pending) => kept.push(pending),
            Err(Overloaded(letter)) => break letter,
        }
    };
    assert_eq!((refused, kept.len()), (1, 16));
}

#[test]
fn a_request_given_back_is_taken_by_another_worker() {
    let inbox = Requests::new(2, 0, 2);
    let (first, second) = (inbox.seat(0), inbox.seat(1));
    let mut driver = Driver::new(&inbox);
    let pending = driver.dispatch(5).unwrap();
    let envelope = request(first.wait());
    first.give_back(envelope);
    let envelope = request(second.wait());
    envelope.replier.answer(6);
    assert_eq!(driver.wait(pending), Ok(6));
    second.settle();
    let (mut one, mut other) = (Driver::new(&inbox), Driver::new(&inbox));
    assert!(one.dispatch(1).is_ok() && other.dispatch(2).is_ok(), "nobody is busy any more");
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

#[test]
fn the_monitor_wakes_whom_the_rule_forgot() {
    let inbox = Requests::new(2, 8, 2);
    let mut driver = Driver::new(&inbox);
    let monitor = Monitor::new(vec![Arc::clone(&inbox)], vec![Arc::clone(&driver.port)]);
    // The first worker has just taken a request, so the rule trusts it to take the next one, but it is slow.
    let slow = inbox.seat(0);
    let mut other = Driver::new(&inbox);
    let held = other.dispatch(1).unwrap();
    let _in_hand = request(slow.wait());
    let sleeper = {
        let seat = inbox.seat(1);
        thread::spawn(move || request(seat.wait()).request)
    };
    asleep(&inbox);
    let _pending = driver.inbox.try_dispatch(&mut driver.line, 2, Instant::now()).unwrap();
    while !sleeper.is_finished() {
        monitor.look(&[0], &[0]);
        thread::yield_now();
    }
    assert_eq!(sleeper.join().unwrap(), 2);
    drop(held);
}

#[test]
fn the_monitor_announces_an_answer_whose_worker_works_on() {
    let inbox = Requests::new(1, 8, 1);
    let mut driver = Driver::new(&inbox);
    let monitor = Monitor::new(vec![Arc::clone(&inbox)], vec![Arc::clone(&driver.port)]);
    let looking = {
        let monitor = Arc::clone(&monitor);
        thread::spawn(move || monitor.run())
    };
    let seat = inbox.seat(0);
    for number in 0..10 {
        let pending = driver.dispatch(number).unwrap();
        let envelope = request(seat.wait());
        assert!(envelope.replier.answer(number));
        // The worker does not wait again; without the monitor this would last for the bound of `Driver::wait`.
        assert_eq!(driver.wait(pending), Ok(number));
    }
    monitor.stop();
    looking.join().unwrap();
}

#[test]
fn an_idle_monitor_does_not_look() {
    let inbox = Requests::new(1, 8, 1);
    let monitor = Monitor::new(vec![Arc::clone(&inbox)], Vec::new());
    let looking = {
        let monitor = Arc::clone(&monitor);
        thread::spawn(move || monitor.run())
    };
    while !inbox.is_monitor_asleep() {
        thread::yield_now();
    }
    let looks = monitor.counters().looks;
    thread::sleep(Duration::from_millis(100));
    assert_eq!(monitor.counters().looks, looks);
    monitor.stop();
    looking.join().unwrap();
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
                while let Received::Request(sealed) = seat.wait() {
                    let envelope = sealed.open();
                    worked.fetch_add(1, Ordering::Relaxed);
                    let answer = envelope.request * 2;
                    envelope.replier.answer(answer);
                }
            })
        })
        .collect();
    let drivers: Vec<_> = (0..SENDERS).map(|_| Driver::new(&inbox)).collect();
    let ports = drivers.iter().map(|driver| Arc::clone(&driver.port)).collect();
    let monitor = Monitor::new(vec![Arc::clone(&inbox)], ports);
    let looking = {
        let monitor = Arc::clone(&monitor);
        thread::spawn(move || monitor.run())
    };
    let senders: Vec<_> = drivers
        .into_iter()
        .map(|mut driver| {
            thread::spawn(move || {
                for number in 0..EACH {
                    let pending = driver.dispatch(number).unwrap();
                    assert_eq!(driver.wait(pending), Ok(number * 2));
                }
            })
        })
        .collect();
    for sender in senders {
        sender.join().unwrap();
    }
    monitor.stop();
    looking.join().unwrap();
    inbox.close();
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!(worked.load(Ordering::Relaxed), (SENDERS * EACH) as usize);
}

#[test]
fn a_request_that_has_waited_too_long_never_reaches_a_worker() {
    let inbox = Requests::new(1, 8, 1);
    inbox.set_patience(Some(Duration::from_millis(50)));
    let mut driver = Driver::new(&inbox);
    let late = driver.dispatch(1).unwrap();
    thread::sleep(Duration::from_millis(50));
    let in_time = driver.dispatch(2).unwrap();
    let envelope = request(inbox.seat(0).wait());
    assert_eq!(envelope.request, 2);
    assert!(envelope.replier.answer(3));
    assert_eq!(driver.wait(late), Err(Unanswered::Overdue));
    assert_eq!(driver.wait(in_time), Ok(3));
    assert_eq!(inbox.statistics().overdue, 1);
}

#[test]
fn requests_that_no_worker_comes_for_are_refused_once_they_are_overdue() {
    let inbox = Requests::new(1, 8, 1);
    inbox.set_patience(Some(Duration::from_millis(50)));
    let mut driver = Driver::new(&inbox);
    let late = driver.dispatch(1).unwrap();
    inbox.refuse_overdue();
    assert_eq!(inbox.statistics().waiting, 1);
    thread::sleep(Duration::from_millis(50));
    let in_time = driver.dispatch(2).unwrap();
    inbox.refuse_overdue();
    assert_eq!(driver.wait(late), Err(Unanswered::Overdue));
    assert_eq!(inbox.statistics().waiting, 1);
    drop(in_time);
}

#[test]
fn what_is_put_in_is_read_in_order_and_up_to_the_end() {
    let seat = Requests::new(1, 1, 1).seat(0);
    let (inlet, outlet) = inflow(10);
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(inlet.poll_wanted(&mut context, false), Poll::Pending, "nobody reads yet");
    assert_eq!(inlet.poll_wanted(&mut context, true), Poll::Ready(Wanted::Piece));
    for piece in ["one", "", "two", "three"] {
        inlet.push(piece.into());
    }
    assert_eq!(inlet.poll_wanted(&mut context, true), Poll::Pending, "there is no room");
    assert!(outlet.begin() && !outlet.begin());
    let mut buffer = [0; 7];
    assert_eq!(outlet.read(&seat, &mut buffer, Duration::ZERO), Read::Bytes(7));
    assert_eq!((&buffer, inlet.poll_wanted(&mut context, false)), (b"onetwot", Poll::Ready(Wanted::Piece)));
    assert_eq!(outlet.read(&seat, &mut buffer, Duration::ZERO), Read::Bytes(4));
    assert_eq!(outlet.read(&seat, &mut buffer, Duration::ZERO), Read::TimedOut);
    assert!(!outlet.is_spent());
    inlet.end("end");
    assert_eq!(outlet.read(&seat, &mut buffer, Duration::MAX), Read::Ended);
    assert_eq!((outlet.is_spent(), outlet.take_end(), outlet.take_end()), (true, Some("end"), None));
}

#[test]
fn who_fills_a_stream_hears_what_is_wanted() {
    let seat = Requests::new(1, 1, 1).seat(0);
    let mut context = Context::from_waker(Waker::noop());
    let (inlet, outlet) = inflow(10);
    inlet.push("early".into());
    seat.interrupt();
    assert_eq!(outlet.collect(&seat), Blocked::Interrupted);
    assert_eq!(inlet.poll_wanted(&mut context, true), Poll::Ready(Wanted::All));
    assert_eq!((inlet.poll_turned(&mut context), inlet.poll_left(&mut context)), (Poll::Ready(()), Poll::Pending));
    assert_eq!(inlet.take_back(), ["early"]);
    inlet.end(());
    let (inlet, outlet) = inflow::<()>(10);
    drop(outlet);
    assert_eq!(inlet.poll_wanted(&mut context, true), Poll::Ready(Wanted::Nothing));
    inlet.push("late".into());
    assert!(inlet.take_back().is_empty());
}

#[test]
fn a_request_is_ended_from_outside_once_and_not_the_next_one() {
    let inbox = Requests::new(1, 4, 1);
    let mut seat = inbox.seat(0);
    seat.oversee();
    let mut driver = Driver::new(&inbox);
    assert!(seat.in_hand().is_none() && !seat.time_out(1));

    let pending = driver.dispatch(1).unwrap();
    let envelope = request(seat.wait());
    assert_eq!((seat.request_number(), seat.in_hand().unwrap().0), (1, 1));
    assert!(!envelope.replier.is_abandoned() && !seat.time_out(2));
    assert!(seat.time_out(1) && seat.time_out(1));
    assert_eq!(driver.wait(pending), Err(Unanswered::TimedOut));
    let pending = driver.dispatch(2).unwrap();
    assert!(envelope.replier.is_abandoned() && !envelope.replier.answer(101));

    let envelope = request(seat.wait());
    assert!(!seat.time_out(1) && seat.request_number() == 2);
    assert!(envelope.replier.answer(102));
    assert_eq!(driver.wait(pending), Ok(102));
    // It was answered: what is ended is what the worker does after that.
    assert!(seat.time_out(2));
    let pending = driver.dispatch(3).unwrap();
    let envelope = request(seat.wait());
    assert!(envelope.replier.answer(103));
    assert_eq!(driver.wait(pending), Ok(103));
    seat.settle();
    assert!(seat.in_hand().is_none() && seat.request_number() == 0);
}

#[test]
fn a_streamed_answer_is_cut_off_from_outside() {
    let inbox = Requests::new(1, 4, 1);
    let mut seat = inbox.seat(0);
    seat.oversee();
    let mut driver = Driver::new(&inbox);
    let _pending = driver.dispatch(1).unwrap();
    let _envelope = request(seat.wait());
    let (sink, mut source) = flow::<_, _, ()>(&seat, 16);
    seat.streams(Some(sink.breaks()));
    assert_eq!(sink.write(&seat, b"begun", Duration::MAX), Written::Yes);
    assert!(seat.time_out(1));
    assert!(sink.is_left());
    assert_eq!(sink.write(&seat, b"more", Duration::MAX), Written::Left);
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(source.poll_next(&mut context), Poll::Ready(Some(Ok(piece))) if piece == "begun"));
    assert!(matches!(source.poll_next(&mut context), Poll::Ready(Some(Err(Broken)))));
}

#[test]
fn a_reactor_that_panics_under_a_worker_goes_home() {
    struct Broken;
    impl Engine for Broken {
        fn drive(&self, _: &role::Driver, _: &mut dyn FnMut(&Waker) -> Poll<()>) {
            panic!("as it is to");
        }
        fn lending(&self) {}
    }
    let (inbox, port) = (Requests::new(1, 1, 1), Port::new(4));
    inbox.let_drive(&[Arc::clone(&port)], Duration::ZERO);
    port.drain(&Waker::from(Arc::new(Unpark(thread::current()))));
    port.install(Arc::new(Broken), false);
    let seat = inbox.seat(0);
    port.role.give(inbox.worker(0));
    let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| seat.wait()));
    assert!(waited.is_err() && port.role.is_home());
    assert_eq!(inbox.posts[0].driven(), 0);
}
