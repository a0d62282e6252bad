//! The configuration: from a file to typed, checked values.
//!
//! A [`Loader`] takes files, environment and overrides. What was said becomes one [`Document`], in which each value knows
//! where it stands; the table of keys (`keys.txt`) says which of its keys are honoured, have no effect, are not supported,
//! not yet, or unknown; a [`Section`] hands out checked values and collects every problem. Each room reads its own section
//! into its own `Config`; defaults live in their `Default`s alone.

mod check;
#[cfg(test)]
mod docs;
mod document;
mod expand;
mod json;
mod keys;
mod load;
mod overrides;
mod print;
mod problem;
mod section;
#[cfg(test)]
mod tests;
#[cfg_attr(not(feature = "toml"), path = "no_toml.rs")]
mod toml;
mod unnamed;
mod value;
mod yaml;

use std::{fmt, time::Duration};

pub use document::{At, Document, Entry, Node, Source, Value};
pub use load::{Error, Loaded, Loader, find};
pub use overrides::split as split_overrides;
pub use print::{Effective, check, print};
pub use problem::{Problem, Problems};
pub use section::Section;

use self::check::Check;
use crate::{
    dashboard, http, log, metrics,
    net::{Address, Endpoint},
    pool::SlowLog,
    rpc, server, service, status, trace, watch,
};

/// The version of RoadRunner whose configuration and behaviour are the measure.
pub const COMPATIBLE: &str = "2025.1.15";

/// All settings of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Section `server`.
    pub server: server::Config,
    /// Sections `endure` and `shutdown`.
    pub life: server::Life,
    /// Sections `http` and `fileserver`.
    pub http: http::Config,
    /// Section `logs`.
    pub logs: log::Config,
    /// Section `slow_log`; the limits of each pool have it, too.
    pub slow_log: SlowLog,
    /// Section `watch`, or `reload`; `None`: files are not watched.
    pub watch: Option<watch::Config>,
    /// Section `service`: side processes.
    pub services: Vec<service::Config>,
    /// Section `rpc`.
    pub rpc: rpc::Config,
    /// Section `otel`: traces.
    pub otel: trace::Config,
    /// Section `metrics`; `None`: none are served.
    pub metrics: Option<metrics::Config>,
    /// Section `status`; `None`: nobody is told.
    pub status: Option<status::Config>,
    /// Section `dashboard`; `None`: there is none.
    pub dashboard: Option<dashboard::Config>,
}

/// What is served beside the application, each at addresses of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Section `metrics`.
    Metrics,
    /// Section `status`.
    Status,
    /// Section `dashboard`.
    Dashboard,
}

// === impl Beside ===

impl fmt::Display for Beside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Metrics => "metrics",
            Self::Status => "health checks",
            Self::Dashboard => "the dashboard",
        })
    }
}

// === impl Config ===

impl Config {
    /// How long the end of a server may take before workers are interrupted: `endure.grace_period`, else the longest
    /// `destroy_timeout` of a pool.
    pub fn grace(&self) -> Duration {
        let longest = || self.http.pools().map(|(_, pool)| pool.destroy_timeout).max().unwrap_or_default();
        self.life.grace_period.unwrap_or_else(longest)
    }

    /// How long the first workers of all pools may take to boot.
    pub fn boot_timeout(&self) -> Duration {
        self.http.pools().map(|(_, pool)| pool.boot_timeout).max().unwrap_or_default()
    }

    /// What is served beside the application, and where.
    pub fn beside(&self) -> impl Iterator<Item = (Beside, &[Address])> {
        let metrics = self.metrics.iter().map(|config| (Beside::Metrics, config.addresses.as_slice()));
        let status = self.status.iter().map(|config| (Beside::Status, config.addresses.as_slice()));
        let dashboard = self.dashboard.iter().map(|config| (Beside::Dashboard, config.addresses.as_slice()));
        metrics.chain(status).chain(dashboard)
    }

    /// What is to be bound: for the application, then for what is served beside it, in that order.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let beside = self.beside().flat_map(|(_, addresses)| addresses.iter().cloned().map(Endpoint::from));
        self.http.endpoints().into_iter().chain(beside).collect()
    }

    /// Reads a configuration from its text (YAML; JSON is a subset), and from nothing else.
    ///
    /// # Errors
    ///
    /// All problems at once.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let mut document = Document { root: yaml::parse(text, &Source::File, "YAML")? };
        let (mut problems, mut warnings) = (Problems::default(), Problems::default());
        let config = Self::understand(&mut document, false, &mut problems, &mut warnings);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// Checks a document against the table of keys, leaves the honoured keys in it and reads them.
    fn understand(document: &mut Document, lenient: bool, problems: &mut Problems, warnings: &mut Problems) -> Self {
        Check { lenient, problems, warnings }.document(document);
        unnamed::warn(document, warnings);
        Self::read(document, problems)
    }

    fn read(document: &Document, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        let mut root = Section::root(document, problems);
        root.choice("version", &[("3", ()), ("2.7", ())], problems);
        // Read by the loader.
        root.any("include");
        root.any("envfile");
        if let Some(server) = root.section("server", problems) {
            config.server = server::Config::read(server, problems);
        }
        if let Some(endure) = root.section("endure", problems) {
            config.life.read_endure(endure, problems);
        }
        if let Some(shutdown) = root.section("shutdown", problems) {
            config.life.read_shutdown(shutdown, problems);
        }
        if let Some(http) = root.section("http", problems) {
            config.http = http::Config::read(http, problems);
        }
        if let Some(files) = root.section("fileserver", problems) {
            config.http.files = http::FileServerConfig::read(files, &config.http.addresses(), problems);
        }
        if let Some(logs) = root.section("logs", problems) {
            config.logs = log::Config::read(logs, problems);
        }
        if let Some(slow_log) = root.section("slow_log", problems) {
            config.slow_log = SlowLog::read(slow_log, problems);
            config.http.log_slow(&config.slow_log);
        }
        let watch = root.section("watch", problems);
        let reload = root.section("reload", problems);
        if watch.is_some() && reload.is_some() {
            root.report("reload", "means the same as section watch; one of them is to go", problems);
        }
        config.watch = match (watch, reload) {
            (Some(watch), _) => watch::Config::read(watch, problems),
            (None, Some(reload)) => watch::Config::read_reload(reload, problems),
            (None, None) => None,
        };
        config.services = service::Config::read_all(&mut root, problems);
        if let Some(rpc) = root.section("rpc", problems) {
            config.rpc = rpc::Config::read(rpc, problems);
        }
        if let Some(otel) = root.section("otel", problems) {
            config.otel = trace::Config::read(otel, problems);
        }
        config.metrics = root.section("metrics", problems).map(|section| metrics::Config::read(section, problems));
        // A section that says nothing is none.
        let status = root.section("status", problems).map(|section| status::Config::read(section, problems));
        config.status = status.filter(|status| *status != status::Config::default());
        let dashboard = root.section("dashboard", problems).map(|section| dashboard::Config::read(section, problems));
        config.dashboard = dashboard.filter(|dashboard| *dashboard != dashboard::Config::default());
        config.logs.access = config.http.access_log.channel(&config.logs);
        root.finish(problems);
        config
    }
}
