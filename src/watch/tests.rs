mod config;
mod files;
mod folders;
mod system;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, bounded};

use super::{Config, Watcher};

/// Bound of every wait: far beyond what is needed, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder of its own, gone with this value.
struct Folder(PathBuf);

/// A folder that is watched, or some in it.
struct Site {
    folder: Folder,
    told: Receiver<Vec<PathBuf>>,
    /// Dropped before the folder goes.
    watcher: Option<Watcher>,
    /// What was told since the last check.
    seen: Vec<PathBuf>,
    /// What may be told. One save may be told of twice: it is several events, and the machine may be busy.
    allowed: Vec<PathBuf>,
}

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rr-watch-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, and makes the folders that it is in.
    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn folder(&self, name: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn link(&self, target: impl AsRef<Path>, name: &str) {
        std::os::unix::fs::symlink(target, self.path(name)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Site {
    /// Watches all of a folder that `prepare` fills, as far as `http` does not say otherwise.
    fn new(prepare: impl FnOnce(&Folder)) -> Self {
        Self::with(prepare, |folder| Config::of([&folder.0]))
    }

    fn with(prepare: impl FnOnce(&Folder), config: impl FnOnce(&Folder) -> Config) -> Self {
        Self::within(usize::MAX, prepare, config)
    }

    /// So many watches are there.
    fn within(most: usize, prepare: impl FnOnce(&Folder), config: impl FnOnce(&Folder) -> Config) -> Self {
        let folder = Folder::new();
        prepare(&folder);
        let (tell, told) = bounded(1000);
        let changed = Box::new(move |paths| tell.send(paths).unwrap());
        let watcher = Watcher::start_within(&config(&folder), changed, most).unwrap();
        Self { folder, told, watcher: Some(watcher), seen: Vec::new(), allowed: Vec::new() }
    }

    /// What a section of a configuration says, with `DIR` for the folder.
    fn configured(section: &str, prepare: impl FnOnce(&Folder)) -> Self {
        Self::with(prepare, |folder| read(&section.replace("DIR", folder.0.to_str().unwrap())))
    }

    /// Waits until all of these are told.
    #[track_caller]
    fn told(&mut self, names: &[&str]) {
        let end = Instant::now() + PATIENCE;
        let missing =
            |seen: &[PathBuf]| names.iter().map(|name| self.folder.path(name)).find(|path| !seen.contains(path));
        while let Some(missing) = missing(&self.seen) {
            match self.told.recv_deadline(end) {
                Ok(paths) => self.seen.extend(paths),
                Err(_) => panic!("in vain waited for {}, told of {:?}", missing.display(), self.seen),
            }
        }
    }

    /// Waits until all of these are told, and checks that nothing was but them and those of such checks before.
    #[track_caller]
    fn only_told(&mut self, names: &[&str]) {
        self.told(names);
        self.allowed.extend(names.iter().map(|name| self.folder.path(name)));
        assert!(self.seen.iter().all(|path| self.allowed.contains(path)), "{:?}", self.seen);
        self.seen.clear();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.watcher = None;
    }
}

/// What a configuration says of watching.
fn read(text: &str) -> Config {
    crate::config::Config::parse(text).unwrap().watch.expect("files must be watched")
}
