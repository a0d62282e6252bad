//! The generation change: another process takes over, and no client notices.

use std::{fs, thread, time::Duration};

use libc::{SIGTERM, SIGUSR2};

use crate::support::{
    Load, Server, descriptors,
    generation::{changed, successors},
    get, signal, until,
};

/// Changes the generation so often under load; `parent`: by `rr serve`.
fn change_under_load(parent: bool, times: usize) {
    let builder = Server::with_loop("$worker->respond(200, 'answer');").workers(2);
    let mut server = if parent { builder.parent() } else { builder }.start();
    let first = server.processes()[0];
    get(server.address, "/");
    let before = descriptors(first);
    let load = Load::start(&server, 64);
    load.go_on();
    let mut process = first;
    for time in 1..=times {
        signal(if parent { server.pid() } else { process }, SIGUSR2);
        process = changed(&server, time);
        load.go_on();
    }
    load.end(&server);
    until("only the last generation is left", || server.processes() == [process]);
    until("no descriptor is left over", || descriptors(process) <= before);
    assert_eq!(server.log().matches("Server stopped").count(), times, "{}", server.log());
    if parent {
        server.stop();
    } else {
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
        signal(process, SIGTERM);
        until("the last generation has ended", || server.processes().is_empty());
        server.wait_for_end();
        assert_eq!(server.log().matches("Server stopped").count(), times + 1, "{}", server.log());
    }
}

#[test]
fn twenty_changes_under_load_lose_no_request_and_no_descriptor() {
    change_under_load(false, 20);
}

#[test]
fn twenty_changes_by_the_parent_lose_no_request_and_no_descriptor() {
    change_under_load(true, 20);
}

#[test]
fn a_successor_has_new_code_and_configuration_and_the_old_environment_and_directory() {
    let script = |word: &str| {
        format!(
            r#"<?php
if (getenv('FROM_FILE') === false) {{
    putenv('FROM_FILE={word}');
}}
chdir('/');
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {{
    $worker->respond(200, ['{word}', getenv('FROM_FILE'), getenv('GIVEN'), $argv[0] === $_SERVER['argv'][0]]);
}}
"#
        )
    };
    let mut server = Server::of(&script("old")).workers(1).env("GIVEN", "a=b\nc").start();
    assert_eq!(get(server.address, "/").text(), r#"["old","old","a=b\nc",true]"#);
    fs::write(server.directory.join("worker.php"), script("new")).unwrap();
    let config = server.directory.join(".rr.yaml");
    let text = fs::read_to_string(&config).unwrap().replace("num_workers: 1", "num_workers: 3");
    fs::write(config, text).unwrap();
    server.signal(SIGUSR2);
    let successor = changed(&server, 1);
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(get(server.address, "/").text(), r#"["new","new","a=b\nc",true]"#);
    server.wait_for_log("workers=3");
    signal(successor, SIGTERM);
    until("it has ended", || server.processes().is_empty());
}

#[test]
fn a_successor_that_fails_changes_nothing() {
    let good =
        "<?php $worker = new RoadRunner\\Worker();\nwhile ($worker->waitRequest()) { $worker->respond(200, 'good'); }";
    for parent in [false, true] {
        let builder = Server::of(good).workers(1);
        let mut server = if parent { builder.parent() } else { builder }.start();
        let script = server.directory.join("worker.php");
        let bad = [
            "<?php exit(3);",
            "<?php if (RoadRunner\\Environment::isWorker()) { exit(4); } (new RoadRunner\\Worker)->waitRequest();",
        ];
        for (times, bad) in bad.into_iter().enumerate() {
            fs::write(&script, bad).unwrap();
            server.signal(SIGUSR2);
            until("the change has failed", || server.log().matches("Generation change failed").count() > times);
            assert_eq!(get(server.address, "/").text(), "good");
            assert_eq!(server.processes().len(), 1);
        }
        if !parent {
            server.wait_for_log("it ended before it was ready: exit status: 3");
        }
        fs::write(&script, good.replace("'good'", "'better'")).unwrap();
        server.signal(SIGUSR2);
        server.wait_for_log("Generation changed");
        // The one before still takes connections for a moment.
        until("the new code answers", || get(server.address, "/").text() == "better");
        if parent {
            server.stop();
        } else {
            assert_eq!(server.wait().code(), Some(0));
        }
    }
}

#[test]
fn changes_that_are_asked_for_at_once_come_one_after_the_other() {
    for parent in [false, true] {
        let builder = Server::with_loop("$worker->respond(200, 'answer');").workers(1);
        let mut server = if parent { builder.parent() } else { builder }.start();
        server.signal(SIGUSR2);
        until("a successor is starting", || successors(&server).len() == 1);
        for _ in 0..5 {
            server.signal(SIGUSR2);
            thread::sleep(Duration::from_millis(1));
        }
        until("every change that was begun has ended", || {
            let done = server.log().matches("Generation changed").count();
            (2..=6).contains(&done) && successors(&server).len() == done && server.processes().len() == 1
        });
        let log = server.log();
        let steps: Vec<_> = log.matches("Generation change").collect();
        assert_eq!(steps.len(), 2 * successors(&server).len(), "{log}");
        assert_eq!(get(server.address, "/").text(), "answer");
        if parent {
            server.stop();
        } else {
            assert_eq!(server.wait().code(), Some(0));
        }
    }
}

#[test]
fn a_server_that_is_told_to_end_takes_its_successor_with_it() {
    for parent in [false, true] {
        let builder = Server::of(
            r#"<?php
if (file_exists(__DIR__ . '/slow')) {
    touch(__DIR__ . '/starting');
    sleep(600);
}
$worker = new RoadRunner\Worker();
while ($worker->waitRequest()) {
    $worker->respond(200);
}
"#,
        );
        let builder = builder.workers(1);
        let mut server = if parent { builder.parent() } else { builder }.start();
        fs::write(server.directory.join("slow"), "").unwrap();
        server.signal(SIGUSR2);
        until("the successor is starting", || server.directory.join("starting").exists());
        server.signal(SIGTERM);
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
        until("the successor has ended", || server.processes().is_empty());
    }
}

#[test]
fn neither_scripts_nor_their_children_see_what_is_handed_over() {
    let mut server = Server::with_loop(
        r#"
    $names = array_filter(array_keys($_SERVER + getenv()), fn ($name) => preg_match('/^(RR_(LISTENERS|PARENT|PREDECESSOR)|LISTEN_|NOTIFY_|WATCHDOG_)/', $name));
    exec('ls -l /proc/self/fd; env | grep -E "^(RR_(LISTENERS|PARENT|PREDECESSOR)|LISTEN_|NOTIFY_|WATCHDOG_)"', $output);
    $worker->respond(200, [array_values($names), array_values(preg_grep('/socket:|=/', $output))]);"#,
    )
    .workers(1)
    .start();
    assert_eq!(get(server.address, "/").text(), "[[],[]]");
    server.signal(SIGUSR2);
    let successor = changed(&server, 1);
    assert_eq!(server.wait().code(), Some(0));
    assert_eq!(get(server.address, "/").text(), "[[],[]]");
    signal(successor, SIGTERM);
    until("it has ended", || server.processes().is_empty());
}
