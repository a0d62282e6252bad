//! What worker code says goes to the log, never to a client.

use std::{
    collections::HashSet,
    fs,
    net::TcpListener,
    process::Command,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{Client, Mode, Server, get, stopped::Stopped, until};

#[test]
fn echoes_warnings_and_errors_reach_the_log_with_the_worker_s_name() {
    for mode in [Mode::NoOpcache, Mode::JitTracing] {
        let server = Server::with_loop(
            r#"
    echo "echoed\nin two lines and";
    echo " a rest";
    $request->undefined ?? null;
    echo $undefined;
    trigger_error('a user notice', E_USER_NOTICE);
    error_log('logged by error_log');
    $worker->respond(200, 'clean');"#,
        )
        .workers(1)
        .mode(mode)
        .start();
        for _ in 0..2 {
            assert_eq!(get(server.address, "/").text(), "clean");
        }
        let log = server.stop();
        for wanted in [
            "INFO  server echoed worker=rr-php-http-0 pool=http request=",
            "INFO  server in two lines and a rest worker=rr-php-http-0 pool=http request=",
            "WARN  server PHP Warning:  Undefined variable $undefined in",
            "PHP Notice:  a user notice in",
            "logged by error_log",
        ] {
            assert_eq!(log.matches(wanted).count(), 2, "{wanted:?} in the log:\n{log}");
        }
    }
}

#[test]
fn errors_are_logged_once_also_if_php_displays_them() {
    for (log_errors, display_errors) in [(0, 1), (1, 1), (1, 0)] {
        let server = Server::with_loop("echo $undefined; $worker->respond(200);")
            .ini(&format!("log_errors={log_errors}"))
            .ini(&format!("display_errors={display_errors}"))
            .workers(1)
            .start();
        get(server.address, "/");
        let log = server.stop();
        assert_eq!(log.matches("Undefined variable").count(), 1, "{log_errors} {display_errors}: {log}");
    }
}

#[test]
fn text_of_a_client_cannot_look_like_another_entry() {
    let server =
        Server::with_loop("error_log($request->query('t')); echo $request->query('t'); $worker->respond(200);")
            .workers(1)
            .start();
    get(server.address, "/?t=a%0d%0a2026-01-01T00:00:00Z%20ERROR%20forged%0ab");
    let log = server.stop();
    let forged = "2026-01-01T00:00:00Z ERROR forged";
    for line in [format!(" INFO  server a\\r\\n{forged}\\nb worker="), format!(" INFO  server {forged} worker=")] {
        assert_eq!(log.matches(&line).count(), 1, "what is echoed is logged by line, a message is one entry: {log}");
    }
    assert_eq!(log.matches("forged").count(), 2, "{log}");
}

#[test]
fn the_level_is_honoured() {
    let server = Server::with_loop("echo 'chatter'; $worker->respond(200);")
        .config("http: {address: {address}}\nlogs: {level: info}")
        .start();
    get(server.address, "/");
    let log = server.stop();
    assert!(log.contains("chatter") && !log.contains("DEBUG"), "{log}");
}

#[test]
fn binary_output_and_long_lines_do_no_harm() {
    let server =
        Server::with_loop(r#"echo "\xff\0\x1b[31m", str_repeat('x', 100000), "\n"; $worker->respond(200, 'ok');"#)
            .workers(1)
            .start();
    assert_eq!(get(server.address, "/").text(), "ok");
    let log = server.stop();
    assert!(log.matches('x').count() >= 100_000, "nothing is cut off");
    assert!(!log.contains('\u{1b}'), "terminal controls are escaped");
}

#[test]
fn output_buffers_left_open_end_with_the_request() {
    let server = Server::with_loop(
        r#"
    ob_start();
    ob_start(fn ($text) => strtoupper($text));
    echo "buffered by $request->path\n";
    $worker->respond(200, (string) ob_get_level());"#,
    )
    .workers(1)
    .start();
    for path in ["/a", "/b"] {
        assert_eq!(get(server.address, path).text(), "2", "the level does not grow");
    }
    let log = server.stop();
    assert!(log.contains("BUFFERED BY /A") && log.contains("BUFFERED BY /B"), "{log}");
}

/// The entries of a log in JSON.
fn objects(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn json_entries_name_worker_pool_and_request() {
    let server = Server::with_loop(
        r#"
    echo "\xff \" \\ \x1b said\n";
    echo $undefined;
    try { throw new Exception("multi\nline"); } catch (Exception $e) { error_log((string) $e); }
    $worker->respond(200, $request->id);"#,
    )
    .config("http: {address: {address}, pool: {num_workers: 2}}\nlogs: {mode: production}")
    .start();
    let ids: Vec<_> = (0..4).map(|_| get(server.address, "/").text()).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 4);
    let entries = objects(&server.stop());
    for id in ids {
        let of_request: Vec<_> = entries.iter().filter(|entry| entry["request"] == *id).collect();
        let said = |level: &str, text: &str| {
            of_request.iter().any(|entry| entry["level"] == level && entry["msg"].as_str().unwrap().starts_with(text))
        };
        assert_eq!(of_request.len(), 3, "{of_request:?}");
        assert!(said("info", "\u{fffd} \" \\ \u{1b} said"), "{of_request:?}");
        assert!(said("warn", "PHP Warning:  Undefined variable $undefined in "), "{of_request:?}");
        assert!(said("info", "Exception: multi\nline in "), "one entry for many lines: {of_request:?}");
        for entry in of_request {
            assert_eq!((&entry["logger"], &entry["pool"]), (&Value::from("server"), &Value::from("http")));
            assert!(entry["worker"].as_str().unwrap().starts_with("rr-php-http-"));
            assert!(entry["ts"].is_u64());
        }
    }
    assert!(entries.iter().all(|entry| entry["logger"].is_string() && entry["level"].is_string()));
}

#[test]
fn a_fatal_error_names_its_request() {
    let server = Server::with_loop("$worker->undefined($request);")
        .config("http: {address: {address}}\nlogs: {mode: production}")
        .start();
    assert_eq!(get(server.address, "/").status, 500);
    let entries = objects(&server.stop());
    let fatal: Vec<_> =
        entries.iter().filter(|entry| entry["msg"].as_str().unwrap().starts_with("PHP Fatal error")).collect();
    assert_eq!(fatal.len(), 1, "{entries:?}");
    assert_eq!((fatal[0]["level"].as_str(), fatal[0]["request"].as_str().map(str::len)), (Some("error"), Some(32)));
}

#[test]
fn channels_have_levels_forms_and_outputs_of_their_own() {
    let server = Server::with_loop("echo 'chatter'; if ($request->path === '/exit') exit; $worker->respond(200);")
        .config(
            "http: {address: {address}, pool: {num_workers: 1}}\n\
             logs: {level: info, channels: {pool: {mode: production, level: debug, output: pool.log}}}",
        )
        .start();
    let file = server.directory.join("pool.log");
    get(server.address, "/exit");
    get(server.address, "/");
    until("the worker's end is there", || fs::read_to_string(&file).unwrap().contains("Worker script ended"));
    let entries = objects(&fs::read_to_string(&file).unwrap());
    assert!(entries.iter().all(|entry| entry["logger"] == "pool"), "{entries:?}");
    let log = server.stop();
    assert_eq!(log.matches("INFO  server chatter").count(), 2, "{log}");
    assert!(!log.contains("Worker script ended") && !log.contains("DEBUG"), "{log}");
}

#[test]
fn usr1_opens_files_again() {
    let server = Server::with_loop("echo $request->path; $worker->respond(200);")
        .config("http: {address: {address}}\nlogs: {output: [stderr, rr.log]}")
        .start();
    let (file, moved) = (server.directory.join("rr.log"), server.directory.join("rr.log.1"));
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    get(server.address, "/first");
    until("the first line is there", || read(&file).contains("/first"));
    fs::rename(&file, &moved).unwrap();
    get(server.address, "/second");
    until("the moved file goes on", || read(&moved).contains("/second"));
    server.signal(libc::SIGUSR1);
    until("there is a new file", || file.exists());
    get(server.address, "/third");
    until("the new file goes on", || read(&file).contains("/third"));
    // A name that cannot be opened: the old file is kept.
    let gone = server.directory.join("gone");
    fs::rename(&file, &gone).unwrap();
    fs::create_dir(&file).unwrap();
    server.signal(libc::SIGUSR1);
    server.wait_for_log("rr.log again: Is a directory (os error 21); the old file is kept");
    get(server.address, "/fourth");
    until("the old file goes on", || read(&gone).contains("/fourth"));
    assert!(!read(&moved).contains("/third") && !read(&gone).contains("/second"));
    server.stop();
}

#[test]
fn a_log_file_that_cannot_be_opened_is_an_exception() {
    let (code, output) = Server::of("<?php (new RoadRunner\\Worker())->waitRequest();")
        .config("logs: {output: /nonexistent/rr.log}")
        .run();
    assert_eq!(code, Some(255), "{output}");
    let expected = "ServerException: cannot open the log file /nonexistent/rr.log: No such file or directory";
    assert!(output.contains(expected), "{output}");
}

#[test]
fn nothing_prints_but_the_log() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let builder = Server::with_loop(
        "echo 'echoed'; echo $undefined; error_log('logged'); \
         if ($request->path === '/exit') exit(1); \
         if ($request->path === '/fatal') undefined(); \
         $worker->respond(200);",
    )
    .ini("display_errors=1")
    .config(&format!("http: {{address: '{port}'}}\nlogs: {{mode: none}}"));
    let mut child = builder.command().spawn().unwrap();
    until("it listens", || Client::connect(port).is_ok());
    for (path, status) in [("/", 200), ("/exit", 500), ("/fatal", 500)] {
        assert_eq!(get(port, path).status, status);
    }
    let _ = Command::new("kill").arg(child.id().to_string()).status();
    until("it ends", || child.try_wait().unwrap().is_some());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = [output.stdout, output.stderr].concat();
    assert!(text.is_empty(), "{}", String::from_utf8_lossy(&text));
    let _ = fs::remove_dir_all(builder.directory());
}

#[test]
fn a_closed_standard_error_does_no_harm() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let builder = Server::with_loop("echo 'lost'; $worker->respond(200, 'ok');")
        .config(&format!("http: {{address: '{port}'}}\nlogs: {{output: [stderr, rr.log]}}"));
    let mut shell = builder.command_by(&["sh", "-c", "exec \"$0\" \"$@\" 2>&- >&-"]);
    let mut child = shell.spawn().unwrap();
    until("it listens", || Client::connect(port).is_ok());
    assert_eq!(get(port, "/").text(), "ok");
    let _ = Command::new("kill").arg(child.id().to_string()).status();
    until("it ends", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(fs::read_to_string(builder.directory().join("rr.log")).unwrap().contains("INFO  server lost worker="));
    let _ = fs::remove_dir_all(builder.directory());
}

#[test]
fn a_log_that_nobody_reads_holds_no_request_up_and_says_what_is_missing() {
    let mut server = Stopped::start("{level: info}");
    let start = Instant::now();
    let slowest = server.flood(100_000).into_iter().max().unwrap();
    // The reader does not read before all are answered: one that waited for it would wait for ever.
    assert!(slowest < Duration::from_secs(10), "{slowest:?} of {:?}", start.elapsed());
    let (lines, reader) = server.read();
    assert_eq!(get(server.address, "/").text(), "ok");
    server.signal(libc::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    reader.join().unwrap();
    let (written, dropped) = (lines.written.load(Ordering::SeqCst), lines.dropped.load(Ordering::SeqCst));
    assert_eq!(written + dropped, 100_000 + 100, "{lines:?}");
    assert!(dropped > 0);
}

#[test]
fn a_log_that_nobody_reads_does_not_hold_the_end_up() {
    let mut server = Stopped::start("{level: info}");
    server.flood(40_000);
    let start = Instant::now();
    server.signal(libc::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_log_that_nobody_reads_does_not_hold_an_end_at_once_up() {
    let mut server = Stopped::start("{level: info}");
    server.flood(40_000);
    let _hanging = server.hang();
    server.signal(libc::SIGTERM);
    // A second signal sooner than that is taken for the first one.
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    server.signal(libc::SIGTERM);
    assert_eq!(server.wait().code(), Some(1));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}
