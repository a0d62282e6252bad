//! Deploys of code that does not boot: the code before serves on, and the log says what is wrong.

use std::fs;

use crate::support::{
    Load, Mode, Server, get, signal,
    site::{Site, fewest_ready, reloads},
    until,
};

/// What may be wrong with a release, and what the log has to say of it.
const BROKEN: [(&str, &str, &str); 6] = [
    ("a syntax error", "<?php $worker = ;", "unexpected token"),
    ("a syntax error in an included file", "<?php require __DIR__ . '/broken.php';", "broken.php"),
    ("an exception", "<?php throw new RuntimeException('no database');", "no database"),
    ("a class that is missing", "<?php new App\\Kernel();", "Class \\\"App"),
    ("an end before the first wait", "<?php exit(3);", "it ended with status 3 before its first wait"),
    ("no script", "", "Failed opening"),
];

fn failures(server: &Server) -> usize {
    server.log().matches("Reload failed").count()
}

/// Tells the server to reload, and waits until it has given that up.
fn fail_to_reload(server: &Server) {
    let before = failures(server);
    signal(server.pid(), libc::SIGHUP);
    until("the reload has failed", || failures(server) > before);
}

/// Tells the server to reload, and waits until it has, for the first time.
fn reload_after_failure(server: &Server) {
    server.signal(libc::SIGHUP);
    until("the code is reloaded", || reloads(server) == 1);
}

/// Deploys a release whose script is this one; an empty one is none.
fn deploy(site: &Site, release: usize, script: &str) {
    site.release(release);
    site.file(release, "worker.php", script);
    site.file(release, "broken.php", "<?php function (");
    if script.is_empty() {
        site.remove(release, "worker.php");
    }
    site.switch(release);
}

fn run(mode: Mode, validate: u8) {
    let (site, builder) = Site::new();
    let server = builder.workers(3).mode(mode).ini(&format!("opcache.validate_timestamps={validate}")).start();
    all_ready(&server, 3);
    let load = Load::checked(
        server.address,
        8,
        |_| "/".to_owned(),
        |_, answer| Site::whole(answer).is_some_and(|release| release % 2 == 1),
    );
    for (number, (what, script, message)) in BROKEN.into_iter().enumerate() {
        let good = 2 * number + 1;
        let before = server.log().len();
        deploy(&site, good + 1, script);
        fail_to_reload(&server);
        let said = server.log().split_off(before);
        let error = said.lines().find(|line| line.contains("Reload failed")).unwrap();
        assert!(error.contains("ERROR") && error.contains(message), "{what}: {said}");
        load.go_on();
        assert_eq!(Site::whole(&get(server.address, "/")), Some(good), "{what}");
        site.release(good + 2);
        site.switch(good + 2);
        let failed = failures(&server);
        signal(server.pid(), libc::SIGHUP);
        until("the good code serves", || Site::whole(&get(server.address, "/")) == Some(good + 2));
        until("all of it", || reloads(&server) == number + 1);
        assert_eq!(failures(&server), failed);
    }
    load.end(&server);
    let log = server.stop();
    assert_eq!(fewest_ready(&log, 3), 3, "{log}");
}

/// The first boots are over: a link that is switched meanwhile would give them a part of either release.
fn all_ready(server: &Server, workers: usize) {
    until("all workers are ready", || server.log().matches("Worker ready").count() >= workers);
}

#[test]
fn the_code_before_serves_on_and_the_next_good_one_takes_over() {
    run(Mode::NoOpcache, 1);
}

#[test]
fn so_it_does_with_opcache() {
    run(Mode::Opcache, 0);
    run(Mode::JitTracing, 1);
}

#[test]
fn a_script_that_hangs_before_its_first_wait_is_interrupted() {
    let (site, builder) = Site::new();
    let server = builder.pool("num_workers: 2, boot_timeout: 2s").mode(Mode::Opcache).start();
    all_ready(&server, 2);
    let load = Load::checked(server.address, 4, |_| "/".to_owned(), |_, answer| Site::whole(answer).is_some());
    for (release, hangs) in [(2, "<?php for (;;) {}"), (3, "<?php sleep(600);")] {
        deploy(&site, release, hangs);
        fail_to_reload(&server);
        load.go_on();
        assert_eq!(Site::whole(&get(server.address, "/")), Some(1));
    }
    let log = server.log();
    assert!(log.contains("the script did not come to its first wait within 2 s"), "{log}");
    site.release(4);
    site.switch(4);
    signal(server.pid(), libc::SIGHUP);
    until("the good code serves", || Site::whole(&get(server.address, "/")) == Some(4));
    load.end(&server);
    until("those that hung have left", || server.log().matches("Worker leaves").count() >= 4);
    let log = server.stop();
    assert!(!log.contains("is stuck"), "{log}");
    assert_eq!(fewest_ready(&log, 2), 2, "{log}");
}

#[test]
fn workers_that_are_due_stay_while_the_code_in_place_does_not_boot() {
    let (site, builder) = Site::new();
    let settings = "num_workers: 2, max_jobs: 10, supervisor: {watch_tick: 50ms, ttl: 3s, idle_ttl: 2s}";
    let server = builder.pool(settings).mode(Mode::Opcache).start();
    all_ready(&server, 2);
    let ask = |times: usize, release: usize| {
        for _ in 0..times {
            assert_eq!(Site::whole(&get(server.address, "/")), Some(release));
        }
    };
    let recycled = || server.log().matches("Worker recycled").count();
    ask(30, 1);
    until("workers are recycled", || recycled() > 0);
    deploy(&site, 2, BROKEN[2].1);
    fail_to_reload(&server);
    let before = recycled();
    let load = Load::checked(server.address, 4, |_| "/".to_owned(), |_, answer| Site::whole(answer) == Some(1));
    load.go_on_for(200);
    load.end(&server);
    ask(50, 1);
    assert_eq!(recycled(), before, "{}", server.log());
    site.release(3);
    site.switch(3);
    reload_after_failure(&server);
    ask(30, 3);
    until("workers are recycled again", || recycled() > before);
    server.stop();
}

#[test]
fn workers_that_fall_due_during_a_reload_stay_until_it_is_known_to_be_good() {
    // The new script decides only once it is told to.
    let (site, builder) = Site::new();
    let server = builder.pool("num_workers: 2, max_jobs: 10").start();
    all_ready(&server, 2);
    let hangs = "<?php
touch('{root}/boots');
while (!file_exists('{root}/go')) { usleep(5000); clearstatcache(); }
throw new RuntimeException('no database');";
    deploy(&site, 2, hangs);
    server.signal(libc::SIGHUP);
    until("the new code boots", || server.directory.join("boots").exists());
    let load = Load::checked(server.address, 4, |_| "/".to_owned(), |_, answer| Site::whole(answer) == Some(1));
    load.go_on_for(200);
    fs::write(server.directory.join("go"), "").unwrap();
    until("the reload has failed", || failures(&server) == 1);
    load.go_on_for(200);
    load.end(&server);
    assert!(!server.log().contains("Worker recycled"), "{}", server.log());
    site.release(3);
    site.switch(3);
    reload_after_failure(&server);
    assert_eq!(Site::whole(&get(server.address, "/")), Some(3));
    server.stop();
}

#[test]
fn a_link_to_nowhere_changes_nothing() {
    let (site, builder) = Site::new();
    let server = builder.workers(2).mode(Mode::Opcache).ini("opcache.validate_timestamps=0").start();
    all_ready(&server, 2);
    let load = Load::checked(server.address, 4, |_| "/".to_owned(), |_, answer| Site::whole(answer) == Some(1));
    site.switch(7);
    fail_to_reload(&server);
    load.go_on();
    site.switch(1);
    reload_after_failure(&server);
    load.end(&server);
    server.stop();
}
