//! What the hand-off of a server has counted.

use super::{Server, get};

/// Counters of one moment, as the metrics tell them.
pub struct Counters(String);

impl Counters {
    pub fn of(server: &Server) -> Self {
        Self(get(server.metrics_address(), "/metrics").text())
    }

    #[track_caller]
    pub fn get(&self, name: &str) -> u64 {
        let name = format!("rr_handoff_{name}_total ");
        let value = self.0.lines().find_map(|line| line.strip_prefix(&name));
        value.unwrap_or_else(|| panic!("no {name}in {}", self.0)).parse().unwrap()
    }
}

/// The same of a server that has ended, from the last lines of its log. Channel `server` must log at level `debug`.
#[track_caller]
pub fn counted(log: &str, name: &str) -> u64 {
    let line = log.lines().find(|line| line.contains("Hand-off ended")).expect("the log says what was counted");
    let value = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("no {name} in {line}")).parse().unwrap()
}
