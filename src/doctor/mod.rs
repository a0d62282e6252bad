//! What hurts: PHP's build, settings and extensions, the limits of the system. `rr doctor` shows all of it; what matters
//! is logged at the start of a server, too.

mod opcache;
mod php;
mod system;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::Serialize;
use tracing::{error, warn};

use crate::config::Config;
pub use system::endpoint;

/// PHP as it is asked.
pub trait Php {
    /// Its version.
    fn version(&self) -> String;

    /// Whether it was built with `--enable-debug`.
    fn is_debug(&self) -> bool;

    /// Whether an extension is loaded, by its name in lower case.
    fn has_extension(&self, name: &str) -> bool;

    /// The value of a setting; `None`: there is no such setting.
    fn setting(&self, name: &str) -> Option<String>;
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// It works, but worse than it could, or with a risk.
    Warn,
    /// A server does not run with this, or not for long.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How it is.
    pub verdict: Verdict,
    /// What was looked at: a setting, an extension, a limit.
    pub topic: String,
    /// What was found.
    pub found: String,
    /// What to do about it, if there is something to do.
    pub remedy: Option<String>,
}

/// Looks at everything that can be seen without starting a server. `directory`: where the application's files are.
pub fn examine(php: &dyn Php, config: &Config, directory: &Path) -> Vec<Finding> {
    let mut findings = php::build(php);
    findings.extend(php::settings(php, config));
    findings.extend(php::extensions(php));
    findings.extend(opcache::settings(php));
    findings.extend(opcache::files(php, directory));
    findings.extend(system::limits(config));
    findings
}

/// Logs what makes a server much slower, or unsafe, at its start.
pub fn log(php: &dyn Php) {
    let findings = [php::build(php), php::extensions(php), opcache::settings(php)];
    for Finding { verdict, topic, found, remedy } in findings.into_iter().flatten() {
        let remedy = remedy.unwrap_or_default();
        match verdict {
            Verdict::Ok => {}
            Verdict::Warn => warn!(remedy, "{topic}: {found}"),
            Verdict::Fail => error!(remedy, "{topic}: {found}"),
        }
    }
}

// === impl Finding ===

impl Finding {
    /// Something that is well.
    pub fn ok(topic: impl Into<String>, found: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, topic: topic.into(), found: found.into(), remedy: None }
    }

    /// Something that could be better.
    pub fn warn(topic: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, topic: topic.into(), found: found.into(), remedy: Some(remedy.into()) }
    }

    /// Something that must be mended.
    pub fn fail(topic: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, ..Self::warn(topic, found, remedy) }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        write!(formatter, "{verdict:<5} {:<28} {}", self.topic, self.found)?;
        self.remedy.as_ref().map_or(Ok(()), |remedy| write!(formatter, " -> {remedy}"))
    }
}

/// The value of a setting that counts bytes, as PHP reads it: `128M`.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = match text.chars().last()?.to_ascii_lowercase() {
        'k' => (&text[..text.len() - 1], 10),
        'm' => (&text[..text.len() - 1], 20),
        'g' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    number.trim().parse::<u64>().ok()?.checked_shl(unit)
}

/// Whether a setting is on, as PHP reads it.
pub(crate) fn is_on(php: &dyn Php, name: &str) -> bool {
    let value = php.setting(name).unwrap_or_default().to_ascii_lowercase();
    matches!(value.as_str(), "on" | "yes" | "true") || value.parse::<i64>().is_ok_and(|number| number != 0)
}
