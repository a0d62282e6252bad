//! Section `service`: programs that run beside the workers.

use std::fs;

use libc::{SIGKILL, SIGTERM, SIGUSR2};

use crate::support::{Server, get, server::Builder, signal, until};

/// Answers whether the service has ended. A request to `/held` waits until `go` is there.
const SCRIPT: &str = r#"<?php
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    if ($request->path === '/held') {
        touch(__DIR__ . '/held');
        for ($i = 0; $i < 12000 && !file_exists(__DIR__ . '/go'); $i++) usleep(5000);
    }
    clearstatcache();
    $worker->respond(200, file_exists(__DIR__ . '/ended') ? 'ended' : 'there');
}
"#;
/// Notes its number and waits for its end.
const WAITS: &str = "trap 'echo $$ >> ended; exit' TERM; echo $$ >> pids; while :; do sleep 0.02; done";

/// A server with this section `service`.
fn server(service: &str) -> Builder {
    let http = "http: {address: {address}, pool: {num_workers: 1}}";
    Server::of(SCRIPT).config(&format!("{http}\nservice: {{{service}}}\n")).file("waits.sh", WAITS)
}

/// Waits until a file has so many lines, and gives the last one as a number.
#[track_caller]
fn noted(server: &Server, name: &str, lines: usize) -> u32 {
    let read = || fs::read_to_string(server.directory.join(name)).unwrap_or_default();
    until(&format!("{name} has {lines} lines"), || read().matches('\n').count() >= lines);
    read().lines().last().unwrap().parse().unwrap()
}

#[test]
fn what_a_service_says_and_does_is_logged() {
    let server = server(
        "quiet: {command: [sh, -c, 'echo from the quiet one; printf oops >&2; exit 3']}, \
         loud: {command: [sh, -c, 'echo said by `printenv WHO`; exec sleep 1000'], service_name_in_log: true, env: {who: me}}, \
         lost: {command: /no/such/program}",
    )
    .start();
    for text in [
        "from the quiet one source=service\n",
        "oops source=service\n",
        "said by me source=service service=loud\n",
        "how=\"ended with exit code 3\"",
        "Service process has ended, and is not started again service=quiet number=0 pid=",
        "Service process cannot be started service=lost number=0 command=/no/such/program",
        "again_in_seconds=30",
    ] {
        server.wait_for_log(text);
    }
    assert_eq!(get(server.address, "/").text(), "there", "the server serves all the same");
    let log = server.stop();
    assert!(log.find("Serving http://") < log.find("Service process started"), "{log}");
}

#[test]
fn a_service_is_there_until_the_last_request_is_answered() {
    let mut server = server("a: {command: sh waits.sh, remain_after_exit: true}").start();
    noted(&server, "pids", 1);
    let address = server.address;
    let held = std::thread::spawn(move || get(address, "/held").text());
    until("a request is held", || server.directory.join("held").exists());
    server.signal(SIGTERM);
    server.wait_for_log("Shutting down");
    fs::write(server.directory.join("go"), "").unwrap();
    assert_eq!(held.join().unwrap(), "there");
    let process = noted(&server, "ended", 1);
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    assert_eq!(noted(&server, "pids", 1), process, "{}", server.log());
}

#[test]
fn each_generation_has_its_own() {
    for parent in [false, true] {
        let builder = server("a: {command: sh waits.sh, remain_after_exit: true}");
        let mut server = if parent { builder.parent() } else { builder }.start();
        let first = noted(&server, "pids", 1);
        server.signal(SIGUSR2);
        let second = noted(&server, "pids", 2);
        assert_ne!(first, second);
        assert_eq!(noted(&server, "ended", 1), first);
        until("the last generation is alone", || server.processes().len() == 1);
        if parent {
            server.signal(SIGTERM);
        } else {
            assert_eq!(server.wait().code(), Some(0), "{}", server.log());
            signal(server.processes()[0], SIGTERM);
        }
        assert_eq!(noted(&server, "ended", 2), second);
        until("the last generation has ended", || server.processes().is_empty());
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    }
}

#[test]
fn they_end_with_a_server_that_is_killed() {
    let mut server = server("a: {command: sh waits.sh}").start();
    let process = noted(&server, "pids", 1);
    server.signal(SIGKILL);
    server.wait();
    assert_eq!(noted(&server, "ended", 1), process);
}

#[test]
fn they_have_nothing_of_the_server() {
    let server = server(
        "a: {command: [sh, -c, 'ls -l /proc/self/fd | grep -c -e socket: -e anon_inode: > descriptors; grep -E \"^SigBlk\" \
         /proc/self/status | cut -f2 | sort -u > signals; tr \"\\0\" \"\\n\" < /proc/self/environ | grep -c -e ^RR_LISTENERS -e \
         ^RR_PARENT > variables; echo 1 > done']}",
    )
    .parent()
    .start();
    noted(&server, "done", 1);
    assert_eq!(noted(&server, "descriptors", 1), 0);
    assert_eq!(noted(&server, "variables", 1), 0);
    let signals = fs::read_to_string(server.directory.join("signals")).unwrap();
    assert_eq!(signals, "0000000000000000\n");
    server.stop();
}
