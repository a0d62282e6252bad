//! Folders that the system tells of: a watch of inotify for each.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::{Receiver, bounded};
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::{
    root::{Real, Root, id},
    telling::{Happened, Untold, What, handler, is_vanished, untold},
    walk::{Found, Walk},
};

/// Events that may wait. What does not fit is lost, and all folders are gone through anew.
const WAITING: usize = 8192;

/// The folders, and what is told of them.
pub(super) struct Tree {
    roots: Arc<[Root]>,
    reals: Vec<Option<Real>>,
    inotify: RecommendedWatcher,
    pub(super) events: Receiver<Happened>,
    /// Whether an event was lost.
    lost: Arc<AtomicBool>,
    /// True paths of the folders, and where they are: number of a root, and path from there on. A folder is followed by those
    /// in it.
    folders: BTreeMap<PathBuf, Vec<(usize, PathBuf)>>,
    /// True paths of entries by which roots may come to be elsewhere, and these.
    entries: HashMap<PathBuf, Vec<usize>>,
    /// True paths of links to folders.
    links: HashSet<PathBuf>,
    /// Whether all must be gone through anew.
    stale: bool,
    /// Watches that may be had beside those that are.
    left: usize,
}

// === impl Tree ===

impl Tree {
    /// Watches all folders of `roots`, with so many watches at most.
    pub(super) fn new(roots: &Arc<[Root]>, most: usize) -> Result<Self, Untold> {
        let (sender, events) = bounded(WAITING);
        let lost = Arc::new(AtomicBool::new(false));
        let handler = handler(sender, Arc::clone(&lost));
        let inotify = RecommendedWatcher::new(handler, Config::default()).map_err(untold)?;
        let mut tree = Self {
            roots: Arc::clone(roots),
            reals: vec![None; roots.len()],
            inotify,
            events,
            lost,
            folders: BTreeMap::new(),
            entries: HashMap::new(),
            links: HashSet::new(),
            stale: false,
            left: most,
        };
        for number in 0..roots.len() {
            tree.begin(number)?;
        }
        Ok(tree)
    }

    /// The roots that are not there.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Root> {
        self.roots.iter().zip(&self.reals).filter(|(_, real)| real.is_none()).map(|(root, _)| root)
    }

    /// Number of folders.
    pub(super) fn len(&self) -> usize {
        self.folders.len()
    }

    fn begin(&mut self, number: usize) -> Result<(), Untold> {
        // Watched first: what changes behind the look is told of.
        let mut resolved = self.roots[number].resolve();
        loop {
            for entry in &resolved.entries {
                self.entries.entry(entry.clone()).or_default().push(number);
                if let Some(folder) = entry.parent() {
                    self.watch(folder)?;
                }
            }
            let again = self.roots[number].resolve();
            if again.entries == resolved.entries {
                resolved = again;
                break;
            }
            resolved = again;
        }
        if let Some(real) = resolved.real.as_ref().filter(|real| real.is_dir) {
            self.go(number, real, Path::new(""), &mut BTreeSet::new())?;
        }
        self.reals[number] = resolved.real;
        Ok(())
    }

    /// Watches a folder and those in it; files in them are `found`.
    fn go(&mut self, number: usize, real: &Real, relative: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), Untold> {
        let (roots, mut failed) = (Arc::clone(&self.roots), None);
        let root = &roots[number];
        Walk::default().go(root, real, relative, &mut |seen| match seen {
            Found::Folder(path, relative) if failed.is_none() => {
                let places = self.folders.entry(path.to_owned()).or_default();
                if places.iter().any(|(other, _)| *other == number) {
                    return false;
                }
                places.push((number, relative.to_owned()));
                failed = self.watch(path).err();
                failed.is_none()
            }
            Found::Folder(..) => false,
            Found::File(relative, _) => found.insert(root.path.join(relative)),
            Found::Link(path) => self.links.insert(path),
        });
        failed.map_or(Ok(()), Err)
    }

    fn watch(&mut self, folder: &Path) -> Result<(), Untold> {
        if self.left == 0 {
            return Err(Untold::Watches);
        }
        match self.inotify.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.left -= 1;
                Ok(())
            }
            Err(error) if is_vanished(&error) => Ok(()),
            Err(error) => Err(untold(error)),
        }
    }

    /// Takes up what has happened. What has changed of the application is added to `changed`. Returns whether anything is to
    /// be done.
    pub(super) fn heed(&mut self, Happened { path, what }: Happened, changed: &mut BTreeSet<PathBuf>) -> bool {
        if what == What::Lost {
            return true;
        }
        let before = changed.len();
        if let Some(numbers) = self.entries.get(&path) {
            if what == What::Changed {
                let is_file = |number: &&usize| self.reals[**number].as_ref().is_some_and(|real| !real.is_dir);
                changed.extend(numbers.iter().filter(is_file).map(|number| self.roots[*number].path.clone()));
            } else {
                self.stale = true;
            }
        }
        let places = path.parent().and_then(|folder| self.folders.get(folder)).cloned().unwrap_or_default();
        let roots = Arc::clone(&self.roots);
        for (number, relative) in places {
            let (Some(name), root) = (path.file_name(), &roots[number]) else { continue };
            let relative = relative.join(name);
            if root.ignores(&relative) {
                continue;
            }
            let mut counts = what != What::Appeared && root.wants(&relative);
            if what != What::Changed {
                // A folder that is known already was found on the way to it.
                counts |= self.forget(&path, number) && what == What::Gone;
                // What has gone may be there again, and what told of it is not.
                counts |= self.appears(&path, number, &relative, changed);
            }
            if counts {
                changed.insert(root.path.join(&relative));
            }
        }
        changed.len() > before || self.is_stale()
    }

    /// Forgets a folder, and those in it. Returns whether there was one.
    fn forget(&mut self, path: &Path, number: usize) -> bool {
        if self.links.remove(path) {
            self.stale = true;
            return true;
        }
        if !self.folders.contains_key(path) {
            return false;
        }
        let mut empty = Vec::new();
        let from = (Bound::Included(path), Bound::Unbounded);
        for (folder, places) in self.folders.range_mut::<Path, _>(from) {
            if !folder.starts_with(path) {
                break;
            }
            places.retain(|(other, _)| *other != number);
            if places.is_empty() {
                empty.push(folder.clone());
            }
        }
        for folder in empty {
            self.folders.remove(&folder);
        }
        true
    }

    /// Looks what is there now. Returns whether it is a file that counts; of a folder, those in it are added to `changed`.
    fn appears(&mut self, path: &Path, number: usize, relative: &Path, changed: &mut BTreeSet<PathBuf>) -> bool {
        let root = &self.roots[number];
        let Ok(found) = fs::metadata(path) else { return false };
        if !found.is_dir() {
            return root.wants(relative);
        }
        if !root.set.recursive {
            return false;
        }
        let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
        let Ok(real) = fs::canonicalize(path) else { return false };
        if is_link {
            self.links.insert(path.to_owned());
        }
        let real = Real { path: real, is_dir: true, id: id(&found) };
        if self.go(number, &real, relative, changed).is_err() {
            // To go through all anew fails as well, and that is heard of.
            self.stale = true;
        }
        false
    }

    /// Whether all must be gone through anew, because something was lost or stands elsewhere now.
    pub(super) fn is_stale(&self) -> bool {
        self.stale || self.has_lost()
    }

    fn has_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Goes through all anew. Roots that have come to be elsewhere are added to `changed`; if anything was missed, all are.
    pub(super) fn renew(&mut self, most: usize, changed: &mut BTreeSet<PathBuf>) -> Result<(), Untold> {
        let new = Self::new(&self.roots, most);
        let all = self.has_lost() || new.is_err();
        let reals = match &new {
            Ok(new) => new.reals.clone(),
            Err(_) => self.roots.iter().map(|root| root.resolve().real).collect(),
        };
        for ((root, old), new) in self.roots.iter().zip(&self.reals).zip(&reals) {
            if new.is_some() && (all || old != new) {
                changed.insert(root.path.clone());
            }
        }
        *self = new?;
        Ok(())
    }
}
