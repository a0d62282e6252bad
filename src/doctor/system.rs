//! The limits of the system.

use std::{fs, num::NonZeroUsize, slice};

use nix::sys::resource::{Resource, getrlimit};

use super::Finding;
use crate::{
    config::Config,
    net::{Bound, Endpoint},
};

/// Descriptors from which on those of clients are apart from those of PHP.
const DESCRIPTORS: u64 = 8192;
/// Connections that may wait until they are accepted.
const BACKLOG: u64 = 1024;

pub(super) fn limits(config: &Config) -> Vec<Finding> {
    let mut findings = vec![descriptors()];
    findings.extend(backlog());
    findings.extend(container(config));
    findings
}

fn descriptors() -> Finding {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        // A server raises the soft limit to the hard one.
        Ok((_, hard)) if hard < DESCRIPTORS => Finding::warn(
            "open files",
            format!("at most {hard}, one for each client and more for each worker"),
            format!("a hard limit of {DESCRIPTORS} or more: ulimit -Hn, LimitNOFILE= of a systemd unit"),
        ),
        Ok((_, hard)) => Finding::ok("open files", format!("at most {hard}")),
        Err(error) => {
            Finding::warn("open files", format!("the limit cannot be read: {}", error.desc()), "see ulimit -n")
        }
    }
}

fn backlog() -> Option<Finding> {
    let most = number("/proc/sys/net/core/somaxconn")?;
    Some(if most < BACKLOG {
        Finding::warn(
            "net.core.somaxconn",
            format!("{most}: in a burst, more connections than that at once wait in vain"),
            format!("sysctl net.core.somaxconn={BACKLOG} or more"),
        )
    } else {
        Finding::ok("net.core.somaxconn", most.to_string())
    })
}

fn container(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let workers = config.http.pool.num_workers.get();
    let found = format!("{cores} for {workers} workers");
    findings.push(Finding::ok("processor cores", found));
    if let Some(limit) = cgroup_memory() {
        findings.push(Finding::ok("memory of the container", format!("{} MiB", limit >> 20)));
    }
    findings
}

/// How much memory the process may take: the container's, or the machine's.
pub(super) fn memory() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix("kB")?;
        Some(line.trim().parse::<u64>().ok()? << 10)
    });
    [machine, cgroup_memory()].into_iter().flatten().min()
}

/// The limit of the innermost control group that has one; version 2 first, then 1.
fn cgroup_memory() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return None,
        };
        // Within a container the path is often that of the host, and its own group is the root.
        let limits = [format!("{root}{path}/{file}"), format!("{root}/{file}")];
        // Version 1 says "none" by a number near the largest.
        limits.iter().find_map(|path| number(path)).filter(|limit| *limit < 1 << 60)
    })
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Whether an address of the configuration can be bound.
pub fn endpoint(endpoint: &Endpoint) -> Finding {
    let topic = format!("address {}", endpoint.address);
    match Bound::new(slice::from_ref(endpoint), 1) {
        Ok(_) => Finding::ok(topic, "free"),
        Err(error) => Finding::fail(topic, error.to_string(), "end what listens there, or change the address"),
    }
}
