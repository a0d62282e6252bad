//! Limits of a request's time: whatever its worker does, the client is answered in time, and the capacity comes back.

use std::{
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::support::{Client, Mode, PATIENCE, Server, at_once, get, server::Builder, until};

/// What workers do too long, by name. `$silent` is the address of a server that accepts and says nothing.
const SCRIPT: &str = r#"<?php
$worker = new RoadRunner\Worker();
$silent = getenv('SILENT');
while ($request = $worker->waitRequest()) {
    try {
        switch ($request->path) {
            case '/loop': while (true); break;
            case '/calls': while (true) { md5(str_repeat('x', 100)); } break;
            case '/generator': foreach ((function () { while (true) yield 1; })() as $one); break;
            case '/catch': while (true) { try { while (true); } catch (Throwable) { } } break;
            case '/usort':
                $list = range(1, 20000);
                while (true) usort($list, fn ($a, $b) => crc32((string) $a) <=> crc32((string) $b));
                break;
            case '/sleep': while (true) sleep(1000); break;
            case '/flock':
                $held = fopen(__DIR__ . '/lock', 'c'); flock($held, LOCK_EX);
                $wanted = fopen(__DIR__ . '/lock', 'c'); flock($wanted, LOCK_EX);
                break;
            case '/fifo':
                @posix_mkfifo(__DIR__ . '/fifo', 0600); fopen(__DIR__ . '/fifo', 'r');
                break;
            case '/fread':
                $socket = stream_socket_client("tcp://$silent"); stream_set_timeout($socket, 1000); fread($socket, 100);
                break;
            case '/http': file_get_contents("http://$silent/", false, stream_context_create(['http' => ['timeout' => 1000]])); break;
            case '/curl':
                $curl = curl_init("http://$silent/"); curl_setopt($curl, CURLOPT_RETURNTRANSFER, true); curl_exec($curl);
                break;
            case '/child': exec('sleep 1000; true'); break;
            case '/body': $stream = $request->bodyStream(); stream_set_timeout($stream, 1000); fread($stream, 100); break;
            case '/whole': $request->body(); break;
            case '/sqlite':
                (new SQLite3(':memory:'))->querySingle('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n');
                break;
            case '/stream':
                $stream = $request->startResponse();
                $stream->write('begun');
                $wrote = true;
                while (true) { usleep(1000); }
            case '/late':
                $worker->respond(200, 'done');
                while (true);
            case '/deadline': $worker->respond(200, [$request->deadline() - microtime(true)]); break;
            case '/named': $worker->respond(200, RoadRunner\Environment::workerName()); usleep(100000); break;
            default: $worker->respond(200, 'ok');
        }
        $request->isAborted() || $request->respond(500, 'not ended');
    } catch (RoadRunner\Exception\TimeoutException $timeout) {
        error_log('caught at ' . $request->path . ': ' . $timeout->getMessage());
        error_log('answered: ' . json_encode([$request->isAborted(), $request->path === '/stream' || $request->path === '/late' ? null : $request->respond(200)]));
    } catch (RoadRunner\Exception\LogicException) {
    }
}
"#;

const LIMIT: Duration = Duration::from_secs(1);
/// How late an answer may be: that it does not take as long as what the worker does is what counts on a busy machine.
const LATE: Duration = Duration::from_secs(10);

/// Takes connections and says nothing.
fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            kept.push(stream);
        }
    });
    address
}

fn limited(settings: &str) -> Builder {
    Server::of(SCRIPT).env("SILENT", &silent().to_string()).config(&format!(
        "http:\n  address: {{address}}\n  stream_request_body: true\n  pool: {{num_workers: 2, supervisor: {{exec_ttl: 1s}}}}\n\
         {settings}"
    ))
}

/// Asks for what takes too long. Gives how long it took to be refused.
#[track_caller]
fn overrun(address: SocketAddr, target: &str) -> Duration {
    let begun = Instant::now();
    let answer = if matches!(target, "/body" | "/whole") {
        let mut client = Client::connect(address).unwrap();
        client.send(format!("POST {target} HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n").as_bytes()).unwrap();
        client.response(false).unwrap()
    } else {
        get(address, target)
    };
    let took = begun.elapsed();
    assert_eq!((answer.status, answer.text().as_str()), (504, "The answer did not come in time\n"), "{target}");
    assert!(took >= LIMIT && took < LIMIT + LATE, "{target} was answered after {took:?}");
    took
}

/// Both workers serve.
#[track_caller]
fn is_whole(server: &Server) {
    until("two workers serve at the same time", || {
        let mut names = at_once(server.address, "/named", 4);
        names.sort();
        names.dedup();
        names.len() == 2
    });
}

#[test]
fn code_of_php_is_ended_by_an_exception_with_and_without_opcache() {
    for mode in Mode::ALL {
        let server = limited("").mode(mode).start();
        let targets = ["/loop", "/calls", "/generator", "/usort"];
        for target in targets {
            overrun(server.address, target);
            server.wait_for_log(&format!("caught at {target}: the request took longer than 1 s"));
        }
        is_whole(&server);
        let log = server.stop();
        assert!(!log.contains("script ended"), "{mode:?}: scripts must go on:\n{log}");
        assert_eq!(log.matches("answered: [true,false]").count(), targets.len(), "{log}");
        assert!(log.contains("Request took longer than it may") && log.contains("uri=/loop"), "{log}");
        assert!(log.contains("worker.php:8"), "the log says where:\n{log}");
    }
}

#[test]
fn a_script_that_catches_everything_is_run_again() {
    for mode in [Mode::NoOpcache, Mode::Opcache, Mode::JitTracing] {
        let server = limited("").mode(mode).start();
        overrun(server.address, "/catch");
        is_whole(&server);
        let log = server.stop();
        assert!(!log.contains("is stuck"), "{mode:?}: {log}");
    }
}

#[test]
fn system_calls_are_ended() {
    let server = limited("").start();
    let mut targets = vec!["/sleep", "/flock", "/fread", "/http", "/child", "/body", "/whole"];
    for (function, target) in [("curl_init", "/curl"), ("posix_mkfifo", "/fifo")] {
        if has(function) {
            targets.push(target);
        }
    }
    for target in &targets {
        overrun(server.address, target);
        server.wait_for_log(&format!("caught at {target}: the request took longer than 1 s"));
    }
    is_whole(&server);
    let log = server.stop();
    assert!(!log.contains("is stuck"), "{log}");
}

/// Whether the PHP of the tests has a function or class.
fn has(name: &str) -> bool {
    let code = format!("exit(function_exists('{name}') || class_exists('{name}') ? 0 : 1);");
    let status = std::process::Command::new(crate::support::server::php()).args(["-n", "-r", &code]).status();
    status.unwrap().success()
}

#[test]
fn a_thread_in_c_code_is_given_up_and_replaced() {
    if !has("SQLite3") {
        return;
    }
    let mut server = limited("").start();
    overrun(server.address, "/sqlite");
    server.wait_for_log("Worker is stuck: another one takes its place");
    is_whole(&server);
    server.wait_for_log("none: the thread was in C code");
    server.signal(libc::SIGTERM);
    // The thread cannot be joined.
    assert_eq!(server.wait().code(), Some(1));
}

#[test]
fn what_comes_after_an_answer_counts_and_a_streamed_answer_is_cut() {
    let server = limited("").start();
    let mut client = Client::connect(server.address).unwrap();
    client.send(b"GET /stream HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    assert!(client.response(false).is_err(), "the end of the body must be missing");
    server.wait_for_log("caught at /stream");
    let answer = get(server.address, "/late");
    assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
    server.wait_for_log("caught at /late");
    is_whole(&server);
    server.stop();
}

#[test]
fn a_request_knows_its_deadline() {
    let server = limited("").start();
    let left: Vec<f64> = serde_json::from_str(&get(server.address, "/deadline").text()).unwrap();
    assert!(left[0] > 0.0 && left[0] <= 1.0, "{left:?}");
    server.stop();
    let server = Server::with_loop("$worker->respond(200, [$request->deadline()]);").start();
    assert_eq!(get(server.address, "/").text(), "[null]");
    server.stop();
}

#[test]
fn a_request_that_ends_at_its_limit_costs_the_next_one_nothing() {
    // Around the limit some are refused and some are not; what comes on the same worker right after it never is.
    let server = Server::with_loop(
        r#"
    try {
        $end = hrtime(true) + (int) $request->query('us', 0) * 1000;
        while (hrtime(true) < $end);
        $worker->respond(200, 'ok');
    } catch (RoadRunner\Exception\TimeoutException) {
    }"#,
    )
    .config("http: {address: '{address}', pool: {num_workers: 1, supervisor: {exec_ttl: 30ms}}}")
    .start();
    let mut client = Client::connect(server.address).unwrap();
    let (mut refused, mut answered) = (0, 0);
    for round in 0..150 {
        let answer = client.get(&format!("/?us={}", 28_000 + round % 30 * 100)).unwrap();
        match answer.status {
            200 => answered += 1,
            504 => refused += 1,
            other => panic!("{other}: {}", answer.text()),
        }
        let answer = client.get("/").unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok"), "round {round}; {}", server.log());
    }
    assert!(refused > 0, "{answered} answered, {refused} refused");
    let log = server.stop();
    assert!(!log.contains("is stuck"), "{log}");
}

#[test]
fn slow_requests_are_logged_once_with_where_they_are() {
    let server = Server::with_loop(
        r#"
    if (!function_exists('wait_for_it')) { function wait_for_it() { $end = microtime(true) + 0.5; while (microtime(true) < $end); } }
    if ($request->path === '/slow') { wait_for_it(); }
    if ($request->path === '/asleep') { usleep(500000); }
    $worker->respond(200);"#,
    )
    .config("http: {address: '{address}', pool: {num_workers: 1}}\nslow_log: {threshold: 100ms}\n")
    .start();
    for target in ["/fast", "/slow?a=b", "/asleep"] {
        assert_eq!(get(server.address, target).status, 200);
    }
    let log = server.stop();
    let slow: Vec<_> = log.split("Slow request").skip(1).collect();
    assert_eq!(slow.len(), 2, "{log}");
    assert!(slow[0].contains("/slow?a=b") && slow[0].contains("method=GET"), "{log}");
    assert!(slow[0].contains("wait_for_it()") && slow[0].contains("memory="), "{log}");
    assert!(slow[1].contains("uri=/asleep"), "{log}");
}

#[test]
fn too_many_stuck_threads_change_the_generation() {
    if !has("SQLite3") {
        return;
    }
    let mut server = Server::of(SCRIPT)
        .config(
            "http: {address: '{address}', pool: {num_workers: 2, destroy_timeout: 2s, supervisor: {exec_ttl: 1s, max_stuck_workers: 1}}}\n",
        )
        .parent()
        .start();
    for _ in 0..2 {
        overrun(server.address, "/sqlite");
    }
    server.wait_for_log("Too many workers are stuck: the generation changes");
    server.wait_for_log("Generation changed");
    until("the old process has ended", || server.processes().len() == 1);
    is_whole(&server);
    server.signal(libc::SIGTERM);
    assert!(server.wait().success(), "{}", server.log());
}

/// A client that sends nothing of a body, and goes: no worker waits for it longer than for any other one.
#[test]
fn a_client_that_leaves_before_the_limit_changes_nothing() {
    let server = limited("").start();
    let mut stream = TcpStream::connect_timeout(&server.address, PATIENCE).unwrap();
    stream.write_all(b"GET /loop HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    thread::sleep(Duration::from_millis(100));
    drop(stream);
    server.wait_for_log("caught at /loop");
    is_whole(&server);
    server.stop();
}

/// The engine reaches `__call()` by a frame of its own, whose arguments are not where a backtrace looks for them.
#[test]
fn a_limit_in_the_midst_of_magic_calls_harms_nothing() {
    const MAGIC: &str = r#"<?php
class Magic { public function __call($name, $arguments) { return count($arguments); } }
$worker = new RoadRunner\Worker();
$magic = new Magic;
while ($request = $worker->waitRequest()) {
    try {
        for ($i = 0; $request->path === '/loop'; $i++) {
            $text = str_repeat('x', 10 + $i % 5);
            $magic->foo($text, [$i], $magic, ...[1, 2, 3]);
        }
        $worker->respond(200, 'ok');
    } catch (RoadRunner\Exception\TimeoutException $timeout) {
        strlen((string) $timeout);
    }
}
"#;
    for mode in [Mode::NoOpcache, Mode::Opcache, Mode::JitTracing] {
        let server = Server::of(MAGIC).workers(2).pool("supervisor: {exec_ttl: 20ms}").mode(mode).start();
        for _ in 0..40 {
            assert_eq!(get(server.address, "/loop").status, 504, "{mode:?}");
        }
        until("the workers are free again", || get(server.address, "/").text() == "ok");
        server.stop();
    }
}
