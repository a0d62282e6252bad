//! `top`: shows what a running server is busy with, again each second.

use std::{fmt::Write as _, thread, time::Duration};

use super::{
    Options, console,
    place::Problem,
    remote::Remote,
    screen::{AGAIN, Screen, is_terminal},
    table::{bytes, columns, count, span, time},
    workers::{recent_cpu, request},
};
use crate::status::{Bucket, Load, Pool};

/// Cells of the bar that shows how many workers are busy.
const BAR: usize = 10;
/// Where there is nothing to be said.
const NOTHING: &str = "-";

/// Shows it until the user has seen enough; once, where there is no terminal.
pub(super) fn run(options: &Options) -> Result<(), Problem> {
    let mut server = Remote::connect(options)?;
    let mut before = look(&mut server)?;
    if !is_terminal() {
        thread::sleep(AGAIN);
        let now = look(&mut server)?;
        console::print(page(&before, &now, options).trim_end());
        return Ok(());
    }
    let screen = Screen::take()?;
    let mut shown = page(&before, &before, options);
    Screen::show(&shown);
    while screen.wait(&shown) {
        let now = server.again(options, look)?;
        shown = page(&before, &now, options) + "\nq ends";
        Screen::show(&shown);
        before = now;
    }
    Ok(())
}

fn look(server: &mut Remote) -> Result<Load, Problem> {
    server.call("status.Load", &true)
}

/// What has happened between two looks.
fn page(before: &Load, now: &Load, options: &Options) -> String {
    // Counters of another process have another beginning.
    let fresh = Load { process: now.process, ..Load::default() };
    let before = if before.process == now.process { before } else { &fresh };
    let passed = Duration::from_nanos(now.uptime.saturating_sub(before.uptime));
    let cpu = rate(now.cpu_time.saturating_sub(before.cpu_time), passed) / 1e7;
    let mut text = format!(
        "roadrunner {}, {} for {}, process {}, {}, CPU {cpu:.0} %\n\n",
        now.version,
        now.stage,
        time(Duration::from_nanos(now.uptime)),
        now.process,
        bytes(now.memory),
    );
    let meant = |pool: &&Pool| options.pools.is_empty() || options.pools.contains(&pool.name);
    let nothing = Pool::default();
    let pools: Vec<_> = now
        .pools
        .iter()
        .filter(meant)
        .map(|pool| (before.pools.iter().find(|other| other.name == pool.name).unwrap_or(&nothing), pool))
        .collect();
    let rows: Vec<_> = pools.iter().map(|(before, pool)| pool_row(before, pool, passed)).collect();
    let head = ["POOL", "REQ/S", "BUSY", "", "WAITING", "P50", "P95", "P99", "REFUSED/S", "RECYCLED"];
    text += &columns(&head, &rows);
    text.push('\n');
    let mut rows = Vec::new();
    for (before, pool) in &pools {
        for worker in &pool.workers {
            let name = worker.name.strip_prefix("rr-php-").unwrap_or(&worker.name);
            rows.push(vec![
                name.to_owned(),
                worker.pid.to_string(),
                worker.state.clone(),
                time(Duration::from_nanos(worker.age.unsigned_abs())),
                count(worker.num_execs),
                bytes(worker.memory_usage),
                format!("{:.0}", recent_cpu(&before.workers, worker, passed)),
                request(worker),
            ]);
        }
    }
    text += &columns(&["WORKER", "PID", "STATUS", "FOR", "EXECS", "MEMORY", "CPU%", "REQUEST"], &rows);
    for (_, pool) in pools.iter().filter(|(_, pool)| !pool.broken.is_empty()) {
        let _ = writeln!(text, "\nThe code in place of {} does not boot: {}", pool.name, pool.broken);
    }
    text
}

fn pool_row(before: &Pool, pool: &Pool, passed: Duration) -> Vec<String> {
    let busy = pool.workers.iter().filter(|worker| matches!(&*worker.state, "working" | "stuck")).count();
    let filled = (busy * BAR).div_ceil(pool.workers.len().max(1));
    let latency = pool.latency.as_deref().unwrap_or_default();
    let recent = Bucket::since(before.latency.as_deref().unwrap_or_default(), latency);
    let quantile = |part| Bucket::quantile(&recent, part).map_or_else(|| NOTHING.to_owned(), span);
    let refused = |pool: &Pool| pool.refused + pool.overdue;
    let per_second = |now: u64, before: u64| count_of(rate(now.saturating_sub(before), passed));
    vec![
        pool.name.clone(),
        per_second(pool.requests, before.requests),
        format!("{busy}/{}", pool.workers.len()),
        format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled)),
        format!("{}/{}", count(pool.waiting), count(pool.room)),
        quantile(0.5),
        quantile(0.95),
        quantile(0.99),
        per_second(refused(pool), refused(before)),
        count(pool.recycled.values().sum()),
    ]
}

/// So many in a second.
#[expect(clippy::cast_precision_loss, reason = "shown in few digits")]
fn rate(more: u64, passed: Duration) -> f64 {
    if passed.is_zero() { 0.0 } else { more as f64 / passed.as_secs_f64() }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is not negative, and fits")]
fn count_of(rate: f64) -> String {
    count(rate.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::Worker;

    fn load(uptime: u64, requests: u64, bucket: u64) -> Load {
        let worker = |number: i64, state: &str, uri: &str| Worker {
            name: format!("rr-php-http-{number}"),
            pid: 70 + number,
            state: state.to_owned(),
            uri: uri.to_owned(),
            method: if uri.is_empty() { String::new() } else { "GET".to_owned() },
            cpu_time: uptime / 2,
            ..Worker::default()
        };
        let pool = Pool {
            name: "http".to_owned(),
            workers: vec![worker(0, "working", "/slow"), worker(1, "ready", "")],
            waiting: 3,
            room: 1024,
            requests,
            latency: Some(vec![Bucket { below: 1_250_000, count: bucket }]),
            ..Pool::default()
        };
        let cpu_time = uptime;
        Load {
            process: 9,
            version: "1".to_owned(),
            stage: "running".to_owned(),
            uptime,
            cpu_time,
            memory: 5_000_000,
            pools: vec![pool],
        }
    }

    #[test]
    fn rates_are_those_between_two_looks() {
        let (before, now) = (load(10_000_000_000, 100, 5), load(12_000_000_000, 2100, 6));
        let text = page(&before, &now, &Options::default());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "roadrunner 1, running for 12 s, process 9, 5.0 MB, CPU 100 %");
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let expected =
            ["http", "1,000", "1/2", "█████░░░░░", "3/1,024", "1.2", "ms", "1.2", "ms", "1.2", "ms", "0", "0"];
        assert_eq!(words(lines[3]), expected);
        assert_eq!(words(lines[6]), ["http-0", "70", "working", "0", "ms", "0", "0", "B", "50", "GET", "/slow"]);
        // Another process.
        let text = page(&Load { process: 8, ..before.clone() }, &now, &Options::default());
        assert_eq!(words(text.lines().nth(3).unwrap())[1], "175", "since it began");
        let other = Options { pools: vec!["jobs".to_owned()], ..Options::default() };
        assert!(!page(&before, &now, &other).contains("http"));
    }
}
