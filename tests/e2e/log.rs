//! What worker code says goes to the log, never to a client.

use crate::support::{Mode, Server, get};

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
            "INFO php: echoed worker=\"rr-php-http-0\"",
            "INFO php: in two lines and a rest worker=\"rr-php-http-0\"",
            "WARN php: PHP Warning:  Undefined variable $undefined in",
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
    assert_eq!(log.matches("forged").count(), 2, "{log}");
    for line in log.lines().filter(|line| line.contains("forged")) {
        assert!(line.contains(" INFO php: 2026-01-01T00:00:00Z ERROR forged worker="), "{line}");
    }
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
