//! Whether a thread waits for something, or only for its turn on a processor.

use std::fs;

/// Whether the thread with this number sleeps. False if the system does not say, or there is no such thread.
///
/// `/proc/self/task/<number>/stat`, see proc(5): the state is the first field behind the name, which is in parentheses and may
/// contain some. It costs some microseconds.
pub(super) fn is_asleep(thread: u32) -> bool {
    let Ok(line) = fs::read_to_string(format!("/proc/self/task/{thread}/stat")) else { return false };
    let state = line.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    matches!(state, Some('S' | 'D'))
}

#[cfg(all(test, target_os = "linux", not(miri), not(feature = "shuttle")))]
mod tests {
    use std::{
        sync::mpsc::channel,
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    fn number() -> u32 {
        nix::unistd::gettid().as_raw().cast_unsigned()
    }

    #[test]
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
