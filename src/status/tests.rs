//! Checks against a server that is only told of.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{Bucket, Checks, Fault, Felt, Load, Stage, View};
use crate::pool::State;

const PATIENCE: Duration = Duration::from_millis(600);

/// A server of one pool, whose workers do what the test says.
struct Fake {
    stage: Stage,
    workers: Mutex<Vec<Felt>>,
    /// A worker that turns round, by number, and after how many looks; if there is none of that number, all end.
    turns: Option<(usize, u64)>,
    looks: Mutex<u64>,
}

impl View for Fake {
    fn stage(&self) -> Stage {
        self.stage
    }

    fn pools(&self) -> Vec<String> {
        vec!["http".to_owned()]
    }

    fn feel(&self, _: &str) -> Vec<Felt> {
        let mut looks = self.looks.lock();
        *looks += 1;
        let mut workers = self.workers.lock().clone();
        if let Some((number, after)) = self.turns
            && *looks > after
        {
            match workers.get_mut(number) {
                Some(worker) => worker.pulse += 1,
                None => workers.clear(),
            }
        }
        workers
    }

    fn load(&self) -> Load {
        Load::default()
    }
}

/// A worker that has done this for so many hundredths of a second.
fn worker(number: usize, state: State, age: u64) -> Felt {
    Felt { number, state, age: Duration::from_millis(age * 10), failing: false, pulse: 7 }
}

fn checks(stage: Stage, workers: &[Felt], turns: Option<(usize, u64)>) -> Arc<Checks> {
    let workers = Mutex::new(workers.to_vec());
    Checks::new(Arc::new(Fake { stage, workers, turns, looks: Mutex::new(0) }), PATIENCE)
}

/// Health, and whether it was known only after all patience.
fn health(checks: &Checks) -> (Result<(), Fault>, bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let begun = Instant::now();
    (runtime.block_on(checks.health("http")), begun.elapsed() >= PATIENCE)
}

#[test]
fn one_worker_that_moves_is_proof_of_life() {
    let (ready, working, booting, stuck) = (State::Ready, State::Working, State::Booting, State::Stuck);
    let (draining, hangs) = (State::Draining, Err(Fault::Hangs));
    for (workers, turns, expected) in [
        (vec![], None, (Ok(()), false)),
        (vec![worker(0, working, 59)], None, (Ok(()), false)),
        (vec![worker(0, working, 60)], None, (hangs, false)),
        (vec![worker(0, working, 60), worker(1, working, 1)], None, (Ok(()), false)),
        (vec![worker(0, working, 99), worker(1, ready, 9)], Some((1, 1)), (Ok(()), false)),
        (vec![worker(0, working, 99), worker(1, ready, 9)], Some((1, 4)), (Ok(()), false)),
        (vec![worker(0, working, 99), worker(1, ready, 9)], Some((0, 3)), (Ok(()), false)),
        (vec![worker(0, working, 99), worker(1, ready, 9)], None, (hangs, true)),
        (vec![worker(0, ready, 9)], Some((1, 3)), (Ok(()), false)),
        (vec![worker(0, working, 99)], Some((1, 3)), (hangs, false)),
        (vec![worker(0, booting, 59), worker(1, stuck, 9)], None, (Ok(()), false)),
        (vec![worker(0, booting, 60), worker(1, stuck, 9)], None, (hangs, false)),
        (vec![worker(0, draining, 5)], None, (Ok(()), false)),
        (vec![Felt { failing: true, ..worker(0, booting, 999) }], None, (Ok(()), false)),
    ] {
        let checks = checks(Stage::Running, &workers, turns);
        assert_eq!(health(&checks), expected, "{workers:?} {turns:?}");
    }
}

#[test]
fn ready_is_who_can_take_requests() {
    let not_ready = Err(Fault::NotReady);
    for (workers, expected) in [
        (vec![], not_ready),
        (vec![Felt { failing: true, ..worker(0, State::Booting, 0) }], not_ready),
        (vec![Felt { failing: true, ..worker(0, State::Booting, 0) }, worker(1, State::Ready, 500)], Ok(())),
        (vec![worker(0, State::Booting, 59)], Ok(())),
        (vec![worker(0, State::Booting, 60)], not_ready),
        (vec![worker(0, State::Draining, 0)], Ok(())),
        (vec![worker(0, State::Working, 59)], Ok(())),
        (vec![worker(0, State::Working, 60), worker(1, State::Draining, 60)], not_ready),
        (vec![worker(0, State::Stuck, 1)], not_ready),
    ] {
        assert_eq!(checks(Stage::Running, &workers, None).ready("http"), expected, "{workers:?}");
    }
}

#[test]
fn the_stage_of_the_server_comes_first() {
    let (hanging, well) = (vec![worker(0, State::Working, 99)], vec![worker(0, State::Ready, 1)]);
    for (stage, workers, healthy, ready) in [
        (Stage::Starting, &well, Ok(()), Err(Fault::Starting)),
        (Stage::Starting, &hanging, Err(Fault::Hangs), Err(Fault::Starting)),
        (Stage::Ending, &hanging, Ok(()), Err(Fault::Ending)),
        (Stage::Succeeded, &hanging, Ok(()), Ok(())),
    ] {
        let checks = checks(stage, workers, Some((0, 1)).filter(|_| workers == &well));
        assert_eq!((health(&checks).0, checks.ready("http")), (healthy, ready), "{stage:?} {workers:?}");
    }
}

#[test]
fn quantiles_are_those_of_what_came_since() {
    let bucket = |below, count| Bucket { below, count };
    let before = [bucket(100, 5), bucket(0, 1)];
    let now = [bucket(100, 5), bucket(200, 90), bucket(400, 9), bucket(0, 2)];
    let since = Bucket::since(&before, &now);
    assert_eq!(since, [bucket(200, 90), bucket(400, 9), bucket(0, 1)]);
    assert_eq!(Bucket::quantile(&since, 0.5), Some(200));
    assert_eq!(Bucket::quantile(&since, 0.95), Some(400));
    assert_eq!(Bucket::quantile(&since, 1.0), None, "there is no bound");
    assert_eq!(Bucket::quantile(&[], 0.5), None);
}
