//! Settings of hot reload (section `watch`, or RoadRunner 2's `reload`).

use std::{path::PathBuf, time::Duration};

use super::pattern::{Pattern, Patterns};
use crate::config::{Problems, Section};

/// Files that an application is made of.
const FILES: &[&str] = &["*.php", "*.phtml", "*.twig", "*.latte", "*.yaml", "*.yml", "*.neon", ".env", ".env.*"];
/// What is never looked into: the work of others, the notes of tools, and what the application itself writes. Those with a
/// slash stand at the top of the folder that is watched.
const IGNORED: &[&str] = &[
    "vendor",
    "node_modules",
    ".git",
    ".hg",
    ".svn",
    ".idea",
    ".vscode",
    ".cache",
    ".phpunit.cache",
    ".#*",
    "/var",
    "/storage",
    "/public/storage",
    "/bootstrap/cache",
    "/cache",
    "/log",
    "/logs",
    "/tmp",
    "/temp",
    "/runtime",
    "/writable",
    "/coverage",
];

/// What a pattern must be.
const PATTERN: &str = "a pattern: names or paths with `*`, `**`, `?`, `[…]` and `{…,…}`, all of them closed";

/// Settings of hot reload (section `watch`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `watch.dirs`, `watch.patterns` and `watch.ignore`: which files are watched. Of RoadRunner 2's `reload.services` one
    /// for each.
    pub(super) sets: Vec<Set>,

    /// `watch.debounce`: how long it must be quiet after a change before it is told of. A stream of changes is told of after
    /// 20 times as long.
    ///
    /// Default: `50ms`.
    pub debounce: Duration,

    /// `watch.poll`: whether files are looked at every `interval`, where the system cannot tell of changes.
    ///
    /// Default: `false`; nevertheless if the system gives too few watches.
    pub poll: bool,

    /// `watch.interval`, or `reload.interval`: time between two looks. At least 10 ms.
    ///
    /// Default: `1s`.
    pub interval: Duration,

    /// `watch.page`: whether pages in browsers reload themselves.
    ///
    /// Default: `true`.
    pub page: bool,
}

/// Some folders, and what counts in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    /// Folders and files, relative to the working directory.
    pub(super) dirs: Vec<PathBuf>,
    /// Whether folders in them are watched, too.
    pub(super) recursive: bool,
    pub(super) patterns: Patterns,
    pub(super) ignored: Patterns,
    /// Folders that are ignored, relative to the working directory.
    pub(super) without: Vec<PathBuf>,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            sets: vec![Set::default()],
            debounce: Duration::from_millis(50),
            poll: false,
            interval: Duration::from_secs(1),
            page: true,
        }
    }
}

impl Config {
    /// What is watched in these folders and files by default.
    pub fn of(dirs: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        let dirs = dirs.into_iter().map(Into::into).collect();
        Self { sets: vec![Set { dirs, ..Set::default() }], ..Self::default() }
    }

    /// Reads section `watch`; what is wrong is added to `problems` and read as the default. `None`: it is switched off.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Option<Self> {
        let (mut config, mut set) = (Self::default(), Set::default());
        let enabled = section.boolean("enabled", problems).unwrap_or(true);
        if let Some(dirs) = read_dirs(&mut section, "dirs", problems) {
            set.dirs = dirs;
        }
        if let Some(patterns) = section.parsed("patterns", PATTERN, problems, Pattern::parse) {
            set.patterns = Patterns(patterns);
        }
        if let Some(ignored) = section.parsed("ignore", PATTERN, problems, Ignored::parse) {
            for ignored in ignored {
                match ignored {
                    Ignored::Yes(pattern) => set.ignored.0.push(pattern),
                    Ignored::No(pattern) => set.ignored.0.retain(|other| *other != pattern),
                }
            }
        }
        if let Some(debounce) = section.duration("debounce", problems) {
            config.debounce = debounce;
        }
        if let Some(poll) = section.boolean("poll", problems) {
            config.poll = poll;
        }
        config.read_interval(&mut section, problems);
        if let Some(page) = section.boolean("page", problems) {
            config.page = page;
        }
        section.finish(problems);
        config.sets = vec![set];
        enabled.then_some(config)
    }

    /// Reads section `reload` as RoadRunner 2 understands it; what is wrong is added to `problems`.
    pub fn read_reload(mut section: Section<'_>, problems: &mut Problems) -> Option<Self> {
        let mut config = Self::default();
        config.read_interval(&mut section, problems);
        let parts = |section: &mut Section<'_>, problems: &mut Problems| {
            let texts = section.texts("patterns", problems)?;
            Some(texts.iter().map(|text| Pattern::part(text)).collect::<Vec<_>>())
        };
        let all = parts(&mut section, problems).unwrap_or_else(|| vec![Pattern::part(".php")]);
        config.sets.clear();
        for (_, mut service) in section.sections("services", problems) {
            let mut patterns = parts(&mut service, problems).unwrap_or_default();
            patterns.extend_from_slice(&all);
            let dirs = read_dirs(&mut service, "dirs", problems);
            if dirs.is_none() {
                service.missing("dirs", problems);
            }
            config.sets.push(Set {
                dirs: dirs.unwrap_or_default(),
                recursive: service.boolean("recursive", problems).unwrap_or(false),
                patterns: Patterns(patterns),
                without: paths(service.texts("ignore", problems).unwrap_or_default()),
                ..Set::default()
            });
            service.finish(problems);
        }
        if config.sets.is_empty() {
            section.missing("services", problems);
        }
        section.finish(problems);
        (!config.sets.is_empty()).then_some(config)
    }

    fn read_interval(&mut self, section: &mut Section<'_>, problems: &mut Problems) {
        let Some(interval) = section.duration("interval", problems) else { return };
        if interval < Duration::from_millis(10) {
            section.report("interval", "must be 10ms or more", problems);
        }
        self.interval = interval;
    }
}

/// What an item of `watch.ignore` says.
enum Ignored {
    Yes(Pattern),
    /// One of those that are ignored by default is not.
    No(Pattern),
}

// === impl Ignored ===

impl Ignored {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('!') {
            None => Pattern::parse(text).map(Self::Yes),
            Some(text) => {
                let pattern = Pattern::parse(text)?;
                Patterns::of(IGNORED).0.contains(&pattern).then_some(Self::No(pattern))
            }
        }
    }
}

fn read_dirs(section: &mut Section<'_>, key: &'static str, problems: &mut Problems) -> Option<Vec<PathBuf>> {
    let dirs = section.texts(key, problems)?;
    if dirs.is_empty() || dirs.iter().any(String::is_empty) {
        section.report(key, "must name folders; `.` is the working directory", problems);
    }
    Some(paths(dirs))
}

fn paths(texts: Vec<String>) -> Vec<PathBuf> {
    texts.into_iter().filter(|text| !text.is_empty()).map(PathBuf::from).collect()
}

// === impl Set ===

impl Default for Set {
    fn default() -> Self {
        Self {
            dirs: vec![PathBuf::from(".")],
            recursive: true,
            patterns: Patterns::of(FILES),
            ignored: Patterns::of(IGNORED),
            without: Vec::new(),
        }
    }
}
