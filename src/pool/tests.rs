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

use super::{config::Dynamic, *};
use crate::handoff::{Leave, Line, Monitor, Port, Sealed, Unanswered};

/// Long enough for a busy machine; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A script: is given the worker, and the number of this run over all threads.
type Script = dyn Fn(&Worker<u32, u32>, u32) -> Ended + Send + Sync;

/// Runs plain closures where PHP would run a script.
struct FakeHost {
    script: Box<Script>,
    runs: AtomicU32,
    /// Steps that were taken, with the numbers of their requests.
    steps: parking_lot::Mutex<Vec<(u64, Step)>>,
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

    fn press(&self, _worker: &Worker<u32, u32>, request: u64, step: Step) {
        self.steps.lock().push((request, step));
    }
}

fn pool(
    workers: usize,
    thread_runs: Option<u64>,
    script: impl Fn(&Worker<u32, u32>, u32) -> Ended + Send + Sync + 'static,
) -> (Pool<u32, u32>, Receiver<Report>) {
    pool_of(Config { num_workers: NonZeroUsize::new(workers).unwrap(), thread_runs, ..Config::default() }, script)
}

fn pool_of(
    config: Config,
    script: impl Fn(&Worker<u32, u32>, u32) -> Ended + Send + Sync + 'static,
) -> (Pool<u32, u32>, Receiver<Report>) {
    let (pool, ear, _) = hosted(&config, script);
    (pool, ear)
}

/// A pool that was started, what it is told, and what starts its workers.
fn hosted(
    config: &Config,
    script: impl Fn(&Worker<u32, u32>, u32) -> Ended + Send + Sync + 'static,
) -> (Pool<u32, u32>, Receiver<Report>, Arc<FakeHost>) {
    let (events, ear) = crossbeam_channel::bounded(10_000);
    let host =
        Arc::new(FakeHost { script: Box::new(script), runs: AtomicU32::new(0), steps: parking_lot::Mutex::default() });
    let mut pool = Pool::new("test", 0, config, Arc::new(Arc::clone(&host)), events, None);
    pool.start().unwrap();
    (pool, ear, host)
}

fn serve(worker: &Worker<u32, u32>, _run: u32) -> Ended {
    while let Some(envelope) = worker.wait().map(Sealed::open) {
        let answer = envelope.request + 1;
        envelope.replier.answer(answer);
    }
    Ended::Exit(0)
}

fn next(ear: &Receiver<Report>) -> Report {
    ear.recv_timeout(PATIENCE).expect("a report must come")
}

fn stop(mut pool: Pool<u32, u32>, ear: &Receiver<Report>) {
    pool.stop();
    while !pool.is_empty() {
        let report = next(ear);
        if let Event::Gone(next) = report.event {
            assert_eq!(next, Next::Leave);
        }
        pool.heed(report.worker, &report.event);
    }
}

fn ready(worker: usize) -> Report {
    Report { pool: 0, worker, event: Event::Ready }
}

/// Lets the pool have its way until `done`.
fn until(pool: &mut Pool<u32, u32>, ear: &Receiver<Report>, mut done: impl FnMut(&Pool<u32, u32>) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done(pool) {
        let due = pool.due().unwrap_or(end).min(end);
        match ear.recv_deadline(due) {
            Ok(report) => pool.heed(report.worker, &report.event),
            Err(_) => pool.tick(),
        }
        assert!(Instant::now() < end, "it must come to this: {:?}", pool.snapshots());
    }
}

fn states(pool: &Pool<u32, u32>, state: State) -> usize {
    pool.snapshots().iter().filter(|worker| worker.state == state).count()
}

fn answer(pool: &Pool<u32, u32>, request: u32) -> Result<u32, Unanswered> {
    // A driver that looks again and again needs no waking; workers do, by the rule or by the monitor.
    let (inbox, port) = (pool.inbox(), Port::new(64));
    let monitor = Monitor::new(vec![Arc::clone(&inbox)], vec![Arc::clone(&port)]);
    let looking = {
        let monitor = Arc::clone(&monitor);
        thread::spawn(move || monitor.run())
    };
    let mut pending = pin!(inbox.try_dispatch(&mut Line::new(&port), request, Instant::now()).unwrap());
    let end = Instant::now() + PATIENCE;
    let answer = loop {
        inbox.announce(&port);
        port.drain(Waker::noop());
        if let Poll::Ready(answer) = pending.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            break answer;
        }
        assert!(Instant::now() < end, "no answer");
        thread::yield_now();
    };
    monitor.stop();
    looking.join().unwrap();
    answer
}

#[test]
fn every_worker_reports_that_it_is_ready_and_leaves_when_stopped() {
    let (pool, ear) = pool(3, None, serve);
    let mut reports: Vec<_> = (0..3).map(|_| next(&ear)).collect();
    reports.sort_by_key(|report| report.worker);
    assert_eq!(reports, [ready(0), ready(1), ready(2)]);
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
        assert_eq!(next(&ear), ready(0));
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
                let report = next(&ear);
                if let Event::Gone(next) = report.event {
                    break (report.worker, next);
                }
            };
            assert_eq!(next, Next::Replace);
            pool.heed(worker, &Event::Gone(next));
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
        let error = "it ended with status 1 before its first wait".to_owned();
        assert_eq!(next(&ear).event, Event::BootFailed { failures, error });
    }
    assert_eq!(next(&ear), ready(0));
    assert!(!pool.cannot_boot(1));
    stop(pool, &ear);
}

#[test]
fn a_pause_before_the_next_boot_ends_at_stop() {
    let (pool, ear) = pool(2, None, |_, _| Ended::Exit(1));
    while !pool.cannot_boot(3) {
        assert!(matches!(next(&ear).event, Event::BootFailed { .. }));
    }
    stop(pool, &ear);
}

#[test]
fn a_recycled_worker_boots_again() {
    let (pool, ear) = pool(1, None, |worker, run| {
        if run == 0 {
            worker.leave(Leave::Recycle, Reason::Asked);
            assert!(worker.is_leaving() && !worker.is_stopping());
        }
        serve(worker, run)
    });
    assert_eq!(next(&ear), ready(0));
    assert_eq!(next(&ear), ready(0));
    assert_eq!(answer(&pool, 1), Ok(2));
    stop(pool, &ear);
}

#[test]
fn survivors_are_named() {
    let (go, gate) = crossbeam_channel::bounded::<()>(1);
    let (mut pool, ear) = pool(1, None, move |worker, _| {
        drop(worker.wait());
        let _ = gate.recv_timeout(PATIENCE);
        Ended::Exit(0)
    });
    assert_eq!(next(&ear), ready(0));
    assert_eq!(answer(&pool, 1), Err(Unanswered::WorkerLost));
    pool.stop();
    let survivors = pool.interrupt();
    assert_eq!((survivors.len(), survivors[0].name.as_str(), survivors[0].state), (1, "rr-php-test-0", State::Working));
    go.send(()).unwrap();
    stop(pool, &ear);
}

#[test]
fn a_reload_replaces_every_worker_and_never_has_fewer() {
    let (mut pool, ear) = pool(5, None, serve);
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 5);
    for release in 1..=4 {
        let (done, outcome) = crossbeam_channel::bounded(1);
        pool.reload(Some(done));
        until(&mut pool, &ear, |pool| {
            let serving = pool.serving().filter(|thread| thread.worker.has_been_ready()).count();
            assert!(serving >= 5, "only {serving} workers");
            assert!(pool.serving().count() <= 5 + 1, "more than a quarter beside the others");
            !pool.reloads()
        });
        assert_eq!(outcome.try_recv(), Ok(Ok(())));
        assert!(pool.serving().all(|thread| thread.worker.release == release));
        assert_eq!(answer(&pool, 41), Ok(42));
    }
    stop(pool, &ear);
}

#[test]
fn code_that_does_not_boot_leaves_the_workers_before_as_they_are() {
    let (mut pool, ear) =
        pool(
            3,
            None,
            |worker, run| {
                if (3..5).contains(&run) { Ended::Fatal("syntax error".into()) } else { serve(worker, run) }
            },
        );
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 3);
    let (done, outcome) = crossbeam_channel::bounded(1);
    pool.reload(Some(done));
    until(&mut pool, &ear, |pool| !pool.reloads());
    assert_eq!(outcome.try_recv(), Ok(Err("syntax error".to_owned())));
    assert!(pool.serving().all(|thread| thread.worker.release == 0));
    assert!(pool.crew.is_held(), "workers must not be recycled now");
    until(&mut pool, &ear, |pool| pool.snapshots().len() == 3);
    let (done, outcome) = crossbeam_channel::bounded(2);
    pool.reload(Some(done.clone()));
    until(&mut pool, &ear, |pool| !pool.reloads());
    assert!(matches!(outcome.try_recv(), Ok(Err(_))), "the second one is broken, too");
    pool.reload(Some(done));
    until(&mut pool, &ear, |pool| !pool.reloads());
    assert_eq!(outcome.try_recv(), Ok(Ok(())));
    assert!(!pool.crew.is_held() && pool.serving().all(|thread| thread.worker.release == 3));
    stop(pool, &ear);
}

#[test]
fn a_reload_that_overtakes_another_one_ends_both() {
    let (mut pool, ear) = pool(4, None, serve);
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 4);
    let (done, outcome) = crossbeam_channel::bounded(2);
    pool.reload(Some(done.clone()));
    until(&mut pool, &ear, |pool| {
        pool.serving().any(|thread| thread.worker.has_been_ready() && thread.worker.release == 1)
    });
    pool.reload(Some(done));
    assert!(outcome.try_recv().is_err());
    until(&mut pool, &ear, |pool| !pool.reloads());
    assert_eq!([outcome.try_recv(), outcome.try_recv()], [Ok(Ok(())), Ok(Ok(()))]);
    assert!(pool.serving().all(|thread| thread.worker.release == 2));
    stop(pool, &ear);
}

#[test]
fn a_boot_that_hangs_is_given_up_and_its_thread_replaced() {
    let (go, gate) = crossbeam_channel::bounded::<()>(0);
    let config = Config {
        num_workers: NonZeroUsize::new(1).unwrap(),
        boot_timeout: Duration::from_millis(50),
        ..Config::default()
    };
    let (mut pool, ear) = pool_of(config, move |worker, run| {
        if run == 1 {
            let _ = gate.recv();
        }
        serve(worker, run)
    });
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 1);
    let (done, outcome) = crossbeam_channel::bounded(1);
    pool.reload(Some(done));
    until(&mut pool, &ear, |pool| !pool.reloads());
    let error = "the script did not come to its first wait within 0.05 s".to_owned();
    assert_eq!(outcome.try_recv(), Ok(Err(error)));
    until(&mut pool, &ear, |pool| pool.stuck_workers() == 1);
    assert_eq!(answer(&pool, 1), Ok(2), "the one before serves");
    drop(go);
    until(&mut pool, &ear, |pool| pool.stuck_workers() == 0);
    stop(pool, &ear);
}

#[test]
fn a_stuck_worker_is_replaced_at_once_and_leaves_when_it_comes_back() {
    let (go, gate) = crossbeam_channel::bounded::<()>(0);
    let (mut pool, ear) = pool(1, None, move |worker, run| {
        if run == 0 {
            drop(worker.wait());
            let _ = gate.recv();
        }
        serve(worker, run)
    });
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 1);
    assert_eq!(answer(&pool, 1), Err(Unanswered::WorkerLost));
    pool.heed(0, &Event::Stuck);
    assert_eq!((pool.stuck_workers(), pool.is_clogged()), (1, false));
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 1);
    assert_eq!(answer(&pool, 5), Ok(6));
    drop(go);
    until(&mut pool, &ear, |pool| pool.stuck_workers() == 0);
    assert_eq!(pool.snapshots().len(), 1);
    stop(pool, &ear);
}

#[test]
fn workers_come_and_go_by_hand() {
    let (mut pool, ear) = pool(2, None, serve);
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 2);
    pool.add().unwrap();
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 3);
    pool.remove().unwrap();
    pool.remove().unwrap();
    assert_eq!(pool.remove(), Err(Immutable::Last));
    until(&mut pool, &ear, |pool| pool.snapshots().len() == 1);
    let full = (1..100).find_map(|_| pool.add().err());
    assert_eq!(full, Some(Immutable::Full(10)));
    stop(pool, &ear);
}

#[test]
fn workers_are_recycled_at_their_limits() {
    let limits = [
        Limits { max_jobs: Some(1), ..Limits::default() },
        Limits { max_memory: Some(1000), ..Limits::default() },
        Limits { ttl: Some(Duration::from_nanos(1)), ..Limits::default() },
        Limits { idle_ttl: Some(Duration::from_millis(1)), watch_tick: Duration::from_millis(1), ..Limits::default() },
    ];
    let reasons = [Reason::MaxJobs, Reason::MaxMemory, Reason::Ttl, Reason::IdleTtl];
    for (limits, reason) in limits.into_iter().zip(reasons) {
        let config = Config { num_workers: NonZeroUsize::MIN, limits, ..Config::default() };
        let (said, why) = crossbeam_channel::bounded(100);
        let (mut pool, ear) = pool_of(config, move |worker, run| {
            while let Some(envelope) = worker.wait().map(Sealed::open) {
                envelope.replier.answer(run);
                worker.uses(1000);
            }
            let _ = said.try_send(worker.why());
            Ended::Exit(0)
        });
        until(&mut pool, &ear, |pool| states(pool, State::Ready) == 1);
        assert!(answer(&pool, 1).is_ok());
        // A look is due only while the pool is looked after.
        until(&mut pool, &ear, |_| !why.is_empty());
        assert_eq!(why.recv_timeout(PATIENCE), Ok(reason));
        stop(pool, &ear);
    }
}

#[test]
fn a_request_at_its_limit_is_answered_and_pressed_until_its_worker_is_given_up() {
    let (gate, opened) = crossbeam_channel::bounded::<()>(0);
    let config = Config {
        num_workers: NonZeroUsize::MIN,
        limits: Limits { exec_ttl: Some(Duration::from_millis(50)), ..Limits::default() },
        ..Config::default()
    };
    let (mut pool, ear, host) = hosted(&config, move |worker, run| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            if run == 0 {
                // Whatever it is told, it goes on.
                let _ = opened.recv();
                assert!(!envelope.replier.answer(1));
            } else {
                envelope.replier.answer(2);
            }
        }
        Ended::Exit(0)
    });
    let overseer = Overseer::start(std::slice::from_ref(&pool)).unwrap().expect("there is a limit");
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 1);
    let begun = Instant::now();
    assert_eq!(answer(&pool, 1), Err(Unanswered::TimedOut));
    assert!(begun.elapsed() >= Duration::from_millis(50));
    until(&mut pool, &ear, |pool| pool.stuck_workers() == 1 && states(pool, State::Ready) == 1);
    assert_eq!(answer(&pool, 1), Ok(2));
    drop(overseer);
    let steps = host.steps.lock().clone();
    assert!(steps.iter().all(|(request, _)| *request == 1), "{steps:?}");
    assert_eq!(steps.first(), Some(&(1, Step::Throw)));
    assert_eq!(steps.last(), Some(&(1, Step::GiveUp)));
    assert!(steps.contains(&(1, Step::Unblock)) && steps.contains(&(1, Step::End)), "{steps:?}");
    drop(gate);
    until(&mut pool, &ear, |pool| pool.stuck_workers() == 0);
    stop(pool, &ear);
}

#[test]
fn slow_requests_are_reported_once_and_nobody_looks_where_nothing_is_to_be_seen() {
    let (pool, ear) = pool(1, None, serve);
    assert!(Overseer::start(std::slice::from_ref(&pool)).unwrap().is_none());
    stop(pool, &ear);
    let config = Config {
        num_workers: NonZeroUsize::MIN,
        limits: Limits {
            slow: Some(SlowLog { threshold: Duration::from_millis(20), backtrace: true }),
            ..Limits::default()
        },
        ..Config::default()
    };
    let (mut pool, ear, host) = hosted(&config, |worker, _| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            thread::sleep(Duration::from_millis(u64::from(envelope.request)));
            envelope.replier.answer(1);
        }
        Ended::Exit(0)
    });
    let overseer = Overseer::start(std::slice::from_ref(&pool)).unwrap();
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 1);
    assert_eq!(answer(&pool, 500), Ok(1));
    drop(overseer);
    assert_eq!(*host.steps.lock(), [(1, Step::Report)]);
    stop(pool, &ear);
}

#[test]
fn the_time_without_a_request_begins_with_the_run() {
    const IDLE: Duration = Duration::from_millis(300);
    let limits = Limits { idle_ttl: Some(IDLE), watch_tick: Duration::from_millis(1), ..Limits::default() };
    let config = Config { num_workers: NonZeroUsize::MIN, limits, ..Config::default() };
    let (said, runs) = crossbeam_channel::bounded(100);
    let (mut pool, ear) = pool_of(config, move |worker, run| {
        let ready = Instant::now();
        let ended = serve(worker, run);
        let _ = said.try_send(ready.elapsed());
        ended
    });
    until(&mut pool, &ear, |_| runs.len() == 3);
    assert!(runs.try_iter().all(|run| run >= IDLE));
    stop(pool, &ear);
}

#[test]
fn a_worker_that_was_added_for_waiting_requests_stays_for_a_while() {
    const IDLE: Duration = Duration::from_secs(1);
    let (go, gate) = crossbeam_channel::bounded::<()>(0);
    let dynamic = Dynamic { max_workers: 1, spawn_rate: 1, idle_timeout: IDLE };
    let config = Config { num_workers: NonZeroUsize::MIN, dynamic: Some(dynamic), ..Config::default() };
    let (said, runs) = crossbeam_channel::bounded(100);
    let (mut pool, ear) = pool_of(config, move |worker, run| {
        let ready = Instant::now();
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let _ = gate.recv();
            envelope.replier.answer(1);
        }
        let _ = said.try_send((run, ready.elapsed()));
        Ended::Exit(0)
    });
    until(&mut pool, &ear, |pool| states(pool, State::Ready) == 1);
    let port = Port::new(64);
    let monitor = Monitor::new(vec![pool.inbox()], vec![Arc::clone(&port)]);
    let looking = {
        let monitor = Arc::clone(&monitor);
        thread::spawn(move || monitor.run())
    };
    let pending =
        [1, 2].map(|request| pool.inbox().try_dispatch(&mut Line::new(&port), request, Instant::now()).unwrap());
    pool.inbox().announce(&port);
    until(&mut pool, &ear, |pool| pool.size() == 2);
    drop(go);
    until(&mut pool, &ear, |pool| pool.size() == 1);
    until(&mut pool, &ear, |pool| pool.snapshots().len() == 1);
    let (_, stayed) = runs.recv_timeout(PATIENCE).unwrap();
    assert!(stayed >= IDLE, "only for {stayed:?}");
    drop(pending);
    monitor.stop();
    looking.join().unwrap();
    stop(pool, &ear);
}
