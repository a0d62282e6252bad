//! The bench: servers under the same load in interleaved rounds (A B C A B C …), each as CPU per request.
//!
//! `make bench` runs it. Needs `RR_PHP` and `RR_EXTENSION`; finds plain hyper beside itself, nginx and php-fpm where Debian
//! has them, others by variables (`opponent.rs`). Prints a table, writes `target/bench.json` and `target/bench.svg`.
//! Arguments: parts of names of loads, also several with commas between them; `--instructions` counts instructions instead.

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

mod cell;
mod h2load;
mod instructions;
mod load;
mod measure;
mod opponent;
mod report;
mod response;
mod server;
mod statistics;
mod svg;
mod workload;

use std::{env, fs, process::ExitCode};

use serde_json::{Value, json};

use self::{
    measure::{Rounds, memory_per_worker},
    opponent::{Kind, fpm_has_sqlite},
    report::{Failure, Row, verdict},
    workload::Workload,
};

fn main() -> ExitCode {
    let number = |name: &str, default: f64| env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let rounds =
        Rounds { count: number("BENCH_ROUNDS", 12.0).max(1.0) as usize, seconds: number("BENCH_SECONDS", 5.0) };
    let (options, wanted): (Vec<_>, Vec<_>) = env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let outcome = if options.iter().any(|option| option == "--instructions") {
        instructions::measure().map(|()| 0)
    } else {
        run(&rounds, &wanted)
    };
    match outcome {
        Ok(missed) => ExitCode::from(u8::from(missed > 0 && env::var("BENCH_STRICT").is_ok_and(|value| value == "1"))),
        Err(Failure { load, server, errors, first }) => {
            eprintln!("{load}: {server}: {errors} errors; the first: {first}");
            ExitCode::FAILURE
        }
    }
}

/// Returns how many bounds were missed.
fn run(rounds: &Rounds, wanted: &[String]) -> Result<usize, Failure> {
    let is_wanted = |name: &str| {
        wanted.is_empty() || wanted.iter().flat_map(|names| names.split(',')).any(|part| name.contains(part))
    };
    let (mut rows, mut printed) = (Vec::new(), 0);
    println!("{}", Row::head());
    for cell in cell::cells().iter().filter(|cell| is_wanted(&cell.name())) {
        cell.measure(rounds, &mut rows)?;
        rows[printed..].iter().for_each(|row| println!("{}", row.line()));
        printed = rows.len();
    }
    let mut missed = rows.iter().flat_map(|row| &row.bounds).filter(|(_, holds)| !holds).count();
    let mut values: Vec<_> = rows.iter().map(|row| row.json(rounds.seconds)).collect();
    if is_wanted("memory") {
        missed += memory(&mut values)?;
    }
    fs::create_dir_all("target").unwrap();
    fs::write("target/bench.json", serde_json::to_string_pretty(&values).unwrap()).unwrap();
    fs::write("target/bench.svg", svg::draw(&rows)).unwrap();
    Ok(missed)
}

/// Memory of an added worker, 1 → 16, all of which have served. Returns how many bounds were missed.
fn memory(values: &mut Vec<Value>) -> Result<usize, Failure> {
    // The hello of these waits for 5 ms, so that each worker gets its share.
    let mut measures = vec![("hello", Kind::Ours, Workload::Sleep, "Rss", Some(1.0))];
    measures.push(("notes", Kind::Ours, Workload::Notes, "Pss", None));
    if fpm_has_sqlite() {
        measures.push(("notes", Kind::Fpm, Workload::Notes, "Pss", None));
    } else {
        eprintln!("php-fpm has no pdo_sqlite: its children are measured with hello in place of the notes");
        measures.push(("hello", Kind::Fpm, Workload::Sleep, "Pss", None));
    }
    let mut missed = 0;
    for (name, kind, workload, of, bound) in measures {
        let Some(slope) = memory_per_worker(kind, workload, of)? else { continue };
        let holds = bound.is_none_or(|bound| slope <= bound);
        missed += usize::from(!holds);
        let judged = bound.map_or_else(String::new, |bound| verdict(&format!("≤ {bound} MiB"), holds));
        let load = format!("memory per {name} worker");
        println!("{load:<26} {:<16} {slope:>8.2} MiB {of} {judged}", kind.name());
        values.push(json!({"load": load, "server": kind.name(), "mib": slope, "of": of, "at_most": bound}));
    }
    Ok(missed)
}
