//! What a request leaves behind: the slope of malloc-in-use plus Zend heap over many requests.

use std::{
    collections::HashMap,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    Figure,
    support::{Client, Load, Mode, Server, at_once, until},
};

const WORKERS: usize = 4;

/// Every accessor and every kind of answer; `/probe` tells the memory.
const SCRIPT: &str = r#"<?php
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    switch ($request->path) {
        case '/probe':
            $worker->respond(200, RoadRunner\Environment::workerNumber() . ' ' . memory_get_usage() . ' ' . sys_getloadavg()[0]);
            usleep(50000); // so that another worker takes the next probe
            break;
        case '/all':
            $all = [$request->method, $request->uri, $request->path, $request->queryString, $request->protocol,
                $request->host, $request->remoteAddress, $request->remotePort, $request->id, $request->startedAt,
                $request->headers(), $request->header('user-agent'), $request->query(), $request->cookies(), $request->form(),
                strlen($request->body()), isset($request->method), $request->isAborted()];
            $request->respond(200, $all, ['x-list' => ['a', 'b'], 'x-int' => 7]);
            break;
        case '/json':
            try {
                $request->respond(200, ['got' => $request->json()]);
            } catch (RoadRunner\Exception\BadRequestException $e) {
                $request->respond($e->statusCode, $e->getMessage());
            }
            break;
        case '/misuse':
            try { $worker->respond(7); } catch (ValueError) {}
            try { $worker->respond(200, '', ["\n" => 'x']); } catch (ValueError) {}
            $worker->respond(200);
            try { $worker->respond(200); } catch (RoadRunner\Exception\LogicException) {}
            break;
        case '/create':
            $made = RoadRunner\Http\Request::create('POST', '/x?a=1', ['cookie' => 'a=b'], 'body');
            $worker->respond(200, (string) json_encode($made->headers()));
            break;
        default:
            $worker->respond(200, 'hello');
    }
}
"#;

fn probe(server: &Server) -> f64 {
    let mut heaps = HashMap::new();
    let mut malloc = 0.0;
    until("every worker was probed", || {
        for text in at_once(server.address, "/probe", WORKERS) {
            let mut parts = text.split(' ');
            let worker = parts.next().unwrap().to_owned();
            heaps.insert(worker, parts.next().unwrap().parse::<f64>().unwrap());
            malloc = parts.next().unwrap().parse().unwrap();
        }
        heaps.len() == WORKERS
    });
    heaps.values().sum::<f64>() + malloc
}

/// Least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    above / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

fn load(server: &Server, requests: u64) {
    let next = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (address, next) = (server.address, Arc::clone(&next));
            thread::spawn(move || {
                let mut client = Client::connect(address).unwrap();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= requests {
                        return;
                    }
                    let headers = "User-Agent: soak\r\nCookie: a=1; b=%20\r\nX-Two: 1\r\nX-Two: 2\r\n";
                    let form = "User-Agent: soak\r\nContent-Type: application/x-www-form-urlencoded\r\n";
                    let response = match number % 10 {
                        0 => client.request("GET", "/all?a=1&b[]=2", headers, b""),
                        1 => client.request("POST", "/all", form, b"x=1&y[z]=2"),
                        2 => client.request("POST", "/json", "", br#"{"a":[1,2,{"b":null}]}"#),
                        3 => client.request("POST", "/json", "", b"{broken"),
                        4 => client.get("/misuse"),
                        5 => client.get("/create"),
                        6 => client.request("POST", "/", "", &[7; 20_000]),
                        _ => client.get("/"),
                    };
                    let status = response.unwrap().status;
                    assert!(status == 200 || (status == 400 && number % 10 == 3), "{status}");
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
}

fn one(requests: u64) -> Vec<Figure> {
    let library = std::env::temp_dir().join(format!("rr-malloc-probe-{}.so", std::process::id()));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/malloc_probe.c");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
    assert!(compiled.unwrap().success());
    let server = Server::of(SCRIPT)
        .workers(WORKERS)
        .mode(Mode::Opcache)
        .config("http: {address: {address}, pool: {num_workers: 4}}\nlogs: {level: info}")
        .env("LD_PRELOAD", library.to_str().unwrap())
        .start();
    const STEPS: u64 = 20;
    let start = Instant::now();
    let mut points = Vec::new();
    for step in 1..=STEPS {
        load(&server, requests / STEPS);
        points.push(((step * (requests / STEPS)) as f64, probe(&server)));
    }
    server.stop();
    let _ = std::fs::remove_file(library);
    let half = &points[points.len() / 2..];
    let note = format!(
        "{requests} requests in {:.0} s; from {:.0} to {:.0} kB over the last half",
        start.elapsed().as_secs_f64(),
        half[0].1 / 1024.0,
        half[half.len() - 1].1 / 1024.0
    );
    vec![
        Figure::new("memory: slope of malloc-in-use + Zend heap, last half", slope(half), "B/request")
            .at_most(4.0)
            .note(note),
    ]
}

/// How long each of the long runs goes on that are bounded by time: `SOAK_SECONDS`, or 10 minutes.
pub fn seconds() -> u64 {
    std::env::var("SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(600)
}

/// Waits for so many seconds, or until a request of `load` has failed.
pub fn wait(seconds: u64, load: &Load) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) && !load.has_failed() {
        thread::sleep(Duration::from_millis(100));
    }
}

pub fn measure() -> Vec<Figure> {
    one(300_000)
}

pub fn long() -> Vec<Figure> {
    one(5_000_000)
}
