//! Settings of the log (section `logs`).

use std::{collections::HashMap, path::PathBuf};

use super::Level;
use crate::config::{Problems, Section};

const MODES: [(&str, Mode); 5] = [
    ("development", Mode::Development),
    ("production", Mode::Production),
    ("raw", Mode::Raw),
    ("none", Mode::None),
    ("off", Mode::None),
];
const LEVELS: [(&str, Level); 6] = [
    ("debug", Level::Debug),
    ("info", Level::Info),
    ("warn", Level::Warn),
    ("warning", Level::Warn),
    ("error", Level::Error),
    ("panic", Level::Panic),
];
const ENCODINGS: [(&str, Encoding); 2] = [("console", Encoding::Console), ("json", Encoding::Json)];

/// Settings of the log (section `logs`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `logs`: what holds for all channels that have no settings of their own.
    pub default: Channel,

    /// `logs.channels`: settings of single channels, by name: `server` (the server, and what workers print), `http`,
    /// `pool`, `net`, `logs`, `app` (the application).
    ///
    /// Each has the keys of `logs`; what it does not say is as in `logs`. A `mode` of its own also means the encoding of
    /// that mode, and an `output` of its own means no file of `file_logger_options`.
    pub channels: Vec<(String, Channel)>,

    /// Where the access log goes if it does not go where channel `http` goes (`http.access_log`).
    pub access: Option<Channel>,
}

/// Settings of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// `logs.mode`: `development` (for people), `production` (for machines), `raw` (messages without anything around
    /// them), `none` or `off` (nothing is logged).
    ///
    /// Default: `development`.
    pub mode: Mode,

    /// `logs.level`: least severe level that is written: `debug`, `info`, `warn`, `error` or `panic`.
    ///
    /// Default: `info`, in every mode. RoadRunner's is `debug`; what the server itself says at that level is of no use to
    /// an operator from day to day.
    pub level: Level,

    /// `logs.encoding`: `console` (a line of text) or `json` (an object per line).
    ///
    /// Default: `json` in mode `production` and in the file of `file_logger_options`, else `console`. In mode `raw` it
    /// has no effect.
    pub encoding: Option<Encoding>,

    /// `logs.format`: a line of your own instead of an encoding, with `%time%`, `%level%`, `%message%`, `%attrs%`,
    /// `%logger%`, `%source_file%`, `%source_line%` and `%source_func%` (the module). Other words between `%` stay as
    /// they are.
    ///
    /// Default: none.
    pub format: Option<String>,

    /// `logs.time_format`: how the time is written, by the rules of Go's `time.Layout`, such as
    /// `2006-01-02 15:04:05.000`. Times are in UTC.
    ///
    /// Default: RFC 3339, with milliseconds in the console; nanoseconds since 1970 as a number in JSON.
    pub time_format: Option<String>,

    /// `logs.line_ending`: what ends each entry.
    ///
    /// Default: a line feed.
    pub line_ending: String,

    /// `logs.skip_line_ending`: ends entries by nothing at all.
    ///
    /// Default: false.
    pub skip_line_ending: bool,

    /// `logs.output`: where entries go: `stderr`, `stdout` and paths of files, which are appended to.
    ///
    /// Default: `stderr`.
    pub output: Vec<Output>,

    /// `logs.err_output`: where the log tells of its own troubles, such as a file that cannot be written.
    ///
    /// Default: `stderr`.
    pub err_output: Vec<Output>,

    /// `logs.file_logger_options`: a file that is rotated, instead of `output`.
    ///
    /// Default: none.
    pub file_logger_options: Option<Rotation>,
}

/// What the other settings are by default.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// Lines for people.
    #[default]
    Development,
    /// JSON.
    Production,
    /// The message alone.
    Raw,
    /// Nothing is logged.
    None,
}

/// How an entry is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// A line of text.
    Console,
    /// A JSON object.
    Json,
}

/// Where entries go.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Output {
    /// Standard error.
    Stderr,
    /// Standard output.
    Stdout,
    /// A file that is appended to.
    File(PathBuf),
}

/// A file that is rotated (`logs.file_logger_options`).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rotation {
    /// `logs.file_logger_options.log_output`: path of the file. Required.
    ///
    /// Old files stand beside it, with the time of their rotation in the name: `rr-2026-01-31T15-04-05.000.log`.
    pub log_output: PathBuf,

    /// `logs.file_logger_options.max_size`: size in MiB from which the file is rotated.
    ///
    /// Default (absent or 0): 100.
    pub max_size: u64,

    /// `logs.file_logger_options.max_age`: days after which old files are removed.
    ///
    /// Default (absent or 0): 24.
    pub max_age: u64,

    /// `logs.file_logger_options.max_backups`: how many old files are kept.
    ///
    /// Default (absent or 0): 10.
    pub max_backups: usize,

    /// `logs.file_logger_options.compress`: compresses old files by gzip.
    ///
    /// Default: false.
    pub compress: bool,
}

// === impl Config ===

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut files = HashMap::new();
        let mut default = Channel::default();
        default.read(&mut section, "logs", &mut files, problems);
        let mut channels = Vec::new();
        for (name, mut section) in section.sections("channels", problems) {
            let mut channel = default.clone();
            channel.read(&mut section, &format!("logs.channels.{name}"), &mut files, problems);
            section.finish(problems);
            channels.push((name, channel));
        }
        section.finish(problems);
        Self { default, channels, access: None }
    }
}

// === impl Channel ===

impl Default for Channel {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            level: Level::default(),
            encoding: None,
            format: None,
            time_format: None,
            line_ending: "\n".to_owned(),
            skip_line_ending: false,
            output: vec![Output::Stderr],
            err_output: vec![Output::Stderr],
            file_logger_options: None,
        }
    }
}

impl Channel {
    /// Reads what `section`, found at `path`, says. `files` has the rotated files of the sections read before.
    fn read(
        &mut self,
        section: &mut Section<'_>,
        path: &str,
        files: &mut HashMap<PathBuf, Rotation>,
        problems: &mut Problems,
    ) {
        if let Some(mode) = section.choice("mode", &MODES, problems) {
            *self = Self { mode, encoding: None, format: None, ..std::mem::take(self) };
        }
        if let Some(level) = section.choice("level", &LEVELS, problems) {
            self.level = level;
        }
        if let Some(encoding) = section.choice("encoding", &ENCODINGS, problems) {
            (self.encoding, self.format) = (Some(encoding), None);
        }
        if let Some((format, _)) = section.text("format", problems) {
            self.format = Some(format).filter(|format| !format.is_empty());
        }
        if let Some((layout, _)) = section.text("time_format", problems) {
            self.time_format = Some(layout).filter(|layout| !layout.is_empty());
        }
        if let Some((ending, _)) = section.text("line_ending", problems) {
            self.line_ending = if ending.is_empty() { "\n".to_owned() } else { ending };
        }
        if let Some(skip) = section.boolean("skip_line_ending", problems) {
            self.skip_line_ending = skip;
        }
        if let Some(outputs) = outputs(section, "output", problems) {
            (self.output, self.file_logger_options) = (outputs, None);
        }
        if let Some(outputs) = outputs(section, "err_output", problems) {
            self.err_output = outputs;
        }
        if let Some(options) = section.section("file_logger_options", problems) {
            let path = format!("{path}.file_logger_options.log_output");
            self.file_logger_options = Rotation::read(options, &path, files, problems);
        }
    }

    /// What ends each entry.
    pub(super) fn ending(&self) -> &str {
        if self.skip_line_ending { "" } else { &self.line_ending }
    }

    /// How entries are written, unless a format of the user's says it.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding.unwrap_or(match self.mode {
            Mode::Production => Encoding::Json,
            _ if self.file_logger_options.is_some() => Encoding::Json,
            _ => Encoding::Console,
        })
    }
}

/// Reads a list of outputs, as `logs.output` is; in one text they are separated by commas.
pub(crate) fn outputs(section: &mut Section<'_>, key: &'static str, problems: &mut Problems) -> Option<Vec<Output>> {
    let texts = section.texts(key, problems)?;
    let names = texts.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|name| !name.is_empty());
    let mut outputs = Vec::new();
    for output in names.map(Output::parse) {
        if !outputs.contains(&output) {
            outputs.push(output);
        }
    }
    (!outputs.is_empty()).then_some(outputs)
}

// === impl Output ===

impl Output {
    fn parse(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "stderr" | "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Self::Stderr,
            "stdout" | "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Self::Stdout,
            _ => Self::File(name.strip_prefix("file://").unwrap_or(name).into()),
        }
    }
}

// === impl Rotation ===

impl Rotation {
    fn read(
        mut section: Section<'_>,
        path: &str,
        files: &mut HashMap<PathBuf, Self>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let file = section.text("log_output", problems).filter(|(file, _)| !file.is_empty());
        if file.is_none() {
            section.missing("log_output", problems);
        }
        let mut number = |key, most, default| {
            section.integer(key, 0..=most, problems).filter(|number| *number > 0).unwrap_or(default)
        };
        let max_size = number("max_size", 1_048_576, 100);
        let max_age = number("max_age", 36_500, 24);
        let max_backups = usize::try_from(number("max_backups", 100_000, 10)).unwrap_or(usize::MAX);
        let compress = section.boolean("compress", problems).unwrap_or_default();
        section.finish(problems);
        let (file, line) = file?;
        let rotation = Self { log_output: file.into(), max_size, max_age, max_backups, compress };
        let first = files.entry(rotation.log_output.clone()).or_insert_with(|| rotation.clone());
        if *first != rotation {
            problems.add(path, line, "names a file that other file_logger_options rotate by other rules");
        }
        Some(rotation)
    }
}
