//! From the name of a file to its contents, and to what answers say of it.

use std::{
    fs::{self, File},
    io::{self, IoSliceMut, Read},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{
    HeaderMap, HeaderValue,
    header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, LAST_MODIFIED, VARY},
};
use parking_lot::Mutex;
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use tracing::warn;

use super::{
    cache::{Entry, State},
    coding::Coding,
    files::{Files, Manner, Miss},
    names::may_be_served,
};
use crate::http::{
    Unusable,
    file::{Refused, open_at_once},
    media_type,
};

/// Longest file that is held in memory, in bytes.
const SMALL: u64 = 256 * 1024;
/// Bytes of a digest that make an entity tag.
const TAG: usize = 16;

/// A file that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) entry: Arc<Entry>,
    /// Open, unless its contents are in memory.
    pub(super) file: Option<File>,
}

// === impl Files ===

impl Files {
    /// The file at `path` below the directory, or its sibling that is compressed in this way.
    pub(super) fn load(&self, path: &str, coding: Option<Coding>, manner: Manner) -> Result<Found, Miss> {
        let name = coding.map(|coding| format!("{path}{}", coding.ending()));
        // No name has a NUL.
        let key = coding.map(|coding| format!("{path}\0{}", coding.ending()));
        let (name, key) = (name.as_deref().unwrap_or(path), key.as_deref().unwrap_or(path));
        let known = self.cache.get(key);
        if let Some(entry) = &known {
            let same = entry.is_current(self.trust);
            if same && entry.contents.is_some() {
                return Ok(Found { entry: Arc::clone(entry), file: None });
            }
            if !same {
                self.cache.remove(key);
            }
        }
        let file = self.open(name, manner)?;
        let metadata = file.metadata().map_err(|_| Miss::Absent)?;
        if !metadata.is_file() {
            return Err(if metadata.is_dir() { Miss::Directory } else { Miss::Absent });
        }
        let state = State::of(&metadata);
        if let Some(entry) = known.filter(|entry| entry.state == state) {
            return Ok(Found { entry, file: Some(file) });
        }
        let contents = if state.length <= SMALL { Some(read(&file, state.length, manner)?) } else { None };
        let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
        let headers = self.headers(path, coding, modified, &file, contents.as_ref(), state.length, manner)?;
        let file = contents.is_none().then_some(file);
        let now = SystemTime::now();
        let path = self.directory.join(name);
        let entry = Arc::new(Entry { path, state, headers, contents, seen: Mutex::new(Instant::now()) });
        // What was changed while it was read, is not kept.
        if fs::metadata(&entry.path).is_ok_and(|metadata| State::of(&metadata) == state) {
            self.cache.put(key, &entry, now);
        }
        Ok(Found { entry, file })
    }

    /// Tells a directory from everything else, whose name says that it is not sent.
    pub(super) fn look<T>(&self, path: &str, manner: Manner) -> Result<T, Miss> {
        let metadata = self.open(path, manner)?.metadata();
        Err(if metadata.is_ok_and(|metadata| metadata.is_dir()) { Miss::Directory } else { Miss::Absent })
    }

    /// Opens a file below the directory. A link may lead to what is below it, or below one of `links`, unless that is never
    /// served.
    fn open(&self, name: &str, manner: Manner) -> Result<File, Miss> {
        match (open_at_once(&self.directory, Path::new(name)), manner) {
            (Ok(file), _) => return Ok(file),
            (Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG), _) => return Err(Miss::Absent),
            (Err(_), Manner::AtOnce) => return Err(Miss::Later),
            (Err(_), Manner::Waiting) => {}
        }
        let opened = self
            .roots
            .resolve(&self.directory.join(name))
            .and_then(|real| if may_be_served(&real.rest) { real.read() } else { Err(Refused::Outside) });
        opened.map_err(|reason| {
            let dir = self.directory.display();
            match reason {
                Refused::Outside => {
                    warn!(name, %dir, "A link in a directory of static files leads to what is not served");
                }
                Refused::Unusable(Unusable::Io(error)) if error.kind() == io::ErrorKind::PermissionDenied => {
                    warn!(name, %dir, "A static file must not be read by the server's user");
                }
                Refused::Unusable(_) => {}
            }
            Miss::Absent
        })
    }

    #[expect(clippy::too_many_arguments, reason = "everything that is known of a file")]
    fn headers(
        &self,
        path: &str,
        coding: Option<Coding>,
        modified: SystemTime,
        file: &File,
        contents: Option<&Bytes>,
        length: u64,
        manner: Manner,
    ) -> Result<HeaderMap, Miss> {
        let rules = &self.answers;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, media_type(Path::new(path)));
        if rules.etag || rules.calculate_etag {
            let tag = if rules.calculate_etag {
                digest(file, contents, manner)?
            } else {
                let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
                format!("{:x}-{length:x}", since.as_nanos())
            };
            let weak = if rules.weak { "W/" } else { "" };
            let coding = coding.map_or("", Coding::ending);
            insert(&mut headers, &ETAG, format!("{weak}\"{tag}{coding}\""));
        }
        if modified > UNIX_EPOCH && modified <= SystemTime::now() + Duration::from_millis(1) {
            insert(&mut headers, &LAST_MODIFIED, httpdate::fmt_http_date(modified));
        }
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.as_str()));
        }
        if rules.precompressed {
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        if rules.immutable.iter().any(|pattern| pattern.matches(&format!("/{path}"))) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        }
        super::super::headers::set(&mut headers, &rules.response);
        Ok(headers)
    }
}

fn insert(headers: &mut HeaderMap, name: &http::HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// What a small file holds, which may have become shorter since.
fn read(file: &File, length: u64, manner: Manner) -> Result<Bytes, Miss> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    let mut filled = 0;
    while filled < bytes.len() {
        let (place, rest) = (filled as u64, &mut bytes[filled..]);
        let read = match manner {
            Manner::AtOnce => {
                preadv2(file, &mut [IoSliceMut::new(rest)], place, ReadWriteFlags::NOWAIT).map_err(|_| Miss::Later)?
            }
            Manner::Waiting => file.read_at(rest, place).map_err(|_| Miss::Absent)?,
        };
        if read == 0 {
            break;
        }
        filled += read;
    }
    bytes.truncate(filled);
    Ok(bytes.into())
}

/// A digest of what a file holds. A long one is read from the disk.
fn digest(file: &File, contents: Option<&Bytes>, manner: Manner) -> Result<String, Miss> {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    match (contents, manner) {
        (Some(contents), _) => context.update(contents),
        (None, Manner::AtOnce) => return Err(Miss::Later),
        (None, Manner::Waiting) => {
            let (mut file, mut buffer) = (file.try_clone().map_err(|_| Miss::Absent)?, vec![0; 64 * 1024]);
            loop {
                match file.read(&mut buffer).map_err(|_| Miss::Absent)? {
                    0 => break,
                    length => context.update(&buffer[..length]),
                }
            }
        }
    }
    Ok(HEXLOWER.encode(&context.finish().as_ref()[..TAG]))
}
