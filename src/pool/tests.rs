use std::{
    io,
    num::NonZeroUsize,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::Receiver;

use super::*;
use crate::handoff::{Leave, Line, Port, Sealed, Unanswered};

/// Long enough for a busy machine; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A script: is given the worker, and the number of this run over all threads.
type Script = dyn Fn(&Worker<u32, u32>, u32) -> Ended + Send + Sync;

/// Runs plain closures where PHP would run a script.
struct FakeHost {
    script: Box<Script>,
    runs: AtomicU32,
}

impl Host<u32, u32> for Arc<FakeHost> {
    fn start(&self, worker: Arc<Worker<u32, u32>>, gone: Box<dyn FnOnce(Next) + Send>) -> io::Result<JoinHandle<()>> {
        let host = Arc::clone(self);
        thread::Builder::new().spawn(move || {
            let next = loop {
                worker.boots();
                let run = host.runs.fetch_add(1, Ordering::SeqCst);
                match worker.ended(&(host.script)(&worker, run)) {
                    Next::Run => {}
                    next => break next,
                }
            };
            gone(next);
        })
    }

    fn interrupt(&self, _worker: &Worker<u32, u32>) {}
}

fn pool(
    workers: usize,
    thread_runs: Option<u64>,
    script: impl Fn(&Worker<u32, u32>, u32) -> Ended + Send + Sync + 'static,
) -> (Pool<u32, u32>, Receiver<Event>) {
    let (events, ear) = crossbeam_channel::bounded(10_000);
    let config = Config { num_workers: NonZeroUsize::new(workers).unwrap(), thread_runs, ..Config::default() };
    let host = Arc::new(FakeHost { script: Box::new(script), runs: AtomicU32::new(0) });
    let mut pool = Pool::new("test", &config, Arc::new(host), events);
    pool.start().unwrap();
    (pool, ear)
}

fn serve(worker: &Worker<u32, u32>, _run: u32) -> Ended {
    while let Some(envelope) = worker.wait().map(Sealed::open) {
        let answer = envelope.request + 1;
        envelope.replier.answer(answer);
    }
    Ended::Exit(0)
}

fn next(ear: &Receiver<Event>) -> Event {
    ear.recv_timeout(PATIENCE).expect("an event must come")
}

fn stop(mut pool: Pool<u32, u32>, ear: &Receiver<Event>) {
    pool.stop();
    while !pool.is_empty() {
        if let Event::Gone { worker, next } = next(ear) {
            assert_eq!(next, Next::Leave);
            pool.gone(worker, next);
        }
    }
}

fn answer(pool: &Pool<u32, u32>, request: u32) -> Result<u32, Unanswered> {
    // A driver that looks again and again needs no waking.
    let (inbox, port) = (pool.inbox(), Port::new(64));
    let mut pending = pin!(inbox.try_dispatch(&mut Line::new(&port), request, Instant::now()).unwrap());
    loop {
        inbox.announce();
        port.drain(Waker::noop());
        if let Poll::Ready(answer) = pending.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return answer;
        }
        thread::yield_now();
    }
}

#[test]
fn every_worker_reports_that_it_is_ready_and_leaves_when_stopped() {
    let (pool, ear) = pool(3, None, serve);
    let mut ready: Vec<_> = (0..3).map(|_| next(&ear)).collect();
    ready.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(ready, [Event::Ready(0), Event::Ready(1), Event::Ready(2)]);
    assert_eq!(answer(&pool, 41), Ok(42));
    stop(pool, &ear);
}

#[test]
fn a_script_that_ends_runs_again_on_the_same_thread() {
    let (pool, ear) = pool(1, None, |worker, _| {
        let envelope = worker.wait().map(Sealed::open);
        if let Some(envelope) = envelope {
            envelope.replier.answer(0);
        }
        Ended::Exit(3)
    });
    for _ in 0..20 {
        assert_eq!(next(&ear), Event::Ready(0));
        assert_eq!(answer(&pool, 1), Ok(0));
    }
    stop(pool, &ear);
}

#[test]
fn a_thread_is_replaced_after_its_runs() {
    let (mut pool, ear) = pool(1, Some(2), |worker, _| {
        if let Some(envelope) = worker.wait().map(Sealed::open) {
            envelope.replier.answer(0);
        }
        Ended::Exit(0)
    });
    let mut replaced = 0;
    for request in 1..=8 {
        assert_eq!(answer(&pool, 1), Ok(0));
        if request % 2 == 0 {
            let (worker, next) = loop {
                if let Event::Gone { worker, next } = next(&ear) {
                    break (worker, next);
                }
            };
            assert_eq!(next, Next::Replace);
            pool.gone(worker, next);
            replaced += 1;
        }
    }
    assert_eq!(replaced, 4);
    stop(pool, &ear);
}

#[test]
fn an_unanswered_request_of_a_lost_run_is_answered() {
    let (pool, ear) = pool(1, None, |worker, _| {
        drop(worker.wait());
        Ended::Fatal("out of memory".into())
    });
    assert_eq!(answer(&pool, 1), Err(Unanswered::WorkerLost));
    stop(pool, &ear);
}

#[test]
fn boots_that_fail_are_counted_and_forgiven_once_one_succeeds() {
    let (pool, ear) = pool(1, None, |worker, run| if run < 3 { Ended::Exit(1) } else { serve(worker, run) });
    for failures in 1..=3 {
        assert_eq!(next(&ear), Event::BootFailed { worker: 0, failures });
    }
    assert_eq!(next(&ear), Event::Ready(0));
    assert!(!pool.cannot_boot(1));
    stop(pool, &ear);
}

#[test]
fn a_pause_before_the_next_boot_ends_at_stop() {
    let (pool, ear) = pool(2, None, |_, _| Ended::Exit(1));
    while !pool.cannot_boot(3) {
        assert!(matches!(next(&ear), Event::BootFailed { .. }));
    }
    stop(pool, &ear);
}

#[test]
fn a_recycled_worker_boots_again() {
    let (pool, ear) = pool(1, None, |worker, run| {
        if run == 0 {
            worker.leave(Leave::Recycle);
            assert!(worker.is_leaving() && !worker.is_stopping());
        }
        serve(worker, run)
    });
    assert_eq!(next(&ear), Event::Ready(0));
    assert_eq!(next(&ear), Event::Ready(0));
    assert_eq!(answer(&pool, 1), Ok(2));
    stop(pool, &ear);
}

#[test]
fn survivors_are_named() {
    let (go, gate) = crossbeam_channel::bounded::<()>(1);
    let (pool, ear) = pool(1, None, move |worker, _| {
        drop(worker.wait());
        let _ = gate.recv_timeout(PATIENCE);
        Ended::Exit(0)
    });
    assert_eq!(next(&ear), Event::Ready(0));
    assert_eq!(answer(&pool, 1), Err(Unanswered::WorkerLost));
    pool.stop();
    let survivors = pool.interrupt();
    assert_eq!((survivors.len(), survivors[0].name.as_str(), survivors[0].state), (1, "rr-php-test-0", State::Working));
    go.send(()).unwrap();
    stop(pool, &ear);
}
