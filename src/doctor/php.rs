//! PHP's build, settings and extensions.

use super::{Finding, Php, bytes, is_on, system};
use crate::config::Config;

/// Extensions that are known to break in a process with many PHP threads, and how.
const UNSAFE: [(&str, &str); 5] = [
    ("imap", "its C library is not thread-safe"),
    ("newrelic", "its agent is made for one PHP thread a process"),
    ("http", "it frees memory twice when threads start again"),
    ("raphf", "it frees memory twice when threads start again"),
    ("grpc", "its own threads use PHP's memory"),
];

/// Extensions that make every opcode, or every request, slower.
const SLOW: [&str; 7] = ["xdebug", "pcov", "spx", "tideways", "tideways_xhprof", "xhprof", "uopz"];

pub(super) fn build(php: &dyn Php) -> Vec<Finding> {
    let version = format!("{}, thread-safe", php.version());
    vec![if php.is_debug() {
        Finding::warn(
            "PHP",
            format!("{version}, debug build"),
            "several times slower: for production, build without --enable-debug",
        )
    } else {
        Finding::ok("PHP", version)
    }]
}

pub(super) fn settings(php: &dyn Php, config: &Config) -> Vec<Finding> {
    vec![execution_time(php), memory(php, config), buffering(php)]
}

fn execution_time(php: &dyn Php) -> Finding {
    let topic = "max_execution_time";
    match php.setting(topic).as_deref() {
        None | Some("" | "0") => Finding::ok(topic, "no limit"),
        Some(seconds) => Finding::warn(
            topic,
            format!("a request that takes more than {seconds} s of work ends its worker, which boots anew"),
            "0, unless that is meant",
        ),
    }
}

fn memory(php: &dyn Php, config: &Config) -> Finding {
    let topic = "memory_limit";
    let value = php.setting(topic).unwrap_or_default();
    let workers = u64::try_from(config.http.pool.num_workers.get()).unwrap_or(u64::MAX);
    let available = system::memory();
    match (bytes(&value), available) {
        (None, _) => Finding::warn(
            topic,
            "none: one worker can take all memory, and the process with all other workers ends",
            "set one, such as 256M; it holds for each worker",
        ),
        (Some(limit), Some(available)) if limit.saturating_mul(workers) > available => Finding::warn(
            topic,
            format!("{value} for each of {workers} workers is more than the {} MiB that there are", available >> 20),
            "a lower limit, or fewer workers (http.pool.num_workers)",
        ),
        _ => Finding::ok(topic, format!("{value} for each of {workers} workers")),
    }
}

fn buffering(php: &dyn Php) -> Finding {
    let topic = "output_buffering";
    match php.setting(topic).as_deref() {
        None | Some("" | "0") => Finding::ok(topic, "off"),
        Some(value) => Finding::warn(topic, format!("{value}: what workers echo comes late to the log"), "0"),
    }
}

pub(super) fn extensions(php: &dyn Php) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, why) in UNSAFE {
        if php.has_extension(name) {
            findings.push(Finding::fail(
                format!("extension {name}"),
                format!("not safe with threads: {why}"),
                "do not load it",
            ));
        }
    }
    for name in SLOW {
        // Xdebug costs nearly nothing in mode off.
        let off = name == "xdebug" && php.setting("xdebug.mode").as_deref() == Some("off");
        if php.has_extension(name) && !off {
            findings.push(Finding::warn(
                format!("extension {name}"),
                "for development: it makes every request slower",
                "do not load it in production",
            ));
        }
    }
    if php.has_extension("imagick") {
        findings.push(Finding::warn(
            "extension imagick",
            "ImageMagick's own threads (OpenMP) can hang or crash beside PHP's",
            "an ImageMagick without OpenMP, or MAGICK_THREAD_LIMIT=1 in server.env",
        ));
    }
    if php.has_extension("apcu") && is_on(php, "apc.enable_cli") {
        findings.push(Finding::ok("extension apcu", "shared by all workers"));
    }
    if findings.iter().all(|finding| finding.remedy.is_none()) {
        findings.push(Finding::ok("extensions", "none that is known to harm"));
    }
    findings
}
