//! Processes: what the standard library has no safe form of, that is signals, orphans and inherited descriptors.
//!
//! Thin covers of system calls, for `parent` and `server`; they decide nothing.
#![allow(unsafe_code, reason = "system calls of which the standard library has no safe form")]

use std::{
    ffi::{CStr, CString, OsStr, OsString, c_char, c_int},
    io,
    mem::MaybeUninit,
    os::{
        fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::{
            ffi::OsStrExt,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    ptr,
    time::Duration,
};

/// A second signal within this time is the first one once more: some supervisors signal a process and then its group.
pub const SAME_SIGNAL: Duration = Duration::from_millis(200);
/// Descriptors looked at where the system cannot mark all of them in one call.
const DESCRIPTORS: RawFd = 65536;

/// A signal that has arrived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Signal {
    /// Its number.
    pub number: c_int,
    /// Whether the kernel sent it, as a terminal does to every process in its foreground.
    pub from_kernel: bool,
}

/// Signals that are waited for instead of being delivered.
#[derive(Debug)]
pub struct Signals(OwnedFd);

// === impl Signals ===

impl Signals {
    /// Blocks the signals `numbers` in this thread, for good, and collects them. Meant for a process with one thread:
    /// others would still be given them.
    ///
    /// # Errors
    ///
    /// When the system has no descriptor to give.
    pub fn collect(numbers: &[c_int]) -> io::Result<Self> {
        let mut set = MaybeUninit::uninit();
        // SAFETY: `sigemptyset` initialises the set that the others use.
        let descriptor = unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for number in numbers {
                libc::sigaddset(set.as_mut_ptr(), *number);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), ptr::null_mut());
            libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: new, and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// Takes the next signal, if there is one.
    pub fn next(&self) -> Option<Signal> {
        let mut information = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the kernel writes whole records of this size, or none.
        let information = unsafe {
            let length = libc::read(self.0.as_raw_fd(), information.as_mut_ptr().cast(), size);
            if usize::try_from(length) != Ok(size) {
                return None;
            }
            information.assume_init()
        };
        let number = c_int::try_from(information.ssi_signo).unwrap_or_default();
        Some(Signal { number, from_kernel: information.ssi_code == libc::SI_KERNEL })
    }

    /// The descriptor that is readable when there is a signal.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        use std::os::fd::AsFd;
        self.0.as_fd()
    }
}

/// Waits until one of `descriptors` is readable or closed at its other end, or for `timeout`; says which are.
pub fn wait_readable(descriptors: &[BorrowedFd<'_>], timeout: Option<Duration>) -> Vec<bool> {
    let mut polled: Vec<_> = descriptors
        .iter()
        .map(|descriptor| libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    // Rounded up: a wait that ends too early would be repeated in a circle.
    let milliseconds = timeout.map_or(-1, |timeout| c_int::try_from(timeout.as_millis() + 1).unwrap_or(c_int::MAX));
    // SAFETY: pointer and length are those of the vector.
    let ready = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, milliseconds) };
    polled.iter().map(|polled| ready > 0 && polled.revents != 0).collect()
}

/// Sends a signal to a process. One that has gone is no failure.
pub fn send(process: u32, number: c_int) {
    if let Ok(process) = libc::pid_t::try_from(process) {
        // SAFETY: no memory is involved.
        unsafe { libc::kill(process, number) };
    }
}

/// Takes the exit status of a child that has ended, or of an orphan that was given to this process; `None`: there is none.
pub fn reap() -> Option<(u32, ExitStatus)> {
    let mut status = 0;
    // SAFETY: the status is written to a variable that lives.
    let process = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    let process = u32::try_from(process).ok().filter(|process| *process != 0)?;
    Some((process, ExitStatus::from_raw(status)))
}

/// Time since the system started, as service managers count it.
pub fn monotonic() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is written to a variable that lives.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Takes a descriptor that this process was started with. Its own children do not inherit it.
///
/// Each number is to be taken once, by who was told that it is there.
pub fn take(number: RawFd) -> Option<OwnedFd> {
    // SAFETY: no memory is involved; a number that is not open is an error.
    if number < 3 || unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } != 0 {
        return None;
    }
    // SAFETY: open, and ours: the one who started this process says so.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A program to be run.
///
/// Its environment is given to the system directly: the standard library sets `environ` for the child and calls
/// `execvp()`, and in a library that PHP has loaded (by `RTLD_DEEPBIND`) the two do not mean the same variable.
#[derive(Debug, Default)]
pub struct Program {
    /// Its path.
    pub path: PathBuf,
    /// Its words; the first one is its name.
    pub words: Vec<OsString>,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it is to work; `None`: where this process does.
    pub directory: Option<PathBuf>,
    /// Descriptors that it inherits, under their numbers, beside the standard streams. No others.
    pub descriptors: Vec<RawFd>,
    /// Whether it is told to terminate when the thread that has started it ends.
    pub follows: bool,
}

/// The strings of a call to `execve()`. Neither moved nor changed while it lives.
struct Words {
    pointers: Vec<*const c_char>,
    _strings: Vec<CString>,
}

// SAFETY: the pointers are those of strings on the heap, which the same value owns and nobody changes.
unsafe impl Send for Words {}
// SAFETY: as above.
unsafe impl Sync for Words {}

// === impl Program ===

impl Program {
    /// Sets a variable of its environment.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.retain(|(other, _)| other != name);
        self.environment.push((name.into(), value.into()));
    }

    /// Starts it as a child of this process.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn spawn(self) -> io::Result<Child> {
        let mut command = Command::new(&self.path);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let (path, words, environment) = self.strings()?;
        let parent = libc::pid_t::try_from(std::process::id()).unwrap_or_default();
        let become_it = move || {
            // SAFETY: numbers only.
            unsafe {
                keep_only(&self.descriptors)?;
                if self.follows {
                    libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
                    if libc::getppid() != parent {
                        return Err(io::ErrorKind::NotFound.into());
                    }
                }
            }
            Err(execute(&path, &words, &environment))
        };
        // SAFETY: between fork and exec, system calls only; nothing is allocated.
        unsafe { command.pre_exec(become_it) };
        command.spawn()
    }

    /// Puts it into the place of this process. Comes back only with what the system says against it.
    pub fn exec(self) -> io::Error {
        match self.strings() {
            Ok((path, words, environment)) => execute(&path, &words, &environment),
            Err(error) => error,
        }
    }

    fn strings(&self) -> io::Result<(CString, Words, Words)> {
        let pair = |(name, value): &(OsString, OsString)| [name.as_bytes(), b"=", value.as_bytes()].concat();
        let words = Words::new(self.words.iter().map(|word| word.as_bytes().to_vec()))?;
        Ok((CString::new(self.path.as_os_str().as_bytes())?, words, Words::new(self.environment.iter().map(pair))?))
    }
}

// === impl Words ===

impl Words {
    fn new(words: impl Iterator<Item = Vec<u8>>) -> io::Result<Self> {
        let strings = words.map(CString::new).collect::<Result<Vec<_>, _>>()?;
        let pointers = strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect();
        Ok(Self { pointers, _strings: strings })
    }
}

fn execute(path: &CStr, words: &Words, environment: &Words) -> io::Error {
    // SAFETY: both lists end in a null pointer, and their strings live.
    unsafe { libc::execve(path.as_ptr(), words.pointers.as_ptr(), environment.pointers.as_ptr()) };
    io::Error::last_os_error()
}

/// Marks every descriptor but the standard streams to be closed by `execve()`, but for those given: what PHP code opens
/// is not marked. Between fork and exec.
unsafe fn keep_only(descriptors: &[RawFd]) -> io::Result<()> {
    // SAFETY: numbers only.
    unsafe {
        if libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) != 0 {
            for number in 3..DESCRIPTORS {
                libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC);
            }
        }
        for number in descriptors {
            if libc::fcntl(*number, libc::F_SETFD, 0) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(())
}

/// The environment of this process.
///
/// For the time when there is one thread. Not by the standard library, see [`Program`].
pub fn environment() -> Vec<(OsString, OsString)> {
    // SAFETY: the handle is that of the program itself, whose `environ` is the one that the C library uses: a list of
    // strings that ends in a null pointer.
    unsafe {
        let environ = libc::dlsym(libc::dlopen(ptr::null(), libc::RTLD_NOW), c"environ".as_ptr());
        let mut items = match environ.cast::<*const *const c_char>().as_ref() {
            Some(items) if !items.is_null() => *items,
            _ => return Vec::new(),
        };
        let mut environment = Vec::new();
        while let Some(item) = (*items).as_ref() {
            environment.extend(pair(CStr::from_ptr(item).to_bytes()));
            items = items.add(1);
        }
        environment
    }
}

/// Name and value of `name=value`.
pub fn pair(item: &[u8]) -> Option<(OsString, OsString)> {
    let at = item.iter().position(|byte| *byte == b'=').filter(|at| *at > 0)?;
    let text = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    Some((text(&item[..at]), text(&item[at + 1..])))
}

/// Takes a variable out of the environment.
///
/// For the time when there is one thread: the environment has no lock that C code would heed.
pub fn take_variable(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name)?;
    #[expect(clippy::disallowed_methods, reason = "called while there is one thread")]
    // SAFETY: there is one thread.
    unsafe {
        std::env::remove_var(name);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_passed_on_is_inherited() {
        let (passed, other) = (std::fs::File::open("/").unwrap(), std::fs::File::open("/").unwrap());
        // As PHP opens its files.
        for file in [&passed, &other] {
            assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) }, 0);
        }
        let program = |script: &str, descriptors| Program {
            path: "/bin/sh".into(),
            words: ["sh", "-c", script].map(OsString::from).to_vec(),
            environment: vec![("PATH".into(), "/bin:/usr/bin".into()), ("GIVEN".into(), "a=b".into())],
            directory: Some("/".into()),
            descriptors,
            follows: true,
        };
        let file = std::env::temp_dir().join(format!("rr-process-{}", std::process::id()));
        let script = format!("{{ ls /proc/self/fd; pwd; env; }} > {}", file.display());
        let status = program(&script, vec![passed.as_raw_fd()]).spawn().unwrap().wait().unwrap();
        let output = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        assert!(status.success());
        assert!(output.contains("\n/\n") && output.contains("GIVEN=a=b\n") && !output.contains("CARGO"), "{output}");
        let numbers: Vec<RawFd> = output.lines().map_while(|line| line.parse().ok()).collect();
        assert!(numbers.contains(&passed.as_raw_fd()), "{numbers:?}");
        assert!(!numbers.contains(&other.as_raw_fd()), "{numbers:?}");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let program = || Program { path: "/nowhere".into(), words: vec!["nowhere".into()], ..Program::default() };
        assert_eq!(program().spawn().unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(program().exec().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_environment_is_that_of_the_c_library() {
        assert!(environment().contains(&("PATH".into(), std::env::var_os("PATH").unwrap())));
        assert_eq!(pair(b"a=b=c"), Some(("a".into(), "b=c".into())));
        assert_eq!((pair(b"=c"), pair(b"c")), (None, None));
    }

    #[test]
    fn a_descriptor_that_is_not_open_cannot_be_taken() {
        assert!(take(0).is_none(), "the standard streams are nobody's");
        assert!(take(1_000_000).is_none());
    }
}
