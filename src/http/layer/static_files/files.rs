//! Files below a directory, as answers.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{
    HeaderMap, StatusCode,
    header::{ETAG, RANGE},
    request::Parts,
};

use super::{
    cache::{Cache, State},
    coding::accepted,
    load::Found,
    pattern::Pattern,
};
use crate::http::{Answer, Opened, file::Roots};

/// Files below a directory.
#[derive(Debug)]
pub(super) struct Files {
    /// The directory, from the root of the file system on.
    pub(super) directory: PathBuf,
    /// What links may lead into: the directory, and others.
    pub(super) roots: Roots,
    pub(super) cache: Cache,
    /// How long what it has is sent without a look whether that has changed.
    pub(super) trust: Duration,
    pub(super) answers: Answers,
}

/// What answers say of files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "switches of the configuration")]
pub(super) struct Answers {
    /// `etag`: whether there are entity tags, of the time of the last change and the length.
    pub(super) etag: bool,
    /// `calculate_etag`: whether they are made of the contents instead.
    pub(super) calculate_etag: bool,
    /// `weak`: whether they are weak ones.
    pub(super) weak: bool,
    /// `precompressed`: whether compressed siblings are sent to who takes them.
    pub(super) precompressed: bool,
    /// `immutable`: paths of files that never change.
    pub(super) immutable: Vec<Pattern>,
    /// `response`: headers of each answer.
    pub(super) response: HeaderMap,
}

/// Whether a disk may be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// It may not: what is not in memory is [`Miss::Later`].
    AtOnce,
    Waiting,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// There is no such file, or none that may be sent.
    Absent,
    /// It is a directory.
    Directory,
    /// A disk would have to be waited for.
    Later,
}

// === impl Files ===

impl Files {
    /// The answer to a GET or HEAD request with the file at `path`, relative to the directory.
    pub(super) fn answer(&self, path: &str, head: &Parts, manner: Manner) -> Result<Answer, Miss> {
        let plain = self.load(path, None, manner)?;
        if self.answers.precompressed {
            for coding in accepted(&head.headers) {
                match self.load(path, Some(coding), manner) {
                    // What was compressed before the last change is another file.
                    Ok(packed) if packed.entry.state.is_as_new_as(&plain.entry.state) => {
                        return reply(packed, head, manner);
                    }
                    Err(Miss::Later) => return Err(Miss::Later),
                    Ok(_) | Err(_) => {}
                }
            }
        }
        reply(plain, head, manner)
    }
}

fn reply(found: Found, head: &Parts, manner: Manner) -> Result<Answer, Miss> {
    let Found { entry, file } = found;
    if file.is_some() && manner == Manner::AtOnce && head.headers.contains_key(RANGE) {
        // Short parts are read at once.
        return Err(Miss::Later);
    }
    let mut answer = Answer::new(StatusCode::OK, bytes::Bytes::new());
    answer.headers = entry.headers.clone();
    let has_tag = answer.has(&ETAG);
    let opened = match (&entry.contents, file) {
        (Some(contents), _) => Opened::in_memory(contents.clone(), entry.state.modified()),
        (None, Some(file)) => Opened::of(file, &entry.path).map_err(|_| Miss::Absent)?,
        (None, None) => return Err(Miss::Absent),
    };
    let opened = if has_tag { opened } else { opened.without_tag() };
    opened.reply(head, answer).map_err(|_| Miss::Absent)
}

// === impl State ===

impl State {
    /// When it was changed last.
    fn modified(&self) -> SystemTime {
        let (seconds, nanoseconds) = self.modified;
        let since =
            Duration::new(u64::try_from(seconds).unwrap_or_default(), u32::try_from(nanoseconds).unwrap_or_default());
        UNIX_EPOCH + since
    }

    fn is_as_new_as(&self, other: &Self) -> bool {
        self.modified >= other.modified
    }
}
