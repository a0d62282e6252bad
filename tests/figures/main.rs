//! Measures the figures that the documentation states, and the long runs: `make figures`, `make soak`.
//!
//! Prints a table and writes `target/figures.json`. Arguments: `--soak` for the long runs, else names of figures.

#![allow(
    unreachable_pub,
    missing_docs,
    dead_code,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measuring program"
)]

mod bodies;
mod events;
mod files;
mod greedy;
mod handoff;
mod limits;
mod locks;
mod log;
mod memory;
mod metrics;
mod middleware;
mod neighbours;
mod opcache;
mod pools;
mod pressure;
mod reactor;
mod rpc;
mod soak;
mod start;
mod static_files;
mod storm;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod traces;

use std::{env, fs, process::ExitCode, time::Instant};

use serde_json::json;

/// One measured value and the bound that it must keep.
#[derive(Clone)]
pub struct Figure {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    /// The largest value that is allowed, if one is.
    pub bound: Option<f64>,
    pub note: String,
}

impl Figure {
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, bound: None, note: String::new() }
    }

    pub fn at_most(mut self, bound: f64) -> Self {
        self.bound = Some(bound);
        self
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn holds(&self) -> bool {
        self.bound.is_none_or(|bound| self.value <= bound)
    }
}

type Measure = fn() -> Vec<Figure>;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == bodies::others::PLAIN) {
        bodies::others::plain();
    }
    let soak = arguments.iter().any(|argument| argument == "--soak");
    let wanted: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let measures: &[(&str, Measure)] = if soak {
        &[
            ("storm", storm::soak),
            ("opcache", opcache::soak),
            ("pressure", pressure::soak),
            ("neighbours", neighbours::soak),
            ("memory", soak::long),
        ]
    } else {
        &[
            ("start", start::measure),
            ("handoff", handoff::measure),
            ("reactor", reactor::measure),
            ("storm", storm::measure),
            ("opcache", opcache::measure),
            ("events", events::measure),
            ("greedy", greedy::measure),
            ("locks", locks::measure),
            ("log", log::measure),
            ("metrics", metrics::measure),
            ("memory", soak::measure),
            ("malloc", memory::back),
            ("reload", pools::reload),
            ("hot-reload", pools::hot_reload),
            ("deploys", pools::deploys),
            ("scaling", pools::scaling),
            ("leak", pools::leak),
            ("exec-ttl", limits::exec_ttl),
            ("rpc", rpc::measure),
            ("files", files::measure),
            ("static", static_files::measure),
            ("middleware-off", middleware::off),
            ("middleware-rate-limit", middleware::rate_limit),
            ("tls", tls::measure),
            ("traces", traces::measure),
            ("bodies-reader", bodies::slow_reader),
            ("bodies-memory", bodies::memory),
            ("bodies-cpu", bodies::cpu_time),
        ]
    };
    let mut figures = Vec::new();
    for (name, measure) in measures {
        if wanted.is_empty() || wanted.iter().any(|wanted| name.contains(wanted.as_str())) {
            let start = Instant::now();
            figures.extend(measure());
            eprintln!("{name}: {:.0} s", start.elapsed().as_secs_f64());
        }
    }
    println!("{:<58} {:>12} {:<10} {:>9}", "figure", "value", "unit", "bound");
    for figure in &figures {
        let bound = figure.bound.map_or_else(String::new, |bound| format!("≤ {bound}"));
        let verdict = if figure.holds() { "" } else { "  MISSED" };
        println!("{:<58} {:>12.2} {:<10} {bound:>9}{verdict}  {}", figure.name, figure.value, figure.unit, figure.note);
    }
    let rows: Vec<_> = figures
        .iter()
        .map(|figure| {
            json!({"name": figure.name, "value": figure.value, "unit": figure.unit, "at_most": figure.bound,
                   "holds": figure.holds(), "note": figure.note})
        })
        .collect();
    fs::create_dir_all("target").unwrap();
    fs::write("target/figures.json", serde_json::to_string_pretty(&rows).unwrap()).unwrap();
    let missed = figures.iter().filter(|figure| !figure.holds()).count();
    println!("{} passed, {missed} failed", figures.len() - missed);
    ExitCode::from(u8::from(missed > 0))
}
