//! Goes through folders.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use tracing::{debug, warn};

use super::root::{Id, Real, Root, id};

/// Most folders that are watched: far beyond what people write by themselves.
const MOST: usize = 100_000;

/// What was found.
pub(super) enum Found<'a> {
    /// A folder, before it is looked into: its true path, and the one from the root on.
    Folder(&'a Path, &'a Path),
    /// A file that counts: its path from the root on, and what is known of it by its true path.
    File(&'a Path, PathBuf),
    /// A link to a folder, by its true path.
    Link(PathBuf),
}

/// A way through the folders of one root, each of which is gone through once, however many links lead to it.
#[derive(Debug, Default)]
pub(super) struct Walk {
    seen: HashSet<Id>,
}

// === impl Walk ===

impl Walk {
    /// Goes through a folder, `relative` to its root, and those in it. `visit` returns whether a folder is to be looked into.
    pub(super) fn go(&mut self, root: &Root, real: &Real, relative: &Path, visit: &mut dyn FnMut(Found<'_>) -> bool) {
        if !self.seen.insert(real.id) {
            return;
        }
        let mut folders = vec![(real.path.clone(), relative.to_owned())];
        while let Some((path, relative)) = folders.pop() {
            if !visit(Found::Folder(&path, &relative)) {
                continue;
            }
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(error) => {
                    debug!(folder = %path.display(), %error, "Folder cannot be watched");
                    continue;
                }
            };
            for entry in entries.flatten() {
                let relative = relative.join(entry.file_name());
                let Ok(kind) = entry.file_type() else { continue };
                let folder = if kind.is_file() || root.ignores(&relative) {
                    None
                } else if kind.is_dir() {
                    root.set.recursive.then(|| entry.metadata().map(|found| (entry.path(), found)))
                } else if kind.is_symlink() {
                    let found = fs::metadata(entry.path()).ok().filter(|found| root.set.recursive && found.is_dir());
                    found.map(|found| {
                        visit(Found::Link(entry.path()));
                        Ok((fs::canonicalize(entry.path())?, found))
                    })
                } else {
                    None
                };
                match folder {
                    Some(Ok((path, found))) => {
                        if self.seen.len() >= MOST {
                            warn!(
                                folder = %root.path.display(),
                                "More than {MOST} folders: the rest is not watched. Name what need not be in watch.ignore"
                            );
                            return;
                        }
                        if self.seen.insert(id(&found)) {
                            folders.push((path, relative));
                        }
                    }
                    Some(Err(_)) => {}
                    None if !kind.is_dir() && root.wants(&relative) => {
                        visit(Found::File(&relative, entry.path()));
                    }
                    None => {}
                }
            }
        }
    }
}
