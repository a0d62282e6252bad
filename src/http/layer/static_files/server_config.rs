//! Settings of the server of files (section `fileserver`).

use std::{cmp::Reverse, path::PathBuf, time::Duration};

use http::{
    HeaderValue,
    header::{ACCEPT_RANGES, CACHE_CONTROL},
};
use tracing::info;

use super::{
    config,
    server::{FileServer, Mount, Nothing},
    target::{Meant, meant},
};
use crate::{
    config::{Problems, Section},
    http::{
        layer::{Next, around, compress},
        listeners::REFUSAL,
    },
    net::{Address, Endpoint, Terms},
};

/// What a path to a directory is answered with, if it is there.
const INDEX: &str = "index.html";
/// Longest time in seconds, a day, for which a file is sent without a look at it.
const LONGEST_TRUST: i64 = 86_400;

/// Settings of the server of files (section `fileserver`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `fileserver.address`: where it listens, written as `http.address`. Required.
    ///
    /// A name may stand for several addresses.
    pub addresses: Vec<Address>,

    /// `fileserver.serve`: the directories. At least one.
    directories: Vec<Directory>,
}

/// One of `fileserver.serve`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Directory {
    /// `prefix`, `root`, `cache_duration`, `max_age` and `bytes_range`; `calculate_etag` and `weak` of the section.
    files: config::Config,
    /// `compress`: whether files are compressed.
    compress: bool,
}

/// A directory of the server of files is not there.
#[derive(Debug, thiserror::Error)]
#[error("fileserver.serve.root is \"{0}\", but there is no such directory")]
pub struct NoDirectory(String);

// === impl Config ===

impl Config {
    /// Reads the section; what is wrong is added to `problems`. `taken` are the addresses of the HTTP server. `None`: the
    /// section is empty, or nothing of it can be used.
    pub fn read(mut section: Section<'_>, taken: &[&Address], problems: &mut Problems) -> Option<Self> {
        if section.is_empty() {
            return None;
        }
        let addresses = section.address("address", problems).unwrap_or_else(|| {
            section.missing("address", problems);
            Vec::new()
        });
        let any_port = |address: &Address| address.tcp().is_some_and(|address| address.port() == 0);
        if let Some(twice) = addresses.iter().find(|address| !any_port(address) && taken.contains(address)) {
            section.report("address", &format!("is not the only one that asks for {twice}"), problems);
        }
        let calculate_etag = section.boolean("calculate_etag", problems).unwrap_or_default();
        let weak = section.boolean("weak", problems).unwrap_or_default();
        // The table of keys says why it has no effect.
        section.any("stream_request_body");
        let mut directories: Vec<Directory> = Vec::new();
        let items = section.items("serve", problems);
        let has_items = !items.is_empty();
        for mut item in items {
            let prefix = prefix(&mut item, problems);
            if prefix.is_some() && directories.iter().any(|other| Some(&other.files.prefix) == prefix.as_ref()) {
                item.report("prefix", "is that of another directory, too", problems);
            }
            let mut directory = Directory::read(&mut item, problems);
            let answers = &mut directory.files.answers;
            (answers.calculate_etag, answers.weak) = (calculate_etag, weak);
            item.finish(problems);
            if let Some(prefix) = prefix {
                directory.files.prefix = prefix;
                directories.push(directory);
            }
        }
        if !has_items {
            section.missing("serve", problems);
        }
        section.finish(problems);
        Some(Self { addresses, directories })
    }

    /// What is to be bound.
    pub(in crate::http) fn endpoints(&self) -> impl Iterator<Item = Endpoint> {
        let terms = Terms { refusal: REFUSAL, ..Terms::default() };
        self.addresses.iter().map(move |address| Endpoint { terms, ..address.clone().into() })
    }

    /// Looks whether the directories are there.
    ///
    /// # Errors
    ///
    /// When one is not.
    pub fn check(&self) -> Result<(), NoDirectory> {
        let mut directories = self.directories.iter().map(|directory| &directory.files.directory);
        directories
            .find(|directory| !directory.is_dir())
            .map_or(Ok(()), |none| Err(NoDirectory(none.display().to_string())))
    }

    /// What answers all requests.
    pub(in crate::http) fn build(&self) -> Next {
        let mut mounts: Vec<_> = self.directories.iter().map(Directory::mount).collect();
        mounts.sort_by_key(|mount| Reverse(mount.prefix.len()));
        Next::new(FileServer { mounts })
    }
}

// === impl Directory ===

impl Directory {
    fn read(section: &mut Section<'_>, problems: &mut Problems) -> Self {
        let mut files = config::Config::default();
        files.rules.bare = true;
        files.rules.index = vec![INDEX.to_owned()];
        if let Some((root, _)) = section.text("root", problems) {
            files.directory = PathBuf::from(root);
        }
        let compress = section.boolean("compress", problems).unwrap_or_default();
        files.answers.precompressed = compress;
        match section.signed("cache_duration", -1..=LONGEST_TRUST, problems).map(u64::try_from) {
            Some(Ok(seconds)) => files.trust = Duration::from_secs(seconds),
            Some(Err(_)) => files.cache_bytes = 0,
            None => {}
        }
        let headers = &mut files.answers.response;
        if let Some(seconds) = section.integer("max_age", 0..=u64::from(i32::MAX.unsigned_abs()), problems)
            && seconds > 0
            && let Ok(value) = HeaderValue::try_from(format!("public, max-age={seconds}"))
        {
            headers.insert(CACHE_CONTROL, value);
        }
        if section.boolean("bytes_range", problems) == Some(false) {
            // Which also keeps it from being sent in parts.
            headers.insert(ACCEPT_RANGES, HeaderValue::from_static("none"));
        }
        Self { files, compress }
    }

    fn mount(&self) -> Mount {
        let Self { files, compress } = self;
        info!(prefix = format!("/{}", files.prefix), root = %files.directory.display(), "Files are served");
        let next = around(files.middleware(), Next::new(Nothing));
        let next = if *compress { around(compress::Config::default().middleware(), next) } else { next };
        Mount { prefix: files.prefix.clone(), next }
    }
}

/// Reads `prefix`, in plain names.
fn prefix(section: &mut Section<'_>, problems: &mut Problems) -> Option<String> {
    let Some((prefix, _)) = section.text("prefix", problems) else {
        section.missing("prefix", problems);
        return None;
    };
    match meant(&prefix) {
        _ if !prefix.starts_with('/') => section.report("prefix", "must begin with a slash", problems),
        Meant::File(target) => return Some(target.path),
        _ => section.report("prefix", &format!("is {prefix:?}, below which nothing is ever served"), problems),
    }
    None
}
