//! Directories that files are confined to, whatever links lead out of them.

use std::{
    fs::{self, File},
    io,
    os::fd::{AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags, ResolveFlags, open, openat, openat2},
    io::Errno,
};

use super::{Opened, Unusable};

/// How a file is opened: as [`Opened::open`] does.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// Directories below which files may be opened.
#[derive(Debug)]
pub(in crate::http) struct Roots(pub(in crate::http) Vec<PathBuf>);

/// What a path leads to, once links were followed.
#[derive(Debug)]
pub(in crate::http) struct Real {
    root: PathBuf,
    /// Relative to `root`.
    pub(in crate::http) rest: PathBuf,
}

/// Why a file is not opened.
#[derive(Debug, thiserror::Error)]
pub(in crate::http) enum Refused {
    /// It, or what a link leads to, is outside.
    #[error("it is below none of the directories that files may be sent from")]
    Outside,
    /// It cannot be sent.
    #[error(transparent)]
    Unusable(#[from] Unusable),
}

// === impl Roots ===

impl Roots {
    /// Opens the file at `path`, which is relative to the working directory unless it is absolute. Links are followed as
    /// long as what they lead to is below a root; a root may be one itself.
    ///
    /// # Errors
    ///
    /// When it is below none, or cannot be opened. May wait for the disk.
    pub(super) fn open(&self, path: &Path) -> Result<Opened, Refused> {
        let real = self.resolve(path)?;
        Ok(Opened::of(real.open(FLAGS)?, &real.path())?)
    }

    /// Says what `path` leads to, and below which root that is.
    ///
    /// # Errors
    ///
    /// When it is below none, or not there. May wait for the disk.
    pub(in crate::http) fn resolve(&self, path: &Path) -> Result<Real, Refused> {
        let real = fs::canonicalize(path).map_err(Unusable::from)?;
        let roots = || self.0.iter().filter_map(|root| fs::canonicalize(root).ok());
        let below =
            |root: PathBuf| real.strip_prefix(&root).ok().map(ToOwned::to_owned).map(|rest| Real { root, rest });
        roots().find_map(below).ok_or(Refused::Outside)
    }
}

// === impl Real ===

impl Real {
    /// Opens it for reading; a link that came since is refused.
    ///
    /// # Errors
    ///
    /// When that is not possible. May wait for the disk.
    pub(in crate::http) fn read(&self) -> Result<File, Refused> {
        self.open(FLAGS)
    }

    /// The same for a directory.
    ///
    /// # Errors
    ///
    /// When it is none, or that is not possible.
    pub(in crate::http) fn directory(&self) -> Result<File, Refused> {
        self.open(FLAGS | OFlags::DIRECTORY)
    }

    fn open(&self, flags: OFlags) -> Result<File, Refused> {
        let Self { root, rest } = self;
        // The root itself has no name below it.
        let rest = if rest.as_os_str().is_empty() { Path::new(".") } else { rest };
        beneath(root, rest, flags).map_err(|error| match error {
            // What was no link a moment ago is one now.
            Errno::LOOP | Errno::XDEV => Refused::Outside,
            error => Unusable::from(io::Error::from(error)).into(),
        })
    }

    fn path(&self) -> PathBuf {
        self.root.join(&self.rest)
    }
}

/// Opens the file `rest` below `root` if no disk has to be waited for and no link followed.
///
/// # Errors
///
/// What the system says: among others [`Errno::AGAIN`], if it has to look on the disk, and [`Errno::LOOP`] at a link.
pub(in crate::http) fn open_at_once(root: &Path, rest: &Path) -> Result<File, Errno> {
    let directory = open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::CACHED;
    openat2(&directory, rest, FLAGS, Mode::empty(), resolve).map(File::from)
}

/// Opens `rest` below `root`; neither has a link in it.
fn beneath(root: &Path, rest: &Path, flags: OFlags) -> Result<File, Errno> {
    let directory = open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match openat2(&directory, rest, flags, Mode::empty(), resolve) {
        // A kernel before 5.6, or a container that does not know the call.
        Err(Errno::NOSYS | Errno::PERM) => looked_at(&directory, root, rest, flags),
        opened => opened.map(File::from),
    }
}

/// The same where the system cannot be told to follow no links: looks afterwards what was opened.
fn looked_at(directory: &OwnedFd, root: &Path, rest: &Path, flags: OFlags) -> Result<File, Errno> {
    let file = File::from(openat(directory, rest, flags | OFlags::NOFOLLOW, Mode::empty())?);
    let opened = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(|_| Errno::XDEV)?;
    if opened == root.join(rest.strip_prefix(".").unwrap_or(rest)) { Ok(file) } else { Err(Errno::XDEV) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::http::{RequestId, file::open::Held};

    #[test]
    fn links_lead_to_what_is_below_a_root_and_nowhere_else() {
        let parent = fs::canonicalize(std::env::temp_dir()).unwrap().join(format!("rr-roots-{}", RequestId::next()));
        let (one, two) = (parent.join("one"), parent.join("two"));
        fs::create_dir_all(one.join("deep")).unwrap();
        fs::create_dir_all(&two).unwrap();
        for (path, contents) in
            [("one/a", "a"), ("one/deep/b", "b"), ("two/c", "c"), ("secret", "s"), ("one-more", "m")]
        {
            fs::write(parent.join(path), contents).unwrap();
        }
        symlink("deep/b", one.join("to-b")).unwrap();
        symlink(two.join("c"), one.join("to-c")).unwrap();
        symlink("../secret", one.join("out")).unwrap();
        symlink(&parent, one.join("up")).unwrap();
        symlink(&one, parent.join("current")).unwrap();
        let open = |roots: &[&str], path: &str| {
            let roots = Roots(roots.iter().map(|root| parent.join(root)).collect());
            match roots.open(&parent.join(path)) {
                Ok(Opened { held: Held::File(file), .. }) => io::read_to_string(file).unwrap(),
                Ok(_) => panic!("nobody read it"),
                Err(Refused::Outside) => "outside".to_owned(),
                Err(error) => error.to_string(),
            }
        };
        for (roots, path, expected) in [
            (&["one"][..], "one/a", "a"),
            (&["one"], "one/deep/../a", "a"),
            (&["one"], "current/a", "a"),
            (&["current"], "one/a", "a"),
            (&["one"], "one/to-b", "b"),
            (&["one"], "one/to-c", "outside"),
            (&["one", "two"], "one/to-c", "c"),
            (&["one"], "one/out", "outside"),
            (&["one"], "one/../secret", "outside"),
            (&["one"], "one/up/secret", "outside"),
            (&["one"], "one/up/one/a", "a"),
            (&["one"], "secret", "outside"),
            (&["one"], "one-more", "outside"),
            (&["one"], "one/deep", "it is a directory, not a regular file"),
            (&["one"], "one/none", "No such file or directory (os error 2)"),
            (&["none"], "one/a", "outside"),
            (&[], "one/a", "outside"),
        ] {
            assert_eq!(open(roots, path), expected, "{path} below {roots:?}");
        }
        fs::remove_dir_all(parent).unwrap();
    }

    #[test]
    fn what_became_a_link_is_refused() {
        let root = fs::canonicalize(std::env::temp_dir()).unwrap().join(format!("rr-roots-{}", RequestId::next()));
        fs::create_dir_all(root.join("deep")).unwrap();
        fs::write(root.join("deep/a"), "a").unwrap();
        symlink("deep", root.join("link")).unwrap();
        symlink("deep/a", root.join("a")).unwrap();
        let directory = open(&root, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        for path in ["link/a", "a"] {
            assert!(matches!(beneath(&root, Path::new(path), FLAGS), Err(Errno::LOOP)), "{path}");
            assert!(looked_at(&directory, &root, Path::new(path), FLAGS).is_err(), "{path}");
        }
        assert!(beneath(&root, Path::new("deep/a"), FLAGS).is_ok());
        assert!(looked_at(&directory, &root, Path::new("deep/a"), FLAGS).is_ok());
        fs::remove_dir_all(root).unwrap();
    }
}
