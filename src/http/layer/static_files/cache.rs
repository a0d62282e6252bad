//! Files in memory. Whoever takes one looks first whether it is still what the file system has, unless that was done lately.

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::HeaderMap;
use parking_lot::{Mutex, RwLock};

/// What an entry takes beside the contents: its headers, its paths and its places in the tables, in bytes.
const AROUND: usize = 1024;
/// Youngest file that is kept. File systems tell times apart by up to 2 s: a file that was changed since then may be changed
/// once more without looking different.
const SETTLED: Duration = Duration::from_secs(2);

/// What tells one state of a file from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    device: u64,
    inode: u64,
    pub(super) length: u64,
    pub(super) modified: (i64, i64),
    changed: (i64, i64),
}

/// A file as it was found.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it was looked for.
    pub(super) path: PathBuf,
    pub(super) state: State,
    /// What answers say of it.
    pub(super) headers: HeaderMap,
    /// All of it, unless it is long.
    pub(super) contents: Option<Bytes>,
    /// When it was last seen to be what the file system has.
    pub(super) seen: Mutex<Instant>,
}

/// Entries by their keys, as many as fit.
#[derive(Debug)]
pub(super) struct Cache {
    /// Most bytes of all entries; 0: none are kept.
    most: usize,
    kept: RwLock<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Arc<str>, (Arc<Entry>, AtomicBool)>,
    /// In the order in which they may have to go.
    order: VecDeque<Arc<str>>,
    bytes: usize,
}

// === impl State ===

impl State {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether another change would be seen.
    fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let changed = Duration::from_secs(u64::try_from(self.changed.0).unwrap_or_default());
        now.checked_sub(changed).is_some_and(|age| age > SETTLED)
    }
}

// === impl Entry ===

impl Entry {
    /// Whether it is still what the file system has; within `trust` of the last look, that is taken for granted.
    pub(super) fn is_current(&self, trust: Duration) -> bool {
        if !trust.is_zero() && self.seen.lock().elapsed() < trust {
            return true;
        }
        let same = fs::metadata(&self.path).is_ok_and(|metadata| State::of(&metadata) == self.state);
        if same && !trust.is_zero() {
            *self.seen.lock() = Instant::now();
        }
        same
    }

    fn size(&self) -> usize {
        AROUND + self.contents.as_ref().map_or(0, Bytes::len)
    }
}

// === impl Cache ===

impl Cache {
    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: RwLock::default() }
    }

    /// What was kept under `key`.
    pub(super) fn get(&self, key: &str) -> Option<Arc<Entry>> {
        let kept = self.kept.read();
        let (entry, used) = kept.entries.get(key)?;
        used.store(true, Ordering::Relaxed);
        Some(Arc::clone(entry))
    }

    /// Forgets it.
    pub(super) fn remove(&self, key: &str) {
        let mut kept = self.kept.write();
        if let Some((entry, _)) = kept.entries.remove(key) {
            kept.bytes -= entry.size();
            kept.order.retain(|other| &**other != key);
        }
    }

    /// Keeps an entry, if another change of its file would be seen. What has not been asked for lately makes room.
    pub(super) fn put(&self, key: &str, entry: &Arc<Entry>, now: SystemTime) {
        let size = entry.size();
        if size > self.most || !entry.state.is_settled(now) {
            return;
        }
        self.remove(key);
        let mut kept = self.kept.write();
        while kept.bytes + size > self.most {
            let Some(oldest) = kept.order.pop_front() else { break };
            let used = kept.entries.get(&oldest).is_some_and(|(_, used)| used.swap(false, Ordering::Relaxed));
            if used {
                kept.order.push_back(oldest);
            } else if let Some((gone, _)) = kept.entries.remove(&oldest) {
                kept.bytes -= gone.size();
            }
        }
        let key: Arc<str> = key.into();
        if kept.entries.insert(Arc::clone(&key), (Arc::clone(entry), AtomicBool::new(false))).is_none() {
            kept.order.push_back(key);
            kept.bytes += size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(length: usize) -> Arc<Entry> {
        let state = State { device: 0, inode: 0, length: length as u64, modified: (0, 0), changed: (100, 0) };
        let contents = Some(Bytes::from(vec![0; length]));
        let seen = Mutex::new(Instant::now());
        Arc::new(Entry { path: PathBuf::new(), state, headers: HeaderMap::new(), contents, seen })
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn what_was_not_asked_for_lately_makes_room() {
        let cache = Cache::new(3 * (AROUND + 100));
        for key in ["a", "b", "c"] {
            cache.put(key, &entry(100), at(200));
        }
        assert!(cache.get("a").is_some());
        cache.put("d", &entry(100), at(200));
        let has = |key: &str| cache.kept.read().entries.contains_key(key);
        assert_eq!(["a", "b", "c", "d"].map(has), [true, false, true, true]);
        cache.put("d", &entry(50), at(200));
        cache.remove("a");
        cache.remove("a");
        let kept = cache.kept.read();
        assert_eq!((kept.bytes, kept.order.len(), kept.entries.len()), (2 * AROUND + 150, 2, 2));
    }

    #[test]
    fn what_is_too_long_or_too_young_is_not_kept() {
        let cache = Cache::new(AROUND + 10);
        cache.put("long", &entry(11), at(200));
        cache.put("young", &entry(1), at(102));
        cache.put("of tomorrow", &entry(1), at(50));
        assert!(cache.kept.read().entries.is_empty());
        cache.put("fits", &entry(10), at(103));
        assert!(cache.get("fits").is_some());
        let none = Cache::new(0);
        none.put("a", &entry(0), at(200));
        assert!(none.get("a").is_none());
    }

    #[test]
    fn what_was_looked_at_lately_is_taken_for_unchanged() {
        let path = std::env::temp_dir().join(format!("rr-cache-{}", crate::http::RequestId::next()));
        fs::write(&path, "old").unwrap();
        let state = State::of(&fs::metadata(&path).unwrap());
        let seen = Mutex::new(Instant::now());
        let entry = Entry { path: path.clone(), state, headers: HeaderMap::new(), contents: None, seen };
        let [never, hour] = [Duration::ZERO, Duration::from_hours(1)];
        assert!(entry.is_current(never));
        fs::write(&path, "changed").unwrap();
        assert!(entry.is_current(hour), "nobody looks");
        assert!(!entry.is_current(never));
        assert!(!entry.is_current(Duration::from_nanos(1)), "the last look was longer ago");
        fs::remove_file(&path).unwrap();
        assert!(!entry.is_current(never));
    }
}
