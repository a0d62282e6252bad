//! What the hand-off costs beside CPU time: wake-ups at idle and under load, allocations, memory per worker.

use std::{fs, thread, time::Duration};

use crate::{
    Figure,
    support::{Client, Mode, Server, handoff::counted},
};

pub const HELLO: &str = r#"$worker->respond(200, "Hello, world!\n", ['content-type' => 'text/plain']);"#;

/// Context switches of all threads so far.
fn switches(server: &Server) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("status")).ok())
        .flat_map(|text| {
            let counts = text.lines().filter(|line| line.contains("ctxt_switches"));
            counts.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).collect::<Vec<_>>()
        })
        .sum()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn resident(server: &Server) -> f64 {
    server.resident() as f64 / 1_048_576.0
}

/// `clients` clients, each as fast as its answers come, until `requests` were answered.
pub fn load(server: &Server, clients: u64, requests: u64) {
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let mut client = Client::connect(server.address).unwrap();
                for _ in 0..requests / clients {
                    assert_eq!(client.get("/").unwrap().status, 200);
                }
            });
        }
    });
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn idle() -> Vec<Figure> {
    const SECONDS: u64 = 3;
    let server = Server::with_loop(HELLO).workers(16).mode(Mode::Opcache).start();
    load(&server, 8, 4000);
    let still = |server: &Server| {
        // The monitor's last looks.
        thread::sleep(Duration::from_secs(1));
        let before = switches(server);
        thread::sleep(Duration::from_secs(SECONDS));
        (switches(server) - before) as f64
    };
    let alone = still(&server);
    let open: Vec<_> = (0..8).map(|_| Client::connect(server.address).unwrap()).collect();
    let rate = still(&server) / SECONDS as f64;
    drop(open);
    server.stop();
    vec![
        Figure::new("idle: context switches of the process in 3 s, 16 workers", alone, "").at_most(0.0),
        Figure::new("idle: the same with 8 silent connections, per second", rate, "/s").at_most(10.0),
    ]
}

fn wakes(reactor: &str) -> Vec<Figure> {
    const REQUESTS: u64 = 200_000;
    let server = Server::with_loop(HELLO)
        .mode(Mode::Opcache)
        .config(&format!(
            "http: {{address: {{address}}, reactor: {reactor}, pool: {{num_workers: 4}}}}\n\
             logs: {{level: debug, channels: {{http: {{level: info}}}}}}"
        ))
        .start();
    load(&server, 64, REQUESTS);
    let log = server.stop();
    let of = |name: &str| counted(&log, name) as f64;
    assert!(of("requests") >= REQUESTS as f64);
    let passes = of("passes");
    let figure = |name: &str, bound| {
        Figure::new(format!("hello, 64 clients, {reactor}: {name} per pass"), of(name) / passes, "").at_most(bound)
    };
    vec![
        Figure::new(format!("hello, 64 clients, {reactor}: requests per pass"), of("requests") / passes, ""),
        figure("wakes", 1.0),
        figure("kicks", 1.0),
        figure("looks", 1.0),
        figure("finds", 0.01),
        figure("steals", 0.01),
    ]
}

fn memory() -> Vec<Figure> {
    let used = |workers: usize| {
        let server = Server::with_loop(HELLO).workers(workers).mode(Mode::Opcache).start();
        load(&server, 64, 100_000);
        let resident = resident(&server);
        server.stop();
        resident
    };
    let (one, sixteen) = (used(1), used(16));
    let note = format!("{one:.1} MiB with 1, {sixteen:.1} MiB with 16, after 100 000 requests");
    vec![Figure::new("memory: RSS per added hello worker", (sixteen - one) / 15.0, "MiB").at_most(1.0).note(note)]
}

pub fn measure() -> Vec<Figure> {
    [idle(), wakes("adaptive"), wakes("handoff"), memory()].concat()
}
