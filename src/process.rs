//! Processes: what the standard library has no safe form of, that is signals, orphans and inherited descriptors.
//!
//! Thin covers of system calls, for `parent` and `server`; they decide nothing.
#![allow(unsafe_code, reason = "system calls of which the standard library has no safe form")]

use std::{
    ffi::{OsString, c_int},
    io,
    mem::MaybeUninit,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::process::{CommandExt, ExitStatusExt},
    },
    process::{Command, ExitStatus},
    ptr,
    sync::OnceLock,
    time::Duration,
};

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use tokio::io::{Interest, unix::AsyncFd};

/// A second signal within this time is the first one once more: some supervisors signal a process and then its group.
pub const SAME_SIGNAL: Duration = Duration::from_millis(200);
/// Descriptors looked at where the system cannot mark all of them in one call.
const DESCRIPTORS: RawFd = 65536;

/// The limits on descriptors, soft and hard, that this process was started with, once it has changed them.
static LIMITS: OnceLock<(rlim_t, rlim_t)> = OnceLock::new();

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

/// Memory of the C allocator, in bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Heap {
    /// Given away.
    pub used: usize,
    /// Kept for later.
    pub free: usize,
    /// Of blocks so big that they are mapped one by one.
    pub mapped: usize,
}

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

/// What the C allocator says of itself. `None`: this C library does not say it (glibc does since 2.33).
pub fn heap() -> Option<Heap> {
    /// As glibc has it.
    #[repr(C)]
    #[derive(Default)]
    struct Mallinfo {
        arena: usize,
        free_chunks: usize,
        fast_chunks: usize,
        mappings: usize,
        mapped: usize,
        unused: usize,
        fast_bytes: usize,
        used: usize,
        free: usize,
        trimmable: usize,
    }
    static FOUND: OnceLock<Option<extern "C" fn() -> Mallinfo>> = OnceLock::new();
    let mallinfo = FOUND.get_or_init(|| {
        // Not linked: an older library is to do as well.
        // SAFETY: the name ends with a NUL.
        let symbol = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"mallinfo2".as_ptr()) };
        // SAFETY: what has this name in a C library is this function.
        (!symbol.is_null())
            .then(|| unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn() -> Mallinfo>(symbol) })
    });
    let Mallinfo { used, free, mapped, .. } = (*mallinfo)?();
    Some(Heap { used, free, mapped })
}

/// Sends a signal to a process. One that has gone is no failure.
pub fn send(process: u32, number: c_int) {
    if let Ok(process) = libc::pid_t::try_from(process) {
        // SAFETY: no memory is involved.
        unsafe { libc::kill(process, number) };
    }
}

/// Sends a signal to the process that has started this one.
pub fn send_to_parent(number: c_int) {
    // SAFETY: no memory is involved.
    unsafe { libc::kill(libc::getppid(), number) };
}

/// Takes the exit status of a child that has ended, or of an orphan that was given to this process; `None`: there is none.
pub fn reap() -> Option<(u32, ExitStatus)> {
    let mut status = 0;
    // SAFETY: the status is written to a variable that lives.
    let process = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    let process = u32::try_from(process).ok().filter(|process| *process != 0)?;
    Some((process, ExitStatus::from_raw(status)))
}

/// Gives memory that the allocator holds and nothing uses back to the system. Takes milliseconds for each 10 MB, and holds up
/// other threads that allocate for a part of that. Only where the C library is GNU's: musl gives back by itself.
pub fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: may be called at any time by any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Time since the system started, as service managers count it, and an [`Instant`](std::time::Instant) does.
pub fn monotonic() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the time is written to a variable that lives.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Opens `/dev/null` for each standard stream that is closed, so that no socket or file gets its number.
pub fn open_standard_streams() {
    for number in 0..3 {
        // SAFETY: no memory is involved but a literal; the lowest number that is free is given, and all below are in use.
        unsafe {
            if libc::fcntl(number, libc::F_GETFD) < 0 {
                libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
            }
        }
    }
}

/// Lets the reactor of this thread tell when there is something to read from `descriptor`, or to accept.
///
/// # Errors
///
/// When it cannot be watched.
pub fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is one open descriptor, the same for its whole life, and the `AsyncFd` owns it.
    Ok(unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }?)
}

/// Bytes of a socket that the other side has not confirmed; 0 if the system does not say.
pub fn unsent(socket: impl AsFd) -> usize {
    let mut bytes: c_int = 0;
    // SAFETY: the descriptor is open, and the place is valid for the write of an integer.
    let told = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if told == 0 { usize::try_from(bytes).unwrap_or(0) } else { 0 }
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

/// Raises the soft limit on descriptors to the hard one, but not beyond `most`. Returns what it was at the start of this
/// process and what it is now.
///
/// # Errors
///
/// When it can be neither read nor raised.
pub fn raise_descriptor_limit(most: u64) -> io::Result<(u64, u64)> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let (first, _) = *LIMITS.get_or_init(|| (soft, hard));
    let raised = hard.min(most).max(soft);
    if raised > soft {
        setrlimit(Resource::RLIMIT_NOFILE, raised, hard)?;
    }
    Ok((first, raised))
}

/// Lets the child of `command` have the limit on descriptors that this process was started with: programs exist that are
/// slow, or wrong, with a high one.
pub fn restore_descriptor_limit(command: &mut Command) {
    let Some((soft, hard)) = LIMITS.get().copied() else { return };
    let restore = move || setrlimit(Resource::RLIMIT_NOFILE, soft, hard).map_err(io::Error::from);
    // SAFETY: between fork and exec, one system call; nothing is allocated.
    unsafe { command.pre_exec(restore) };
}

/// Lets the child of `command` inherit `descriptors`, under their numbers, and no other but the standard streams; it hears
/// every signal. `follows`: it is told to terminate when the thread that starts it ends.
pub fn pass_on(command: &mut Command, descriptors: Vec<RawFd>, follows: bool) {
    let parent = libc::pid_t::try_from(std::process::id()).unwrap_or_default();
    let prepare = move || {
        // SAFETY: between fork and exec; system calls with numbers, and one with a set of signals on the stack.
        unsafe {
            keep_only(&descriptors)?;
            let mut none = MaybeUninit::uninit();
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
            if follows {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
                if libc::getppid() != parent {
                    return Err(io::ErrorKind::NotFound.into());
                }
            }
        }
        Ok(())
    };
    // SAFETY: between fork and exec, system calls only; nothing is allocated.
    unsafe { command.pre_exec(prepare) };
    restore_descriptor_limit(command);
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

/// Ticks of the clock by which the system counts processor time (`USER_HZ`), each second.
const TICKS: u64 = 100;

/// What a file `stat` of a process or thread has from its third field on, see proc(5): that is the state.
///
/// What is before may have any character in it: the second field is a name in parentheses.
pub fn stat(path: &str) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

/// Whether a thread of this process sleeps: it waits for something, and not just for its turn on a processor. False if the system
/// does not say, or there is no such thread. It costs some microseconds.
pub fn is_asleep(thread: u32) -> bool {
    stat(&format!("/proc/self/task/{thread}/stat"))
        .is_some_and(|fields| fields.first().is_some_and(|state| ["S", "D"].contains(&state.as_str())))
}

/// Processor time of a process or thread, by its file `stat`.
pub fn cpu_time(path: &str) -> Option<Duration> {
    let fields = stat(path)?;
    let mut fields = fields.iter().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?).saturating_mul(1000 / TICKS)))
}

/// Bytes of memory that this process has in use.
pub fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::channel,
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn children_do_not_inherit_a_limit_that_was_raised() {
        let (before, raised) = raise_descriptor_limit(u64::MAX).unwrap();
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, raised);
        assert_eq!(raise_descriptor_limit(before).unwrap(), (before, raised), "never lowered, and the first is kept");
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -Sn"]);
        restore_descriptor_limit(&mut command);
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert_eq!(output.trim(), if before == u64::MAX { "unlimited".to_owned() } else { before.to_string() });
    }

    #[test]
    fn only_what_is_passed_on_is_inherited() {
        let (passed, other) = (std::fs::File::open("/").unwrap(), std::fs::File::open("/").unwrap());
        // As PHP opens its files.
        for file in [&passed, &other] {
            // SAFETY: a plain system call on an open descriptor.
            assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) }, 0);
        }
        let mut command = Command::new("ls");
        command.arg("/proc/self/fd");
        pass_on(&mut command, vec![passed.as_raw_fd()], true);
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let numbers: Vec<RawFd> = output.lines().map(|line| line.parse().unwrap()).collect();
        assert!(numbers.contains(&passed.as_raw_fd()), "{numbers:?}");
        assert!(!numbers.contains(&other.as_raw_fd()), "{numbers:?}");
    }

    #[test]
    fn a_descriptor_that_is_not_open_cannot_be_taken() {
        assert!(take(0).is_none(), "the standard streams are nobody's");
        assert!(take(1_000_000).is_none());
    }

    fn number() -> u32 {
        nix::unistd::gettid().as_raw().cast_unsigned()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn who_waits_sleeps_and_who_works_does_not() {
        let ((say, said), (end, ended)) = (channel(), channel::<()>());
        let sleeper = thread::Builder::new().name("a) R (".to_owned()).spawn(move || {
            say.send(number()).unwrap();
            let _ = ended.recv();
        });
        let thread = said.recv().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_asleep(thread) {
            assert!(Instant::now() < deadline);
            thread::yield_now();
        }
        assert!(!is_asleep(number()));
        drop(end);
        sleeper.unwrap().join().unwrap();
        assert!(!is_asleep(thread), "it is no more");
    }
}
