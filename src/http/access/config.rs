//! Settings of the access log (`http.access_logs`, section `http.access_log`).

use crate::{
    config::{Problems, Section},
    log,
};

const FORMATS: [(&str, Format); 4] = [
    ("roadrunner", Format::RoadRunner),
    ("short", Format::Short),
    ("combined", Format::Combined),
    ("common", Format::Common),
];

/// Settings of the access log (`http.access_logs`, section `http.access_log`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// `http.access_logs`: whether there is an entry for each request.
    ///
    /// Default: false. Without it there are those of format `short` while channel `http` is logged at level `debug`.
    pub enabled: bool,

    /// `http.access_log.format`: what an entry has.
    ///
    /// Default: `roadrunner`.
    pub format: Format,

    /// `http.access_log.output`: `stderr`, `stdout` and paths of files, which are appended to.
    ///
    /// Default: `stdout` for lines of text; the other formats go where channel `http` goes, in its form. With an output
    /// they are JSON.
    pub output: Option<Vec<log::Output>>,

    /// `http.access_log.sample`: share of the requests that have an entry, out of `u64::MAX`; those answered with a
    /// status of 500 or more always have one.
    ///
    /// Default: all.
    pub sample: u64,
}

/// What an entry has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// RoadRunner's `http access log`.
    #[default]
    RoadRunner,
    /// RoadRunner's `http log`, which Laravel Octane reads.
    Short,
    /// Apache's and nginx's line.
    Combined,
    /// The same without referrer and user agent.
    Common,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { enabled: false, format: Format::default(), output: None, sample: u64::MAX }
    }
}

impl Config {
    /// Reads its keys in section `http`; what is wrong is added to `problems` and read as the default.
    pub(in crate::http) fn read(http: &mut Section<'_>, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        if let Some(enabled) = http.boolean("access_logs", problems) {
            config.enabled = enabled;
        }
        let Some(mut section) = http.section("access_log", problems) else { return config };
        if let Some(format) = section.choice("format", &FORMATS, problems) {
            config.format = format;
        }
        config.output = log::outputs(&mut section, "output", problems);
        if let Some(share) = section.fraction("sample", problems) {
            config.sample = of_all(share);
        }
        section.finish(problems);
        config
    }

    /// How entries are written if it is not as channel `http` is.
    pub fn channel(&self, logs: &log::Config) -> Option<log::Channel> {
        let lines = matches!(self.format, Format::Combined | Format::Common);
        if !self.enabled || (self.output.is_none() && !lines) {
            return None;
        }
        Some(log::Channel {
            mode: if lines { log::Mode::Raw } else { log::Mode::Production },
            level: log::Level::Info,
            output: self.output.clone().unwrap_or_else(|| vec![log::Output::Stdout]),
            err_output: logs.default.err_output.clone(),
            time_format: logs.default.time_format.clone(),
            ..log::Channel::default()
        })
    }
}

/// The part `share` of `u64::MAX`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates, and a share is 0 to 1")]
fn of_all(share: f64) -> u64 {
    (share * 18_446_744_073_709_551_616.0) as u64
}
