//! What entries are written to: a file, or a stream that somebody reads.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Write},
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::fs::{FileTypeExt, OpenOptionsExt, chown, fchown},
    },
    path::Path,
    sync::OnceLock,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{OFlags, fcntl_getfl},
    net::{SendFlags, send},
};

use super::{
    config::{Output as Name, Rotation},
    file::LogFile,
};

/// Bytes that a pipe takes at once if it takes any (`PIPE_BUF`).
const PIECE: usize = 4096;
/// How long to wait for a reader before asking whether to go on waiting.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Entries on their way out.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    /// Where each entry ends.
    pub(super) ends: Vec<usize>,
}

/// Where a batch goes.
#[derive(Debug)]
pub(super) enum Output {
    File(LogFile),
    Stream(Stream),
    /// A standard stream that was closed before we came.
    Closed,
}

/// What may have a reader that does not read.
#[derive(Debug)]
pub(super) struct Stream {
    file: OwnedFd,
    way: Way,
}

/// How to write without waiting for the reader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    /// There is no reader: a file.
    Plain,
    /// An open file description of our own, which does not block. That of the standard streams is shared with other
    /// processes, which must not find it changed.
    NonBlocking,
    /// A socket: each write says that it must not block.
    Socket,
    /// A pipe that we may not open a second time: small pieces, when there is room.
    Small,
}

/// How far a batch came.
#[derive(Debug)]
pub(super) struct Written {
    /// Entries that are out.
    pub(super) entries: usize,
    /// Why the others are not; `None` also if waiting was given up.
    pub(super) error: Option<io::Error>,
}

// === impl Batch ===

impl Batch {
    pub(super) fn push(&mut self, entry: &[u8]) {
        self.bytes.extend_from_slice(entry);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Gives back the memory that it has beyond `usual` bytes.
    pub(super) fn trim(&mut self, usual: usize) {
        self.bytes.shrink_to(usual);
        self.ends.shrink_to(usual / size_of::<usize>());
    }

    /// Entries whose last byte is among the first `bytes`.
    pub(super) fn entries_within(&self, bytes: usize) -> usize {
        self.ends.partition_point(|end| *end <= bytes)
    }
}

// === impl Output ===

impl Output {
    /// Opens what `name` means.
    ///
    /// # Errors
    ///
    /// When a file cannot be opened for writing.
    pub(super) fn open(name: &Name) -> io::Result<Self> {
        let stream = match name {
            Name::Stderr => io::stderr().as_fd().try_clone_to_owned(),
            Name::Stdout => io::stdout().as_fd().try_clone_to_owned(),
            Name::File(path) => {
                let file = append(path)?;
                if file.metadata()?.is_file() {
                    return LogFile::new(path, file, None).map(Self::File);
                }
                Ok(file.into())
            }
        };
        Ok(stream.ok().filter(is_writable).map_or(Self::Closed, |file| Self::Stream(Stream::new(file))))
    }

    /// Opens a file that is rotated, and the directories that it is in.
    ///
    /// # Errors
    ///
    /// As those of [`open`](Self::open).
    pub(super) fn open_rotated(rotation: &Rotation) -> io::Result<Self> {
        let path = rotation.log_output.as_path();
        if let Some(directory) = path.parent() {
            make(directory)?;
        }
        let file = append(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file, so it cannot be rotated"));
        }
        LogFile::new(path, file, Some(rotation.clone())).map(Self::File)
    }

    /// Whether a person looks at it.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Stream(stream) if stream.file.is_terminal())
    }

    /// Writes a batch, waiting for a reader until `give_up` says otherwise. What else went wrong is added to `troubles`.
    pub(super) fn write(&mut self, batch: &Batch, give_up: &dyn Fn() -> bool, troubles: &mut Vec<String>) -> Written {
        match self {
            // Whoever closed it wants none.
            Self::Closed => Written { entries: batch.ends.len(), error: None },
            Self::File(file) => file.write(batch, troubles),
            Self::Stream(stream) => {
                let (bytes, error) = stream.write(&batch.bytes, give_up);
                Written { entries: batch.entries_within(bytes), error }
            }
        }
    }

    /// Opens a file again under its name. On failure the one that is open stays.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.reopen(),
            Self::Stream(_) | Self::Closed => Ok(()),
        }
    }

    /// Removes and compresses old files of a rotated log. What goes wrong is added to `troubles`.
    pub(super) fn tidy(&mut self, troubles: &mut Vec<String>) {
        if let Self::File(file) = self {
            file.tidy(troubles);
        }
    }

    /// Ends what goes on in the background.
    pub(super) fn rest(&mut self) {
        if let Self::File(file) = self {
            file.rest();
        }
    }
}

/// User and group who are to own the files that are made here.
static OWNER: OnceLock<(u32, u32)> = OnceLock::new();

/// Gives the files that the log makes from now on to the user and group that the server will become: it must be able to
/// open and rotate them. For root, who alone may give them away.
pub fn give_files_to(user: u32, group: u32) {
    let _ = OWNER.set((user, group));
}

/// Opens a file for appending. A pipe without a reader is an error, not a wait.
pub(super) fn append(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let open = |new| OpenOptions::new().append(true).create_new(new).custom_flags(flags).open(path);
    match open(false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match open(true) {
            Ok(file) => {
                if let Some((user, group)) = OWNER.get() {
                    // Who is not root keeps it.
                    let _ = fchown(&file, Some(*user), Some(*group));
                }
                Ok(file)
            }
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => open(false),
            failed => failed,
        },
        opened => opened,
    }
}

/// Makes a directory that is missing.
fn make(directory: &Path) -> io::Result<()> {
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(directory)?;
    if let Some((user, group)) = OWNER.get() {
        let _ = chown(directory, Some(*user), Some(*group));
    }
    Ok(())
}

fn is_writable(file: &OwnedFd) -> bool {
    fcntl_getfl(file).is_ok_and(|flags| flags & OFlags::RWMODE != OFlags::RDONLY)
}

// === impl Stream ===

impl Stream {
    pub(super) fn new(file: OwnedFd) -> Self {
        let file = File::from(file);
        let Ok(kind) = file.metadata().map(|metadata| metadata.file_type()) else {
            return Self { file: file.into(), way: Way::Small };
        };
        if kind.is_file() {
            return Self { file: file.into(), way: Way::Plain };
        }
        if kind.is_socket() {
            return Self { file: file.into(), way: Way::Socket };
        }
        if fcntl_getfl(&file).is_ok_and(|flags| flags.contains(OFlags::NONBLOCK)) {
            return Self { file: file.into(), way: Way::NonBlocking };
        }
        if kind.is_fifo() || file.is_terminal() {
            let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
            let path = format!("/proc/self/fd/{}", file.as_raw_fd());
            let own = OpenOptions::new().write(true).custom_flags(flags.bits().cast_signed()).open(path);
            if let Ok(own) = own {
                return Self { file: own.into(), way: Way::NonBlocking };
            }
        }
        Self { file: file.into(), way: Way::Small }
    }

    fn write(&self, bytes: &[u8], give_up: &dyn Fn() -> bool) -> (usize, Option<io::Error>) {
        let mut done = 0;
        while done < bytes.len() {
            if self.way == Way::Small && !self.wait(give_up) {
                return (done, None);
            }
            match self.write_some(&bytes[done..]) {
                Ok(0) => return (done, Some(io::ErrorKind::WriteZero.into())),
                Ok(length) => done += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !self.wait(give_up) {
                        return (done, None);
                    }
                }
                Err(error) => return (done, Some(error)),
            }
        }
        (done, None)
    }

    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(match self.way {
            Way::Plain | Way::NonBlocking => rustix::io::write(&self.file, bytes)?,
            Way::Socket => send(&self.file, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?,
            Way::Small => rustix::io::write(&self.file, &bytes[..bytes.len().min(PIECE)])?,
        })
    }

    /// Waits for room. Returns false when waiting was given up.
    fn wait(&self, give_up: &dyn Fn() -> bool) -> bool {
        loop {
            let mut wanted = [PollFd::new(&self.file, PollFlags::OUT)];
            match poll(&mut wanted, Some(&LOOK)) {
                Ok(0) | Err(_) if give_up() => return false,
                Ok(0) | Err(_) => {}
                Ok(_) => return true,
            }
        }
    }
}

/// Writes all of `bytes`; says how many are out if it cannot.
pub(super) fn write_all(mut file: &File, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut done = 0;
    while done < bytes.len() {
        match file.write(&bytes[done..]) {
            Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
            Ok(length) => done += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((done, error)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, pipe},
        thread,
    };

    use super::*;

    #[test]
    fn a_pipe_that_may_not_be_opened_a_second_time_is_filled_in_small_pieces() {
        let (mut reader, writer) = pipe().unwrap();
        let stream = Stream { file: writer.into(), way: Way::Small };
        let bytes = vec![b'x'; 300_000];
        let (written, error) = stream.write(&bytes, &|| true);
        assert!(written > 0 && written < bytes.len() && error.is_none(), "{written} {error:?}");
        let read = thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all.len()
        });
        assert_eq!(stream.write(&bytes[written..], &|| false).0, bytes.len() - written);
        drop(stream);
        assert_eq!(read.join().unwrap(), bytes.len());
    }

    #[test]
    fn the_flags_of_a_shared_pipe_stay() {
        let (_reader, writer) = pipe().unwrap();
        let shared: OwnedFd = writer.try_clone().unwrap().into();
        let stream = Stream::new(writer.into());
        assert_eq!(stream.way, Way::NonBlocking);
        assert!(!fcntl_getfl(&shared).unwrap().contains(OFlags::NONBLOCK));
    }

    #[test]
    fn what_cannot_be_written_is_no_standard_stream() {
        assert!(!is_writable(&File::open("/dev/null").unwrap().into()));
        assert!(is_writable(&append(Path::new("/dev/null")).unwrap().into()));
    }
}
