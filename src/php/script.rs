//! What the workers of a pool run: the script, where links lead now, its command line and environment.

use std::{
    ffi::{CString, c_char, c_int},
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    ptr,
};

use parking_lot::Mutex;

use super::{engine::c_string, sys};
use crate::cli::Worker;

/// The script of a pool.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// As it is named. Absolute; links in it are followed at each run, so that one that leads to another release by then
    /// is noticed.
    path: PathBuf,
    /// The working directory, in the same way.
    directory: PathBuf,
    /// `$argv`. For C, to the end of the process.
    words: &'static [Pointer],
    /// Pairs of name and value, then null. For C, to the end of the process.
    env: &'static [Pointer],
}

/// A text that lives to the end of the process, or null.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
struct Pointer(*mut c_char);

// SAFETY: nobody writes to the text, and it is never freed.
unsafe impl Send for Pointer {}
// SAFETY: as above.
unsafe impl Sync for Pointer {}

/// Where a script is at one moment.
pub(super) struct Place {
    script: CString,
    directory: Option<CString>,
    follows_links: bool,
}

fn texts(texts: impl Iterator<Item = String>) -> Vec<Pointer> {
    texts.map(|text| Pointer(c_string(&text).into_raw())).collect()
}

/// Keeps texts to the end of the process, where those who look for leaks find them.
fn keep(texts: Vec<Pointer>) -> &'static [Pointer] {
    static KEPT: Mutex<Vec<&[Pointer]>> = Mutex::new(Vec::new());
    let texts: &'static [Pointer] = texts.leak();
    KEPT.lock().push(texts);
    texts
}

fn path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
}

// === impl Script ===

impl Script {
    /// The script at `script`, seen from `directory`, with `$argv`. To be made few times: what C needs of it is never
    /// freed.
    pub(super) fn new(directory: &Path, script: &Path, words: impl Iterator<Item = String>) -> Self {
        let null = Pointer(ptr::null_mut());
        Self {
            path: directory.join(script),
            directory: directory.to_owned(),
            words: keep(texts(words)),
            env: keep(vec![null]),
        }
    }

    /// The script of a command line.
    pub(super) fn of(directory: &Path, worker: &Worker) -> Self {
        let words = std::iter::once(&worker.script).chain(&worker.arguments).cloned();
        Self::new(directory, Path::new(&worker.script), words)
    }

    /// The same with variables added to the environment of its workers.
    pub(super) fn with_env(mut self, env: &[(String, String)]) -> Self {
        let pairs = env.iter().flat_map(|(name, value)| [name.clone(), value.clone()]);
        self.env = keep([texts(pairs), vec![Pointer(ptr::null_mut())]].concat());
        self
    }

    /// # Errors
    ///
    /// When it is no file that can be read.
    pub(super) fn check(&self) -> Result<(), String> {
        let data = fs::File::open(&self.path).and_then(|file| file.metadata());
        match data {
            Ok(data) if data.is_file() => Ok(()),
            Ok(_) => Err(format!("the worker script {} is no file", self.path.display())),
            Err(error) => Err(format!("the worker script {} cannot be read: {error}", self.path.display())),
        }
    }

    /// Where it is now. What is not there is left for PHP to complain of.
    pub(super) fn locate(&self) -> Place {
        let (script, directory) = (fs::canonicalize(&self.path), fs::canonicalize(&self.directory));
        let leads = |to: &std::io::Result<PathBuf>, from: &Path| to.as_ref().is_ok_and(|to| to != from);
        let follows_links = leads(&script, &self.path) || leads(&directory, &self.directory);
        let elsewhere = directory.ok().filter(|directory| std::env::current_dir().is_ok_and(|here| here != *directory));
        Place {
            script: path(script.as_deref().unwrap_or(&self.path)),
            directory: elsewhere.as_deref().map(path),
            follows_links,
        }
    }

    /// Sets up `thread` to run it at `place`, which must live until the run has ended.
    pub(super) fn prepare(&self, thread: &mut sys::Thread, place: &Place) {
        thread.script = place.script.as_ptr();
        thread.directory = place.directory.as_ref().map_or(ptr::null(), |directory| directory.as_ptr());
        thread.argc = c_int::try_from(self.words.len()).unwrap_or(c_int::MAX);
        thread.argv = self.words.as_ptr().cast_mut().cast();
        thread.env = self.env.as_ptr().cast();
        thread.follows_links = place.follows_links;
    }
}
