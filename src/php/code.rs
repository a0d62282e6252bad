//! The code that workers run, as opcache keeps it: which of its files have changed, and how full it is.

use std::{
    collections::HashMap,
    ffi::c_char,
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;
use tracing::debug;

use super::{
    local::{self, guarded},
    sys,
};

/// The clock of files may be behind by so much.
const SLACK: Duration = Duration::from_secs(1);

/// What was seen of the files at the last look.
static SEEN: LazyLock<Mutex<Seen>> = LazyLock::new(|| Mutex::new(Seen::new()));
/// Parts of a thousand of opcache that are in use: of its memory or of its table, whichever is fuller. -1: not known.
static FILLED: AtomicI64 = AtomicI64::new(-1);

/// What was seen of the files in the cache.
struct Seen {
    /// The code of each pool for which the last look was taken.
    releases: HashMap<String, u32>,
    /// When it began, as nanoseconds of Unix time.
    at: i128,
    files: HashMap<PathBuf, Stamp>,
    /// Files that had changed.
    changed: usize,
}

/// What changes with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: i128,
    /// When its inode changed last, as it does when the file takes another's name.
    changed: i128,
}

fn now() -> i128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i128::try_from(now.as_nanos()).unwrap_or_default()
}

// === impl Stamp ===

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        let time = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Some(Self {
            device: data.dev(),
            inode: data.ino(),
            size: data.size(),
            modified: time(data.mtime(), data.mtime_nsec()),
            changed: time(data.ctime(), data.ctime_nsec()),
        })
    }
}

// === impl Seen ===

impl Seen {
    fn new() -> Self {
        Self { releases: HashMap::new(), at: now(), files: HashMap::new(), changed: 0 }
    }

    /// Whether the file is another one than the one that was compiled, as far as can be told: if not, its code is kept.
    ///
    /// A file that was seen before must look the same. One that was not has been compiled since the last look; it may have
    /// changed after that if it has changed since the last look at all.
    fn has_changed(&mut self, path: &Path, before: i128) -> bool {
        let Some(stamp) = Stamp::of(path) else {
            return self.files.remove(path).is_some();
        };
        let slack = i128::try_from(SLACK.as_nanos()).unwrap_or_default();
        match self.files.insert(path.to_owned(), stamp) {
            Some(seen) => seen != stamp,
            None => stamp.changed + slack >= before,
        }
    }
}

/// Begins the account of files: what is compiled from now on is of this moment or later.
pub(super) fn open() {
    LazyLock::force(&SEEN);
}

/// How much of opcache is in use, from 0 to 1; `None`: there is none, or nobody knows.
pub(super) fn filled() -> Option<f32> {
    let filled = FILLED.load(Ordering::Relaxed);
    (filled >= 0).then(|| f32::from(u16::try_from(filled).unwrap_or(u16::MAX)) / 1000.0)
}

/// Takes the changed files out of the cache, before the first run of the code of `release` on any thread of `pool`. The others wait
/// for it. `take_out` asks [`rr_rs_code_changed`] of each file.
fn refresh(pool: &str, release: u32, take_out: impl FnOnce()) {
    static DOOR: Mutex<()> = Mutex::new(());
    if release == 0 {
        return;
    }
    let _door = DOOR.lock();
    {
        let mut seen = SEEN.lock();
        if seen.releases.get(pool).is_some_and(|before| *before >= release) {
            return;
        }
        seen.releases.insert(pool.to_owned(), release);
        seen.changed = 0;
    }
    let began = now();
    take_out();
    let mut seen = SEEN.lock();
    seen.at = began;
    debug!(release, files = seen.files.len(), changed = seen.changed, "Changed files are compiled again");
}

/// Takes the changed files out of the cache, if that is due. On a thread that runs no script yet.
#[unsafe(no_mangle)]
extern "C" fn rr_rs_code_refresh() {
    guarded(|| {
        let of = |local: &local::Local| (local.worker().pool.clone(), local.worker().release);
        let Some((pool, release)) = local::with(of) else { return };
        // SAFETY: the shim calls this inside a request, and catches what would leave it.
        refresh(&pool, release, || unsafe { sys::rr_opcache_refresh() });
    });
}

/// Whether a file in the cache has changed.
///
/// # Safety
///
/// `path` must be valid for `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn rr_rs_code_changed(path: *const c_char, length: usize) -> bool {
    // SAFETY: as promised by the caller.
    let path = unsafe { std::slice::from_raw_parts(path.cast::<u8>(), length) };
    let mut changed = false;
    guarded(|| {
        let path = Path::new(std::ffi::OsStr::from_bytes(path));
        if path.is_absolute() {
            let mut seen = SEEN.lock();
            let before = seen.at;
            changed = seen.has_changed(path, before);
            seen.changed += usize::from(changed);
        }
    });
    changed
}

/// Is told how full opcache is: bytes, and keys of its table.
#[unsafe(no_mangle)]
extern "C" fn rr_rs_opcache_filled(used: i64, free: i64, keys: i64, most_keys: i64) {
    let part = |used: i64, all: i64| if all > 0 { used.saturating_mul(1000) / all } else { 0 };
    FILLED.store(part(used, used + free).max(part(keys, most_keys)), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_changed_if_it_looks_different_or_is_too_new_to_tell() {
        let directory = std::env::temp_dir().join(format!("rr-code-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let file = directory.join("a.php");
        fs::write(&file, "1").unwrap();
        let mut seen = Seen::new();
        let later = now() + 10_000_000_000;
        assert!(!seen.has_changed(&file, later), "it is older than the last look");
        assert!(!seen.has_changed(&file, 0), "and looks as before");
        fs::write(&file, "2").unwrap();
        assert!(seen.has_changed(&file, later), "the same size, written later");
        assert!(!seen.has_changed(&file, 0));
        fs::write(directory.join("b.php"), "2").unwrap();
        fs::rename(directory.join("b.php"), &file).unwrap();
        assert!(seen.has_changed(&file, later), "another file has its name");
        fs::remove_file(&file).unwrap();
        assert!(seen.has_changed(&file, later) && !seen.has_changed(&file, later), "gone, once");
        fs::write(&file, "3").unwrap();
        assert!(seen.has_changed(&file, now() - 10), "compiled since the last look, changed since then, too");
        fs::remove_dir_all(&directory).unwrap();
    }
}
