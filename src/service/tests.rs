//! Real processes, looked after without a server.

mod remote;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, Uid},
};

use super::{Config, Services, State, Status};
use crate::{http::RequestId, program};

/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory in which processes leave notes.
struct Place(PathBuf);

// === impl Place ===

impl Place {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("rr-service-{}", RequestId::next()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A service that runs `script` in a shell, the directory being `$DIR`.
    fn shell(&self, script: &str) -> Config {
        let mut config = Config::new("test", &["sh", "-c", script]);
        config.env = vec![("DIR".to_owned(), self.0.display().to_string())];
        config.restart_pause = Duration::from_millis(20);
        config
    }

    /// Waits for a note, and gives its text, without the end of its line.
    fn note(&self, name: &str) -> String {
        let path = self.0.join(name);
        let read = || fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n'));
        until(name, || read().is_some());
        read().unwrap().trim_end().to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "in vain waited until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn start(configs: &[Config]) -> Services {
    let services = Services::new(program::environment());
    services.start(configs).unwrap();
    services
}

fn stop(services: Services) {
    services.stop(Instant::now() + PATIENCE);
}

/// Waits until a process runs that is not `before`, and gives its number.
#[track_caller]
fn running(services: &Services, before: Option<u32>) -> u32 {
    let mut process = None;
    until("another process runs", || {
        let now = services.list()[0].clone();
        process = now.pid.filter(|_| now.state == State::Running && now.pid != before);
        process.is_some()
    });
    process.unwrap()
}

/// Whether a process is there, and not only waited for by nobody.
fn lives(process: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(process).join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[test]
fn no_service_is_no_thread() {
    let mut services = start(&[]);
    assert!(services.list().is_empty());
    services.end(Instant::now());
    assert!(services.ended().recv().is_err(), "nothing is left to end");
    stop(services);
}

#[test]
fn another_process_takes_the_place_of_one_that_was_killed() {
    let place = Place::new();
    let mut config = place.shell("exec sleep 1000");
    config.restart = true;
    let services = start(&[config]);
    let mut process = running(&services, None);
    for restarts in 1..=3 {
        kill(Pid::from_raw(process.cast_signed()), Signal::SIGKILL).unwrap();
        process = running(&services, Some(process));
        assert_eq!(services.list()[0].restarts, restarts);
    }
    stop(services);
    assert!(!lives(&process.to_string()));
}

#[test]
fn what_has_ended_stays_so_unless_it_is_to_remain() {
    for end in ["exit 0", "exit 3", "kill -9 $$"] {
        let place = Place::new();
        let services = start(&[place.shell(&format!("echo ran >> $DIR/note; {end}"))]);
        until("it has ended", || services.list()[0].state == State::Ended);
        let Status { pid, restarts, number, .. } = services.list().remove(0);
        assert_eq!((pid, restarts, number), (None, 0, 0), "{end}");
        assert!(services.ended().try_recv().unwrap_err().is_empty(), "the thread is there, for others");
        stop(services);
        assert_eq!(place.note("note"), "ran", "{end}");
    }
}

#[test]
fn as_many_run_as_are_asked_for() {
    let place = Place::new();
    let mut first = place.shell("exec sleep 1000");
    first.processes = 3;
    let mut second = Config::new("second", &["sleep", "1000"]);
    second.restart = true;
    let services = start(&[first, second]);
    until("all run", || services.list().iter().all(|status| status.state == State::Running));
    let all = services.list();
    let names: Vec<_> = all.iter().map(|status| (status.service.as_str(), status.number)).collect();
    assert_eq!(names, [("test", 0), ("test", 1), ("test", 2), ("second", 0)]);
    assert_eq!(all[3].command, ["sleep", "1000"]);
    let mut processes: Vec<_> = all.iter().map(|status| status.pid.unwrap()).collect();
    processes.sort_unstable();
    processes.dedup();
    assert_eq!(processes.len(), 4);
    stop(services);
    assert!(processes.iter().all(|process| !lives(&process.to_string())));
}

#[test]
fn one_that_does_not_end_is_killed_with_all_that_it_has_started() {
    let place = Place::new();
    let script = "trap '' TERM; (trap '' TERM; echo $$ > $DIR/parent; sh -c 'echo $$ > $DIR/child; sleep 1000'; sleep \
                  1000) & wait; wait; sleep 1000";
    let mut config = place.shell(script);
    config.stop_timeout = Duration::from_millis(200);
    let services = start(&[config]);
    let (parent, child) = (place.note("parent"), place.note("child"));
    assert!(lives(&parent) && lives(&child));
    let begun = Instant::now();
    stop(services);
    assert!(begun.elapsed() >= Duration::from_millis(200), "it has its time");
    until("all are gone", || !lives(&parent) && !lives(&child));
}

#[test]
fn a_deadline_bounds_the_time_to_end() {
    let place = Place::new();
    let mut config = place.shell("trap '' TERM; echo ready > $DIR/ready; while :; do sleep 1000; done");
    config.stop_timeout = PATIENCE * 10;
    let services = start(&[config]);
    place.note("ready");
    let process = running(&services, None).to_string();
    services.stop(Instant::now() + Duration::from_millis(100));
    assert!(!lives(&process));
}

#[test]
fn who_forgets_them_has_them_killed() {
    let place = Place::new();
    let services = start(&[place.shell("trap '' TERM; echo ready > $DIR/ready; while :; do sleep 1000; done")]);
    place.note("ready");
    let process = running(&services, None).to_string();
    drop(services);
    assert!(!lives(&process));
}

#[test]
fn one_that_ends_in_time_is_left_to_it() {
    let place = Place::new();
    let script = "trap 'echo ended > $DIR/ended; exit' TERM; echo ready > $DIR/ready; while :; do sleep 0.01; done";
    let mut config = place.shell(script);
    config.stop_timeout = PATIENCE;
    config.restart = true;
    let services = start(&[config]);
    place.note("ready");
    stop(services);
    assert_eq!(place.note("ended"), "ended");
}

#[test]
fn what_a_process_leaves_behind_ends_before_another_one_is_started() {
    let place = Place::new();
    let script = "test -e $DIR/child && { test -d /proc/$(cat $DIR/child) && state=$(cut -d' ' -f3 /proc/$(cat \
                  $DIR/child)/stat); echo after:$state > $DIR/again; exec sleep 1000; }; sh -c 'trap \"\" HUP; exec sleep \
                  1000' & echo $! > $DIR/child";
    let mut config = place.shell(script);
    config.restart = true;
    config.stop_timeout = Duration::from_millis(500);
    let services = start(&[config]);
    let child = place.note("child");
    let again = place.note("again");
    assert!(["after:", "after:Z"].contains(&&*again), "{again}");
    assert!(!lives(&child));
    stop(services);
}

#[test]
fn one_that_runs_for_too_long_is_ended() {
    let place = Place::new();
    let mut config = place.shell("echo ran >> $DIR/note; exec sleep 1000");
    (config.restart, config.exec_timeout) = (true, Some(Duration::from_millis(50)));
    let services = start(&[config.clone()]);
    until("it was started again", || services.list()[0].restarts >= 2);
    stop(services);
    config.restart = false;
    let services = start(&[config]);
    until("it has ended", || services.list()[0].state == State::Ended);
    stop(services);
}

#[test]
fn what_cannot_be_started_is_tried_again_and_starts_once_it_can_be() {
    let place = Place::new();
    let program = place.0.join("program");
    let mut config = place.shell("");
    config.command = vec![program.display().to_string()];
    let services = start(&[config]);
    let Status { state, pid, restarts, .. } = services.list().remove(0);
    assert_eq!((state, pid, restarts), (State::Waiting, None, 0));
    // Renamed in one piece: a file that is still written cannot be run.
    let made = place.0.join("made");
    fs::write(&made, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&made, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::rename(&made, &program).unwrap();
    running(&services, None);
    assert_eq!(services.list()[0].restarts, 0, "a try is no start");
    stop(services);
}

#[test]
fn one_that_waits_to_be_started_again_ends_at_once() {
    let place = Place::new();
    let mut config = place.shell("echo ran > $DIR/note; exit 1");
    (config.restart, config.restart_pause) = (true, PATIENCE * 10);
    let services = start(&[config]);
    place.note("note");
    until("it waits", || services.list()[0].state == State::Waiting);
    let begun = Instant::now();
    stop(services);
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn output_is_taken_so_that_nobody_waits_for_room() {
    let place = Place::new();
    let script = "i=0; while [ $i -lt 3000 ]; do echo a line of output that is long enough to fill a pipe $i; i=$((i+1)); \
                  done; printf 'no end'; echo done > $DIR/done; exec sleep 1000";
    let services = start(&[place.shell(script)]);
    assert_eq!(place.note("done"), "done");
    stop(services);
}

#[test]
fn only_root_may_have_them_run_as_another_user() {
    let place = Place::new();
    let mut config = place.shell("id -u > $DIR/user; exec sleep 1000");
    config.user = Some("54321".to_owned());
    fs::set_permissions(&place.0, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let services = start(&[config]);
    if Uid::effective().is_root() {
        assert_eq!(place.note("user"), "54321");
    } else {
        until("it was tried", || services.list()[0].state == State::Waiting);
        assert_eq!(services.list()[0].pid, None);
    }
    stop(services);
}
