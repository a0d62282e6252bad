//! Unix sockets in the file system: their names are files, which outlive the servers that made them.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{self, Path, PathBuf},
};

use rustix::fs::{AtFlags, Gid, OFlags, Uid, chownat};
use socket2::{Domain, SockAddr, Socket, Type};
use tracing::{debug, info};

use super::Access;
use crate::accounts;

/// The kernel's list of unix sockets.
const LIST: &str = "/proc/net/unix";
/// Fields of a line of it that stand before the name.
const FIELDS: usize = 7;

/// The file of a socket.
#[derive(Debug)]
pub(super) struct Name {
    /// Absolute.
    path: PathBuf,
    /// Device and number: another server may have put another one in its place.
    identity: (u64, u64),
}

/// Binds a socket to `path`, in the place of one that nobody uses any more, for those who may use it. It does not listen.
///
/// # Errors
///
/// When somebody uses it, something else is there, or the system refuses.
pub(super) fn bind(path: &Path, access: &Access) -> io::Result<Socket> {
    let name = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    if let Err(error) = socket.bind(&name) {
        if error.kind() != io::ErrorKind::AddrInUse {
            return Err(error);
        }
        clear(path, &name)?;
        socket.bind(&name)?;
    }
    give(path, access).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })?;
    Ok(socket)
}

/// Removes a socket that nobody uses.
fn clear(path: &Path, name: &SockAddr) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of this name, which is no socket"));
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    match probe.connect(name) {
        // A server that is about to listen refuses, too.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && !is_bound(path) => {}
        // Gone meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        _ => return Err(io::Error::from_raw_os_error(libc::EADDRINUSE)),
    }
    info!(path = %path.display(), "Socket of a server that is gone is replaced");
    fs::remove_file(path)
}

/// Whether the kernel knows a socket that was bound to `path`.
fn is_bound(path: &Path) -> bool {
    let list = fs::read_to_string(LIST).unwrap_or_default();
    list.lines().any(|line| {
        let mut rest = line;
        for _ in 0..FIELDS {
            rest = rest.trim_start().split_once(' ').map_or("", |(_, rest)| rest);
        }
        Path::new(rest.trim_start()) == path
    })
}

/// Gives a new socket to those who may use it; before it listens nobody can.
fn give(path: &Path, access: &Access) -> io::Result<()> {
    // By the file itself: who may write to the folder could put a link in its place.
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if !file.metadata()?.file_type().is_socket() {
        return Err(io::Error::other("it was replaced by something else"));
    }
    let user = access.user.as_deref().map(|user| accounts::user("user", user)).transpose().map_err(io::Error::other)?;
    let group = access.group.as_deref().map(|name| accounts::group("group", name));
    let group = group.transpose().map_err(io::Error::other)?;
    if user.is_some() || group.is_some() {
        // The group is that of the user, unless it is said.
        let group = group.or(user.as_ref().map(|user| user.gid)).map(|group| Gid::from_raw(group.as_raw()));
        let owner = user.map(|user| Uid::from_raw(user.uid.as_raw()));
        chownat(&file, "", owner, group, AtFlags::EMPTY_PATH)?;
    }
    permit(&file, access.mode)
}

fn permit(file: &File, mode: u32) -> io::Result<()> {
    fs::set_permissions(format!("/proc/self/fd/{}", file.as_raw_fd()), Permissions::from_mode(mode))
}

// === impl Name ===

impl Name {
    /// The file that is at `path` now. `None`: there is none.
    pub(super) fn find(path: &Path) -> Option<Self> {
        let path = path::absolute(path).ok()?;
        let identity = identity(&path)?;
        Some(Self { path, identity })
    }

    /// Removes the file, if it is still the same.
    pub(super) fn remove(&self) {
        if identity(&self.path) == Some(self.identity)
            && let Err(error) = fs::remove_file(&self.path)
        {
            // It will be replaced by the next server. One that has given up root often may not.
            debug!(path = %self.path.display(), %error, "Socket is not removed");
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use nix::unistd::{Gid, Uid};

    use super::*;

    /// A path in a folder of its own, which is removed in the end.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("rr-unix-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder.join("a socket"))
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(self.0.parent().unwrap());
        }
    }

    fn bind(place: &Place) -> io::Result<Socket> {
        super::bind(&place.0, &Access::default())
    }

    #[test]
    fn a_socket_that_nobody_uses_is_replaced() {
        let place = Place::new("stale");
        drop(bind(&place).unwrap());
        assert!(UnixStream::connect(&place.0).is_err());
        let socket = bind(&place).unwrap();
        socket.listen(1).unwrap();
        UnixStream::connect(&place.0).unwrap();
    }

    #[test]
    fn a_socket_in_use_is_not() {
        let place = Place::new("used");
        let socket = bind(&place).unwrap();
        assert_eq!(bind(&place).unwrap_err().kind(), io::ErrorKind::AddrInUse, "not yet listening");
        socket.listen(1).unwrap();
        assert_eq!(bind(&place).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        // Until its queue is full.
        let name = SockAddr::unix(&place.0).unwrap();
        let clients = std::iter::repeat_with(|| {
            let client = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            client.set_nonblocking(true).unwrap();
            client.connect(&name).map(|()| client)
        });
        let _waiting: Vec<_> = clients.map_while(Result::ok).collect();
        assert_eq!(bind(&place).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn what_is_no_socket_is_not() {
        let place = Place::new("file");
        fs::write(&place.0, "precious").unwrap();
        let error = bind(&place).unwrap_err();
        assert_eq!(error.to_string(), "there is a file of this name, which is no socket");
        assert_eq!(fs::read_to_string(&place.0).unwrap(), "precious");
    }

    #[test]
    fn it_belongs_to_those_who_may_use_it() {
        let place = Place::new("access");
        let metadata = |socket: &Socket| {
            assert!(!socket.is_listener().unwrap());
            let file = fs::metadata(&place.0).unwrap();
            (file.mode() & 0o7777, file.uid(), file.gid())
        };
        let (own, group) = (Uid::effective().as_raw(), Gid::effective().as_raw());
        assert_eq!(metadata(&bind(&place).unwrap()), (0o660, own, group));
        let access = Access { mode: 0o606, user: None, group: Some(group.to_string()) };
        assert_eq!(metadata(&super::bind(&place.0, &access).unwrap()), (0o606, own, group));
        if own == 0 {
            let access = Access { mode: 0o600, user: Some("54321".to_owned()), group: None };
            assert_eq!(metadata(&super::bind(&place.0, &access).unwrap()), (0o600, 54321, 54321));
        }
        let access = Access { user: Some("no-such-user".to_owned()), ..Access::default() };
        let error = super::bind(&place.0, &access).unwrap_err();
        assert_eq!(error.to_string(), "user is \"no-such-user\", but there is no such user");
        assert!(!place.0.exists(), "nothing is left");
    }

    #[test]
    fn only_the_same_file_is_removed() {
        let place = Place::new("remove");
        let first = bind(&place).unwrap();
        let name = Name::find(&place.0).unwrap();
        // The number of a file that is gone may be given anew, so it is kept.
        let kept = place.0.with_file_name("kept");
        fs::rename(&place.0, &kept).unwrap();
        fs::write(&place.0, "").unwrap();
        name.remove();
        assert!(place.0.exists());
        fs::rename(&kept, &place.0).unwrap();
        name.remove();
        assert!(!place.0.exists());
        drop(first);
    }
}
