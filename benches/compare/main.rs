//! The bench: servers under the same load in interleaved rounds (A B C A B C …), each as CPU per request.
//!
//! `make bench` runs it. Needs `RR_PHP` and `RR_EXTENSION`; finds plain hyper beside itself, nginx and php-fpm on the PATH.
//! Prints a table, writes `target/bench.json`. Every response is checked, status and body: a wrong one fails the run.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a measuring program"
)]

mod load;
mod server;
mod statistics;

use std::{env, fs, process::ExitCode, time::Duration};

use serde_json::json;

use self::{
    load::{Load, Report},
    server::{Kind, Running, Workload},
    statistics::{median, ratio},
};

/// One row of the table: a load, and who is measured under it.
struct Cell {
    workload: Workload,
    workers: usize,
    connections: usize,
    /// Requests per second of an open loop; `None` = as fast as answers come.
    rate: Option<f64>,
    servers: Vec<Kind>,
}

fn cells() -> Vec<Cell> {
    use Kind::{Fpm, Hyper, Ours};
    use Workload::{Hello, Json, Sleep};
    let mut cells = Vec::new();
    for workers in [1, 4, 16] {
        for connections in [1, 8, 64, 256] {
            cells.push(Cell { workload: Hello, workers, connections, rate: None, servers: vec![Hyper, Ours] });
        }
    }
    cells.push(Cell { workload: Json, workers: 4, connections: 64, rate: None, servers: vec![Hyper, Ours] });
    cells.push(Cell { workload: Hello, workers: 4, connections: 64, rate: None, servers: vec![Ours, Fpm] });
    cells.push(Cell { workload: Sleep, workers: 16, connections: 256, rate: None, servers: vec![Ours] });
    cells.push(Cell { workload: Hello, workers: 4, connections: 64, rate: Some(20_000.0), servers: vec![Hyper, Ours] });
    cells
}

fn main() -> ExitCode {
    let number = |name: &str, default: f64| env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (rounds, seconds) = (number("BENCH_ROUNDS", 12.0) as usize, number("BENCH_SECONDS", 5.0));
    let wanted: Vec<_> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut rows = Vec::new();
    println!(
        "{:<34} {:<12} {:>9} {:>8} {:>7} {:>7} {:>7} {:>7}  CPU against the first, median [95 %]",
        "load", "server", "req/s", "CPU µs", "p50 µs", "p99 µs", "p99.9", "PSS MB"
    );
    for cell in cells() {
        let name = cell.name();
        if !wanted.is_empty() && !wanted.iter().any(|wanted| name.contains(wanted.as_str())) {
            continue;
        }
        let running: Vec<_> =
            cell.servers.iter().filter_map(|kind| Running::start(*kind, cell.workload, cell.workers)).collect();
        let mut reports: Vec<Vec<Report>> = running.iter().map(|_| Vec::new()).collect();
        for round in 0..=rounds {
            for (server, reports) in running.iter().zip(&mut reports) {
                let load = Load {
                    address: server.address,
                    request: server.request(),
                    body: cell.workload.body(),
                    connections: cell.connections,
                    rate: cell.rate,
                    // The first round only warms up.
                    duration: Duration::from_secs_f64(if round == 0 { seconds.min(1.0) } else { seconds }),
                };
                let before = server.cpu();
                let mut report = load.run();
                report.cpu = (server.cpu() - before) / report.requests as f64;
                if round > 0 {
                    reports.push(report);
                }
            }
        }
        for ((server, of), first) in running.iter().zip(&reports).zip(std::iter::repeat(&reports[0])) {
            let pick = |pick: fn(&Report) -> f64| median(&of.iter().map(pick).collect::<Vec<_>>());
            let cpu: Vec<_> = of.iter().map(|report| report.cpu).collect();
            let against = ratio(&cpu, &first.iter().map(|report| report.cpu).collect::<Vec<_>>());
            let (rate, micros) = (pick(|report| report.rate), pick(|report| report.cpu));
            let (p50, p99, p999) = (pick(|report| report.p50), pick(|report| report.p99), pick(|report| report.p999));
            let memory = server.memory();
            println!(
                "{name:<34} {:<12} {rate:>9.0} {micros:>8.2} {p50:>7.0} {p99:>7.0} {p999:>7.0} {memory:>7.1}  {:.2} [{:.2}, {:.2}]",
                server.name, against.0, against.1, against.2
            );
            rows.push(json!({"load": name, "server": server.name, "requests_per_second": rate, "cpu_us": micros,
                "p50_us": p50, "p99_us": p99, "p999_us": p999, "rss_mb": memory, "cpu_ratio": against.0,
                "cpu_ratio_low": against.1, "cpu_ratio_high": against.2, "rounds": rounds, "seconds": seconds}));
        }
    }
    fs::create_dir_all("target").unwrap();
    fs::write("target/bench.json", serde_json::to_string_pretty(&rows).unwrap()).unwrap();
    ExitCode::SUCCESS
}

impl Cell {
    fn name(&self) -> String {
        let rate = self.rate.map_or_else(String::new, |rate| format!(" {:.0}k/s", rate / 1000.0));
        format!("{:?} w{} c{}{rate}", self.workload, self.workers, self.connections).to_lowercase()
    }
}
