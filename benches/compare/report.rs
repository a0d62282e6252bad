//! What is printed and written: the table, and `target/bench.json`.

use serde_json::{Value, json};

use crate::{
    cell::Entrant,
    load::Report,
    statistics::{Interval, interval},
};

/// A run that counts for nothing: answers were wrong or missing.
pub struct Failure {
    pub load: String,
    pub server: &'static str,
    pub errors: u64,
    pub first: String,
}

pub struct Row {
    pub load: String,
    pub server: String,
    pub cpu: Interval,
    rate: Interval,
    latencies: [f64; 3],
    /// PSS and RSS in MiB.
    memory: (f64, f64),
    errors: u64,
    /// Against the first server of the cell.
    cpu_ratio: Interval,
    rate_ratio: Interval,
    /// What must hold, and whether it does.
    pub bounds: Vec<(String, bool)>,
    rounds: usize,
}

impl Row {
    pub fn new(load: &str, entrant: &Entrant, of: &[Report], first: &[Report], memory: (f64, f64)) -> Self {
        let pick = |pick: fn(&Report) -> f64| interval(&of.iter().map(pick).collect::<Vec<_>>());
        let ratio = |pick: fn(&Report) -> f64| {
            interval(&of.iter().zip(first).map(|(of, first)| pick(of) / pick(first)).collect::<Vec<_>>())
        };
        Self {
            load: load.to_owned(),
            server: format!("{}{}", entrant.kind.name(), if entrant.mixed { " mixed" } else { "" }),
            cpu: pick(|report| report.cpu),
            rate: pick(|report| report.rate),
            latencies: [
                pick(|report| report.p50).median,
                pick(|report| report.p99).median,
                pick(|report| report.p999).median,
            ],
            memory,
            errors: of.iter().map(|report| report.errors).sum(),
            cpu_ratio: ratio(|report| report.cpu),
            rate_ratio: ratio(|report| report.rate),
            bounds: Vec::new(),
            rounds: of.len(),
        }
    }

    pub fn judged(mut self, bounds: Vec<(String, bool)>) -> Self {
        self.bounds = bounds;
        self
    }

    pub fn head() -> String {
        format!(
            "{:<26} {:<16} {:>8} {:>8} {:>7} {:>7} {:>7} {:>7} {:>7} {:>4}  {:<20} {:<20} bounds",
            "load",
            "server",
            "req/s",
            "CPU µs",
            "p50 µs",
            "p99",
            "p99.9",
            "PSS MiB",
            "RSS",
            "err",
            "CPU × first",
            "req/s × first"
        )
    }

    pub fn line(&self) -> String {
        let [p50, p99, p999] = self.latencies;
        let bounds: Vec<_> = self.bounds.iter().map(|(text, holds)| verdict(text, *holds)).collect();
        format!(
            "{:<26} {:<16} {:>8.0} {:>8.2} {p50:>7.0} {p99:>7.0} {p999:>7.0} {:>7.1} {:>7.1} {:>4}  {:<20} {:<20} {}",
            self.load,
            self.server,
            self.rate.median,
            self.cpu.median,
            self.memory.0,
            self.memory.1,
            self.errors,
            text(self.cpu_ratio),
            text(self.rate_ratio),
            bounds.join("; ")
        )
    }

    pub fn json(&self, seconds: f64) -> Value {
        let [p50, p99, p999] = self.latencies;
        let interval = |of: Interval| json!({"median": of.median, "low": of.low, "high": of.high});
        let bounds: Vec<_> = self.bounds.iter().map(|(text, holds)| json!({"bound": text, "holds": holds})).collect();
        json!({"load": self.load, "server": self.server, "requests_per_second": interval(self.rate),
            "cpu_us": interval(self.cpu), "p50_us": p50, "p99_us": p99, "p999_us": p999, "pss_mib": self.memory.0,
            "rss_mib": self.memory.1, "errors": self.errors, "cpu_ratio": interval(self.cpu_ratio),
            "rate_ratio": interval(self.rate_ratio), "bounds": bounds, "rounds": self.rounds, "seconds": seconds})
    }
}

pub fn verdict(text: &str, holds: bool) -> String {
    format!("{text} {}", if holds { "ok" } else { "MISSED" })
}

fn text(of: Interval) -> String {
    format!("{:.2} [{:.2}, {:.2}]", of.median, of.low, of.high)
}
