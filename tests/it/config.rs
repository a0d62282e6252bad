//! Whole configuration files as users have them, and files that nobody should have.
//!
//! Each file of `tests/config` has a file `<name>.expected` beside it: how it is loaded (lines that start with `$`), and
//! what comes of it. With `UPDATE=1` the latter is written anew.

mod files;
mod hostile;
mod precedence;
mod schema;

use std::{collections::BTreeMap, fs, path::PathBuf};

use roadrunner::config::Loader;

/// Where the files are.
const FOLDER: &str = "tests/config";

/// A loader that knows no variables but these.
fn loader(variables: &[(&str, &str)]) -> Loader {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Loader { variables: Some(variables.collect::<BTreeMap<_, _>>()), directory: FOLDER.into(), ..Loader::default() }
}

/// A folder of files that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rr-config-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file and returns a loader of it.
    fn loader(&self, name: &str, contents: impl AsRef<[u8]>) -> Loader {
        self.write(name, contents);
        Loader { path: Some(self.0.join(name)), directory: self.0.clone(), ..loader(&[]) }
    }

    fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
