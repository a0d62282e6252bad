//! Forms with files (`multipart/form-data`): taken apart while they arrive, the files to disk.

mod config;
mod multipart;
mod parameters;
mod parts;
mod reading;
mod spool;
mod store;

pub use config::{Config, Php};
#[cfg(fuzzing)]
pub(super) use multipart::{Event, Parser};
pub use multipart::{Head as PartHead, Malformed};
pub use parts::{Next as NextPart, Parts};
pub(super) use reading::Reading;
pub(super) use spool::Spool;
pub use store::{Spooled, Store};

use std::sync::Arc;

/// A form that has arrived.
#[derive(Debug, Default)]
pub struct Form {
    /// Names and values of its fields, in their order.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Its files, in their order.
    pub files: Vec<Upload>,
}

/// A file of a form.
#[derive(Debug)]
pub struct Upload {
    /// Name of the field.
    pub field: Vec<u8>,
    /// Name that the client gives it, with its folders if it gives them.
    pub client_name: Vec<u8>,
    /// Type that the client gives it, without parameters; empty if it gives none, or there is no file.
    pub media_type: Vec<u8>,
    /// Bytes that have arrived and were kept.
    pub size: u64,
    /// The file, or why there is none.
    pub outcome: Result<Spooled, UploadError>,
}

/// Why a file was not kept; the numbers are PHP's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum UploadError {
    /// `UPLOAD_ERR_INI_SIZE`: it is larger than files may be.
    TooLarge = 1,
    /// `UPLOAD_ERR_FORM_SIZE`: it is larger than the form itself says (field `MAX_FILE_SIZE`).
    LargerThanSaid = 2,
    /// `UPLOAD_ERR_PARTIAL`: the body ended within it.
    Partial = 3,
    /// `UPLOAD_ERR_NO_FILE`: none was chosen.
    NoFile = 4,
    /// `UPLOAD_ERR_CANT_WRITE`: the disk is full, or the directory cannot be written to.
    CannotWrite = 7,
    /// `UPLOAD_ERR_EXTENSION`: files of this kind are forbidden.
    Forbidden = 8,
}

/// What is done with files.
#[derive(Debug)]
pub struct Uploads {
    /// Where they go.
    pub store: Arc<Store>,
    /// Endings that are refused, in lower case with their dots.
    pub forbid: Vec<String>,
    /// Endings that are taken, or all if there are none.
    pub allow: Vec<String>,
    /// Longest file in bytes.
    pub file_bytes: u64,
    /// Most files; those beyond are passed over, as by PHP.
    pub files: usize,
    /// Most parts, fields and files.
    pub parts: usize,
}

// === impl Uploads ===

impl Uploads {
    /// Whether a file of this name may be kept.
    fn permits(&self, name: &[u8]) -> bool {
        let name = name.to_ascii_lowercase();
        let ends = |endings: &[String]| endings.iter().any(|ending| name.ends_with(ending.as_bytes()));
        !ends(&self.forbid) && (self.allow.is_empty() || ends(&self.allow))
    }
}
