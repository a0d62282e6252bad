//! What the system knows of this process, under the names that Prometheus' clients give it.

use std::{
    fs,
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use nix::sys::resource::{Resource, getrlimit};

use super::{Gathered, Metric, Source};
use crate::process::{self, Heap, heap};

/// Ticks of the clock by which the system counts processor time (`USER_HZ`).
const TICKS: f64 = 100.0;
/// When this process was started. Read once: the system knows it as an age.
static STARTED: LazyLock<f64> = LazyLock::new(started);

const CPU: Metric = Metric::counter("process_cpu_seconds_total", "Processor time of all threads, in seconds.");
const RESIDENT: Metric =
    Metric::gauge("process_resident_memory_bytes", "Memory of the process that is in RAM, in bytes.");
const VIRTUAL: Metric = Metric::gauge("process_virtual_memory_bytes", "Address space of the process, in bytes.");
const START: Metric =
    Metric::gauge("process_start_time_seconds", "When the process was started, in seconds since 1970.");
const OPEN: Metric = Metric::gauge("process_open_fds", "Descriptors that are open.");
const MOST: Metric = Metric::gauge("process_max_fds", "Descriptors that may be open.");
const THREADS: Metric = Metric::gauge("process_threads", "Threads of the process.");
const IN_USE: Metric = Metric::gauge(
    "rr_allocator_used_bytes",
    "Memory that the C allocator has given away, in bytes: that of the servers, not that of PHP scripts.",
);
const FREE: Metric = Metric::gauge("rr_allocator_free_bytes", "Memory that the C allocator keeps for later, in bytes.");
const MAPPED: Metric = Metric::gauge("rr_allocator_mapped_bytes", "Memory of big blocks of the C allocator, in bytes.");

/// Knows this process.
#[derive(Debug)]
pub struct Process;

/// What stands in `/proc/self/stat`.
struct Stat {
    cpu_seconds: f64,
    threads: u64,
    started_after_boot: f64,
    virtual_bytes: u64,
}

// === impl Process ===

impl Process {
    /// Its metrics.
    pub const METRICS: &'static [&'static Metric] =
        &[&CPU, &RESIDENT, &VIRTUAL, &START, &OPEN, &MOST, &THREADS, &IN_USE, &FREE, &MAPPED];
}

impl Source for Process {
    fn collect(&self, gathered: &mut Gathered) {
        if let Some(Stat { cpu_seconds, threads, virtual_bytes, .. }) = stat() {
            gathered.number(&CPU, &[], cpu_seconds);
            gathered.count(&THREADS, &[], threads);
            gathered.count(&VIRTUAL, &[], virtual_bytes);
        }
        if let Some(resident) = resident() {
            gathered.count(&RESIDENT, &[], resident);
        }
        gathered.number(&START, &[], *STARTED);
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // The one that reads them is none of them.
            gathered.count(&OPEN, &[], (open.count() as u64).saturating_sub(1));
        }
        if let Ok((soft, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
            gathered.count(&MOST, &[], soft);
        }
        if let Some(Heap { used, free, mapped }) = heap() {
            gathered.count(&IN_USE, &[], used as u64);
            gathered.count(&FREE, &[], free as u64);
            gathered.count(&MAPPED, &[], mapped as u64);
        }
    }
}

fn stat() -> Option<Stat> {
    // From the third one on.
    let fields = process::stat("/proc/self/stat")?;
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = |field: usize| Some(fields.get(field - 3)?.parse::<f64>().ok()? / TICKS);
    Some(Stat {
        cpu_seconds: ticks(14)? + ticks(15)?,
        threads: number(20)?,
        started_after_boot: ticks(22)?,
        virtual_bytes: number(23)?,
    })
}

fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn started() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let after_boot = stat().map(|stat| stat.started_after_boot);
    let uptime = fs::read_to_string("/proc/uptime").ok().and_then(|text| text.split(' ').next()?.parse().ok());
    let age = uptime.zip(after_boot).map_or(0.0, |(uptime, after_boot): (f64, f64)| (uptime - after_boot).max(0.0));
    now.saturating_sub(Duration::from_secs_f64(age)).as_secs_f64()
}
