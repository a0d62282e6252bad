//! Methods that PHP registers, and calls that PHP makes.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    process::Command,
    sync::Arc,
    thread,
};

use roadrunner::{
    net::Address,
    rpc::{CallError, Client, Value},
};

use crate::support::{
    Mode, PATIENCE, Server, get,
    server::{Builder, extension, php},
    until,
};

/// Registers methods, and calls whatever a request names: `/<method>?a=<JSON>&t=<seconds>`.
const SCRIPT: &str = r#"<?php
use RoadRunner\{Environment, Rpc};
Rpc::register('echo.Value', fn ($value) => $value);
Rpc::register('echo.Kinds', fn ($value) => ["\xff\0", 1.5, null, true, ['k' => ['7' => []]], 1 << 62, new DateTimeZone('UTC') instanceof JsonSerializable]);
Rpc::register('echo.Who', fn () => Environment::workerName());
Rpc::register('echo.Throw', function ($value) { echo "about to\n"; throw new DomainException("no $value"); });
Rpc::register('echo.Exit', function () { exit(3); });
Rpc::register('echo.Fatal', function () { str_repeat('x', 1 << 30); });
Rpc::register('echo.Closure', fn () => fn () => 1);
Rpc::register('echo.Json', fn () => new class implements JsonSerializable { function jsonSerialize(): mixed { return ['j' => 1]; } });
Rpc::register('echo.Hang', function () { touch(__DIR__ . '/hangs'); while (!file_exists(__DIR__ . '/go')) { usleep(2000); clearstatcache(); } return 'gone on'; });
Rpc::register('echo.Own', fn ($value) => Rpc::call('echo.Value', $value, 0.2));
Rpc::register('echo.Wait', fn () => (new RoadRunner\Worker)->waitRequest());
Rpc::register('echo.Once', function () { Rpc::unregister('echo.Once'); return Rpc::unregister('echo.Once'); });
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    try {
        $out = match ($request->path) {
            '/env' => [getenv('RR_RPC'), $_SERVER['RR_RPC'] ?? null, Environment::rpc(), trim(shell_exec('printenv RR_RPC'))],
            '/later' => Rpc::register('later.Value', fn ($value) => $value + 1),
            default => Rpc::call(substr($request->path, 1), json_decode($request->query('a', 'null'), true), (float) $request->query('t', '50')),
        };
    } catch (Throwable $error) {
        $out = $error::class . ': ' . $error->getMessage();
    }
    $worker->respond(200, json_encode($out, JSON_UNESCAPED_SLASHES));
}
"#;

/// A server with a socket `rpc.sock` in its directory.
fn server(pool: &str) -> Builder {
    let builder = Server::of(SCRIPT);
    let socket = builder.directory().join("rpc.sock");
    builder.ini("memory_limit=64M").config(&format!(
        "http: {{address: {{address}}, pool: {{{pool}}}}}\nrpc: {{listen: unix://{}}}\n\
         logs: {{level: debug, channels: {{http: {{level: info}}}}}}\n",
        socket.display()
    ))
}

fn ask(server: &Server, target: &str) -> String {
    get(server.address, target).text()
}

fn client(server: &Server) -> Client {
    Client::connect(&Address::Unix(server.directory.join("rpc.sock")), PATIENCE).unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.as_bytes().to_vec())
}

fn fault(server: &Server, method: &str) -> String {
    match client(server).call_within(method, &Value::Int(1), PATIENCE) {
        Err(CallError::Fault(reason)) => reason,
        other => panic!("{method}: {other:?}"),
    }
}

#[test]
fn workers_call_each_other_and_the_server() {
    let server = server("num_workers: 2").start();
    for (target, expected) in [
        ("/echo.Value?a=%5B1,%7B%22a%22:null%7D,2.5,%22x%22%5D", r#"[1,{"a":null},2.5,"x"]"#),
        ("/echo.Json", r#"{"j":1}"#),
        ("/rpc.Version", "\"2025.1.15\""),
        ("/informer.List", r#"["http"]"#),
        ("/no.Such", r#""RoadRunner\\Exception\\RpcException: rpc: can't find service no.Such""#),
        ("/echo.Such", r#""RoadRunner\\Exception\\RpcException: rpc: can't find method echo.Such""#),
        ("/echo.Throw?a=3", r#""RoadRunner\\Exception\\RpcException: no 3""#),
        (
            "/echo.Closure",
            r#""RoadRunner\\Exception\\RpcException: The result of a method must be null, a boolean, a number, a string or an array of these, or have a JSON form: Closure given""#,
        ),
        (
            "/echo.Wait",
            r#""RoadRunner\\Exception\\RpcException: waitRequest() cannot be called by what answers a call""#,
        ),
        (
            "/resetter.Reset?a=%22other%22",
            r#""RoadRunner\\Exception\\RpcException: there is no pool \"other\"; there are http""#,
        ),
        // The own pool: it is done once others serve, and does not wait for this worker.
        ("/resetter.Reset?a=%22http%22", "true"),
        ("/echo.Value?a=7", "7"),
    ] {
        assert_eq!(ask(&server, target), expected, "{target}");
    }
    for text in ["about to ", "DomainException: no 3 in ", "rpc=echo.Throw"] {
        server.wait_for_log(text);
    }
    let address = format!("unix://{}", server.directory.join("rpc.sock").display());
    assert_eq!(ask(&server, "/env"), format!("[\"{address}\",\"{address}\",\"{address}\",\"{address}\"]"));
    assert!(!server.stop().contains("panicked"));
}

#[test]
fn calls_from_outside_are_answered_by_workers() {
    let server = server("num_workers: 1").start();
    let mut client = client(&server);
    let kinds = client.call_within("echo.Kinds", &Value::Null, PATIENCE).unwrap();
    let Value::List(kinds) = kinds else { panic!("{kinds:?}") };
    assert_eq!(kinds[..4], [Value::Text(b"\xff\0".to_vec()), Value::Float(1.5), Value::Null, Value::Bool(true)]);
    assert_eq!(kinds[5], Value::Int(1 << 62));
    assert_eq!(client.call_within("echo.Value", &kinds[4], PATIENCE).unwrap(), kinds[4]);
    let error = client.call::<_, serde_json::Value>("echo.Kinds", &true).unwrap_err().to_string();
    assert_eq!(error, "the result cannot be written: a string is not UTF-8, and JSON has no other");
    assert_eq!(client.call_within("echo.Who", &Value::Null, PATIENCE).unwrap(), text("rr-php-http-0"));
    // What it does to itself.
    assert_eq!(fault(&server, "echo.Own"), "echo.Value: no answer within 0.2 s");
    assert_eq!(client.call_within("echo.Once", &Value::Null, PATIENCE).unwrap(), Value::Bool(false));
    assert_eq!(fault(&server, "echo.Once"), "rpc: can't find method echo.Once");
    // What ends the worker: the next run answers again.
    for method in ["echo.Exit", "echo.Fatal"] {
        assert_eq!(
            fault(&server, method),
            "the worker ended before it answered, see the log of the server",
            "{method}"
        );
        assert_eq!(client.call_within("echo.Value", &Value::Int(5), PATIENCE).unwrap(), Value::Int(5), "{method}");
    }
    // Later than at boot, and not by the next run.
    assert_eq!(fault(&server, "later.Value"), "rpc: can't find service later.Value");
    assert_eq!(ask(&server, "/later"), "null");
    assert_eq!(client.call_within("later.Value", &Value::Int(5), PATIENCE).unwrap(), Value::Int(6));
    fault(&server, "echo.Exit");
    until("the new run waits", || {
        client.call_within("echo.Value", &Value::Null, PATIENCE).is_ok()
            && client.call_within("later.Value", &Value::Int(5), PATIENCE).is_err()
    });
    assert!(client.call::<_, String>("rpc.Config", &true).is_ok());
    server.stop();
}

#[test]
fn limits_concern_calls_as_they_do_requests() {
    let server = server("num_workers: 1, max_jobs: 1, supervisor: {exec_ttl: 400ms}").start();
    for number in 0..3 {
        assert_eq!(
            client(&server).call_within("echo.Value", &Value::Int(number), PATIENCE).unwrap(),
            Value::Int(number)
        );
    }
    server.wait_for_log("Worker recycled worker=rr-php-http-0 reason=max_jobs");
    assert_eq!(fault(&server, "echo.Hang"), "the worker took longer than supervisor.exec_ttl");
    server.wait_for_log("Request took longer than it may, and is ended");
    server.wait_for_log("rpc=echo.Hang");
    assert_eq!(client(&server).call_within("echo.Value", &Value::Int(1), PATIENCE).unwrap(), Value::Int(1));
    // A worker that waits for another one's answer is interrupted, too.
    let said = ask(&server, "/echo.Value?a=1");
    assert!(said.is_empty() || said.contains("in time") || said.contains("TimeoutException"), "{said}");
    server.stop();
}

#[test]
fn timeouts_are_heard_and_the_end_of_the_server_is() {
    let server = server("num_workers: 2").start();
    let late = ask(&server, "/echo.Hang?t=0.1");
    assert_eq!(late, r#""RoadRunner\\Exception\\RpcTimeoutException: echo.Hang: no answer within 0.1 s""#);
    fs::write(server.directory.join("go"), "").unwrap();
    until("the worker is free", || ask(&server, "/echo.Hang?t=20") == "\"gone on\"");
    server.stop();
}

#[test]
fn a_script_that_does_not_serve_calls_the_running_server() {
    let server = server("num_workers: 1").start();
    let run = |code: &str, variable: Option<&str>| {
        let mut command = Command::new(php());
        command.args(["-n", "-d", &format!("extension={}", extension()), "-r", code]).current_dir(&server.directory);
        match variable {
            Some(value) => command.env("RR_RPC", value),
            None => command.env_remove("RR_RPC"),
        };
        String::from_utf8(command.env_remove("RR_CONFIG").output().unwrap().stdout).unwrap()
    };
    let call = r#"try { echo json_encode(RoadRunner\Rpc::call('echo.Value', ['a' => 1], 30)); } catch (Throwable $e) { echo $e::class, ': ', $e->getMessage(); }"#;
    assert_eq!(run(call, None), r#"{"a":1}"#, "by the configuration of its directory");
    let address = format!("unix://{}", server.directory.join("rpc.sock").display());
    assert_eq!(run(call, Some(&address)), r#"{"a":1}"#);
    let none = run(call, Some("unix:///no/such.sock"));
    assert_eq!(none, "RoadRunner\\Exception\\RpcException: no server runs here: there is no socket /no/such.sock");
    let late = r#"try { RoadRunner\Rpc::call('echo.Hang', null, 0.1); } catch (RoadRunner\Exception\RpcTimeoutException $e) { echo $e->getMessage(); }"#;
    assert_eq!(run(late, None), "echo.Hang: no answer within 0.1 s");
    fs::write(server.directory.join("go"), "").unwrap();
    server.stop();
}

#[test]
fn a_pool_for_debugging_answers_calls_with_a_run_for_each() {
    let server = server("num_workers: 1, debug: true").start();
    assert_eq!(fault(&server, "echo.Value"), "rpc: can't find service echo.Value");
    assert_eq!(ask(&server, "/rpc.Version"), "\"2025.1.15\"", "a run that registers");
    for number in 0..3 {
        assert_eq!(
            client(&server).call_within("echo.Value", &Value::Int(number), PATIENCE).unwrap(),
            Value::Int(number)
        );
    }
    server.stop();
}

#[test]
fn services_are_told_where_calls_are_answered() {
    let builder = server("num_workers: 1");
    let directory = builder.directory().to_owned();
    let config = format!(
        "http: {{address: {{address}}, pool: {{num_workers: 1}}}}\nrpc: {{listen: unix://{0}/rpc.sock}}\n\
         service: {{one: {{command: [sh, -c, 'echo at `printenv RR_RPC`; exec sleep 1000']}}}}\n",
        directory.display()
    );
    let server = builder.config(&config).start();
    server.wait_for_log(&format!("at unix://{}/rpc.sock", directory.display()));
    server.stop();
}

/// A frame, its checksum right.
fn frame(first: u8, flags: u8, options: &[u32], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first, flags];
    bytes.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend([0, 0]);
    options.iter().for_each(|option| bytes.extend(option.to_le_bytes()));
    bytes.extend(payload);
    bytes
}

#[test]
fn frames_of_all_kinds_leave_no_thread_no_descriptor_and_no_memory_behind() {
    let server = server("num_workers: 2").start();
    let connect = || UnixStream::connect(server.directory.join("rpc.sock")).unwrap();
    let good = frame(0x15, 0x08, &[1, 10], b"echo.Value7");
    let round = || {
        let mut turned = good.clone();
        turned[7] ^= 1;
        for bytes in [
            turned,
            good[..15].to_vec(),
            frame(0x25, 0x08, &[1, 10], b"echo.Value7"),
            frame(0x13, 0x08, &[], b"echo.Value7"),
            [frame(0x15, 0x08, &[1, 10], &[]), vec![0; 64]].concat(),
            vec![0xff; 4096],
        ] {
            let mut stream = connect();
            stream.write_all(&bytes).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            // An answer or none, and then the end.
            let _ = stream.read_to_end(&mut Vec::new());
        }
        // Ten thousand calls at once, of a client that reads slowly at first, and of one that goes without reading.
        let calls: Vec<u8> =
            (0..10_000).flat_map(|number| frame(0x15, 0x08, &[number, 10], b"echo.Value[1,2]")).collect();
        let mut reader = connect();
        let mut writer = reader.try_clone().unwrap();
        let sending = thread::spawn({
            let calls = calls.clone();
            move || writer.write_all(&calls).and_then(|()| writer.shutdown(std::net::Shutdown::Write)).unwrap()
        });
        let mut first = [0; 100];
        reader.read_exact(&mut first).unwrap();
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        sending.join().unwrap();
        assert_eq!(first.len() + rest.len(), calls.len(), "each answer is as long as its call");
        let mut gone = connect();
        let _ = gone.set_write_timeout(Some(std::time::Duration::from_millis(100)));
        let _ = gone.write_all(&calls);
    };
    round();
    assert_eq!(ask(&server, "/echo.Value?a=1"), "1");
    let before = (server.threads(), server.descriptors(), server.resident());
    for _ in 0..3 {
        round();
    }
    until("all is as before", || {
        ask(&server, "/echo.Value?a=1") == "1"
            && server.threads() <= before.0
            && server.descriptors() <= before.1
            && server.resident() <= before.2 + 16 * 1024 * 1024
    });
    server.stop();
}

/// Calls into scripts that end all the time: each call has an answer, right or that its worker has ended.
fn storm(mode: Mode) {
    let server = server("num_workers: 4").mode(mode).start();
    let server = Arc::new(server);
    let calling: Vec<_> = (0..4)
        .map(|part: i64| {
            let server = Arc::clone(&server);
            thread::spawn(move || {
                let mut client = client(&server);
                let (mut right, mut lost) = (0, 0);
                for number in 0..300 {
                    let dies = (number + part * 7) % 10 == 0;
                    let method = if !dies {
                        "echo.Value"
                    } else if number % 4 == 0 {
                        "echo.Fatal"
                    } else {
                        "echo.Exit"
                    };
                    match client.call_within(method, &Value::Int(number), PATIENCE) {
                        Ok(value) if value == Value::Int(number) && !dies => right += 1,
                        Err(CallError::Fault(reason)) if dies && reason.starts_with("the worker ended") => lost += 1,
                        other => panic!("{method} {number}: {other:?}"),
                    }
                }
                assert_eq!((right, lost), (270, 30));
            })
        })
        .collect();
    while !calling.iter().all(thread::JoinHandle::is_finished) {
        assert_eq!(ask(&server, "/echo.Value?a=1"), "1");
    }
    for call in calling {
        call.join().unwrap();
    }
    until("nobody works any more", || ask(&server, "/echo.Value?a=2") == "2");
    Arc::into_inner(server).unwrap().stop();
}

#[test]
fn calls_into_scripts_that_end_without_opcache() {
    storm(Mode::NoOpcache);
}

#[test]
fn calls_into_scripts_that_end_with_opcache() {
    storm(Mode::Opcache);
}

#[test]
fn the_example_works() {
    let builder = Server::example("rpc");
    let directory = builder.directory().to_owned();
    let socket = directory.join("rpc.sock");
    let example = format!("{}/examples/rpc", env!("CARGO_MANIFEST_DIR"));
    let config = fs::read_to_string(format!("{example}/.rr.yaml")).unwrap();
    let config = config
        .replace("127.0.0.1:8080", "{address}")
        .replace("unix://rpc.sock", &format!("unix://{}", socket.display()))
        .replace("php inventory.php", &format!("php {example}/inventory.php"));
    let server = builder.config(&config).start();
    let run = |name: &str, extension: &[&str]| {
        let script = format!("{example}/{name}");
        let mut command = Command::new(php());
        command.arg("-n").args(extension).arg(script).env("RR_RPC", format!("unix://{}", socket.display()));
        let output = command.output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let own = format!("extension={}", extension());
    let expected = "3 of lamp are reserved, 7 are left\nthere are only 7 of lamp\n";
    assert_eq!(run("client.php", &["-d", &own]), expected);
    let said = run("socket.php", &[]);
    assert!(said.starts_with("7 of lamp are left\nthe server is compatible"), "{said}");
    assert_eq!(ask(&server, "/"), "7 of lamp are left\n");
    server.stop();
}
