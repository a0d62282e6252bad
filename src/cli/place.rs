//! Where a command works and what is configured there.

use std::{
    env,
    path::{Path, PathBuf},
};

use super::{Options, exit};
use crate::{
    config::{self, Loader},
    program,
};

/// A working directory that was gone to.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) directory: PathBuf,
    /// The configuration file, absolute, if there is one.
    pub(super) file: Option<PathBuf>,
}

/// Why a command cannot do its work: exit code and what to say.
#[derive(Debug)]
pub(super) struct Problem(pub(super) u8, pub(super) String);

// === impl Place ===

impl Place {
    /// Goes to the working directory: the one that is named, else that of the configuration file.
    ///
    /// Symbolic links are not resolved, so that the server's process of a later generation follows one that points to
    /// another release by then.
    pub(super) fn go(options: &Options) -> Result<Self, Problem> {
        let mut directory =
            program::directory().map_err(|error| Problem(exit::CONFIG, format!("no working directory: {error}")))?;
        if let Some(named) = &options.workdir {
            directory.push(named);
            enter(&directory)?;
        }
        let file = config::find(options.config.clone()).map(|file| directory.join(file));
        if options.workdir.is_none()
            && let Some(parent) = file.as_deref().and_then(Path::parent)
        {
            parent.clone_into(&mut directory);
            enter(&directory)?;
        }
        Ok(Self { directory, file })
    }

    /// What loads the configuration of this place.
    pub(super) fn loader(&self, options: &Options) -> Loader {
        let dotenv = options.dotenv.clone().or_else(|| env::var_os("DOTENV_PATH").map(PathBuf::from));
        Loader {
            path: self.file.clone(),
            overrides: options.overrides.clone(),
            dotenv: dotenv.filter(|path| !path.as_os_str().is_empty()),
            lenient: options.lenient,
            ..Loader::default()
        }
    }
}

fn enter(directory: &Path) -> Result<(), Problem> {
    let wrong = |error| Problem(exit::CONFIG, format!("cannot work in {}: {error}", directory.display()));
    env::set_current_dir(directory).map_err(wrong)
}

// === impl Problem ===

impl Problem {
    /// Something that is wrong with the configuration.
    pub(super) fn config(message: impl Into<String>) -> Self {
        Self(exit::CONFIG, message.into())
    }

    /// Something that did not succeed.
    pub(super) fn failure(message: impl Into<String>) -> Self {
        Self(exit::FAILURE, message.into())
    }
}

impl From<config::Error> for Problem {
    fn from(error: config::Error) -> Self {
        Self::config(error.to_string())
    }
}
