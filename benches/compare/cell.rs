//! The table of loads, who is measured under them, and what must hold.

use crate::{load::Report, opponent::Kind, statistics::interval, workload::Workload};

/// How requests are spread over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As fast as answers come.
    Closed,
    /// At this share of what the slowest server of the cell manages in a closed loop.
    Share(f64),
}

/// What is spoken. All but [`Wire::Http1`] is spoken by h2load.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wire {
    Http1,
    /// HTTP/1.1 over TLS.
    Tls,
    /// HTTP/2 over TLS.
    Http2,
    /// HTTP/2 without TLS, by prior knowledge.
    H2c,
}

/// What must hold for a server beside another one of its cell, the first one if nothing is said.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// CPU per request, at most so many times that of the first.
    Cpu(f64),
    /// CPU per request, at least so many times that of the first.
    CpuMore(f64),
    /// Throughput, at least so many times that of the first.
    Throughput(f64),
    /// p99, at most so many times that of the first, plus milliseconds.
    P99(f64, f64),
    /// Throughput, at least this share of workers / mean of the handler.
    Occupied(f64),
}

pub struct Entrant {
    pub kind: Kind,
    /// 5 % of its requests are for handlers of 20 ms, on connections of their own; in a closed loop 8 connections ask for these.
    pub mixed: bool,
    pub bounds: Vec<Bound>,
    /// Beside one that may not be on this machine.
    pub beside: Option<(Kind, Bound)>,
}

/// One row of the table: a load, and who is measured under it.
pub struct Cell {
    pub workload: Workload,
    pub workers: usize,
    pub connections: usize,
    pub pace: Pace,
    pub wire: Wire,
    pub note: &'static str,
    pub entrants: Vec<Entrant>,
}

fn entrant(kind: Kind, bounds: &[Bound]) -> Entrant {
    Entrant { kind, mixed: false, bounds: bounds.to_vec(), beside: None }
}

fn beside_hyper(workload: Workload, workers: usize, connections: usize, pace: Pace, bounds: &[Bound]) -> Cell {
    let entrants = vec![entrant(Kind::Hyper, &[]), entrant(Kind::Ours, bounds)];
    Cell { workload, workers, connections, pace, wire: Wire::Http1, note: "", entrants }
}

/// The first is what the others are measured beside.
fn hello(workers: usize, connections: usize) -> Cell {
    let bounds: &[_] =
        if connections >= 64 { &[Bound::Cpu(1.25), Bound::Throughput(0.8)] } else { &[Bound::Cpu(1.25)] };
    let mut cell = beside_hyper(Workload::Hello, workers, connections, Pace::Closed, bounds);
    cell.entrants[1].beside = Some((Kind::Swoole, Bound::Cpu(1.05)));
    cell.entrants.extend([entrant(Kind::HandOff, &[]), entrant(Kind::Swoole, &[])]);
    cell
}

fn mixed(kind: Kind, bounds: &[Bound]) -> Entrant {
    Entrant { kind, mixed: true, bounds: bounds.to_vec(), beside: None }
}

pub fn cells() -> Vec<Cell> {
    use Bound::{Cpu, CpuMore, Occupied, P99};
    use Pace::{Closed, Share};
    let mut cells = Vec::new();
    for workers in [1, 4, 16] {
        cells.extend([1, 8, 24, 64, 256].map(|connections| hello(workers, connections)));
    }
    for (wire, workers, connections) in [
        (Wire::Tls, 4, 8),
        (Wire::Tls, 4, 64),
        (Wire::Http2, 1, 4),
        (Wire::Http2, 4, 4),
        (Wire::Http2, 4, 16),
        (Wire::H2c, 4, 4),
    ] {
        cells.push(Cell { wire, ..beside_hyper(Workload::Hello, workers, connections, Closed, &[Cpu(1.25)]) });
    }
    cells.push(beside_hyper(Workload::Json, 4, 64, Closed, &[Cpu(1.7)]));
    for workload in [Workload::Echo, Workload::Kib(10), Workload::Kib(100)] {
        cells.push(beside_hyper(workload, 4, 64, Closed, &[]));
    }
    for workers in [1, 4, 16] {
        cells.push(beside_hyper(Workload::Hello, workers, 64, Share(0.3), &[P99(2.0, 0.5)]));
        cells.push(beside_hyper(Workload::Hello, workers, 64, Share(0.5), &[]));
    }
    let alone = |workload, workers, connections, pace, entrants| Cell {
        workload,
        workers,
        connections,
        pace,
        wire: Wire::Http1,
        note: "",
        entrants,
    };
    cells.push(alone(Workload::Sleep, 16, 256, Closed, vec![entrant(Kind::Ours, &[Occupied(0.95)])]));
    cells.push(alone(Workload::Cpu, 4, 64, Closed, vec![entrant(Kind::Ours, &[])]));
    cells.push(alone(
        Workload::Mixed,
        16,
        64,
        Share(0.3),
        vec![entrant(Kind::Ours, &[]), mixed(Kind::Ours, &[P99(3.0, 1.0)])],
    ));
    for pace in [Share(0.3), Closed] {
        let entrants = vec![mixed(Kind::HandOff, &[]), mixed(Kind::Ours, &[P99(1.5, 0.0)])];
        cells.push(Cell { note: " beside handoff", ..alone(Workload::Mixed, 16, 64, pace, entrants) });
    }
    let mut opponents = alone(
        Workload::Hello,
        4,
        64,
        Closed,
        vec![
            entrant(Kind::Ours, &[]),
            entrant(Kind::Fpm, &[CpuMore(5.0)]),
            entrant(Kind::RoadRunner, &[]),
            entrant(Kind::FrankenPhp, &[]),
            entrant(Kind::Swoole, &[]),
        ],
    );
    opponents.note = " opponents";
    cells.push(opponents);
    cells
}

impl Cell {
    pub fn name(&self) -> String {
        let pace = match self.pace {
            Pace::Closed => String::new(),
            Pace::Share(share) => format!(" at {:.0} %", share * 100.0),
        };
        let wire = match self.wire {
            Wire::Http1 => "",
            Wire::Tls => " tls",
            Wire::Http2 => " h2",
            Wire::H2c => " h2c",
        };
        format!("{}{wire} w{} c{}{pace}{}", self.workload.name(), self.workers, self.connections, self.note)
    }
}

// === impl Wire ===

impl Wire {
    pub fn is_encrypted(self) -> bool {
        matches!(self, Self::Tls | Self::Http2)
    }
}

// === impl Bound ===

impl Bound {
    /// Says what must hold, and whether it does: the worse end of the interval counts.
    pub fn judge(self, workers: usize, of: &[Report], first: &[Report]) -> (String, bool) {
        let pairs = |value: &dyn Fn(&Report, &Report) -> f64| {
            interval(&of.iter().zip(first).map(|(of, first)| value(of, first)).collect::<Vec<_>>())
        };
        match self {
            Self::Cpu(limit) => (format!("CPU ≤ {limit} ×"), pairs(&|of, first| of.cpu / first.cpu).high <= limit),
            Self::CpuMore(limit) => (format!("CPU ≥ {limit} ×"), pairs(&|of, first| of.cpu / first.cpu).low >= limit),
            Self::Throughput(limit) => {
                (format!("req/s ≥ {limit} ×"), pairs(&|of, first| of.rate / first.rate).low >= limit)
            }
            Self::P99(times, more) => (
                format!("p99 ≤ {times} × + {more} ms"),
                pairs(&|of, first| of.p99 / (times * first.p99 + more * 1e3)).high <= 1.0,
            ),
            Self::Occupied(share) => {
                let occupied = pairs(&|of, _| of.rate * of.took / workers as f64);
                (format!("{:.3} of {workers} / mean ≥ {share}", occupied.median), occupied.low >= share)
            }
        }
    }
}
