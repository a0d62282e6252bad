//! OPcache: on, large enough, and not set against threads.

use std::path::Path;

use super::{Finding, Php, is_on};

/// Directory entries that are looked at for PHP files at most.
const ENTRIES: usize = 200_000;
/// Folders that hold no code of PHP that runs.
const SKIPPED: [&str; 2] = [".git", "node_modules"];
/// What a PHP file takes in OPcache's memory, on average of common frameworks, rather too little than too much.
const BYTES_PER_FILE: u64 = 16 * 1024;

pub(super) fn settings(php: &dyn Php) -> Vec<Finding> {
    if !php.has_extension("zend opcache") {
        return vec![Finding::warn(
            "OPcache",
            "not loaded: every worker compiles every file and keeps its own copy",
            "zend_extension=opcache in php.ini",
        )];
    }
    if !is_on(php, "opcache.enable") || !is_on(php, "opcache.enable_cli") {
        return vec![Finding::warn(
            "OPcache",
            "off: every worker compiles every file and keeps its own copy",
            "opcache.enable=1 and opcache.enable_cli=1",
        )];
    }
    let mut findings = vec![Finding::ok("OPcache", "on")];
    if is_on(php, "opcache.protect_memory") {
        findings.push(Finding::fail(
            "opcache.protect_memory",
            "on: one thread locks the memory that others write to, which ends the process",
            "0",
        ));
    }
    if is_on(php, "opcache.file_cache_only") {
        findings.push(Finding::warn("opcache.file_cache_only", "on: workers share no code in memory", "0"));
    }
    let stamps = "opcache.validate_timestamps";
    findings.push(if is_on(php, stamps) {
        Finding::ok(stamps, "on: changed files are found at a cost for each request; 0 is faster where code changes by deployments only")
    } else {
        Finding::ok(stamps, "off: changed files are read at the next start")
    });
    findings.push(jit(php));
    findings
}

fn jit(php: &dyn Php) -> Finding {
    let mode = php.setting("opcache.jit").unwrap_or_default().to_lowercase();
    let size = php.setting("opcache.jit_buffer_size").and_then(|value| super::bytes(&value)).unwrap_or(0);
    match mode.as_str() {
        "" | "0" | "off" | "disable" | "no" => Finding::ok("opcache.jit", "off; worth a try for code that computes"),
        _ if size == 0 => Finding::warn(
            "opcache.jit",
            format!("{mode}, but opcache.jit_buffer_size is 0, so there is no JIT"),
            "opcache.jit_buffer_size=64M, or opcache.jit=disable",
        ),
        mode => Finding::ok("opcache.jit", format!("{mode}, {} MiB", size >> 20)),
    }
}

/// Holds the sizes against the number of PHP files of the application.
pub(super) fn files(php: &dyn Php, directory: &Path) -> Vec<Finding> {
    if !php.has_extension("zend opcache") {
        return Vec::new();
    }
    let files = count(directory);
    let topic = "opcache.max_accelerated_files";
    let most: u64 = php.setting(topic).and_then(|value| value.parse().ok()).unwrap_or(0);
    let number = if files > most {
        Finding::warn(
            topic,
            format!("{most}, but there are {files} PHP files below {}", directory.display()),
            format!("{}, at least", files.next_power_of_two()),
        )
    } else {
        Finding::ok(topic, format!("{most} for {files} PHP files"))
    };
    let topic = "opcache.memory_consumption";
    // In MiB in php.ini, with or without a unit when asked.
    let value = php.setting(topic).unwrap_or_default();
    let megabytes = match value.parse::<u64>() {
        Ok(number) if number < 1 << 20 => number,
        _ => super::bytes(&value).unwrap_or(0) >> 20,
    };
    let needed = (files.min(1 << 40) * BYTES_PER_FILE) >> 20;
    let memory = if needed > megabytes {
        Finding::warn(
            topic,
            format!("{megabytes} MiB, but {files} PHP files take some {needed} MiB"),
            format!("{}, at least", needed.next_power_of_two()),
        )
    } else {
        Finding::ok(topic, format!("{megabytes} MiB"))
    };
    vec![number, memory]
}

/// Counts the PHP files below a directory.
fn count(directory: &Path) -> u64 {
    let mut files = 0;
    let mut left = ENTRIES;
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            left -= 1;
            if left == 0 {
                return files;
            }
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && SKIPPED.iter().all(|name| entry.file_name() != *name) => open.push(path),
                Ok(kind) if kind.is_file() && path.extension().is_some_and(|extension| extension == "php") => {
                    files += 1;
                }
                _ => {}
            }
        }
    }
    files
}

#[cfg(test)]
mod tests {
    #[test]
    fn php_files_are_counted() {
        let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/notes");
        assert_eq!(super::count(&tests), 3);
    }
}
