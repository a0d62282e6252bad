//! Settings of side processes (section `service`).

use std::time::Duration;

use crate::config::{Problems, Section};

/// Longest time in seconds that can be set: a day.
const LONGEST: u64 = 86_400;
/// Most processes of one service.
const MOST: u64 = 1000;

/// Settings of one service (`service.<name>`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its name.
    pub name: String,

    /// `command`: its command line: a list of words, or text that is split as a shell splits it. Required.
    pub command: Vec<String>,

    /// `process_num`: how many processes of it run at a time.
    ///
    /// Default (absent or 0): 1.
    pub processes: usize,

    /// `exec_timeout`: how long one of them may run; it is ended then.
    ///
    /// Default (absent or 0): as long as it likes.
    pub exec_timeout: Option<Duration>,

    /// `timeout_stop_sec`: how long it may take to end once it is told to, in seconds; it is killed then.
    ///
    /// Default (absent or 0): 5.
    pub stop_timeout: Duration,

    /// `remain_after_exit`: whether another process takes the place of one that has ended.
    ///
    /// Default: false.
    pub restart: bool,

    /// `restart_sec`: how long after the end that is, in seconds. One that cannot be started is tried again after the same
    /// time, then after twice that, and so on.
    ///
    /// Default (absent or 0): 30.
    pub restart_pause: Duration,

    /// `service_name_in_log`: whether what it says is logged with its name.
    ///
    /// Default: false.
    pub name_in_log: bool,

    /// `env`: environment added for it, as name and value; names are upper-cased.
    ///
    /// Default: empty.
    pub env: Vec<(String, String)>,

    /// `user`: the user to run it as, which only root may.
    ///
    /// Default: that of the server.
    pub user: Option<String>,
}

// === impl Config ===

impl Config {
    /// A service with this name and command line, and defaults.
    pub fn new(name: &str, command: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            command: command.iter().map(|&word| word.to_owned()).collect(),
            processes: 1,
            exec_timeout: None,
            stop_timeout: Duration::from_secs(5),
            restart: false,
            restart_pause: Duration::from_secs(30),
            name_in_log: false,
            env: Vec::new(),
            user: None,
        }
    }

    /// Reads section `service`; what is wrong is added to `problems` and read as the default.
    pub fn read_all(root: &mut Section<'_>, problems: &mut Problems) -> Vec<Self> {
        let sections = root.sections("service", problems);
        sections.into_iter().filter_map(|(name, section)| Self::read(&name, section, problems)).collect()
    }

    fn read(name: &str, mut section: Section<'_>, problems: &mut Problems) -> Option<Self> {
        let mut config = Self::new(name, &[]);
        let before = problems.iter().count();
        config.command = section.words("command", problems).unwrap_or_default();
        if config.command.is_empty() && problems.iter().count() == before {
            section.missing("command", problems);
        }
        if let Some(number) = section.integer("process_num", 0..=MOST, problems) {
            config.processes = usize::try_from(number).unwrap_or(1).max(1);
        }
        config.exec_timeout = section.span("exec_timeout", problems);
        let mut seconds = |key, time: &mut Duration| {
            let seconds = section.integer(key, 0..=LONGEST, problems).filter(|seconds| *seconds > 0);
            *time = seconds.map_or(*time, Duration::from_secs);
        };
        seconds("timeout_stop_sec", &mut config.stop_timeout);
        seconds("restart_sec", &mut config.restart_pause);
        config.restart = section.boolean("remain_after_exit", problems).unwrap_or_default();
        config.name_in_log = section.boolean("service_name_in_log", problems).unwrap_or_default();
        config.env = section.environment(problems);
        config.user = section.text("user", problems).map(|(user, _)| user);
        section.finish(problems);
        (!config.command.is_empty()).then_some(config)
    }
}
