//! A folder that is to be watched: where it is at the moment, and what would tell that it is elsewhere.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use super::config::{Config, Set};

/// Links that are followed on the way to a folder, as the kernel does.
const LINKS: usize = 40;

/// A folder, or a file, that is to be watched.
#[derive(Debug)]
pub(super) struct Root {
    /// As it was named, from the top of the file system on.
    pub(super) path: PathBuf,
    pub(super) set: Arc<Set>,
    /// Folders of `set` that are ignored, from the top of the file system on.
    without: Vec<PathBuf>,
}

/// Where a path leads.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// Entries of folders, by their true paths, whose change makes the path lead elsewhere: links on the way, and the last
    /// one; or the first one that is missing.
    pub(super) entries: Vec<PathBuf>,
    /// What is there, without links.
    pub(super) real: Option<Real>,
}

/// What is at the end of a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Real {
    pub(super) path: PathBuf,
    pub(super) is_dir: bool,
    pub(super) id: Id,
}

/// Tells files apart: device and inode.
pub(super) type Id = (u64, u64);

/// Returns the folders and files of a configuration.
///
/// # Errors
///
/// When the working directory has gone.
pub(super) fn roots(config: &Config) -> io::Result<Vec<Root>> {
    let here = std::env::current_dir()?;
    let root = |set: &Set| {
        let without: Vec<_> = set.without.iter().map(|path| plain(&here.join(path))).collect();
        let shared = Arc::new(set.clone());
        let dirs = set.dirs.iter();
        dirs.map(|dir| Root { path: plain(&here.join(dir)), set: Arc::clone(&shared), without: without.clone() })
            .collect::<Vec<_>>()
    };
    Ok(config.sets.iter().flat_map(root).collect())
}

/// A path without `.`; `..` may stand behind a link, and stays.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

pub(super) fn id(found: &fs::Metadata) -> Id {
    (found.dev(), found.ino())
}

// === impl Root ===

impl Root {
    /// Whether an entry below it is of no interest. `relative` is its path from here on.
    pub(super) fn ignores(&self, relative: &Path) -> bool {
        self.set.ignored.match_any(relative)
            || !self.without.is_empty() && self.without.contains(&self.path.join(relative))
    }

    /// Whether a file below it counts.
    pub(super) fn wants(&self, relative: &Path) -> bool {
        self.set.patterns.match_any(relative) && !self.ignores(relative)
    }

    /// Looks where its path leads.
    pub(super) fn resolve(&self) -> Resolved {
        let mut resolved = Resolved::default();
        let mut parts: VecDeque<OsString> = names(&self.path);
        let (mut at, mut links, mut last) = (PathBuf::from("/"), 0, None);
        while let Some(part) = parts.pop_front() {
            if part == ".." {
                at.pop();
                continue;
            }
            let next = at.join(part);
            match fs::symlink_metadata(&next) {
                Ok(found) if found.is_symlink() && links < LINKS => {
                    links += 1;
                    let target = fs::read_link(&next).unwrap_or_default();
                    resolved.entries.push(next);
                    if target.is_absolute() {
                        at = PathBuf::from("/");
                    }
                    for part in names(&target).into_iter().rev() {
                        parts.push_front(part);
                    }
                }
                Ok(found) if !found.is_symlink() => {
                    at = next;
                    last = Some(found);
                }
                _ => {
                    resolved.entries.push(next);
                    return resolved;
                }
            }
        }
        let found = last.map_or_else(|| fs::metadata(&at), Ok);
        if at.parent().is_some() {
            resolved.entries.push(at.clone());
        }
        resolved.real = found.ok().map(|found| Real { path: at, is_dir: found.is_dir(), id: id(&found) });
        resolved
    }
}

/// The parts of a path, without those that mean nothing.
fn names(path: &Path) -> VecDeque<OsString> {
    let named = |part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().filter_map(named).collect()
}
