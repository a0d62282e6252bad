use std::{collections::HashMap, num::NonZeroUsize};

use super::{Finding, Php, Verdict, bytes, opcache, php};
use crate::config::Config;

/// A PHP of which only what a test says is unusual.
#[derive(Default)]
struct Fake {
    debug: bool,
    extensions: Vec<&'static str>,
    settings: HashMap<&'static str, &'static str>,
}

impl Php for Fake {
    fn version(&self) -> String {
        "8.4.1".to_owned()
    }

    fn is_debug(&self) -> bool {
        self.debug
    }

    fn has_extension(&self, name: &str) -> bool {
        self.extensions.contains(&name)
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.settings.get(name).map(|value| (*value).to_owned())
    }
}

fn fake<const N: usize>(extensions: &[&'static str], settings: [(&'static str, &'static str); N]) -> Fake {
    Fake { debug: false, extensions: extensions.to_vec(), settings: settings.into() }
}

/// What is wrong, as verdict and topic.
fn wrong(findings: &[Finding]) -> Vec<(Verdict, &str)> {
    let wrong = findings.iter().filter(|finding| finding.verdict != Verdict::Ok);
    wrong.map(|finding| (finding.verdict, finding.topic.as_str())).collect()
}

#[test]
fn a_debug_build_is_slow() {
    assert_eq!(wrong(&php::build(&Fake::default())), []);
    assert_eq!(wrong(&php::build(&Fake { debug: true, ..Fake::default() })), [(Verdict::Warn, "PHP")]);
}

#[test]
fn harmful_extensions_are_named() {
    for (extensions, expected) in [
        (&["json", "mbstring"][..], vec![]),
        (&["imap"], vec![(Verdict::Fail, "extension imap")]),
        (&["raphf", "http"], vec![(Verdict::Fail, "extension http"), (Verdict::Fail, "extension raphf")]),
        (&["xdebug", "imagick"], vec![(Verdict::Warn, "extension xdebug"), (Verdict::Warn, "extension imagick")]),
    ] {
        assert_eq!(wrong(&php::extensions(&fake(extensions, []))), expected, "{extensions:?}");
    }
    assert_eq!(wrong(&php::extensions(&fake(&["xdebug"], [("xdebug.mode", "off")]))), []);
}

#[test]
fn settings_that_hurt_are_named() {
    let mut config = Config::default();
    config.http.pool.num_workers = NonZeroUsize::new(500).unwrap();
    let check = |settings: [(&'static str, &'static str); 3]| {
        let findings = php::settings(&fake(&[], settings), &config);
        wrong(&findings).into_iter().map(|(_, topic)| topic.to_owned()).collect::<Vec<_>>()
    };
    let good = [("memory_limit", "1M"), ("max_execution_time", "0"), ("output_buffering", "0")];
    assert_eq!(check(good), [""; 0]);
    let bad = [("memory_limit", "-1"), ("max_execution_time", "30"), ("output_buffering", "4096")];
    assert_eq!(check(bad), ["max_execution_time", "memory_limit", "output_buffering"]);
    // 500 workers with a TiB each.
    assert_eq!(check([("memory_limit", "1024G"), good[1], good[2]]), ["memory_limit"]);
}

#[test]
fn opcache_is_on_and_not_set_against_threads() {
    let on = [("opcache.enable", "1"), ("opcache.enable_cli", "On")];
    let check = |more: &[(&'static str, &'static str)], loaded: bool| {
        let mut php = fake(if loaded { &["zend opcache"] } else { &[] }, on);
        php.settings.extend(more.iter().copied());
        let findings = opcache::settings(&php);
        wrong(&findings).into_iter().map(|(verdict, topic)| (verdict, topic.to_owned())).collect::<Vec<_>>()
    };
    let one = |verdict, topic: &str| vec![(verdict, topic.to_owned())];
    assert_eq!(check(&[], true), []);
    assert_eq!(check(&[], false), one(Verdict::Warn, "OPcache"));
    assert_eq!(check(&[("opcache.enable_cli", "0")], true), one(Verdict::Warn, "OPcache"));
    assert_eq!(check(&[("opcache.protect_memory", "1")], true), one(Verdict::Fail, "opcache.protect_memory"));
    assert_eq!(check(&[("opcache.file_cache_only", "1")], true), one(Verdict::Warn, "opcache.file_cache_only"));
    assert_eq!(check(&[("opcache.jit", "tracing"), ("opcache.jit_buffer_size", "64M")], true), []);
    assert_eq!(
        check(&[("opcache.jit", "tracing"), ("opcache.jit_buffer_size", "0")], true),
        one(Verdict::Warn, "opcache.jit")
    );
}

#[test]
fn opcache_is_held_against_the_files_of_the_application() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/notes");
    let check = |files, megabytes| {
        let php = fake(
            &["zend opcache"],
            [("opcache.max_accelerated_files", files), ("opcache.memory_consumption", megabytes)],
        );
        wrong(&opcache::files(&php, &examples)).len()
    };
    assert_eq!(check("10000", "128"), 0);
    // As PHP gives it once it was parsed.
    assert_eq!(check("10000", "134217728"), 0);
    assert_eq!(check("2", "128"), 1);
}

#[test]
fn sizes_are_read_as_php_reads_them() {
    for (text, expected) in [
        ("128M", Some(128 << 20)),
        ("1g", Some(1 << 30)),
        ("64k", Some(64 << 10)),
        ("512", Some(512)),
        ("-1", None),
        ("", None),
    ] {
        assert_eq!(bytes(text), expected, "{text}");
    }
}

#[test]
fn a_finding_is_one_line() {
    let finding = Finding::warn("memory_limit", "none", "set one");
    assert_eq!(finding.to_string(), "warn  memory_limit                 none -> set one");
    let json = serde_json::to_string(&Finding::ok("PHP", "8.4")).unwrap();
    assert_eq!(json, r#"{"verdict":"ok","topic":"PHP","found":"8.4","remedy":null}"#);
}
