//! Goes through folders.

use std::{
    collections::HashSet,
    fs::{self, DirEntry, FileType, Metadata},
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
                let Some((path, found)) = folder(root, &entry, kind, &relative) else {
                    if !kind.is_dir() && root.wants(&relative) {
                        visit(Found::File(&relative, entry.path()));
                    }
                    continue;
                };
                if kind.is_symlink() {
                    visit(Found::Link(entry.path()));
                }
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
        }
    }
}

/// The folder that an entry is, or that it leads to, if it is to be watched: its true path, and what is known of it.
fn folder(root: &Root, entry: &DirEntry, kind: FileType, relative: &Path) -> Option<(PathBuf, Metadata)> {
    if kind.is_file() || !root.set.recursive || root.ignores(relative) {
        return None;
    }
    let path = entry.path();
    let found = fs::metadata(&path).ok().filter(Metadata::is_dir)?;
    let path = if kind.is_symlink() { fs::canonicalize(path).ok()? } else { path };
    Some((path, found))
}
