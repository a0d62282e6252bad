//! Files that are looked at from time to time, because nobody tells of them.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    root::Root,
    walk::{Found, Walk},
};

/// What changes with a file: times of its contents and of its entry, and its length. Not every file system of a container
/// keeps the numbers of its files.
type Stamp = [i64; 5];

/// What the files were at the last look.
#[derive(Debug)]
pub(super) struct Snapshot {
    roots: Arc<[Root]>,
    /// By root; `None`: it was not there.
    files: Vec<Option<HashMap<PathBuf, Stamp>>>,
}

// === impl Snapshot ===

impl Snapshot {
    pub(super) fn new(roots: &Arc<[Root]>) -> Self {
        let files = roots.iter().map(look).collect();
        Self { roots: Arc::clone(roots), files }
    }

    /// The roots that are not there.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Root> {
        self.roots.iter().zip(&self.files).filter(|(_, files)| files.is_none()).map(|(root, _)| root)
    }

    /// Looks again. Returns what has changed. Where a root is not there just now, it is waited for.
    pub(super) fn look(&mut self) -> Vec<PathBuf> {
        let mut changed = BTreeSet::new();
        for (root, old) in self.roots.iter().zip(&mut self.files) {
            let Some(new) = look(root) else { continue };
            match old {
                None => drop(changed.insert(root.path.clone())),
                Some(old) => {
                    let differs = |(path, stamp): &(&PathBuf, &Stamp)| old.get(*path) != Some(stamp);
                    changed.extend(new.iter().filter(differs).map(|(path, _)| path.clone()));
                    changed.extend(old.keys().filter(|path| !new.contains_key(*path)).cloned());
                }
            }
            *old = Some(new);
        }
        changed.into_iter().collect()
    }
}

/// Looks at the files of a root, if it is there.
fn look(root: &Root) -> Option<HashMap<PathBuf, Stamp>> {
    let real = root.resolve().real?;
    let mut files = HashMap::new();
    let mut add = |path: PathBuf, real: &Path| {
        if let Ok(found) = fs::metadata(real) {
            let length = i64::try_from(found.size()).unwrap_or(i64::MAX);
            let stamp = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec(), length];
            files.insert(path, stamp);
        }
    };
    if real.is_dir {
        Walk::default().go(root, &real, Path::new(""), &mut |found| {
            if let Found::File(relative, real) = found {
                add(root.path.join(relative), &real);
            }
            true
        });
    } else {
        add(root.path.clone(), &real.path);
    }
    Some(files)
}
