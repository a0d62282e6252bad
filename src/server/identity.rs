//! Who the process is: the user and group that it becomes once it has bound its addresses.

use std::ffi::CString;

use nix::{
    sys::prctl,
    unistd::{self, Gid, Group, Uid, User},
};
use tracing::info;

use super::Config;

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
        let group = config.group.as_deref().map(|group| find_group("server.group", group)).transpose()?;
        let (uid, gid, name) = match &config.user {
            Some(user) => find_user("server.user", user)?,
            None => (Uid::effective(), Gid::effective(), None),
        };
        Ok(Some(Self { uid, gid: group.unwrap_or(gid), name }))
    }

    fn is_assumed(&self) -> bool {
        (Uid::effective(), Gid::effective()) == (self.uid, self.gid)
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

/// Looks up a user by name, or number; a number needs no entry in the user database.
pub(super) fn find_user(key: &str, user: &str) -> Result<(Uid, Gid, Option<CString>), IdentityError> {
    let number = user.parse().ok().map(Uid::from_raw);
    let found = match number {
        Some(uid) => User::from_uid(uid),
        None => User::from_name(user),
    };
    match (found, number) {
        (Ok(Some(entry)), _) => Ok((entry.uid, entry.gid, CString::new(entry.name).ok())),
        (Ok(None), Some(uid)) => Ok((uid, Gid::from_raw(uid.as_raw()), None)),
        (Ok(None), None) => Err(IdentityError(format!("{key} is \"{user}\", but there is no such user"))),
        (Err(error), _) => Err(IdentityError(format!("{key} \"{user}\" cannot be looked up: {}", error.desc()))),
    }
}

fn find_group(key: &str, group: &str) -> Result<Gid, IdentityError> {
    if let Ok(number) = group.parse() {
        return Ok(Gid::from_raw(number));
    }
    match Group::from_name(group) {
        Ok(Some(entry)) => Ok(entry.gid),
        Ok(None) => Err(IdentityError(format!("{key} is \"{group}\", but there is no such group"))),
        Err(error) => Err(IdentityError(format!("{key} \"{group}\" cannot be looked up: {}", error.desc()))),
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
    fn becoming_oneself_is_no_change() {
        let oneself = Identity { uid: Uid::effective(), gid: Gid::effective(), name: None };
        assert_eq!(oneself.assume(), Ok(()));
    }
}
