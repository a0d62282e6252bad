//! `status`: says whether a running server is well, for people and for scripts.

use std::{fmt::Write as _, time::Duration};

use serde::Serialize;

use super::{
    Options, console, exit,
    place::Problem,
    remote::Remote,
    table::{bytes, count, table, time},
};
use crate::status::{Code, Load, Pool};

/// What is said of the server.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Every pool lives and is ready.
    well: bool,
    process: u32,
    version: String,
    stage: String,
    /// In nanoseconds.
    uptime: u64,
    memory: u64,
    pools: Vec<Row>,
}

/// What is said of a pool.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    healthy: bool,
    ready: bool,
    /// What is wrong; empty: nothing.
    message: String,
    workers: usize,
    busy: usize,
    waiting: u64,
    requests: u64,
    memory: u64,
}

/// Says how the pools are that are named, or all. Returns the exit code.
pub(super) fn run(options: &Options) -> Result<u8, Problem> {
    let mut server = Remote::connect(options)?;
    let load: Load = server.call("status.Load", &true)?;
    // Life may take as long to show as it takes until it is clear that there is none.
    server.be_patient()?;
    let mut pools = Vec::new();
    for name in server.pools(options, "informer.List")? {
        let health: Code = server.call("status.Status", &name)?;
        let ready: Code = server.call("status.Ready", &name)?;
        let pool = load.pools.iter().find(|pool| pool.name == name).cloned().unwrap_or_default();
        pools.push(Row::new(name, &health, &ready, &pool));
    }
    let well = pools.iter().all(|pool| pool.healthy && pool.ready);
    let Load { process, version, stage, uptime, memory, .. } = load;
    let report = Report { well, process, version, stage, uptime, memory, pools };
    if options.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| Problem::failure(error.to_string()))?;
        console::print(&text);
    } else {
        console::print(report.page().trim_end());
    }
    Ok(if well { exit::OK } else { exit::UNWELL })
}

// === impl Row ===

impl Row {
    fn new(name: String, health: &Code, ready: &Code, pool: &Pool) -> Self {
        let is_well = |code: &Code| code.code == 200;
        let message = if is_well(health) { &ready.message } else { &health.message };
        let message = if pool.broken.is_empty() { message.clone() } else { pool.broken.clone() };
        Self {
            name,
            healthy: is_well(health),
            ready: is_well(ready),
            message,
            workers: pool.workers.len(),
            busy: pool.workers.iter().filter(|worker| worker.state == "working").count(),
            waiting: pool.waiting,
            requests: pool.requests,
            memory: pool.workers.iter().map(|worker| worker.memory_usage).sum(),
        }
    }
}

// === impl Report ===

impl Report {
    fn page(&self) -> String {
        let rows: Vec<_> = self
            .pools
            .iter()
            .map(|pool| {
                let word = |well: bool| if well { "yes" } else { "NO" };
                vec![
                    pool.name.clone(),
                    word(pool.healthy).to_owned(),
                    word(pool.ready).to_owned(),
                    pool.workers.to_string(),
                    pool.busy.to_string(),
                    count(pool.waiting),
                    count(pool.requests),
                    bytes(pool.memory),
                ]
            })
            .collect();
        let mut text = format!(
            "roadrunner {}, {} for {}, process {}, {}\n",
            self.version,
            self.stage,
            time(Duration::from_nanos(self.uptime)),
            self.process,
            bytes(self.memory)
        );
        text += &table(&["POOL", "HEALTHY", "READY", "WORKERS", "BUSY", "WAITING", "REQUESTS", "MEMORY"], &rows);
        for pool in self.pools.iter().filter(|pool| !pool.message.is_empty()) {
            let _ = writeln!(text, "{}: {}", pool.name, super::table::short(&pool.message, 400));
        }
        text
    }
}
