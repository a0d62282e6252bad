//! The command line of `rr`: which command, with which flags.
//!
//! Flags may stand before and after the command, as `--long value`, `--long=value`, `-s value`, `-svalue`; short switches
//! may be joined. `--` ends them.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::PathBuf,
};

use super::usage;

/// Similarity (Jaro-Winkler) from which a known word is offered for an unknown one.
const SIMILAR: f64 = 0.75;

/// What `rr` is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run the server.
    Serve,
    /// Be the server's process; started by `serve` and not for users.
    Server,
    /// End a running server.
    Stop,
    /// Check or show the configuration.
    Config,
    /// Look for what hurts.
    Doctor,
    /// Boot workers anew.
    Reset,
    /// Show the workers.
    Workers,
    /// Say whether the server is well.
    Status,
    /// Show what it is busy with.
    Top,
    /// Write `./rr`.
    Install,
    /// Say the version.
    Version,
    /// Explain a command, or all.
    Help(Option<&'static str>),
    /// A command of RoadRunner that does not exist here yet.
    Unsupported(&'static str),
}

/// The flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Options {
    /// `-c`: the configuration file.
    pub config: Option<PathBuf>,
    /// `-w`: where to work.
    pub workdir: Option<PathBuf>,
    /// `--dotenv`: file with environment variables.
    pub dotenv: Option<PathBuf>,
    /// `-o`: values that win over the file, as `section.key=value`.
    pub overrides: Vec<String>,
    /// `-d`
    pub debug: bool,
    /// `-s`: print nothing but the log.
    pub silent: bool,
    /// `-p`: write the pid file.
    pub pid: bool,
    /// `-e`: RoadRunner's experimental features.
    pub experimental: bool,
    /// `-f`: end at once; replace what is there.
    pub force: bool,
    /// `--no-parent`: no process above the server's.
    pub no_parent: bool,
    /// `--lenient`: what is not supported yet is a warning.
    pub lenient: bool,
    /// `--allow-root`: the server may serve as root.
    pub allow_root: bool,
    /// `--check`
    pub check: bool,
    /// `--print`
    pub print: bool,
    /// `--json`
    pub json: bool,
    /// `-i`: show it again each second.
    pub interactive: bool,
    /// The pools that are meant; none: all.
    pub pools: Vec<String>,
}

/// A command line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(String);

/// A flag.
pub(super) struct Flag {
    pub(super) long: &'static str,
    pub(super) short: Option<u8>,
    /// What its value is; `None`: it has none.
    pub(super) value: Option<&'static str>,
    /// The commands that have it; none: all accept it, as in RoadRunner.
    pub(super) commands: &'static [&'static str],
    pub(super) help: &'static str,
    set: fn(&mut Options, OsString) -> Result<(), Misuse>,
}

macro_rules! flag {
    ($long:literal, $short:expr, $value:expr, $commands:expr, $help:literal, $set:expr) => {
        Flag { long: $long, short: $short, value: $value, commands: $commands, help: $help, set: $set }
    };
    (switch $field:ident, $long:literal, $short:expr, $commands:expr, $help:literal) => {
        flag!($long, $short, None, $commands, $help, |options, value| {
            options.$field = switch($long, &value)?;
            Ok(())
        })
    };
    (path $field:ident, $long:literal, $short:expr, $value:literal, $help:literal) => {
        flag!($long, $short, Some($value), &[], $help, |options, value| {
            options.$field = Some(PathBuf::from(value));
            Ok(())
        })
    };
}

/// Every flag, in the order of the help.
pub(super) const FLAGS: &[Flag] = &[
    flag!(path config, "config", Some(b'c'), "FILE", "configuration file (default .rr.yaml)"),
    flag!(path workdir, "workdir", Some(b'w'), "DIR", "working directory (default: where the configuration file is)"),
    flag!("override", Some(b'o'), Some("KEY=VALUE"), &[], "a value that wins over the file; may be repeated", over),
    flag!(path dotenv, "dotenv", None, "FILE", "file with environment variables"),
    flag!(switch debug, "debug", Some(b'd'), &[], "accepted, no effect: there is no pprof server here"),
    flag!(switch silent, "silent", Some(b's'), &[], "print nothing but the log"),
    flag!(switch pid, "pid", Some(b'p'), &[], "write the process number to .pid in the working directory"),
    flag!(switch experimental, "enable-experimental", Some(b'e'), &[], "accepted, no effect: nothing here waits to be switched on by it"),
    flag!(switch force, "force", Some(b'f'), &[], "stop: end without waiting for requests; install: replace what is there"),
    flag!(switch lenient, "lenient", None, &[], "keys that are not supported yet are warnings"),
    flag!(switch no_parent, "no-parent", None, &["serve"], "no process above the server's: for systemd and the like"),
    flag!(switch allow_root, "allow-root", None, &["serve"], "serve as root, which is refused otherwise"),
    flag!(switch check, "check", None, &["config"], "tell every problem of the configuration (default)"),
    flag!(switch print, "print", None, &["config"], "show the effective values and where each comes from"),
    flag!(switch json, "json", None, &["doctor", "workers", "status", "reset"], "print JSON"),
    flag!(switch interactive, "interactive", Some(b'i'), &["workers"], "show them again each second, until q or Ctrl-C"),
];

/// Every command, with what the help says of it.
pub(super) const COMMANDS: &[(&str, Command, &str)] = &[
    ("serve", Command::Serve, "run the server"),
    ("stop", Command::Stop, "end the server whose number is in .pid"),
    ("config", Command::Config, "check the configuration, or show it"),
    ("doctor", Command::Doctor, "look for what hurts: PHP, its settings and extensions, limits, the configuration"),
    ("install", Command::Install, "write this script to ./rr"),
    ("workers", Command::Workers, "show the workers of a running server"),
    (
        "status",
        Command::Status,
        "say whether a running server lives and is ready: exit code 0, else 2; 1 if there is none",
    ),
    ("top", Command::Top, "show what a running server is busy with, again each second, until q or Ctrl-C"),
    ("reset", Command::Reset, "boot the workers of a running server anew, one after the other"),
    ("jobs", Command::Unsupported("jobs"), "not supported yet"),
];

/// The commands behind which names of pools may stand.
pub(super) const POOLS: [&str; 4] = ["workers", "status", "top", "reset"];

/// The word by which `serve` starts the server's process.
pub(super) const SERVER: &str = "server-process";

/// Reads a command line, without the program's name.
///
/// # Errors
///
/// An unknown or missing command, an unknown flag, a value that is missing, too much or wrong; with the remedy.
pub fn parse(arguments: &[OsString]) -> Result<(Command, Options), Misuse> {
    let mut reading = Reading { rest: arguments.iter(), options: Options::default(), flags: Vec::new() };
    let mut command = None;
    let (mut help, mut version, mut ended) = (false, false, false);
    while let Some(argument) = reading.rest.next() {
        match argument.as_bytes() {
            b"--" if !ended => ended = true,
            b"-h" | b"--help" if !ended => help = true,
            b"-v" | b"--version" if !ended => version = true,
            bytes if ended || bytes.len() < 2 || bytes[0] != b'-' => {
                let word = String::from_utf8_lossy(bytes);
                command = Some(match command {
                    None if word == "help" => {
                        help = true;
                        continue;
                    }
                    None => find_command(&word)?,
                    Some((name, _)) if POOLS.contains(&name) => {
                        reading.options.pools.push(word.into_owned());
                        continue;
                    }
                    Some((name, _)) => return Err(Misuse(format!("\"{word}\" is too much: {name} takes only flags"))),
                });
                if let Some((_, command @ Command::Unsupported(_))) = command
                    && !help
                    && !reading.rest.clone().any(|next| next == "-h" || next == "--help")
                {
                    // Its flags are not known.
                    return Ok((command, reading.options));
                }
            }
            bytes => match bytes.strip_prefix(b"--") {
                Some(long) => reading.long(long)?,
                None => reading.short(&bytes[1..])?,
            },
        }
    }
    if help {
        return Ok((Command::Help(command.map(|(name, _)| name)), reading.options));
    }
    if version {
        return Ok((Command::Version, reading.options));
    }
    let Some((name, command)) = command else {
        return Err(Misuse(format!("which command? There are {}", usage::names())));
    };
    let of_others = |flag: &&&Flag| !flag.commands.is_empty() && !flag.commands.contains(&name) && name != SERVER;
    if let Some(flag) = reading.flags.iter().find(of_others) {
        let owners = flag.commands.join(", ");
        return Err(Misuse(format!("--{} is a flag of {owners}, not of {name}", flag.long)));
    }
    Ok((command, reading.options))
}

struct Reading<'a> {
    rest: std::slice::Iter<'a, OsString>,
    options: Options,
    /// Those that were given.
    flags: Vec<&'static Flag>,
}

// === impl Reading ===

impl Reading<'_> {
    fn long(&mut self, text: &[u8]) -> Result<(), Misuse> {
        let (name, value) = match text.iter().position(|byte| *byte == b'=') {
            Some(at) => (&text[..at], Some(OsString::from_vec(text[at + 1..].to_vec()))),
            None => (text, None),
        };
        let name = String::from_utf8_lossy(name);
        // RoadRunner's spelling of one of them is `--WorkDir`.
        let found = FLAGS.iter().find(|flag| flag.long.eq_ignore_ascii_case(&name));
        let flag = found.ok_or_else(|| {
            let known = FLAGS.iter().map(|flag| flag.long).chain(["help", "version"]);
            unknown("flag", &format!("--{name}"), nearest(&name, known).map(|near| format!("--{near}")))
        })?;
        self.take(flag, &format!("--{name}"), value)
    }

    fn short(&mut self, cluster: &[u8]) -> Result<(), Misuse> {
        for (at, letter) in cluster.iter().enumerate() {
            let name = format!("-{}", char::from(*letter));
            let flag =
                FLAGS.iter().find(|flag| flag.short == Some(*letter)).ok_or_else(|| unknown("flag", &name, None))?;
            let rest = &cluster[at + 1..];
            if flag.value.is_some() {
                let value = rest.strip_prefix(b"=").unwrap_or(rest);
                let value = (!rest.is_empty()).then(|| OsStr::from_bytes(value).to_owned());
                return self.take(flag, &name, value);
            }
            self.take(flag, &name, None)?;
        }
        Ok(())
    }

    fn take(&mut self, flag: &'static Flag, name: &str, value: Option<OsString>) -> Result<(), Misuse> {
        let value = match (flag.value, value) {
            (_, Some(value)) => value,
            (None, None) => OsString::from("true"),
            (Some(what), None) => match self.rest.next() {
                Some(value) => value.clone(),
                None => return Err(Misuse(format!("{name} needs a value: {name} {what}"))),
            },
        };
        self.flags.push(flag);
        (flag.set)(&mut self.options, value)
    }
}

fn switch(name: &str, value: &OsStr) -> Result<bool, Misuse> {
    match value.to_str() {
        Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        _ => Err(Misuse(format!("--{name} is \"{}\", but must be true or false", value.display()))),
    }
}

fn over(options: &mut Options, value: OsString) -> Result<(), Misuse> {
    match value.into_string() {
        Ok(text) if text.split_once('=').is_some_and(|(key, _)| !key.is_empty()) => {
            options.overrides.push(text);
            Ok(())
        }
        Ok(text) => Err(Misuse(format!("-o is \"{text}\", but must be section.key=value"))),
        Err(value) => Err(Misuse(format!("-o \"{}\" is not UTF-8", value.display()))),
    }
}

fn find_command(word: &str) -> Result<(&'static str, Command), Misuse> {
    if word == SERVER {
        return Ok((SERVER, Command::Server));
    }
    let found = COMMANDS.iter().find(|(name, ..)| *name == word).map(|(name, command, _)| (*name, *command));
    found.ok_or_else(|| {
        let near = nearest(word, COMMANDS.iter().map(|(name, ..)| *name));
        unknown("command", &format!("\"{word}\""), Some(near.map_or_else(usage::names, str::to_owned)))
    })
}

fn unknown(what: &str, found: &str, near: Option<String>) -> Misuse {
    let hint = match near {
        Some(near) if near.contains(' ') => format!("; there are {near}"),
        Some(near) => format!("; did you mean {near}?"),
        None => "; see rr --help".to_owned(),
    };
    Misuse(format!("{found} is not a known {what}{hint}"))
}

fn nearest(word: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    known
        .map(|known| (strsim::jaro_winkler(known, &word.to_lowercase()), known))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests;
