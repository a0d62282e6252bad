//! The script that workers run, from `server.command`.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// What workers run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worker {
    /// Flags of PHP that stand before the script, each of them one or two words.
    pub flags: Vec<String>,
    /// The script, as it is written: the first word of `$argv`.
    pub script: String,
    /// The words after it.
    pub arguments: Vec<String>,
}

/// Short flags of PHP that take a value and leave PHP running a script.
const VALUES: &str = "cdz";
/// Short flags of PHP that take none and leave PHP running a script.
const SWITCHES: &str = "neqCH";
/// Long flags, and whether they take a value.
const LONG: [(&str, bool); 6] = [
    ("define", true),
    ("php-ini", true),
    ("zend-extension", true),
    ("no-php-ini", false),
    ("profile-info", false),
    ("no-header", false),
];

// === impl Worker ===

impl Worker {
    /// Reads `server.command`: `php [flags] script [arguments]`, or an executable PHP script with its arguments.
    ///
    /// # Errors
    ///
    /// What of it cannot be understood; the sentence goes on from the key.
    pub fn parse(command: &[String]) -> Result<Self, String> {
        // Laravel Octane names it so, as RoadRunner takes a comma for the border of two words.
        let split: Vec<String>;
        let command = match command {
            [words] if words.contains(',') => {
                split = words.split(',').map(str::to_owned).collect();
                &split
            }
            words => words,
        };
        let Some((program, words)) = command.split_first() else {
            return Err("is required: the command line of the workers, such as \"php worker.php\"".to_owned());
        };
        let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy();
        if is_script(&name) {
            return Ok(Self { flags: Vec::new(), script: program.clone(), arguments: words.to_vec() });
        }
        if !name.starts_with("php") {
            return Err(format!(
                "starts \"{program}\", but workers are threads of PHP: it must be \"php [flags] script [arguments]\""
            ));
        }
        let (flags, rest) = flags(words);
        let rest = match rest {
            [flag, script, rest @ ..] if flag == "-f" || flag == "--file" => {
                [std::slice::from_ref(script), rest].concat()
            }
            [end, rest @ ..] if end == "--" => rest.to_vec(),
            rest => rest.to_vec(),
        };
        match rest.split_first() {
            None => Err(format!("names no script: \"{}\"", command.join(" "))),
            Some((flag, _)) if flag.starts_with('-') => {
                Err(format!("has {flag}, with which PHP runs no worker script"))
            }
            Some((script, arguments)) => {
                Ok(Self { flags: flags.to_vec(), script: script.clone(), arguments: arguments.to_vec() })
            }
        }
    }

    /// Reads the `command` of a pool, as [`Worker::parse`], but without flags of PHP, which are the whole process's.
    ///
    /// # Errors
    ///
    /// As those of [`Worker::parse`].
    pub fn of_pool(command: &[String]) -> Result<Self, String> {
        let worker = Self::parse(command)?;
        match worker.flags.first() {
            None => Ok(worker),
            Some(flag) => Err(format!("has {flag}, but flags of PHP are for all pools: they stand in server.command")),
        }
    }

    /// Whether PHP's flags set `name`, as `-d name=value`.
    pub fn sets(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| {
            let setting = flag.strip_prefix("-d").or_else(|| flag.strip_prefix("--define=")).unwrap_or(flag);
            setting.split('=').next().unwrap_or_default().trim() == name
        })
    }

    /// Whether PHP's flags leave php.ini out.
    pub fn is_without_ini(&self) -> bool {
        self.flags.iter().any(|flag| flag == "-n" || flag == "--no-php-ini")
    }

    /// The script's path, absolute.
    ///
    /// # Errors
    ///
    /// When it is no file that can be read; the sentence goes on from the key.
    pub fn path(&self) -> Result<PathBuf, String> {
        let wrong = |error: std::io::Error| format!("names the script {}, which cannot be read: {error}", self.script);
        let path = std::fs::canonicalize(&self.script).map_err(wrong)?;
        let file = std::fs::File::open(&path).map_err(wrong)?;
        if file.metadata().map_err(wrong)?.is_dir() {
            return Err(format!("names the script {}, which is a directory", self.script));
        }
        Ok(path)
    }
}

fn is_script(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "php")
}

/// Splits what follows the word `php` into its flags and the rest, which starts with a script or a flag that runs none.
pub(super) fn flags<T: AsRef<std::ffi::OsStr>>(words: &[T]) -> (&[T], &[T]) {
    let mut at = 0;
    while let Some(word) = words.get(at).and_then(|word| word.as_ref().to_str()) {
        at += match width(word) {
            Some(width) if at + width <= words.len() => width,
            _ => break,
        };
    }
    words.split_at(at)
}

/// How many words a flag takes; `None` if it is none, or one with which PHP runs no script.
fn width(word: &str) -> Option<usize> {
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        let (_, takes) = LONG.iter().find(|(known, _)| *known == name)?;
        return Some(if *takes && value.is_none() { 2 } else { 1 });
    }
    let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty())?;
    for (at, letter) in letters.char_indices() {
        if VALUES.contains(letter) {
            return Some(if at + letter.len_utf8() == letters.len() { 2 } else { 1 });
        }
        if !SWITCHES.contains(letter) {
            return None;
        }
    }
    Some(1)
}

/// PHP and its flags as this very process was started, without what it runs.
pub(super) fn own_command() -> std::io::Result<Vec<OsString>> {
    use std::os::unix::ffi::OsStringExt;
    let line = std::fs::read("/proc/self/cmdline")?;
    let words: Vec<_> = line.split(|byte| *byte == 0).skip(1).map(|word| OsString::from_vec(word.to_vec())).collect();
    let program = std::env::current_exe()?.into_os_string();
    Ok([&[program], flags(&words).0].concat())
}

#[cfg(test)]
mod tests;
