//! Every way in which a worker script can end, at every point of its life.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::support::{Client, Mode, Server, get};

const WORKERS: usize = 4;

const SCRIPT: &str = r#"<?php
function again() { array_map('again', [1]); }

function finish(string $how): void
{
    switch ($how) {
        case 'exit0': exit(0);
        case 'exit3': exit(3);
        case 'uncaught': throw new RuntimeException('thrown on purpose');
        case 'fatal': eval('class Twice { function a() {} function a() {} }');
        case 'memory': for ($kept = [];;) { $kept[] = str_repeat('x', 1 << 20); }
        case 'time': set_time_limit(1); for (;;) {}
        case 'recursion': again();
    }
}

// Dies in this boot if a flag says so; the flag is taken by one worker.
foreach (glob(__DIR__ . '/boot-*') as $flag) {
    if (@unlink($flag)) {
        $how = substr(basename($flag), 5);
        if ($how === 'return') {
            return;
        }
        finish($how);
    }
}

$worker = new RoadRunner\Worker();
$next = null;
while (true) {
    if ($next === 'return') {
        return;
    }
    if ($next) {
        finish($next);
    }
    $request = $worker->waitRequest();
    if (!$request) {
        break;
    }
    [, $when, $how] = explode('/', $request->path) + [2 => ''];
    switch ($when) {
        case 'ok':
            $worker->respond(200, 'ok');
            break;
        case 'meet': // all workers at the same time
            touch(__DIR__ . "/met-$how-" . RoadRunner\Environment::workerNumber());
            for ($i = 0; $i < 6000 && count(glob(__DIR__ . "/met-$how-*")) < 4; $i++) {
                usleep(5000);
            }
            $worker->respond(count(glob(__DIR__ . "/met-$how-*")) === 4 ? 200 : 504, 'met');
            break;
        case 'during':
            if ($how === 'return') {
                return;
            }
            finish($how);
        case 'after':
            $worker->respond(200, 'answered');
            if ($how === 'return') {
                return;
            }
            finish($how);
        case 'between':
            $worker->respond(200, 'answered');
            $next = $how;
    }
}
"#;

const KINDS: [&str; 8] = ["exit0", "exit3", "uncaught", "fatal", "memory", "time", "return", "recursion"];

/// A client that must never notice anything.
fn bystander(server: &Server, stop: &Arc<AtomicBool>) -> thread::JoinHandle<usize> {
    let (address, stop) = (server.address, Arc::clone(stop));
    thread::spawn(move || {
        let mut client = Client::connect(address).unwrap();
        let mut served = 0;
        while !stop.load(Ordering::Relaxed) {
            let response = client.get("/ok").expect("another client must not be harmed");
            assert_eq!((response.status, response.text().as_str()), (200, "ok"));
            served += 1;
        }
        served
    })
}

/// All workers are there again: they can meet.
fn capacity_returns(server: &Server) {
    static ROUND: AtomicUsize = AtomicUsize::new(0);
    let round = ROUND.fetch_add(1, Ordering::Relaxed);
    let address = server.address;
    let guests: Vec<_> =
        (0..WORKERS).map(|_| thread::spawn(move || get(address, &format!("/meet/{round}")).status)).collect();
    for guest in guests {
        assert_eq!(guest.join().unwrap(), 200, "all {WORKERS} workers must work again; the log:\n{}", server.log());
    }
}

fn matrix(mode: Mode) {
    let server = Server::of(SCRIPT).workers(WORKERS).mode(mode).ini("memory_limit=48M").start();
    capacity_returns(&server);
    let stop = Arc::new(AtomicBool::new(false));
    let bystander = bystander(&server, &stop);
    for how in KINDS {
        for (when, status) in [("during", 500), ("after", 200), ("between", 200)] {
            let response = get(server.address, &format!("/{when}/{how}"));
            assert_eq!(response.status, status, "{when}/{how} with {mode:?}");
        }
        // The n-th boot: the flag meets the worker that is made to boot by the exit.
        fs::write(server.directory.join(format!("boot-{how}")), "").unwrap();
        assert_eq!(get(server.address, "/after/exit0").status, 200);
        crate::support::until("the flag is taken", || !server.directory.join(format!("boot-{how}")).exists());
    }
    stop.store(true, Ordering::Relaxed);
    assert!(bystander.join().unwrap() > 0);
    capacity_returns(&server);
    let threads = server.threads();
    assert!(threads <= WORKERS + 8, "{threads} threads");
    let log = server.stop();
    assert!(log.contains("Maximum execution time of 1 second exceeded"), "{log}");
    assert!(log.contains("Allowed memory size"), "{log}");
    assert!(log.contains("Maximum call stack size"), "{log}");
}

#[test]
fn every_death_is_survived_without_opcache() {
    matrix(Mode::NoOpcache);
}

#[test]
fn every_death_is_survived_with_opcache() {
    matrix(Mode::Opcache);
}

#[test]
fn every_death_is_survived_with_the_function_jit() {
    matrix(Mode::JitFunction);
}

#[test]
fn every_death_is_survived_with_the_tracing_jit() {
    matrix(Mode::JitTracing);
}

#[test]
fn every_death_is_survived_when_each_run_gets_a_new_thread() {
    let server = Server::of(SCRIPT)
        .workers(WORKERS)
        .mode(Mode::Opcache)
        .ini("memory_limit=48M")
        .ini("roadrunner.thread_runs=1")
        .start();
    for how in KINDS {
        assert_eq!(get(server.address, &format!("/during/{how}")).status, 500, "{how}");
        assert_eq!(get(server.address, &format!("/after/{how}")).status, 200, "{how}");
    }
    capacity_returns(&server);
    server.stop();
}

#[test]
fn a_slow_destructor_stops_nobody_else() {
    let server = Server::of(
        r#"<?php
class Slow { function __destruct() { sleep(60); } }
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    if ($request->path === '/slow') {
        $slow = new Slow;
        exit;
    }
    $worker->respond(200, 'ok');
    if ($request->path === '/end') {
        exit;
    }
}
"#,
    )
    .pool("num_workers: 2, destroy_timeout: 1s")
    .start();
    assert_eq!(get(server.address, "/slow").status, 500, "the client does not wait for the destructor");
    for _ in 0..50 {
        assert_eq!(get(server.address, "/end").status, 200);
    }
    // A destructor that sleeps is interrupted when the grace period is over.
    server.stop();
}

#[test]
fn slow_handlers_of_sessions_and_streams_stop_nobody_else() {
    let server = Server::of(
        r#"<?php
class Slow implements SessionHandlerInterface {
    public $context;
    function open($path, $name): bool { return true; }
    function close(): bool { return true; }
    function read($id): string { return ''; }
    function write($id, $data): bool { touch(__DIR__ . '/session'); sleep(600); return true; }
    function destroy($id): bool { return true; }
    function gc($max): int { return 0; }
    function stream_open($path, $mode, $options, &$opened) { return true; }
    function stream_close() { touch(__DIR__ . '/stream'); sleep(600); }
}
ini_set('session.use_cookies', '0');
stream_wrapper_register('slow', Slow::class);
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    if ($request->path === '/session') {
        session_set_save_handler(new Slow, false);
        session_id('abc');
        session_start();
        $_SESSION['x'] = 1;
        exit;
    }
    if ($request->path === '/stream') {
        $stream = fopen('slow://x', 'w');
        exit;
    }
    $worker->respond(200, 'ok');
    if ($request->path === '/end') {
        exit;
    }
}
"#,
    )
    .pool("num_workers: 3, destroy_timeout: 500ms")
    .start();
    for path in ["session", "stream"] {
        assert_eq!(get(server.address, &format!("/{path}")).status, 500, "the client does not wait for {path}");
        crate::support::until("the handler runs", || server.directory.join(path).exists());
    }
    for _ in 0..20 {
        assert_eq!(get(server.address, "/end").status, 200);
    }
    server.stop();
}

#[test]
fn the_end_of_one_run_is_not_that_of_the_next() {
    let server = Server::with_loop(
        "if ($request->path === '/exit') exit(3); if ($request->path === '/throw') throw new Exception; $worker->respond(200); break;",
    )
    .workers(1)
    .start();
    for (path, status) in [("/exit", 500), ("/", 200), ("/throw", 500), ("/", 200)] {
        assert_eq!(get(server.address, path).status, status);
    }
    let log = server.stop();
    assert_eq!(log.matches("Worker script ended worker=rr-php-http-0\n").count(), 2, "{log}");
    assert_eq!(log.matches("status=3").count(), 1, "{log}");
    assert_eq!(log.matches("Worker script failed").count(), 1, "{log}");
}

#[test]
fn a_shutdown_function_can_still_answer() {
    let server = Server::of(
        r#"<?php
$worker = new RoadRunner\Worker();
register_shutdown_function(function () use ($worker) {
    if (error_get_last()) {
        $worker->respond(503, 'sorry');
    }
});
while ($request = $worker->waitRequest()) {
    str_repeat('x', 1 << 30);
}
"#,
    )
    .ini("memory_limit=32M")
    .workers(1)
    .start();
    let response = get(server.address, "/");
    assert_eq!((response.status, response.text().as_str()), (503, "sorry"));
    server.stop();
}
