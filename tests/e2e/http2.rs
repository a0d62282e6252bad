//! HTTP/2 with the clients that people use, and what floods of it cost.

use std::{
    fs,
    io::Write,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::support::{
    Server, get,
    http2::{
        CONTINUATION, Connection, DATA, END_HEADERS, END_STREAM, PING, PRIORITY, RST_STREAM, Raw, SETTINGS,
        ask_until_told, frame, request, run,
    },
    server::Builder,
    until,
};

fn server(script: &str) -> Builder {
    Server::with_loop(script).config(
        "http: {address: '{address}', http2: {h2c: true}, pool: {num_workers: 4}}\nlogs: {level: debug, mode: production}\n",
    )
}

const ECHO: &str = "$worker->respond(200, $request->body());";

/// What a command prints, which must succeed.
#[track_caller]
fn output(command: &str) -> String {
    let done = Command::new("bash").args(["-c", command]).output().unwrap();
    let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success(), "{command}: {text}");
    text
}

#[test]
fn curl_is_served_in_each_version() {
    let server = server(
        "$worker->respond(200, \"$request->method $request->protocol $request->uri \" . strlen($request->body()));",
    )
    .start();
    let url = format!("http://{}/a?b=c", server.address);
    for (options, expected) in [
        ("--http2-prior-knowledge", format!("GET HTTP/2.0 {url} 0 2")),
        ("--http1.1", format!("GET HTTP/1.1 {url} 0 1.1")),
        ("--http1.0", format!("GET HTTP/1.0 {url} 0 1")),
        // An upgrade that is not taken.
        ("--http2", format!("GET HTTP/1.1 {url} 0 1.1")),
        ("--http2-prior-knowledge -d @/dev/stdin <<<body", format!("POST HTTP/2.0 {url} 4 2")),
        ("--http2-prior-knowledge -I", "2".to_owned()),
    ] {
        let body = if options.ends_with("-I") { "-o /dev/null" } else { "" };
        let printed = output(&format!("curl -sS -m 60 -w ' %{{http_version}}' {body} '{url}' {options}"));
        assert_eq!(printed.trim_start(), expected, "{options}");
    }
    // A body that needs the windows to be opened.
    let sum = output(&format!("head -c 20000000 /dev/zero | curl -sS -m 60 --http2-prior-knowledge -T - '{url}'"));
    assert!(sum.ends_with(" 20000000"), "{sum}");
    server.stop();
}

#[test]
fn nghttp_and_h2load_are_served() {
    let server = server(ECHO).start();
    let url = format!("http://{}/", server.address);
    let body = server.directory.join("body");
    fs::write(&body, "body\n").unwrap();
    let shown = output(&format!("nghttp -nv -t 60 -d '{}' {url}", body.display()));
    assert!(shown.contains(":status: 200") && shown.contains("recv DATA frame <length=5"), "{shown}");
    let report = output(&format!("h2load -n 20000 -c 20 -m 20 -T 60 {url}"));
    assert!(report.contains("20000 succeeded, 0 failed, 0 errored, 0 timeout"), "{report}");
    let report = output(&format!("h2load -n 2000 -c 64 -m 1 -T 60 --h1 {url}"));
    assert!(report.contains("2000 succeeded, 0 failed, 0 errored, 0 timeout"), "{report}");
    server.stop();
}

#[test]
fn bodies_that_wait_for_a_worker_do_not_hold_up_those_that_are_read() {
    let config =
        "http: {address: '{address}', http2: {h2c: true}, stream_request_body: true, pool: {num_workers: 2}}\n";
    let work =
        "$read = strlen(stream_get_contents($request->bodyStream())); $worker->respond($read === 3000000 ? 200 : 500);";
    let server = Server::with_loop(work).config(config).start();
    let body = server.directory.join("body");
    fs::write(&body, vec![0; 3_000_000]).unwrap();
    let report = output(&format!("h2load -n 40 -c 2 -m 10 -T 60 -d '{}' http://{}/", body.display(), server.address));
    assert!(report.contains("40 succeeded, 0 failed, 0 errored, 0 timeout"), "{report}");
    server.stop();
}

#[test]
fn a_server_under_load_by_64_clients_ends_without_cutting_a_request() {
    const CLIENTS: usize = 64;
    let mut server = server("usleep(500); $worker->respond(200, $request->body());").start();
    let (served, ending) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let address = server.address;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (served, ending) = (Arc::clone(&served), Arc::clone(&ending));
            thread::spawn(move || {
                run(async { ask_until_told(Connection::open(address).await, &served, &ending).await })
            })
        })
        .collect();
    until("requests are served", || served.load(Ordering::Relaxed) > CLIENTS * 10);
    ending.store(true, Ordering::SeqCst);
    server.signal(libc::SIGTERM);
    for client in clients {
        client.join().unwrap();
    }
    assert_eq!(server.wait().code(), Some(0));
}

/// What a client has not read yet is in the system's buffers: they must not go with the connection.
#[test]
fn a_client_that_reads_slowly_has_its_answer_after_the_server_ended() {
    const LENGTH: &str = "20000000";
    let mut server = server(&format!("$worker->respond(200, str_repeat('x', {LENGTH}));")).start();
    let file = server.directory.join("answer");
    let reader = {
        let (url, file) = (format!("http://{}/", server.address), file.display().to_string());
        let limits = "-m 120 --http2-prior-knowledge --limit-rate 8M";
        thread::spawn(move || output(&format!("curl -sS {limits} -o '{file}' -w '%{{size_download}}' '{url}'")))
    };
    until("the answer has begun", || fs::metadata(&file).is_ok_and(|metadata| metadata.len() > 0));
    server.signal(15);
    assert_eq!(reader.join().unwrap(), LENGTH);
    assert_eq!(server.wait().code(), Some(0));
}

/// Resident memory in KiB.
fn memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn floods_end_their_connections_and_leave_memory_as_it_was() {
    type Frames = (&'static str, fn(u32) -> Vec<u8>);
    const FLOODS: [Frames; 6] = [
        ("PING", |_| frame(PING, 0, 0, &[0; 8])),
        ("SETTINGS", |number| frame(SETTINGS, 0, 0, &[[0, 4].as_slice(), &number.to_be_bytes()].concat())),
        ("PRIORITY", |number| frame(PRIORITY, 0, 2 * number + 1, &[0, 0, 0, 0, 9])),
        ("RST_STREAM", |number| {
            let stream = 2 * number + 1;
            [request(stream, END_HEADERS | END_STREAM), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
        }),
        ("", |number| if number == 0 { request(1, END_HEADERS) } else { frame(DATA, 0, 1, b"") }),
        ("", |number| if number == 0 { request(1, END_STREAM) } else { frame(CONTINUATION, 0, 1, &[0; 9000]) }),
    ];
    let server = server(ECHO).start();
    let flood = |frames: fn(u32) -> Vec<u8>| {
        let mut raw = Raw::connect(server.address);
        let mut reader = Raw { stream: raw.stream.try_clone().unwrap() };
        let reader = thread::spawn(move || reader.end());
        // As fast as the client can.
        let first = frames(0);
        let some: Vec<_> = (1..2000).flat_map(frames).collect();
        raw.send(&first);
        let sent = (0..10_000).take_while(|_| raw.stream.write_all(&some).is_ok()).count();
        assert!(sent < 10_000);
        let _ = reader.join();
    };
    let all = || thread::scope(|scope| FLOODS.iter().for_each(|(_, frames)| drop(scope.spawn(|| flood(*frames)))));
    all();
    let before = memory(server.pid());
    for _ in 0..5 {
        all();
        assert_eq!(get(server.address, "/").status, 200);
    }
    let after = memory(server.pid());
    assert!(after < before + 16 * 1024, "{before} KiB became {after} KiB");
    let log = server.log();
    for (name, _) in FLOODS {
        assert!(log.contains(&format!("\"frames\":\"{name}")), "{name}");
    }
    server.stop();
}
