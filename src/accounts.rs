//! Users and groups of the system, by name or by number.

use std::ffi::CString;

use nix::unistd::{Gid, Group, Uid, User};

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub uid: Uid,
    /// Its own group; for a user without an entry the group of the same number.
    pub gid: Gid,
    /// Its name, to look up its further groups. `None`: it has no entry.
    pub name: Option<CString>,
}

/// There is no such user or group; the sentence names the key that asks for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unknown(String);

/// Looks up a user by name, or number; a number needs no entry in the user database.
///
/// # Errors
///
/// When there is none of this name, or the database cannot be asked. `key` is where it stands.
pub fn user(key: &str, user: &str) -> Result<Account, Unknown> {
    let number = user.parse().ok().map(Uid::from_raw);
    let found = match number {
        Some(uid) => User::from_uid(uid),
        None => User::from_name(user),
    };
    match (found, number) {
        (Ok(Some(User { uid, gid, name, .. })), _) => Ok(Account { uid, gid, name: CString::new(name).ok() }),
        (Ok(None), Some(uid)) => Ok(Account { uid, gid: Gid::from_raw(uid.as_raw()), name: None }),
        (Ok(None), None) => Err(Unknown(format!("{key} is \"{user}\", but there is no such user"))),
        (Err(error), _) => Err(Unknown(format!("{key} \"{user}\" cannot be looked up: {}", error.desc()))),
    }
}

/// Looks up a group by name, or number; a number needs no entry in the group database.
///
/// # Errors
///
/// As those of [`user()`].
pub fn group(key: &str, group: &str) -> Result<Gid, Unknown> {
    if let Ok(number) = group.parse() {
        return Ok(Gid::from_raw(number));
    }
    match Group::from_name(group) {
        Ok(Some(entry)) => Ok(entry.gid),
        Ok(None) => Err(Unknown(format!("{key} is \"{group}\", but there is no such group"))),
        Err(error) => Err(Unknown(format!("{key} \"{group}\" cannot be looked up: {}", error.desc()))),
    }
}
