//! Increments by many workers, what one costs, and what a scrape costs.

use std::{fs, net::SocketAddr, thread};

use crate::{
    Figure,
    handoff::load,
    support::{Client, Mode, Server, get},
};

/// Counts 100 000 times, says how many nanoseconds each took, and holds its worker until all others have come.
const SCRIPT: &str = r#"<?php
$counter = RoadRunner\Metrics::counter('figure_total', 'Increments', ['of']);
$alone = RoadRunner\Metrics::counter('alone_total');
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $took = 0;
    if ($request->path === '/many') {
        touch(__DIR__ . '/here-' . RoadRunner\Environment::workerNumber());
        for ($i = 0; $i < 10000 && count(glob(__DIR__ . '/here-*')) < 8; $i++) usleep(1000);
        $began = hrtime(true);
        for ($i = 0; $i < 100000; $i++) $counter->inc(['all']);
        $took = (hrtime(true) - $began) / 100000;
    } elseif ($request->path === '/alone') {
        $began = hrtime(true);
        for ($i = 0; $i < 100000; $i++) $alone->inc();
        $took = (hrtime(true) - $began) / 100000;
    }
    $worker->respond(200, (string) $took);
}
"#;
const SCRAPES: u32 = 200;

fn server(workers: usize) -> (Server, SocketAddr) {
    let config = format!(
        "http: {{address: {{address}}, middleware: [http_metrics], pool: {{num_workers: {workers}}}}}\n\
         metrics: {{address: '127.0.0.1:0'}}\nlogs: {{level: info}}\n"
    );
    let server = Server::of(SCRIPT).mode(Mode::Opcache).config(&config).start();
    let address = server.metrics_address();
    (server, address)
}

/// Milliseconds of CPU time of the thread that answers scrapes.
fn cpu(server: &Server) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap().flatten();
    let is_site =
        |task: &fs::DirEntry| fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name == "rr-web-0\n");
    let task = tasks.into_iter().find(is_site).expect("a thread answers scrapes");
    let spent = fs::read_to_string(task.path().join("schedstat")).unwrap();
    spent.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e6
}

pub fn measure() -> Vec<Figure> {
    let (server, metrics) = server(8);
    let times: Vec<f64> = thread::scope(|scope| {
        let all: Vec<_> =
            (0..8).map(|_| scope.spawn(|| get(server.address, "/many").text().parse().unwrap())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let text = get(metrics, "/metrics").text();
    let counted = text.lines().find_map(|line| line.strip_prefix("figure_total{of=\"all\"} ")).unwrap();
    let missing = 800_000.0 - counted.parse::<f64>().unwrap();
    let alone: f64 = get(server.address, "/alone").text().parse().unwrap();
    server.stop();
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let (server, metrics) = self::server(16);
    load(&server, 8, 2000);
    let mut client = Client::connect(metrics).unwrap();
    let length = client.get("/metrics").unwrap().body.len();
    let before = cpu(&server);
    (0..SCRAPES).for_each(|_| assert_eq!(client.get("/metrics").unwrap().status, 200));
    let scrape = (cpu(&server) - before) / f64::from(SCRAPES);
    server.stop();
    vec![
        Figure::new("metrics: increments lost, 8 workers × 100 000", missing.abs(), "").at_most(0.0),
        Figure::new("metrics: an increment by PHP, one label, 8 workers", mean, "ns").note("wall time, all at once"),
        Figure::new("metrics: an increment by PHP, no label, alone", alone, "ns"),
        Figure::new("metrics: CPU time of a scrape, 16 workers", scrape, "ms")
            .at_most(5.0)
            .note(format!("{length} bytes")),
    ]
}
