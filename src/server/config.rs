//! Settings of the process and of what it starts (sections `server`, `endure`, `shutdown`).

use std::time::Duration;

use crate::config::{Problems, Section};

/// Settings of what is started for the workers (section `server`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `server.command`: the command line that starts the workers' PHP, one word an item. In the file a list of words, or
    /// text that is split as a shell splits it: quotes and backslashes hold words together, nothing is expanded.
    ///
    /// Default: empty; the script is then the one that PHP was started with.
    pub command: Vec<String>,

    /// `server.env`: environment for the server's process, as name and value; names are upper-cased.
    ///
    /// Default: empty.
    pub env: Vec<(String, String)>,

    /// `server.user`: name or number of the user to become, which only root may.
    ///
    /// Default: stay the user that started the server.
    pub user: Option<String>,

    /// `server.group`: name or number of the group to become, which only root may.
    ///
    /// Default: the user's own group.
    pub group: Option<String>,

    /// `server.on_init`: a command that runs once before any worker.
    ///
    /// Default: none.
    pub on_init: Option<OnInit>,
}

/// A command that runs once before any worker (section `server.on_init`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnInit {
    /// `server.on_init.command`: its command line, written as `server.command`. Required in this section.
    pub command: Vec<String>,

    /// `server.on_init.exec_timeout`: how long it may run; it is ended then.
    ///
    /// Default (absent or 0): `60s`.
    pub exec_timeout: Duration,

    /// `server.on_init.env`: environment added for it, as name and value; names are upper-cased.
    ///
    /// Default: empty.
    pub env: Vec<(String, String)>,

    /// `server.on_init.user`: the user to run it as.
    ///
    /// Default: the user that started the server.
    pub user: Option<String>,

    /// `server.on_init.exit_on_error`: whether the server ends if the command fails.
    ///
    /// Default: `false`, the failure is logged.
    pub exit_on_error: bool,
}

/// Settings of the life of the process (sections `endure` and `shutdown`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// `endure.grace_period`: longest time from the request to end until everything has ended.
    ///
    /// Default: absent; each pool's `destroy_timeout` is the bound. In RoadRunner the default is 30s.
    pub grace_period: Option<Duration>,

    /// `endure.watchdog_sec`: time between two signs of life for the service manager, in seconds.
    ///
    /// Default (absent or 0): half of what the service manager asks for.
    pub watchdog: Option<Duration>,

    /// `shutdown.delay`: how long to go on serving after the request to end, so that load balancers can notice.
    ///
    /// Default: `0s`.
    pub shutdown_delay: Duration,
}

// === impl Config ===

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let config = Self {
            command: section.words("command", problems).unwrap_or_default(),
            env: section.environment(problems),
            user: section.text("user", problems).map(|(user, _)| user),
            group: section.text("group", problems).map(|(group, _)| group),
            on_init: section.section("on_init", problems).and_then(|section| OnInit::read(section, problems)),
        };
        section.finish(problems);
        config
    }
}

// === impl OnInit ===

impl OnInit {
    fn read(mut section: Section<'_>, problems: &mut Problems) -> Option<Self> {
        let command = section.words("command", problems);
        let on_init = Self {
            command: command.unwrap_or_default(),
            exec_timeout: section.span("exec_timeout", problems).unwrap_or(Duration::from_mins(1)),
            env: section.environment(problems),
            user: section.text("user", problems).map(|(user, _)| user),
            exit_on_error: section.boolean("exit_on_error", problems).unwrap_or_default(),
        };
        if on_init.command.is_empty() && !section.is_empty() {
            section.missing("command", problems);
        }
        section.finish(problems);
        (!on_init.command.is_empty()).then_some(on_init)
    }
}

// === impl Life ===

impl Life {
    /// Reads section `endure`; what is wrong is added to `problems` and left as it is.
    pub fn read_endure(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        self.grace_period = section.duration("grace_period", problems);
        self.watchdog = section
            .integer("watchdog_sec", 0..=86_400, problems)
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs);
        section.finish(problems);
    }

    /// Reads section `shutdown`; what is wrong is added to `problems` and left as it is.
    pub fn read_shutdown(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        if let Some(delay) = section.duration("delay", problems) {
            self.shutdown_delay = delay;
        }
        section.finish(problems);
    }
}
