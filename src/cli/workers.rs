//! `workers`: shows the workers of a running server.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, IsTerminal, Stdin, stdin, stdout},
    os::fd::AsFd,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::{
    Options, console, exit,
    place::Problem,
    remote::Remote,
    table::{bytes, count, short, table, time},
};
use crate::{
    process::{Signals, wait_readable},
    rpc::{Pool, Worker},
};

/// Time between two looks.
const AGAIN: Duration = Duration::from_secs(1);
/// Letters of an error.
const LINE: usize = 400;
/// The cursor to the top, everything below it cleared.
const TOP: &str = "\x1b[H\x1b[J";

/// Shows them once, or again and again.
pub(super) fn run(options: &Options) -> Result<(), Problem> {
    let mut server = Remote::connect(options)?;
    if !options.interactive {
        return look(&mut server, options).map(|text| console::print(text.trim_end()));
    }
    if options.json {
        return Err(Problem(exit::USAGE, "-i shows tables for a terminal; --json is without it".to_owned()));
    }
    if !stdout().is_terminal() || !stdin().is_terminal() {
        return Err(Problem(exit::USAGE, "-i needs a terminal".to_owned()));
    }
    watch(&mut server, options)
}

/// Shows them each second until the user has seen enough.
fn watch(server: &mut Remote, options: &Options) -> Result<(), Problem> {
    let failed = |error: io::Error| Problem::failure(format!("the terminal cannot be used: {error}"));
    let signals = Signals::collect(&[libc::SIGINT, libc::SIGTERM, libc::SIGHUP]).map_err(failed)?;
    let keys = Keys::take().map_err(failed)?;
    loop {
        let text = look(server, options)?;
        console::print(&format!("{TOP}{text}\nq ends"));
        let ready = wait_readable(&[signals.descriptor(), keys.input.as_fd()], Some(AGAIN));
        if ready[0] || ready[1] && keys.end() {
            return Ok(());
        }
    }
}

/// The keyboard, each key as it is pressed.
struct Keys {
    input: Stdin,
    before: Termios,
}

// === impl Keys ===

impl Keys {
    fn take() -> io::Result<Self> {
        let input = stdin();
        let before = tcgetattr(&input)?;
        let mut now = before.clone();
        now.local_modes &= !(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Now, &now)?;
        Ok(Self { input, before })
    }

    /// Reads what was pressed. Returns whether that is to end it, as the end of the terminal is.
    fn end(&self) -> bool {
        let mut pressed = [0; 64];
        match rustix::io::read(&self.input, &mut pressed) {
            Ok(length) => length == 0 || pressed[..length].iter().any(|key| matches!(key, b'q' | b'Q')),
            Err(_) => true,
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.input, OptionalActions::Now, &self.before);
    }
}

/// Asks the server for what is to be shown, and writes it.
fn look(server: &mut Remote, options: &Options) -> Result<String, Problem> {
    let mut pools = BTreeMap::new();
    for pool in server.pools(options, "informer.List")? {
        let Pool { workers } = server.call("informer.Workers", &pool)?;
        pools.insert(pool, workers);
    }
    if options.json {
        return serde_json::to_string_pretty(&pools).map_err(|error| Problem::failure(error.to_string()));
    }
    let mut text = String::new();
    for (pool, workers) in &pools {
        let _ = writeln!(text, "Workers of [{pool}]:\n{}", shown(workers, SystemTime::now()));
        for worker in workers.iter().filter(|worker| !worker.boot_error.is_empty()) {
            let _ = writeln!(text, "{} does not boot: {}", worker.name, short(&worker.boot_error, LINE));
        }
    }
    Ok(text)
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
            ]
        })
        .collect();
    table(&["PID", "STATUS", "EXECS", "MEMORY", "CPU%", "CREATED", "FOR"], &rows)
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
            ..Worker::default()
        };
        let text = shown(&[worker], now);
        let rows: Vec<_> = text.lines().collect();
        assert_eq!(rows[1], "│ PID  │ STATUS  │ EXECS │ MEMORY │ CPU% │ CREATED   │ FOR   │");
        assert_eq!(rows[3], "│ 4711 │ working │ 1,234 │ 4.2 MB │ 1.50 │ 1 min ago │ 12 ms │");
    }
}
