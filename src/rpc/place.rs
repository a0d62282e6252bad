//! Where the socket is that nobody has named: in a folder that only its user can enter.

use std::{
    env,
    ffi::OsStr,
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use nix::unistd::Uid;

/// The folder, in that which the system gives each user.
const FOLDER: &str = "roadrunner";
/// Letters of the name of the directory that the name of a socket shows: it must fit into an address.
const SHOWN: usize = 32;
/// Bytes of the digest that it shows.
const DIGEST: usize = 6;

/// The folder for sockets of this process' user. It is made if it is not there.
///
/// # Errors
///
/// When it cannot be made, or is somebody else's.
pub(super) fn folder() -> io::Result<PathBuf> {
    let user = Uid::effective().as_raw();
    let mut error = io::Error::from(io::ErrorKind::NotFound);
    for folder in own_folders(user) {
        match prepare(&folder, user) {
            Ok(()) => return Ok(folder),
            Err(reason) => error = io::Error::new(reason.kind(), format!("{}: {reason}", folder.display())),
        }
    }
    Err(error)
}

/// Where the socket of a server may be that belongs to one of `users`; for those who look for it.
pub(super) fn candidates(place: &Path, users: &[u32]) -> Vec<PathBuf> {
    let own = Uid::effective().as_raw();
    let mut folders = own_folders(own);
    for user in std::iter::once(&own).chain(users) {
        folders.push(PathBuf::from(format!("/run/user/{user}")).join(FOLDER));
        folders.push(shared(*user));
    }
    // A server whose starter has resolved links knows itself by the result.
    let mut names = vec![name(place)];
    names.extend(fs::canonicalize(place).map(|place| name(&place)));
    let mut candidates: Vec<PathBuf> = Vec::new();
    for path in folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name))) {
        if !candidates.contains(&path) {
            candidates.push(path);
        }
    }
    candidates
}

/// The name of the socket: something to recognise, and a digest of the whole path.
pub(super) fn name(place: &Path) -> String {
    let directory = if place.extension().is_some() || place.is_file() { place.parent() } else { Some(place) };
    let shown = directory.and_then(Path::file_name).unwrap_or(OsStr::new("root")).to_string_lossy();
    let shown: String = shown.chars().filter(char::is_ascii_alphanumeric).take(SHOWN).collect();
    let digest = digest(&SHA256, place.as_os_str().as_bytes());
    format!("{shown}-{}.sock", HEXLOWER.encode(&digest.as_ref()[..DIGEST]))
}

/// Best first.
fn own_folders(user: u32) -> Vec<PathBuf> {
    let given = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    // A server that has become another user may still have the variable of the one who started it.
    let given = given.filter(|folder| fs::metadata(folder).is_ok_and(|data| data.is_dir() && data.uid() == user));
    given.map(|folder| folder.join(FOLDER)).into_iter().chain([shared(user)]).collect()
}

/// The folder of a user for whom the system has none.
fn shared(user: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/roadrunner-{user}"))
}

/// Makes a folder that only `user` can enter, or sees that it is one.
fn prepare(folder: &Path, user: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Links are not followed: in a folder for all, somebody else may have made one.
    let data = fs::symlink_metadata(folder)?;
    let refused = |reason: String| Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    if !data.is_dir() {
        return refused("it is no folder".to_owned());
    }
    if data.uid() != user {
        return refused(format!("it belongs to user {}, not to {user}", data.uid()));
    }
    if data.mode() & 0o077 != 0 {
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder of its own, which is removed in the end.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str) -> Self {
            let folder = env::temp_dir().join(format!("rr-place-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn names_tell_places_apart_and_can_be_recognised() {
        let one = name(Path::new("/srv/shop/.rr.yaml"));
        assert!(one.starts_with("shop-") && one.ends_with(".sock"), "{one}");
        assert_ne!(one, name(Path::new("/srv/shop/other.yaml")));
        assert_ne!(one, name(Path::new("/srv/shop")));
        assert!(name(Path::new("/srv/shop")).starts_with("shop-"));
        assert!(name(Path::new("/srv/a b ü/x.yaml")).starts_with("ab-"));
        assert!(name(Path::new("/")).starts_with("root-"));
        let long = name(Path::new(&format!("/{}/.rr.yaml", "x".repeat(300))));
        assert!(long.len() <= SHOWN + 2 * DIGEST + 6, "{long}");
    }

    #[test]
    fn a_folder_is_the_users_alone() {
        let own = Uid::effective().as_raw();
        let place = Temporary::new("folder");
        let folder = place.0.join("new");
        prepare(&folder, own).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        prepare(&folder, own).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700, "it is narrowed");
        let error = prepare(&folder, own + 1).unwrap_err();
        assert_eq!(error.to_string(), format!("it belongs to user {own}, not to {}", own + 1));
        let link = place.0.join("link");
        symlink(&folder, &link).unwrap();
        assert_eq!(prepare(&link, own).unwrap_err().to_string(), "it is no folder");
        fs::write(place.0.join("file"), "").unwrap();
        assert_eq!(prepare(&place.0.join("file"), own).unwrap_err().to_string(), "it is no folder");
        assert!(prepare(&place.0.join("a/b"), own).is_err());
    }

    #[test]
    fn those_who_look_find_what_a_server_makes() {
        let place = Path::new("/srv/shop/.rr.yaml");
        let candidates = candidates(place, &[12345]);
        assert!(candidates.contains(&folder().unwrap().join(name(place))));
        assert!(candidates.contains(&Path::new("/tmp/roadrunner-12345").join(name(place))));
    }
}
