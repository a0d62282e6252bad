//! Where uploaded files lie until their request is over: a private directory of this process.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use rustix::fs::{FlockOperation, flock};
use tracing::{debug, warn};

use crate::http::RequestId;

/// Names of our directories start with this.
const PREFIX: &str = "rr-uploads-";

/// Makes files in a private directory, which is made with the first of them and removed with the last owner of this.
#[derive(Debug)]
pub struct Store {
    parent: PathBuf,
    directory: Mutex<Option<Arc<Directory>>>,
    files: AtomicU64,
}

/// A directory that is removed in the end.
#[derive(Debug)]
struct Directory {
    path: PathBuf,
    /// Locked while this process lives, so that the next one knows whose directory nobody needs any more.
    _lock: File,
}

/// A file that is removed in the end, unless it was moved.
#[derive(Debug)]
pub struct Spooled {
    path: PathBuf,
    /// Keeps the directory.
    _directory: Arc<Directory>,
}

// === impl Store ===

impl Store {
    /// Will make files below `parent`.
    pub fn new(parent: impl Into<PathBuf>) -> Self {
        Self { parent: parent.into(), directory: Mutex::default(), files: AtomicU64::new(0) }
    }

    /// Removes what servers have left behind that did not come to their end.
    pub fn clean(&self) {
        let Ok(entries) = fs::read_dir(&self.parent) else { return };
        let ours =
            entries.flatten().filter(|entry| entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()));
        for path in ours.map(|entry| entry.path()) {
            if is_abandoned(&path) {
                match fs::remove_dir_all(&path) {
                    Ok(()) => debug!(path = %path.display(), "Uploads of a server that crashed were removed"),
                    Err(error) => warn!(%error, path = %path.display(), "Old uploads cannot be removed"),
                }
            }
        }
    }

    /// Makes a file that only this user may read and write.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made or written to.
    pub fn create(&self) -> io::Result<(File, Spooled)> {
        let directory = self.directory()?;
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let path = directory.path.join(number.to_string());
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        Ok((file, Spooled { path, _directory: directory }))
    }

    fn directory(&self) -> io::Result<Arc<Directory>> {
        let mut place = self.directory.lock();
        if let Some(directory) = &*place {
            return Ok(Arc::clone(directory));
        }
        loop {
            // A name that nobody can have prepared.
            let path = self.parent.join(format!("{PREFIX}{}", RequestId::next()));
            DirBuilder::new().mode(0o700).create(&path)?;
            let lock = File::open(&path)?;
            flock(&lock, FlockOperation::LockExclusive)?;
            // A server that starts at this moment may have taken it for abandoned before it was locked.
            if path.exists() {
                return Ok(Arc::clone(place.insert(Arc::new(Directory { path, _lock: lock }))));
            }
        }
    }
}

/// Whether a directory is this user's, and no process has it locked.
fn is_abandoned(path: &Path) -> bool {
    let owned = |metadata: &fs::Metadata| metadata.is_dir() && metadata.uid() == nix::unistd::geteuid().as_raw();
    fs::symlink_metadata(path).is_ok_and(|metadata| owned(&metadata))
        && File::open(path).is_ok_and(|directory| flock(&directory, FlockOperation::NonBlockingLockExclusive).is_ok())
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            warn!(%error, path = %self.path.display(), "Uploads cannot be removed");
        }
    }
}

// === impl Spooled ===

impl Spooled {
    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the file to `target`, which is replaced if it is there. It gets the mode of a new file.
    ///
    /// # Errors
    ///
    /// When it was moved before, or `target` cannot be written.
    pub fn move_to(&self, target: &Path) -> io::Result<()> {
        let permissions = PermissionsExt::from_mode(0o666 & !umask());
        fs::set_permissions(&self.path, permissions)?;
        match fs::rename(&self.path, target) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                fs::copy(&self.path, target)?;
                fs::remove_file(&self.path)
            }
            moved => moved,
        }
    }
}

/// Bits that new files do not get. To ask the system by `umask` is to change it for a moment, for all threads.
fn umask() -> u32 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    mask.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok()).unwrap_or(0o022)
}

impl Drop for Spooled {
    fn drop(&mut self) {
        // It may have been moved, by us or by the script.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent() -> PathBuf {
        let path = std::env::temp_dir().join(format!("rr-test-{}", RequestId::next()));
        fs::create_dir(&path).unwrap();
        path
    }

    fn entries(path: &Path) -> usize {
        fs::read_dir(path).unwrap().count()
    }

    #[test]
    fn files_and_their_directory_are_private_and_go_with_their_owners() {
        let parent = parent();
        let store = Store::new(&parent);
        assert_eq!(entries(&parent), 0, "nothing is made before it is needed");
        let (_, one) = store.create().unwrap();
        let (_, two) = store.create().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(one.path()), mode(one.path().parent().unwrap())), (0o600, 0o700));
        let kept = parent.join("kept");
        two.move_to(&kept).unwrap();
        assert_eq!(mode(&kept), 0o666 & !umask());
        assert!(two.move_to(&kept).is_err(), "it was moved");
        let path = one.path().to_owned();
        drop(one);
        assert!(!path.exists());
        drop((store, two));
        assert_eq!(entries(&parent), 1, "only what was moved is left");
        fs::remove_dir_all(parent).unwrap();
    }

    #[test]
    fn what_a_crash_left_is_removed_and_what_is_in_use_stays() {
        let parent = parent();
        fs::create_dir(parent.join("rr-uploads-of-the-dead")).unwrap();
        fs::write(parent.join("rr-uploads-of-the-dead/0"), "x").unwrap();
        fs::create_dir(parent.join("other")).unwrap();
        fs::write(parent.join("rr-uploads-file"), "").unwrap();
        let living = Store::new(&parent);
        let (_, file) = living.create().unwrap();
        Store::new(&parent).clean();
        assert!(file.path().exists());
        assert!(!parent.join("rr-uploads-of-the-dead").exists());
        assert_eq!(entries(&parent), 3);
        fs::remove_dir_all(parent).unwrap();
    }
}
