//! The parent process of `rr serve`.

use std::{
    fs,
    net::TcpStream,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use libc::{SIGKILL, SIGSEGV, SIGTERM};

use crate::support::{Client, Server, get, signal, until};

const ANSWER: &str = "$worker->respond(200, 'answer');";

/// Which process serves, of a server that has a parent and one of them.
fn serving(server: &Server) -> u32 {
    let processes = server.processes();
    assert_eq!(processes.len(), 1, "{processes:?}");
    processes[0]
}

/// Whether a process is there and has not ended.
fn lives(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("\nState:\tZ")
}

#[test]
fn while_a_crashed_server_is_started_again_connections_wait() {
    let server = Server::with_loop(ANSWER).workers(2).parent().start();
    let address = server.address;
    let (done, refused, answered) = (Arc::new(AtomicBool::new(false)), Arc::default(), Arc::default());
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (done, refused, answered) =
                (Arc::clone(&done), Arc::<AtomicU64>::clone(&refused), Arc::<AtomicU64>::clone(&answered));
            thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    match Client::connect(address) {
                        // A connection to a process that crashes is lost, but the next one is taken.
                        Ok(mut client) => _ = client.get("/").map(|_| answered.fetch_add(1, Ordering::Relaxed)),
                        Err(_) => _ = refused.fetch_add(1, Ordering::Relaxed),
                    }
                }
            })
        })
        .collect();
    let more = || {
        let before = answered.load(Ordering::Relaxed);
        until("requests are answered", || answered.load(Ordering::Relaxed) > before + 10);
    };
    more();
    let before = serving(&server);
    let start = Instant::now();
    signal(before, SIGSEGV);
    server.wait_for_log("Server's process has crashed");
    until("another process serves", || server.log().matches("Serving http://").count() == 2);
    let again = start.elapsed();
    more();
    done.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
    println!("serves again {} ms after a crash", again.as_millis());
    assert!(again < Duration::from_secs(2), "serves again only after {again:?}");
    assert_eq!(refused.load(Ordering::Relaxed), 0, "connections were refused");
    assert_ne!(serving(&server), before);
    server.stop();
}

#[test]
fn a_start_that_fails_ends_with_the_exit_code_of_the_server() {
    let (code, output) = Server::of("<?php exit(3);").workers(1).parent().run();
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("the worker script never came to wait for a request"), "{output}");
    let (code, output) = Server::with_loop("").config("http: {pool: {num_worker: 3}}\n").parent().run();
    assert_eq!(code, Some(78), "{output}");
}

#[test]
fn addresses_do_not_change_under_the_parent() {
    let server = Server::with_loop("$worker->respond(200, 'here');").workers(1).parent().start();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = server.directory.join(".rr.yaml");
    let before = fs::read_to_string(&file).unwrap();
    let address = before.lines().find(|line| line.contains("address:")).unwrap();
    fs::write(&file, before.replace(address, &format!("  address: {other}"))).unwrap();
    server.signal(libc::SIGUSR2);
    server.wait_for_log("Generation change failed");
    assert!(server.log().contains("the addresses are not those with which rr serve was started"), "{}", server.log());
    assert_eq!(get(server.address, "/").text(), "here");
    fs::write(&file, before).unwrap();
    server.signal(libc::SIGUSR2);
    server.wait_for_log("Generation changed: the next one serves");
    assert_eq!(get(server.address, "/").text(), "here");
    server.stop();
}

#[test]
fn a_taken_port_ends_the_start() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (code, output) = Server::with_loop("").config(&format!("http: {{address: '{address}'}}\n")).parent().run();
    assert_eq!(code, Some(1));
    assert!(output.contains(&format!("cannot listen on {address}: Address already in use")), "{output}");
}

#[test]
fn a_server_whose_parent_is_gone_finishes_its_requests_and_ends() {
    let mut server = Server::with_loop(
        "touch(__DIR__ . '/held'); while (!file_exists(__DIR__ . '/go')) usleep(5000); $worker->respond(200, 'held');",
    )
    .workers(1)
    .parent()
    .start();
    let (address, process) = (server.address, serving(&server));
    let client = thread::spawn(move || get(address, "/"));
    until("the request is held", || server.directory.join("held").exists());
    server.signal(SIGKILL);
    server.wait();
    server.wait_for_log("Shutting down");
    until("the port is closed", || TcpStream::connect(address).is_err());
    fs::write(server.directory.join("go"), "").unwrap();
    assert_eq!(client.join().unwrap().text(), "held");
    until("the server has ended", || !lives(process));
}

#[test]
fn signals_reach_the_server_and_a_second_one_ends_at_once() {
    let mut server = Server::with_loop("touch(__DIR__ . '/held'); sleep(600);").workers(1).parent().start();
    let address = server.address;
    let client = thread::spawn(move || Client::connect(address).and_then(|mut client| client.get("/")).is_err());
    until("the request is held", || server.directory.join("held").exists());
    server.signal(libc::SIGHUP);
    server.wait_for_log("Reloaded");
    server.signal(libc::SIGUSR1);
    server.wait_for_log("Opening log files again");
    server.signal(SIGTERM);
    server.wait_for_log("Shutting down");
    thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    server.signal(SIGTERM);
    assert_eq!(server.wait().code(), Some(1), "{}", server.log());
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(client.join().unwrap());
    until("nobody is left", || server.processes().is_empty());
}

#[test]
fn a_server_that_is_told_to_end_by_itself_takes_its_parent_along() {
    let mut server = Server::with_loop(ANSWER).workers(1).parent().start();
    signal(serving(&server), SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_server_that_crashes_while_it_ends_is_not_started_again() {
    let mut server = Server::with_loop("touch(__DIR__ . '/held'); sleep(600);").workers(1).parent().start();
    let address = server.address;
    thread::spawn(move || Client::connect(address).and_then(|mut client| client.get("/")));
    until("the request is held", || server.directory.join("held").exists());
    server.signal(SIGTERM);
    server.wait_for_log("Shutting down");
    signal(serving(&server), SIGSEGV);
    assert_eq!(server.wait().code(), Some(128 + SIGSEGV));
    assert_eq!(server.log().matches("Serving http://").count(), 1);
}

#[test]
fn as_the_first_process_of_a_system_it_takes_orphans_away() {
    let isolated = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child"];
    let works = Command::new("unshare").args(isolated).arg("true").status();
    if !works.is_ok_and(|status| status.success()) {
        println!("left out: no name spaces to be had here");
        return;
    }
    let builder = Server::with_loop(
        "exec('(sleep 0.05; touch ' . __DIR__ . '/orphan) > /dev/null 2>&1 &'); $worker->respond(200, (string) posix_getppid());",
    )
    .workers(1)
    .parent();
    let command = builder.command_by(&[&["unshare"], isolated.as_slice()].concat());
    let mut server = builder.begin_as(command);
    server.find_address();
    let child = serving(&server);
    let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap();
    let parent: u32 = status.split("\nPPid:\t").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert_eq!(get(server.address, "/").text(), "1", "the parent is the first process");
    until("the orphan has worked", || server.directory.join("orphan").exists());
    until("the orphan is taken away", || {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
        children.split_whitespace().count() == 1
    });
    signal(parent, SIGTERM);
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
}
