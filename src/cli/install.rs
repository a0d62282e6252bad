//! `install`: writes `rr` into the working directory.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{
    Options, console,
    place::{Place, Problem},
};

/// The script.
const SCRIPT: &str = include_str!("../../bin/rr");
/// The line by which any version of it is known.
const MARK: &str = "# RoadRunner inside PHP";

/// Writes the script, unless something else stands there.
pub(super) fn run(options: &Options) -> Result<(), Problem> {
    let place = Place::go(options)?;
    let path = place.directory.join("rr");
    let name = path.display();
    let wrong = |error: std::io::Error| Problem::failure(format!("cannot write {name}: {error}"));
    if path.symlink_metadata().is_ok() && !is_ours(&path) && !options.force {
        return Err(Problem::failure(format!("{name} is there and is something else; rr install -f replaces it")));
    }
    // Beside it first: a script that a shell is reading must not change.
    let new = place.directory.join(format!(".rr.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o755).open(&new).map_err(wrong)?;
    let written = file.write_all(SCRIPT.as_bytes()).and_then(|()| fs::rename(&new, &path));
    if let Err(error) = written {
        let _ = fs::remove_file(&new);
        return Err(wrong(error));
    }
    console::print(&format!("Wrote {name}"));
    Ok(())
}

fn is_ours(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.windows(MARK.len()).take(1024).any(|part| part == MARK.as_bytes()))
}
