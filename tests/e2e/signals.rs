//! Every signal in every state of a server, with its documented outcome (`docs/operations.md`).

use std::{
    fs,
    thread::{self, JoinHandle},
    time::Duration,
};

use libc::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, c_int};

use crate::support::{Server, client::Response, get, until};

/// A worker boots once `booted` is there, and holds requests to `/held` until `go` is there.
const SCRIPT: &str = r#"<?php
function hold(string $there, string $until) {
    touch(__DIR__ . "/$there");
    for ($i = 0; $i < 6000 && !file_exists(__DIR__ . "/$until"); $i++) {
        usleep(5000);
    }
}
if (RoadRunner\Environment::isWorker()) {
    hold('booting', 'booted');
}
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    if ($request->path === '/held') {
        hold('held', 'go');
    }
    $worker->respond(200, 'answer');
}
"#;

/// What is to become of the server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// It finishes what it does, and ends well.
    Ends,
    /// It ends at once, with exit code 1.
    EndsAtOnce,
    /// It logs this and does what it did.
    Logs(&'static str),
    /// Another process takes over; it finishes what it does, and ends well.
    IsSucceeded,
}

use Outcome::{Ends, EndsAtOnce, IsSucceeded, Logs};

const RELOADS: Outcome = Logs("Reloaded");
const REOPENS: Outcome = Logs("Opening log files again");

fn start() -> Server {
    Server::of(SCRIPT).workers(1).begin()
}

fn place(server: &Server, name: &str) {
    fs::write(server.directory.join(name), "").unwrap();
}

fn exists(server: &Server, name: &str) -> bool {
    server.directory.join(name).exists()
}

/// Sends a request that is held.
fn hold(server: &Server) -> JoinHandle<Response> {
    let address = server.address;
    let client = thread::spawn(move || get(address, "/held"));
    until("the request is held", || exists(server, "held"));
    client
}

/// Waits until another process serves at the same address, and ends it.
fn end_successor(server: &Server) {
    server.wait_for_log("the next one serves");
    assert_eq!(get(server.address, "/").text(), "answer");
    until("only the successor is left", || server.processes().len() == 1);
    let successor = server.processes()[0];
    assert_ne!(successor, server.pid());
    crate::support::signal(successor, SIGTERM);
    until("the successor has ended", || server.processes().is_empty());
}

/// Sees a server that serves, and was sent a signal, to its end.
fn end(mut server: Server, outcome: Outcome) {
    match outcome {
        Logs(text) => {
            server.wait_for_log(text);
            assert_eq!(get(server.address, "/").text(), "answer");
            server.stop();
            return;
        }
        IsSucceeded => end_successor(&server),
        Ends | EndsAtOnce => {}
    }
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
}

fn booting(signal: c_int, outcome: Outcome) {
    let mut server = start();
    until("a worker boots", || exists(&server, "booting"));
    server.signal(signal);
    match outcome {
        Logs(text) => server.wait_for_log(text),
        IsSucceeded => server.wait_for_log("The generation changes once this one serves"),
        Ends | EndsAtOnce => {}
    }
    place(&server, "booted");
    if let Logs(_) = outcome {
        server.find_address();
        server.stop();
        return;
    }
    if outcome == IsSucceeded {
        server.find_address();
        end_successor(&server);
    }
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
}

fn idle(signal: c_int, outcome: Outcome) {
    let mut server = start();
    place(&server, "booted");
    server.find_address();
    server.signal(signal);
    end(server, outcome);
}

fn busy(signal: c_int, outcome: Outcome) {
    let mut server = start();
    place(&server, "booted");
    server.find_address();
    let client = hold(&server);
    server.signal(signal);
    match outcome {
        Logs(text) => server.wait_for_log(text),
        IsSucceeded => server.wait_for_log("the next one serves"),
        Ends | EndsAtOnce => server.wait_for_log("Shutting down"),
    }
    assert!(server.is_running());
    place(&server, "go");
    assert_eq!(client.join().unwrap().text(), "answer");
    end(server, outcome);
}

fn draining(signal: c_int, outcome: Outcome) {
    let mut server = start();
    place(&server, "booted");
    server.find_address();
    let address = server.address;
    let client = thread::spawn(move || crate::support::Client::connect(address)?.get("/held"));
    until("the request is held", || exists(&server, "held"));
    server.signal(SIGTERM);
    server.wait_for_log("Shutting down");
    if outcome == EndsAtOnce {
        // Signals that come together are one.
        thread::sleep(Duration::from_millis(300));
    }
    server.signal(signal);
    if let Logs(text) = outcome {
        server.wait_for_log(text);
        place(&server, "go");
        assert_eq!(client.join().unwrap().unwrap().text(), "answer");
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
    } else {
        assert_eq!(server.wait().code(), Some(1), "{}", server.log());
        assert!(client.join().unwrap().is_err(), "the request under way is lost");
    }
}

macro_rules! outcomes {
    ($($state:ident: $($name:ident $signal:ident $outcome:expr),+;)+) => {$($(
        #[test]
        fn $name() {
            $state($signal, $outcome);
        }
    )+)+};
}

outcomes! {
    booting:
        term_while_booting SIGTERM Ends,
        int_while_booting SIGINT Ends,
        quit_while_booting SIGQUIT Ends,
        hup_while_booting SIGHUP RELOADS,
        usr1_while_booting SIGUSR1 REOPENS,
        usr2_while_booting SIGUSR2 IsSucceeded;
    idle:
        term_while_idle SIGTERM Ends,
        int_while_idle SIGINT Ends,
        quit_while_idle SIGQUIT Ends,
        hup_while_idle SIGHUP RELOADS,
        usr1_while_idle SIGUSR1 REOPENS,
        usr2_while_idle SIGUSR2 IsSucceeded;
    busy:
        term_while_busy SIGTERM Ends,
        int_while_busy SIGINT Ends,
        quit_while_busy SIGQUIT Ends,
        hup_while_busy SIGHUP RELOADS,
        usr1_while_busy SIGUSR1 REOPENS,
        usr2_while_busy SIGUSR2 IsSucceeded;
    draining:
        term_while_draining SIGTERM EndsAtOnce,
        int_while_draining SIGINT EndsAtOnce,
        quit_while_draining SIGQUIT EndsAtOnce,
        hup_while_draining SIGHUP Logs("nothing is reloaded any more"),
        usr1_while_draining SIGUSR1 REOPENS,
        usr2_while_draining SIGUSR2 Logs("its generation does not change any more");
}
