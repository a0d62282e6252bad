//! Runs the rounds of one cell: A B C A B C …, each server started once.

use std::time::Duration;

use crate::{
    cell::{Cell, Pace, Wire},
    h2load,
    load::{Lane, Load, Report},
    opponent::Kind,
    report::{Failure, Row},
    server::Running,
    workload::{HELLO, Workload, slow_request},
};

/// Share of all requests of a mixed load that are for slow handlers, and how long these take.
const SLOW_SHARE: f64 = 0.05;
const SLOW_SECONDS: f64 = 0.02;
/// Slow handlers of a mixed load keep at most this share of the workers busy: with more the load would measure a queue.
const SLOW_WORKERS: f64 = 0.5;
const SLOW_CONNECTIONS: usize = 64;
/// In a closed loop.
const SLOW_CLOSED: usize = 8;

pub struct Rounds {
    pub count: usize,
    pub seconds: f64,
}

impl Cell {
    pub fn measure(&self, rounds: &Rounds, rows: &mut Vec<Row>) -> Result<(), Failure> {
        let load_name = self.name();
        let running: Vec<_> = self
            .entrants
            .iter()
            .filter_map(|entrant| {
                let server = Running::start_below(Vec::new(), entrant.kind, self.workload, self.workers, self.wire)?;
                Some((entrant, server))
            })
            .collect();
        let failure = |server: &Running, report: &Report| Failure {
            load: load_name.clone(),
            server: server.kind.name(),
            errors: report.errors,
            first: report.error.clone(),
        };
        // The first round warms up, and says what an open loop may ask for.
        let mut capacities = Vec::new();
        for (_, server) in &running {
            let report = self.round(server, None, None, false, rounds.seconds.min(1.0));
            if report.errors > 0 {
                return Err(failure(server, &report));
            }
            capacities.push(report.rate);
        }
        let rate = self.rate(capacities.iter().copied().fold(f64::INFINITY, f64::min));
        let mut reports: Vec<Vec<Report>> = running.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds.count {
            for (((entrant, server), reports), capacity) in running.iter().zip(&mut reports).zip(&capacities) {
                let before = server.cpu();
                let mut report = self.round(server, rate, Some(*capacity), entrant.mixed, rounds.seconds);
                report.cpu = (server.cpu() - before) / report.requests as f64;
                if report.errors > 0 {
                    return Err(failure(server, &report));
                }
                reports.push(report);
            }
        }
        for ((entrant, server), of) in running.iter().zip(&reports) {
            // Beside a first server that is not on this machine there is nothing to compare.
            let complete = running[0].0.kind == self.entrants[0].kind;
            let bounds = if complete { &entrant.bounds[..] } else { &[] };
            let row = Row::new(&load_name, entrant, of, &reports[0], (server.memory("Pss"), server.memory("Rss")));
            let mut judged: Vec<_> = bounds.iter().map(|bound| bound.judge(self.workers, of, &reports[0])).collect();
            if let Some((kind, bound)) = entrant.beside
                && let Some(beside) = running.iter().position(|(entrant, _)| entrant.kind == kind)
            {
                let (what, holds) = bound.judge(self.workers, of, &reports[beside]);
                judged.push((format!("{what} {}", kind.name()), holds));
            }
            rows.push(row.judged(judged));
        }
        Ok(())
    }

    fn rate(&self, capacity: f64) -> Option<f64> {
        let Pace::Share(share) = self.pace else { return None };
        let rate = capacity * share;
        if !self.entrants.iter().any(|entrant| entrant.mixed) {
            return Some(rate);
        }
        Some(rate.min(self.workers as f64 * SLOW_WORKERS / SLOW_SECONDS / SLOW_SHARE))
    }

    /// `rate` is that of all requests, `capacity` what the server manages in a closed loop, if that is known.
    fn round(&self, server: &Running, rate: Option<f64>, capacity: Option<f64>, mixed: bool, seconds: f64) -> Report {
        if self.wire != Wire::Http1 {
            return h2load::run(server, self.connections, seconds, capacity);
        }
        let slow = rate.filter(|_| mixed).map(|rate| rate * SLOW_SHARE);
        let mut load = single(server, self.connections, seconds);
        load.lanes[0].rate = rate.map(|rate| rate - slow.unwrap_or(0.0));
        if mixed {
            load.lanes.push(Lane {
                request: slow_request(server.address),
                body: HELLO.to_vec(),
                connections: if rate.is_some() { SLOW_CONNECTIONS } else { SLOW_CLOSED },
                rate: slow,
            });
        }
        load.run()
    }
}

/// A closed loop with the workload of a server.
pub fn single(server: &Running, connections: usize, seconds: f64) -> Load {
    let lane = Lane {
        request: server.workload.request(server.address),
        body: server.workload.body(),
        connections,
        rate: None,
    };
    Load { address: server.address, lanes: vec![lane], duration: Duration::from_secs_f64(seconds), count: None }
}

/// MiB per worker, from 1 to 16 of them, all of which have served.
pub fn memory_per_worker(kind: Kind, workload: Workload, of: &str) -> Result<Option<f64>, Failure> {
    let mut sizes = [0.0; 2];
    for (size, workers) in sizes.iter_mut().zip([1, 16]) {
        let Some(server) = Running::start(kind, workload, workers) else { return Ok(None) };
        let report = single(&server, 64, 1.0).run();
        if report.errors > 0 {
            let load = format!("memory of {}", workload.name());
            return Err(Failure { load, server: kind.name(), errors: report.errors, first: report.error });
        }
        *size = server.memory(of);
    }
    Ok(Some((sizes[1] - sizes[0]) / 15.0))
}
