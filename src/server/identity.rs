//! Who the process is: the user and group that it becomes once it has bound its addresses.

use std::ffi::CString;

use nix::{
    sys::prctl,
    unistd::{self, Gid, Uid},
};
use tracing::info;

use super::Config;
use crate::{
    accounts::{self, Account, Unknown},
    log,
};

/// Variable by which a server may be allowed to serve as root.
const ALLOW_ROOT: &str = "RR_ALLOW_ROOT";

/// Makes the log of this process. Files that it makes belong to the user and group that the server will become.
///
/// # Errors
///
/// When a file cannot be opened.
pub fn open_log(config: &crate::config::Config) -> Result<(), log::OpenError> {
    if let Ok(Some(identity)) = Identity::of(&config.server) {
        log::give_files_to(identity.uid.as_raw(), identity.gid.as_raw());
    }
    log::install(&config.logs)
}

/// A user and group to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    uid: Uid,
    gid: Gid,
    /// The user's name, to look up its further groups. `None`: it has none, or keeps those of the process.
    name: Option<CString>,
}

/// Why a process does not become somebody else; the sentence names the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IdentityError(String);

/// Refuses to serve as root, which a server that is given no other user would do. `allowed`: the one who starts it wants
/// that; the environment may say so, too.
///
/// # Errors
///
/// When the server would serve as root, or has to become a user or group that does not exist.
pub fn refuse_root(config: &Config, allowed: bool) -> Result<(), IdentityError> {
    let uid = Identity::of(config)?.map_or_else(Uid::effective, |identity| identity.uid);
    let said = || std::env::var(ALLOW_ROOT).is_ok_and(|value| matches!(&*value, "1" | "true" | "on" | "yes"));
    if !uid.is_root() || allowed || said() {
        return Ok(());
    }
    Err(IdentityError(format!(
        "refusing to serve as root: whoever breaks into the application would own the system. Set server.user, or start \
         the server as another user; or allow it by rr serve --allow-root, by php -d roadrunner.allow_root=1, or by \
         {ALLOW_ROOT}=1 in the environment"
    )))
}

impl From<Unknown> for IdentityError {
    fn from(unknown: Unknown) -> Self {
        Self(unknown.to_string())
    }
}

// === impl Identity ===

impl Identity {
    /// Looks up `server.user` and `server.group`. `None`: none is set.
    ///
    /// # Errors
    ///
    /// When there is no such user or group.
    pub fn of(config: &Config) -> Result<Option<Self>, IdentityError> {
        if config.user.is_none() && config.group.is_none() {
            return Ok(None);
        }
        let group = config.group.as_deref().map(|group| accounts::group("server.group", group)).transpose()?;
        let Account { uid, gid, name } = match &config.user {
            Some(user) => accounts::user("server.user", user)?,
            None => Account { uid: Uid::effective(), gid: Gid::effective(), name: None },
        };
        Ok(Some(Self { uid, gid: group.unwrap_or(gid), name }))
    }

    fn is_assumed(&self) -> bool {
        (Uid::effective(), Gid::effective()) == (self.uid, self.gid)
    }

    /// The user's number.
    pub fn user(&self) -> u32 {
        self.uid.as_raw()
    }

    /// Whether this process may become this user and group.
    ///
    /// # Errors
    ///
    /// When it may not.
    pub fn is_possible(&self) -> Result<(), IdentityError> {
        if self.is_assumed() || Uid::effective().is_root() {
            return Ok(());
        }
        Err(IdentityError(format!(
            "server.user and server.group: only root may become user {} and group {}, this process is user {} and group {}",
            self.uid,
            self.gid,
            Uid::effective(),
            Gid::effective()
        )))
    }

    /// Makes the whole process this user and group, for good, and checks that it cannot go back.
    ///
    /// # Errors
    ///
    /// When the process may not, or the system refuses.
    pub fn assume(&self) -> Result<(), IdentityError> {
        self.is_possible()?;
        if self.is_assumed() {
            return Ok(());
        }
        let refused = |what: &str, error: nix::Error| IdentityError(format!("cannot become {what}: {}", error.desc()));
        let at_death_of_parent = prctl::get_pdeathsig().ok().flatten();
        match &self.name {
            Some(name) => unistd::initgroups(name, self.gid),
            None => unistd::setgroups(&[self.gid]),
        }
        .map_err(|error| refused("a member of the user's groups", error))?;
        unistd::setresgid(self.gid, self.gid, self.gid).map_err(|error| refused("the group", error))?;
        unistd::setresuid(self.uid, self.uid, self.uid).map_err(|error| refused("the user", error))?;
        let is_back = !self.uid.is_root() && unistd::setuid(Uid::from_raw(0)).is_ok();
        if is_back || !self.is_assumed() {
            return Err(IdentityError("the process did not become the user and group that were set".to_owned()));
        }
        // The system takes both away with the credentials: the end with the parent, and the way to its own entries in
        // /proc, by which the next generation is started.
        let _ = prctl::set_pdeathsig(at_death_of_parent);
        let _ = prctl::set_dumpable(true);
        info!(uid = self.uid.as_raw(), gid = self.gid.as_raw(), "Process has given up root");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user: Option<&str>, group: Option<&str>) -> Result<Option<Identity>, String> {
        let config = Config { user: user.map(str::to_owned), group: group.map(str::to_owned), ..Config::default() };
        Identity::of(&config).map_err(|error| error.to_string())
    }

    #[test]
    fn users_and_groups_are_names_or_numbers() {
        assert_eq!(of(None, None), Ok(None));
        let root = of(Some("root"), None).unwrap().unwrap();
        assert_eq!((root.uid.as_raw(), root.gid.as_raw()), (0, 0));
        assert_eq!(of(Some("0"), Some("root")).unwrap().unwrap(), root);
        let unlisted = of(Some("54321"), None).unwrap().unwrap();
        assert_eq!((unlisted.uid.as_raw(), unlisted.gid.as_raw(), unlisted.name), (54321, 54321, None));
        assert_eq!(of(Some("54321"), Some("7")).unwrap().unwrap().gid.as_raw(), 7);
    }

    #[test]
    fn unknown_ones_are_named() {
        let nobody = of(Some("no-such-user"), None).unwrap_err();
        assert_eq!(nobody, "server.user is \"no-such-user\", but there is no such user");
        let none = of(None, Some("no-such-group")).unwrap_err();
        assert_eq!(none, "server.group is \"no-such-group\", but there is no such group");
    }

    #[test]
    fn who_would_serve_as_root_is_refused() {
        let refused = |user: Option<&str>, allowed| {
            refuse_root(&Config { user: user.map(str::to_owned), ..Config::default() }, allowed).is_err()
        };
        assert!(refused(Some("0"), false) || std::env::var_os(ALLOW_ROOT).is_some());
        assert!(!refused(Some("0"), true));
        assert!(!refused(Some("54321"), false));
        assert!(refused(Some("no-such-user"), true));
    }

    #[test]
    fn becoming_oneself_is_no_change() {
        let oneself = Identity { uid: Uid::effective(), gid: Gid::effective(), name: None };
        assert_eq!(oneself.assume(), Ok(()));
    }
}
