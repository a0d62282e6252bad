//! `workers`: shows the workers of a running server.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use super::{
    Options, console, exit,
    place::Problem,
    remote::Remote,
    screen::{Screen, is_terminal},
    table::{bytes, count, short, table, time},
};
use crate::rpc::{Pool, Worker};

/// Letters of an error.
const LINE: usize = 400;
/// Letters of a request.
const REQUEST: usize = 100;

/// The workers of all pools, by name of the pool.
type Pools = BTreeMap<String, Vec<Worker>>;

/// Shows them once, or again and again.
pub(super) fn run(options: &Options) -> Result<(), Problem> {
    let mut server = Remote::connect(options)?;
    if !options.interactive {
        let pools = look(&mut server, options)?;
        if options.json {
            let text = serde_json::to_string_pretty(&pools).map_err(|error| Problem::failure(error.to_string()))?;
            console::print(&text);
        } else {
            console::print(page(&pools).trim_end());
        }
        return Ok(());
    }
    if options.json {
        return Err(Problem(exit::USAGE, "-i shows tables for a terminal; --json is without it".to_owned()));
    }
    if !is_terminal() {
        return Err(Problem(exit::USAGE, "-i needs a terminal".to_owned()));
    }
    watch(server, options)
}

/// Shows them each second until the user has seen enough.
fn watch(mut server: Remote, options: &Options) -> Result<(), Problem> {
    let screen = Screen::take()?;
    let (mut before, mut then) = (Pools::new(), Instant::now());
    loop {
        let pools = server.again(options, |server| look(server, options))?;
        let mut shown = pools.clone();
        let span = then.elapsed();
        for (name, workers) in &mut shown {
            let old = before.get(name).map(Vec::as_slice).unwrap_or_default();
            for worker in workers.iter_mut() {
                worker.cpu_percent = recent_cpu(old, worker, span);
            }
        }
        (before, then) = (pools, Instant::now());
        let page = format!("{}\nq ends", page(&shown));
        Screen::show(&page);
        if !screen.wait(&page) {
            return Ok(());
        }
    }
}

/// Percent of a core that a worker has taken since it was among `before`, which was so long ago; over its life if it was not.
pub(super) fn recent_cpu(before: &[Worker], worker: &Worker, span: Duration) -> f64 {
    // The number of a thread that has ended may be given again.
    let is_same = |other: &&Worker| (other.pid, &other.name) == (worker.pid, &worker.name);
    let same = before.iter().find(is_same).filter(|before| before.cpu_time <= worker.cpu_time);
    same.map_or(worker.cpu_percent, |before| {
        let spent = Duration::from_nanos(worker.cpu_time - before.cpu_time);
        spent.as_secs_f64() / span.as_secs_f64().max(0.001) * 100.0
    })
}

/// Asks the server for what is to be shown.
fn look(server: &mut Remote, options: &Options) -> Result<Pools, Problem> {
    let mut pools = BTreeMap::new();
    for pool in server.pools(options, "informer.List")? {
        let Pool { workers } = server.call("informer.Workers", &pool)?;
        pools.insert(pool, workers);
    }
    Ok(pools)
}

fn page(pools: &Pools) -> String {
    let mut text = String::new();
    for (pool, workers) in pools {
        let _ = writeln!(text, "Workers of [{pool}]:\n{}", shown(workers, SystemTime::now()));
        for worker in workers.iter().filter(|worker| !worker.boot_error.is_empty()) {
            let _ = writeln!(text, "{} does not boot: {}", worker.name, short(&worker.boot_error, LINE));
        }
    }
    text
}

/// What a worker has in hand, on one line.
pub(super) fn request(worker: &Worker) -> String {
    short(format!("{} {}", worker.method, worker.uri).trim(), REQUEST)
}

/// The table of a pool: RoadRunner's columns, and what each worker does.
fn shown(workers: &[Worker], now: SystemTime) -> String {
    let rows: Vec<_> = workers
        .iter()
        .map(|worker| {
            let created = UNIX_EPOCH + Duration::from_nanos(worker.created.unsigned_abs());
            vec![
                worker.pid.to_string(),
                worker.state.clone(),
                count(worker.num_execs),
                bytes(worker.memory_usage),
                format!("{:.2}", worker.cpu_percent),
                format!("{} ago", time(now.duration_since(created).unwrap_or_default())),
                time(Duration::from_nanos(worker.age.unsigned_abs())),
                request(worker),
            ]
        })
        .collect();
    table(&["PID", "STATUS", "EXECS", "MEMORY", "CPU%", "CREATED", "FOR", "REQUEST"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_a_worker_does() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let worker = Worker {
            pid: 4711,
            num_execs: 1234,
            created: 999_940_000_000_000,
            memory_usage: 4_200_000,
            cpu_percent: 1.5,
            state: "working".to_owned(),
            age: 12_000_000,
            method: "GET".to_owned(),
            uri: "/a\nb".to_owned(),
            ..Worker::default()
        };
        let text = shown(&[worker], now);
        let rows: Vec<_> = text.lines().collect();
        assert_eq!(rows[1], "│ PID  │ STATUS  │ EXECS │ MEMORY │ CPU% │ CREATED   │ FOR   │ REQUEST  │");
        assert_eq!(rows[3], "│ 4711 │ working │ 1,234 │ 4.2 MB │ 1.50 │ 1 min ago │ 12 ms │ GET /a?b │");
    }

    #[test]
    fn what_a_worker_takes_now_is_what_it_took_since_the_last_look() {
        // When it was started is known to some nanoseconds only.
        let worker = |pid, cpu_time| Worker {
            pid,
            cpu_time,
            created: cpu_time.cast_signed(),
            cpu_percent: 77.0,
            ..Worker::default()
        };
        let cpu = |before, now| recent_cpu(&[before], &now, Duration::from_secs(2)).round();
        assert!((cpu(worker(1, 1_000_000_000), worker(1, 2_000_000_000)) - 50.0).abs() < 0.1);
        assert!(
            (cpu(worker(1, 3_000_000_000), worker(1, 2_000_000_000)) - 77.0).abs() < 0.1,
            "its number was given again"
        );
        assert!((cpu(worker(2, 1_000_000_000), worker(1, 2_000_000_000)) - 77.0).abs() < 0.1, "it is another one");
    }
}
