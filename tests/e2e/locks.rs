//! Locks of PHP workers: waits, ends, and what becomes of them with their worker.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::support::{Client, Server, get, server::Builder, until};

const SCRIPT: &str = r#"<?php
use RoadRunner\Locks;
$worker = new RoadRunner\Worker();
$kept = [];
while ($request = $worker->waitRequest()) {
    $query = fn (string $key, mixed $otherwise = 0) => $request->query($key, $otherwise);
    $name = $query('name', 'a');
    try {
        switch ($request->path) {
            case '/acquire':
            case '/shared':
                $take = $request->path === '/shared' ? Locks::acquireShared(...) : Locks::acquire(...);
                $lock = $take($name, (float) $query('ttl'), (float) $query('wait'), (bool) $query('tied'));
                $lock && $kept[$lock->id] = $lock;
                $answer = $lock?->id ?? 'null';
                break;
            case '/release': $answer = $kept[$query('id')]->release(); break;
            case '/extend': $answer = $kept[$query('id')]->extend((float) $query('ttl')); break;
            case '/held': $answer = $kept[$query('id')]->isHeld(); break;
            case '/of': $answer = Locks::release($name, $query('id', '')); break;
            case '/locked': $answer = Locks::isLocked($name); break;
            case '/force': $answer = Locks::forceRelease($name); break;
            case '/with':
                $answer = Locks::withLock($name, function () use ($query, $name) {
                    $locked = Locks::isLocked($name);
                    match ($query('how', 'return')) {
                        'return' => null,
                        'throw' => throw new Exception('as wanted'),
                        'exit' => exit(1),
                        'fatal' => eval('class X {} class X {}'),
                    };
                    return $locked;
                }, wait: (float) $query('wait'));
                break;
            case '/hold':
                $lock = Locks::acquire($name, 0, 0, (bool) $query('tied'));
                $request->respond(200, 'held');
                match ($query('how', 'stop')) {
                    'exit' => exit(1),
                    'fatal' => eval('class Y {} class Y {}'),
                    'memory' => str_repeat('x', 1 << 40),
                    'stop' => $worker->stop(),
                    'loop' => (function () { while (true); })(),
                };
                continue 2;
            default: $answer = getmypid();
        }
    } catch (Throwable $error) {
        $answer = $error::class . ': ' . $error->getMessage();
    }
    $request->respond(200, var_export($answer, true));
}
"#;

fn server(workers: usize) -> Builder {
    Server::of(SCRIPT).pool(&format!("num_workers: {workers}"))
}

fn ask(server: &Server, target: &str) -> String {
    get(server.address, target).text().trim_matches('\'').to_owned()
}

#[test]
fn a_worker_has_a_lock_until_it_releases_it_or_its_time_is_over() {
    let server = server(1).start();
    let id = ask(&server, "/acquire");
    assert_eq!(id.len(), 32, "{id}");
    assert_eq!(ask(&server, "/acquire"), "null");
    assert_eq!(ask(&server, "/shared"), "null");
    assert_eq!(ask(&server, "/acquire?name=b").len(), 32);
    for (target, answer) in [
        ("/locked", "true"),
        ("/locked?name=c", "false"),
        (&*format!("/held?id={id}"), "true"),
        ("/of?id=somebody", "false"),
        (&format!("/release?id={id}"), "true"),
        (&format!("/release?id={id}"), "false"),
        (&format!("/held?id={id}"), "false"),
        (&format!("/extend?id={id}&ttl=5"), "false"),
        ("/locked", "false"),
        ("/force?name=b", "true"),
        ("/force?name=b", "false"),
        ("/acquire?name=", "ValueError: The lock cannot be taken: the name of a lock must not be empty"),
    ] {
        assert_eq!(ask(&server, target), answer, "{target}");
    }
    let id = ask(&server, "/acquire?ttl=60");
    assert_eq!(ask(&server, &format!("/extend?id={id}&ttl=0.02")), "true");
    let next = ask(&server, "/acquire?wait=30");
    assert_eq!(next.len(), 32, "it is there when the other one's time is over: {next}");
    assert_eq!(ask(&server, &format!("/of?id={next}")), "true");
    let (one, two) = (ask(&server, "/shared"), ask(&server, "/shared"));
    assert!(one.len() == 32 && two.len() == 32 && one != two);
    let start = Instant::now();
    assert_eq!(ask(&server, "/acquire?wait=0.03"), "null");
    assert!(start.elapsed() >= Duration::from_millis(30));
    server.stop();
}

#[test]
fn a_function_is_called_with_a_lock_however_it_ends() {
    let server = server(2).start();
    assert_eq!(ask(&server, "/with"), "true");
    assert_eq!(ask(&server, "/locked"), "false");
    assert_eq!(ask(&server, "/with?how=throw"), "Exception: as wanted");
    assert_eq!(ask(&server, "/locked"), "false");
    for how in ["exit", "fatal"] {
        let mut client = Client::connect(server.address).unwrap();
        let _ = client.get(&format!("/with?how={how}"));
        until("the lock is free", || ask(&server, "/locked") == "false");
    }
    let id = ask(&server, "/acquire");
    assert_eq!(ask(&server, "/with"), "RoadRunner\\\\Exception\\\\LockedException: somebody else has the lock \"a\"");
    assert_eq!(ask(&server, &format!("/of?id={id}")), "true");
    server.stop();
}

#[test]
fn who_waits_has_the_lock_when_another_worker_releases_it() {
    let server = server(2).start();
    assert_eq!(ask(&server, "/shared").len(), 32);
    let address = server.address;
    let waiting = thread::spawn(move || get(address, "/acquire?wait=60").text());
    until("it waits, so that nobody shares any more", || ask(&server, "/shared") == "null");
    assert_eq!(ask(&server, "/force"), "true");
    assert_eq!(waiting.join().unwrap().len(), 34);
    server.stop();
}

#[test]
fn what_is_tied_ends_with_the_run_of_the_script_and_nothing_else_does() {
    let server = server(2).start();
    for how in ["exit", "fatal", "memory", "stop"] {
        let mut client = Client::connect(server.address).unwrap();
        assert_eq!(client.get(&format!("/hold?tied=1&how={how}")).unwrap().text(), "held", "{how}");
        until("the lock is free", || ask(&server, "/locked") == "false");
        assert_eq!(client.get(&format!("/hold?name={how}&how={how}")).unwrap().text(), "held", "{how}");
        let id = ask(&server, "/acquire?wait=60");
        assert_eq!(id.len(), 32, "{how}: {id}");
        assert_eq!(ask(&server, &format!("/of?id={id}")), "true");
        assert_eq!(ask(&server, &format!("/force?name={how}")), "true", "{how}: it is not tied");
    }
    server.stop();
}

#[test]
fn the_limit_of_a_request_ends_its_wait_and_frees_what_it_holds() {
    let server = Server::of(SCRIPT).pool("num_workers: 3, supervisor: {exec_ttl: 300ms}").start();
    let id = ask(&server, "/acquire");
    assert_eq!(get(server.address, "/acquire?wait=60&ttl=0.05").status, 504);
    assert_eq!(ask(&server, &format!("/of?id={id}")), "true");
    // Should it have got it in the very moment in which it was interrupted, its time is short.
    until("whoever waited does not keep it", || ask(&server, "/locked") == "false");
    assert_eq!(ask(&server, "/hold?tied=1&how=loop"), "held");
    assert_eq!(ask(&server, "/locked"), "true");
    until("the script was ended", || ask(&server, "/locked") == "false");
    server.stop();
}

#[test]
fn the_end_of_the_server_ends_a_wait() {
    let server = Server::of(SCRIPT).pool("num_workers: 2, destroy_timeout: 1s").start();
    assert_eq!(ask(&server, "/shared").len(), 32);
    let mut waiting = Client::connect(server.address).unwrap();
    waiting.send(b"GET /acquire?wait=3600 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    until("it waits", || ask(&server, "/shared") == "null");
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(20));
}
