//! Settings of uploaded files (section `http.uploads`).

use std::{path::PathBuf, sync::Arc};

use super::{Store, Uploads};
use crate::config::{Problems, Section};

/// Settings of uploaded files (`http.uploads` and `http.raw_body`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `http.uploads.dir`: where files lie until their request is over, in a private directory.
    ///
    /// Default: the system's directory for temporary files.
    pub directory: PathBuf,

    /// `http.uploads.forbid`: endings of names of files that are refused.
    ///
    /// Default: none.
    pub forbid: Vec<String>,

    /// `http.uploads.allow`: endings of names of the only files that are taken.
    ///
    /// Default: none, all are.
    pub allow: Vec<String>,

    /// `http.raw_body`: whether `multipart/form-data` bodies are passed on as they are.
    ///
    /// Default: false.
    pub raw: bool,

    /// What PHP's own settings say.
    pub php: Php,
}

/// PHP's own settings, where `php.ini` or `-d` says something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Php {
    /// `upload_max_filesize`: longest file in bytes.
    pub file_bytes: Option<u64>,
    /// `max_file_uploads`: most files of a request.
    pub files: Option<usize>,
    /// `max_multipart_body_parts`: most parts of a request.
    pub parts: Option<usize>,
}

/// Most files of a request, unless PHP's settings say something else: PHP's own default.
const FILES: usize = 20;
/// Most parts of a request, unless PHP's settings say something else: PHP's own default for variables, and for files.
const PARTS: usize = 1000 + FILES;

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        let php = Php::default();
        Self { directory: std::env::temp_dir(), forbid: Vec::new(), allow: Vec::new(), raw: false, php }
    }
}

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub(in crate::http) fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut endings = |key| {
            let endings: Vec<String> = section.texts(key, problems).unwrap_or_default();
            endings.iter().map(|ending| ending.to_lowercase()).collect()
        };
        let (forbid, allow) = (endings("forbid"), endings("allow"));
        let mut config = Self { forbid, allow, ..Self::default() };
        if let Some((directory, _)) = section.text("dir", problems) {
            config.directory = directory.into();
        }
        section.finish(problems);
        config
    }

    /// Where files go. What servers have left there that did not come to their end is removed.
    pub(in crate::http) fn store(&self) -> Arc<Store> {
        let store = Arc::new(Store::new(&self.directory));
        store.clean();
        store
    }

    /// What is done with files, which go to `store`; `None`: their bodies are passed on as they are.
    pub(in crate::http) fn uploads(&self, store: &Arc<Store>) -> Option<Arc<Uploads>> {
        let uploads = || {
            Arc::new(Uploads {
                store: Arc::clone(store),
                forbid: self.forbid.clone(),
                allow: self.allow.clone(),
                file_bytes: self.php.file_bytes.unwrap_or(u64::MAX),
                files: self.php.files.unwrap_or(FILES),
                parts: self.php.parts.unwrap_or(PARTS),
            })
        };
        (!self.raw).then(uploads)
    }
}
