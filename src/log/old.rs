//! Old files of a rotated log: their names, how long they are kept, their compression.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, SystemTime},
};

use flate2::{Compression, write::GzEncoder};
use parking_lot::Mutex;

use super::{clock::Moment, config::Rotation};

const DAY: Duration = Duration::from_hours(24);
/// Bytes that are compressed before looking whether to stop.
const PIECE: usize = 64 * 1024;
/// What a file being compressed is called until it is complete.
const UNFINISHED: &str = ".gz.tmp";

/// Looks after the old files of one log.
#[derive(Debug)]
pub(super) struct Keeper {
    path: PathBuf,
    rotation: Rotation,
    work: Option<Work>,
    /// There was something to do while the thread was busy.
    due: bool,
}

/// A thread that compresses, because that takes long.
#[derive(Debug)]
struct Work {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    troubles: Arc<Mutex<Vec<String>>>,
}

/// Names the file that `path` becomes at a moment; one that is not there yet, and that sorts behind those that are.
pub(super) fn backup_name(path: &Path, at: &Moment) -> PathBuf {
    let (stem, extension) = parts(path);
    let time = at.file_name();
    let mut name = path.with_file_name(format!("{stem}-{time}{extension}"));
    let mut number = 1;
    while name.exists() || compressed(&name).exists() {
        name = path.with_file_name(format!("{stem}-{time}_{number}{extension}"));
        number += 1;
    }
    name
}

fn compressed(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    name.into()
}

/// The file's name without its extension, and the extension with its dot.
fn parts(path: &Path) -> (String, String) {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let extension = path.extension().map_or_else(String::new, |extension| format!(".{}", extension.to_string_lossy()));
    (stem, extension)
}

/// Lists the old files of the log at `path` whose names end so after the extension, the youngest first.
fn backups(path: &Path, endings: &[&str]) -> io::Result<Vec<PathBuf>> {
    let (stem, extension) = parts(path);
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let Some(rest) = name.strip_prefix(&format!("{stem}-")) else { continue };
        let time = |ending: &&str| rest.strip_suffix(*ending).and_then(|rest| rest.strip_suffix(&extension));
        if endings.iter().filter_map(time).any(is_time) {
            found.push(directory.join(name));
        }
    }
    found.sort_by(|one, other| other.cmp(one));
    Ok(found)
}

/// Whether `text` is a time as [`backup_name`] writes it; other files of the directory are not ours to remove.
fn is_time(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00-00-00.000";
    let (time, number) = text.split_at_checked(SHAPE.len()).unwrap_or((text, ""));
    let fits = |(byte, shape): (u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape };
    let numbered = number.strip_prefix('_').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    time.len() == SHAPE.len() && time.bytes().zip(SHAPE).all(fits) && (number.is_empty() || numbered)
}

/// Whether a file's name says that it is older than `age`. The names sort by time.
fn is_older(file: &Path, path: &Path, age: Duration) -> bool {
    let Some(limit) = SystemTime::now().checked_sub(age) else { return false };
    let (stem, _) = parts(path);
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    *name < *format!("{stem}-{}", Moment::from(limit).file_name())
}

fn compress(file: &Path, stop: &AtomicBool) -> io::Result<()> {
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let unfinished = PathBuf::from(unfinished);
    let mut from = File::open(file)?;
    let to = File::create(&unfinished)?;
    to.set_permissions(from.metadata()?.permissions())?;
    let mut encoder = GzEncoder::new(to, Compression::default());
    let mut piece = vec![0; PIECE];
    loop {
        if stop.load(Ordering::Relaxed) {
            return fs::remove_file(&unfinished);
        }
        match from.read(&mut piece)? {
            0 => break,
            length => encoder.write_all(&piece[..length])?,
        }
    }
    encoder.finish()?.sync_all()?;
    fs::rename(&unfinished, compressed(file))?;
    fs::remove_file(file)
}

// === impl Keeper ===

impl Keeper {
    pub(super) fn new(path: PathBuf, rotation: Rotation) -> Self {
        Self { path, rotation, work: None, due: false }
    }

    /// Whether [`tidy`](Self::tidy) could not do its work then and can now.
    pub(super) fn is_due(&self) -> bool {
        self.due && self.work.as_ref().is_none_or(|work| work.thread.is_finished())
    }

    /// Removes and compresses what it is time for. What goes wrong, or went wrong since, is added to `troubles`.
    pub(super) fn tidy(&mut self, troubles: &mut Vec<String>) {
        if let Some(work) = &self.work {
            troubles.append(&mut work.troubles.lock());
            if !work.thread.is_finished() {
                self.due = true;
                return;
            }
        }
        self.due = false;
        match self.remove() {
            Ok(kept) if self.rotation.compress => self.compress(kept, troubles),
            Ok(_) => {}
            Err(error) => troubles.push(format!("cannot remove old files of {}: {error}", self.path.display())),
        }
    }

    /// Ends a compression under way; the next start does it.
    pub(super) fn rest(&mut self) {
        if let Some(work) = self.work.take() {
            work.stop.store(true, Ordering::Relaxed);
            let _ = work.thread.join();
        }
    }

    /// Removes the old files that are too many or too old; returns the others.
    fn remove(&self) -> io::Result<Vec<PathBuf>> {
        let age = DAY.saturating_mul(u32::try_from(self.rotation.max_age).unwrap_or(u32::MAX));
        let mut kept = Vec::new();
        for file in backups(&self.path, &[UNFINISHED])? {
            fs::remove_file(&file)?; // A process before this one was killed.
        }
        for file in backups(&self.path, &["", ".gz"])? {
            if kept.len() >= self.rotation.max_backups || is_older(&file, &self.path, age) {
                fs::remove_file(&file)?;
            } else {
                kept.push(file);
            }
        }
        Ok(kept)
    }

    fn compress(&mut self, files: Vec<PathBuf>, troubles: &mut Vec<String>) {
        let plain: Vec<_> =
            files.into_iter().filter(|file| file.extension().is_none_or(|extension| extension != "gz")).collect();
        if plain.is_empty() {
            return;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let found = Arc::new(Mutex::new(Vec::new()));
        let (stopped, told) = (Arc::clone(&stop), Arc::clone(&found));
        let work = move || {
            for file in plain {
                if let Err(error) = compress(&file, &stopped) {
                    told.lock().push(format!("cannot compress {}: {error}", file.display()));
                }
            }
        };
        match Builder::new().name("rr-log-gzip".to_owned()).spawn(work) {
            Ok(thread) => self.work = Some(Work { thread, stop, troubles: found }),
            Err(error) => troubles.push(format!("cannot start a thread to compress: {error}")),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.rest();
    }
}
