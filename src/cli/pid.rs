//! The file `.pid`, which tells `stop` what to end.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nix::unistd::Pid;

use super::place::Problem;

/// Its name, in the working directory.
const NAME: &str = ".pid";
/// What the command line of each of our processes has in it, so that a number that now is another's is noticed.
const OURS: &[u8] = b"RoadRunner\\Cli::run";

/// The path of the file in a directory.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

/// Writes the number of this process, unless another server's stands there.
pub(super) fn write(directory: &Path) -> Result<(), Problem> {
    let path = path(directory);
    let own = Pid::this();
    if let Some(other) = read(&path).ok().filter(|other| *other != own && is_ours(*other)) {
        let path = path.display();
        return Err(Problem::failure(format!("a server runs already: process {other}, see {path}; rr stop ends it")));
    }
    take_over(directory)
}

/// Writes the number of this process.
pub(super) fn take_over(directory: &Path) -> Result<(), Problem> {
    let path = path(directory);
    let wrong = |error| Problem::failure(format!("cannot write {}: {error}", path.display()));
    fs::write(&path, format!("{}\n", Pid::this())).map_err(wrong)
}

/// Removes the file if it is this process's.
pub(super) fn remove(directory: &Path) {
    let path = path(directory);
    if read(&path).is_ok_and(|pid| pid == Pid::this()) {
        // A server that has given up root may not; the next one, and `stop`, see that its process has gone.
        let _ = fs::remove_file(path);
    }
}

/// Reads the number in the file.
pub(super) fn read(path: &Path) -> io::Result<Pid> {
    let text = fs::read_to_string(path)?;
    let number = text.trim().parse().ok().filter(|number| *number > 1);
    number
        .map(Pid::from_raw)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is not the number of a process"))
}

/// Whether a process runs that is a server of ours. One that has ended and that its parent has not noticed is none.
pub(super) fn is_ours(pid: Pid) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.windows(OURS.len()).any(|part| part == OURS))
}
