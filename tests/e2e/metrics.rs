//! `RoadRunner\Metrics` in workers, and what is scraped.

use std::{
    io::Write,
    net::SocketAddr,
    process::{Command, Stdio},
    thread,
};

use crate::support::{Server, get, until};

/// Counts what it is told to, and says what that throws.
const SCRIPT: &str = r#"<?php
use RoadRunner\Metrics;
$orders = Metrics::counter('orders_total', 'Orders', ['shop']);
$sizes = Metrics::histogram('size_bytes', 'Sizes', [], [10, 100]);
$level = Metrics::gauge('level', 'A level');
$times = Metrics::summary('times', 'Times', [], ['0.5' => 0.01]);
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $said = 'ok';
    try {
        match ($request->path) {
            '/order' => $orders->inc(['eu'], 'trace-1'),
            '/many' => (function () use ($orders) { for ($i = 0; $i < 1000; $i++) { $orders->inc(['many']); } })(),
            '/rest' => [$sizes->observe(50), $level->set(2.5), $times->observe(3)],
            '/collected' => Metrics::counter('collected', labels: ['a'])->inc(['x']),
            '/fork' => (function () use ($orders) {
                $child = pcntl_fork();
                if ($child === 0) {
                    $orders->inc(['child']);
                    Metrics::counter('of_child')->inc();
                    posix_kill(getmypid(), SIGKILL);
                }
                pcntl_waitpid($child, $status);
            })(),
            '/full' => array_map(fn (int $i) => $orders->inc(["shop-$i"]), range(1, 20)),
            '/throw' => throw new Error('as the test wants'),
            '/unregister' => $said = var_export(Metrics::unregister('level'), true),
            '/level' => $level->set(1),
            '/own' => Metrics::gauge('rr_http_workers_ready'),
            default => null,
        };
    } catch (RoadRunner\Exception\LogicException $thrown) {
        $said = $thrown->getMessage();
    }
    $worker->respond(200, $said);
}
"#;

fn server(metrics: &str) -> (Server, SocketAddr) {
    let config = format!(
        "http: {{address: {{address}}, middleware: [http_metrics], pool: {{num_workers: 2}}}}\n\
         metrics: {{address: '127.0.0.1:0'{metrics}}}\nlogs: {{level: info}}\n"
    );
    let server = Server::of(SCRIPT).config(&config).start();
    let address = server.metrics_address();
    (server, address)
}

fn scrape(address: SocketAddr) -> String {
    get(address, "/metrics").text()
}

/// The value of a sample.
#[track_caller]
fn value(text: &str, sample: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in\n{text}")).parse().unwrap()
}

#[test]
fn workers_change_the_same_numbers_and_none_is_lost() {
    let (server, metrics) = server("");
    let text = scrape(metrics);
    assert!(text.contains("# HELP orders_total Orders\n# TYPE orders_total counter\n"), "declared at boot: {text}");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5).for_each(|_| assert_eq!(get(server.address, "/many").text(), "ok")));
        }
    });
    get(server.address, "/order");
    get(server.address, "/rest");
    let text = scrape(metrics);
    for (sample, expected) in [
        ("orders_total{shop=\"many\"}", 20_000.0),
        ("orders_total{shop=\"eu\"}", 1.0),
        ("size_bytes_bucket{le=\"100\"}", 1.0),
        ("size_bytes_bucket{le=\"10\"}", 0.0),
        ("level", 2.5),
        ("times{quantile=\"0.5\"}", 3.0),
        ("rr_http_total_workers", 2.0),
        ("rr_http_worker_requests_total", 22.0),
    ] {
        assert_eq!(value(&text, sample), expected, "{sample}\n{text}");
    }
    assert!(value(&text, "rr_http_workers_memory_bytes") >= 2.0 * 400_000.0, "{text}");
    assert!(value(&text, "rr_allocator_used_bytes") > 0.0);
    server.signal(libc::SIGHUP);
    server.wait_for_log(" Reloaded ");
    assert_eq!(value(&scrape(metrics), "orders_total{shop=\"many\"}"), 20_000.0, "a reload keeps them");
    server.stop();
}

#[test]
fn what_is_refused_is_thrown_and_counted_and_a_fork_changes_nothing() {
    let (server, metrics) =
        server(", max_series: 5, collect: {collected: {type: counter, namespace: app, labels: [a]}}");
    assert_eq!(get(server.address, "/collected").text(), "ok");
    assert_eq!(value(&scrape(metrics), "app_collected{a=\"x\"}"), 1.0);
    let full = get(server.address, "/full").text();
    assert!(full.contains("\"orders_total\" has 5 series already"), "{full}");
    assert!(get(server.address, "/own").text().contains("the server itself has rr_http_workers_ready"));
    let text = scrape(metrics);
    assert_eq!(text.matches("orders_total{").count(), 5, "{text}");
    assert_eq!(value(&text, "rr_metrics_refused_total"), 1.0);
    server.wait_for_log("A metric has as many series as it may");
    assert_eq!(get(server.address, "/unregister").text(), "true");
    let mut gone = String::new();
    until("both workers know that it is gone", || {
        gone = get(server.address, "/level").text();
        gone.contains("was unregistered")
    });
    assert!(!scrape(metrics).contains("# TYPE level "));
    get(server.address, "/fork");
    let text = scrape(metrics);
    assert!(!text.contains("of_child") && !text.contains("child"), "{text}");
    get(server.address, "/throw");
    until("the worker is counted", || {
        value(&scrape(metrics), "rr_http_worker_recycles_total{reason=\"failed\"}") == 1.0
    });
    server.stop();
}

/// Runs `promtool check metrics`, where there is one.
#[test]
fn promtool_finds_nothing_wrong() {
    let (server, metrics) = server("");
    for path in ["/order", "/rest", "/none"] {
        get(server.address, path);
    }
    let text = scrape(metrics);
    server.stop();
    let tool = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut tool) = tool else { return };
    tool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

#[test]
fn without_the_section_the_same_script_runs() {
    let server = Server::of(SCRIPT).config("http: {address: {address}, pool: {num_workers: 1}}").start();
    for path in ["/order", "/many", "/rest", "/collected"] {
        assert_eq!(get(server.address, path).text(), "ok", "{path}");
    }
    server.stop();
}
