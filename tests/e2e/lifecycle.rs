//! Start, stop, and what lies between them.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::support::{Client, Mode, PATIENCE, Server, get, until};

const HOLD: &str = r#"
    touch(__DIR__ . '/held');
    for ($i = 0; $i < 6000 && !file_exists(__DIR__ . '/go'); $i++) {
        usleep(5000);
    }
    $worker->respond(200, 'held');
"#;

#[test]
fn a_request_under_way_is_finished_before_the_end() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT] {
        let mut server = Server::with_loop(HOLD).workers(2).start();
        let address = server.address;
        let mut idle = Client::connect(address).unwrap();
        let client = thread::spawn(move || get(address, "/"));
        until("the request is held", || server.directory.join("held").exists());
        server.signal(signal);
        server.wait_for_log("Shutting down");
        // An idle connection is closed at once, and nobody new is let in.
        assert_eq!(idle.read_to_end().unwrap(), b"");
        until("the listener is closed", || TcpStream::connect(address).is_err());
        std::fs::write(server.directory.join("go"), "").unwrap();
        let response = client.join().unwrap();
        assert_eq!((response.status, response.text().as_str()), (200, "held"));
        assert_eq!(server.wait().code(), Some(0));
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut server = Server::with_loop(HOLD).workers(1).start();
    let address = server.address;
    let client = thread::spawn(move || Client::connect(address).and_then(|mut client| client.get("/")).is_err());
    until("the request is held", || server.directory.join("held").exists());
    server.signal(libc::SIGTERM);
    server.wait_for_log("Shutting down");
    // Signals that come together are one.
    server.signal(libc::SIGTERM);
    thread::sleep(Duration::from_millis(300));
    assert!(server.is_running());
    server.signal(libc::SIGTERM);
    assert_eq!(server.wait().code(), Some(1));
    assert!(client.join().unwrap());
}

#[test]
fn a_stuck_thread_does_not_hold_the_process() {
    // PHP code is interrupted and leaves; a system call that restarts itself cannot be made to.
    for (code, status) in [
        ("for (;;) {}", 0),
        ("sleep(600);", 0),
        ("$pair = stream_socket_pair(1, 1, 0); stream_set_timeout($pair[0], 600); fread($pair[0], 1);", 1),
    ] {
        let mut server = Server::with_loop(&format!("touch(__DIR__ . '/held'); {code}"))
            .pool("num_workers: 2, destroy_timeout: 300ms")
            .start();
        let address = server.address;
        thread::spawn(move || Client::connect(address).and_then(|mut client| client.get("/")));
        until("the request is held", || server.directory.join("held").exists());
        let start = Instant::now();
        server.signal(libc::SIGTERM);
        assert_eq!(server.wait().code(), Some(status), "{code}: {}", server.log());
        assert!(start.elapsed() < Duration::from_secs(20));
        server.wait_for_log("Worker is interrupted");
        if status != 0 {
            server.wait_for_log("Worker does not leave");
        }
    }
}

#[test]
fn octane_shaped_script_serves_and_stops_without_a_complaint() {
    // Boots inside the loop and ends with a call on what was never booted in workers that had no request.
    let script = r#"<?php
$worker = new RoadRunner\Worker();
$app = null;
while ($request = $worker->waitRequest()) {
    $app ??= new class {
        public function handle($request) { return "octane $request->path"; }
        public function terminate() {}
    };
    $worker->respond(200, $app->handle($request));
}
$app->terminate();
"#;
    for mode in [Mode::NoOpcache, Mode::JitTracing] {
        let server = Server::of(script).config("http: {address: {address}, pool: {num_workers: 4}}").mode(mode).start();
        assert_eq!(get(server.address, "/a").text(), "octane /a");
        let log = server.stop();
        assert!(!log.contains("ERROR") && !log.contains("WARN php:") && !log.contains("terminate"), "{log}");
    }
}

#[test]
fn code_behind_the_loop_runs_in_workers_and_errors_there_are_shown() {
    let server = Server::of(
        r#"<?php
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $worker->respond(200);
}
echo "left the loop\n";
undefined();
"#,
    )
    .workers(1)
    .start();
    get(server.address, "/");
    let log = server.stop();
    assert!(log.contains("left the loop"), "{log}");
    assert!(log.contains("Call to undefined function undefined()"), "{log}");
}

#[test]
fn main_is_left_as_by_exit() {
    let server = Server::of(
        r#"<?php
class Last { function __destruct() { if (!RoadRunner\Environment::isWorker()) echo "main destructor\n"; } }
$last = new Last;
if (!RoadRunner\Environment::isWorker()) register_shutdown_function(function () { echo "main shutdown function\n"; });
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $worker->respond(200);
}
if (!RoadRunner\Environment::isWorker()) echo "main behind the loop\n";
"#,
    )
    .workers(1)
    .start();
    let log = server.stop();
    assert!(log.contains("main shutdown function") && log.contains("main destructor"), "{log}");
    assert!(!log.contains("main behind the loop"), "{log}");
}

#[test]
fn a_wait_after_the_end_starts_no_second_server() {
    let server = Server::of(
        r#"<?php
$worker = new RoadRunner\Worker();
class Late {
    function __construct(private $worker) {}
    function __destruct() { $this->worker->waitRequest()?->respond(200, 'late'); }
}
$late = new Late($worker);
register_shutdown_function(function () use ($worker) { $worker->waitRequest()?->respond(200, 'late'); });
while ($request = $worker->waitRequest()) {
    $request->respond(200, 'in time');
}
"#,
    )
    .workers(2)
    .start();
    assert_eq!(get(server.address, "/").text(), "in time");
    let log = server.stop();
    assert_eq!(log.matches("Serving http://").count(), 1, "{log}");
}

#[test]
fn a_boot_that_fails_on_main_keeps_phps_own_output_and_exit_code() {
    let (code, output) = Server::of("<?php echo 'before '; exit(7);").run();
    assert_eq!((code, output.as_str()), (Some(7), "before "));
    let (code, output) = Server::of("<?php throw new RuntimeException('no database');").run();
    assert_eq!(code, Some(255));
    assert!(output.contains("Uncaught RuntimeException: no database"), "{output}");
}

#[test]
fn workers_that_never_boot_end_the_start_with_an_error() {
    let (code, output) = Server::of(
        "<?php if (RoadRunner\\Environment::isWorker()) { throw new RuntimeException('only in workers'); }\n(new RoadRunner\\Worker)->waitRequest();",
    )
    .workers(2)
    .run();
    assert_eq!(code, Some(255));
    assert!(output.contains("only in workers"), "{output}");
    assert!(output.contains("the worker script never came to wait for a request"), "{output}");
}

#[test]
fn a_taken_port_is_an_error_of_the_first_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (code, output) = Server::with_loop("").config(&format!("http: {{address: '{address}'}}")).run();
    assert_eq!(code, Some(255));
    assert!(
        output.contains(&format!("ServerException: cannot listen on {address}: Address already in use")),
        "{output}"
    );
}

#[test]
fn a_broken_configuration_names_key_line_and_remedy() {
    let (code, output) = Server::with_loop("").config("http:\n  pool:\n    num_worker: 3\n").run();
    assert_eq!(code, Some(255));
    assert!(
        output.contains("line 3: http.pool.num_worker is not a known key; did you mean http.pool.num_workers?"),
        "{output}"
    );
}

#[test]
fn the_configuration_is_found_by_setting_then_environment_then_name() {
    let check = |builder: crate::support::server::Builder, workers: usize| {
        let log = builder.start().stop();
        assert!(log.contains(&format!("workers={workers}\n")), "{log}");
    };
    let base = || {
        Server::with_loop("$worker->respond(200);")
            .config("http: {address: {address}, pool: {num_workers: 1}}")
            .file("env.yaml", "http: {address: '127.0.0.1:0', pool: {num_workers: 3}}")
            .file("ini.yaml", "http: {address: '127.0.0.1:0', pool: {num_workers: 5}}")
    };
    check(base(), 1);
    check(base().env("RR_CONFIG", "env.yaml"), 3);
    check(base().env("RR_CONFIG", "env.yaml").ini("roadrunner.config=ini.yaml"), 5);
}

#[test]
fn a_script_from_standard_input_or_the_command_line_is_refused() {
    for standard_input in [false, true] {
        let command = Server::of("").command();
        let directory = command.get_current_dir().unwrap().to_owned();
        let arguments: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
        let mut command = std::process::Command::new(command.get_program());
        command.current_dir(&directory).args(&arguments[..arguments.len() - 1]);
        if !standard_input {
            command.args(["-r", "(new RoadRunner\\Worker)->waitRequest();"]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let _ = input.write_all(b"<?php (new RoadRunner\\Worker)->waitRequest();");
        drop(input);
        let mut output = String::new();
        child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(255));
        assert!(output.contains("the worker script must be a file"), "{output}");
        std::fs::remove_dir_all(directory).unwrap();
    }
}

#[test]
fn arguments_and_streams_reach_the_workers() {
    let server = Server::with_loop(
        r#"fwrite(STDERR, "to standard error\n");
        $worker->respond(200, [$argc, basename($argv[0]), get_resource_type(STDIN), get_resource_type(STDOUT), PHP_SAPI,
            getenv('RR_MODE'), $_SERVER['RR_MODE'], RoadRunner\Environment::mode(), RoadRunner\Environment::pool(),
            RoadRunner\Environment::workerName(), basename(getcwd()) === basename(__DIR__)]);"#,
    )
    .workers(1)
    .start();
    assert_eq!(
        get(server.address, "/").text(),
        r#"[1,"worker.php","stream","stream","cli","http","http","http","http","rr-php-http-0",true]"#
    );
    server.wait_for_log("to standard error");
    server.stop();
}

#[test]
fn many_connections_at_once_are_closed_in_time() {
    let server = Server::with_loop("$worker->respond(200);").start();
    let clients: Vec<_> = (0..200).map(|_| Client::connect(server.address).unwrap()).collect();
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < PATIENCE / 2);
    drop(clients);
}

#[test]
fn a_server_under_load_by_64_clients_ends_without_cutting_a_request() {
    let mut server = Server::with_loop("usleep(500); $request->respond(200, 'whole');").pool("num_workers: 4").start();
    let (address, served) = (server.address, Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..64)
        .map(|_| {
            let served = Arc::clone(&served);
            thread::spawn(move || {
                let mut client = Client::connect(address).unwrap();
                loop {
                    let response = client.get("/").expect("an answer before the end");
                    assert_eq!((response.status, response.text().as_str()), (200, "whole"));
                    served.fetch_add(1, Ordering::Relaxed);
                    if response.header("connection") == Some("close") {
                        return;
                    }
                }
            })
        })
        .collect();
    until("requests are served", || served.load(Ordering::Relaxed) > 640);
    server.signal(libc::SIGTERM);
    for client in clients {
        client.join().unwrap();
    }
    assert_eq!(server.wait().code(), Some(0));
}
