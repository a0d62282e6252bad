//! How late a client is answered whose request runs into `exec_ttl`, and that the capacity comes back.

use std::{
    io::Read,
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use crate::{
    Figure,
    support::{Client, Mode, Server, at_once, until},
};

/// What workers do too long, by name.
const SCRIPT: &str = r#"<?php
$worker = new RoadRunner\Worker();
$silent = getenv('SILENT');
while ($request = $worker->waitRequest()) {
    try {
        switch ($request->path) {
            case '/loop': while (true); break;
            case '/sleep': sleep(1000); break;
            case '/fread': $socket = stream_socket_client("tcp://$silent"); stream_set_timeout($socket, 1000); fread($socket, 100); break;
            case '/flock':
                $held = fopen(__DIR__ . '/lock', 'c'); flock($held, LOCK_EX);
                $wanted = fopen(__DIR__ . '/lock', 'c'); flock($wanted, LOCK_EX);
                break;
            case '/sqlite':
                (new SQLite3(':memory:'))->querySingle('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n');
                break;
            case '/curl': $curl = curl_init("http://$silent/"); curl_setopt($curl, CURLOPT_RETURNTRANSFER, true); curl_exec($curl); break;
            case '/body': $request->body(); break;
            default: $worker->respond(200, RoadRunner\Environment::workerName()); usleep(50000);
        }
    } catch (RoadRunner\Exception\TimeoutException) {
    }
}
"#;

const LIMIT: Duration = Duration::from_secs(1);
const TIMES: usize = 3;

/// Milliseconds from the limit to the answer.
fn lateness(server: &Server, target: &str) -> f64 {
    let begun = Instant::now();
    let mut client = Client::connect(server.address).unwrap();
    // A body that does not come.
    client.send(format!("POST {target} HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n").as_bytes()).unwrap();
    let answer = client.response(false).unwrap();
    assert_eq!(answer.status, 504, "{target}");
    (begun.elapsed().as_secs_f64() - LIMIT.as_secs_f64()) * 1e3
}

pub fn exec_ttl() -> Vec<Figure> {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    thread::spawn(move || {
        for stream in silent.incoming().flatten() {
            thread::spawn(move || (&stream).read_to_end(&mut Vec::new()));
        }
    });
    let mut figures = Vec::new();
    for target in ["/loop", "/sleep", "/fread", "/flock", "/sqlite", "/curl", "/body"] {
        let server = Server::of(SCRIPT)
            .env("SILENT", &address.to_string())
            .config(
                "http:\n  address: {address}\n  stream_request_body: true\n  pool: {num_workers: 2, \
                 supervisor: {exec_ttl: 1s, max_stuck_workers: 8}}",
            )
            .mode(Mode::Opcache)
            .start();
        let mut worst: f64 = 0.0;
        for _ in 0..TIMES {
            worst = worst.max(lateness(&server, target));
        }
        until("two workers serve at the same time", || {
            let mut names = at_once(server.address, "/", 4);
            names.sort();
            names.dedup();
            names.len() == 2
        });
        // One that is stuck computes on for ever, so the end is not a clean one: it comes with the value.
        let stuck = server.log().matches("is stuck").count();
        let note = format!("longest of {TIMES}; both workers serve again; threads given up: {stuck}");
        let name = format!("exec_ttl 1 s, {}: answer after the limit", &target[1..]);
        figures.push(Figure::new(name, worst, "ms").at_most(1000.0).note(note));
    }
    figures
}
