//! Load under which worker scripts end in every way.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Client, Mode, Server, at_once, until};

/// Uses what a typical application uses, so that its parts are torn down as well, and ends as the request says.
const SCRIPT: &str = r#"<?php
$boot = ['list' => range(1, 200), 'date' => new DateTimeImmutable('now')];
class Service {
    private array $cache = [];
    private ?Service $self;
    function __construct(private Closure $closure) { $this->self = $this; }
    function work(int $n): string {
        $this->cache[$n % 100] = str_repeat('x', $n % 1000);
        return md5(json_encode(['n' => $n, 'c' => count($this->cache)]) . ($this->closure)($n) . preg_replace('/\d/', '#', "a$n"));
    }
    function __destruct() { $this->cache = []; }
}
$service = new Service(fn (int $n) => array_sum(array_map(fn ($x) => $x * 2, range(1, $n % 20 + 1))));
register_shutdown_function(function () use ($service) { $service->work(1); });
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    [, $n, $how] = explode('/', $request->path);
    $service->work((int) $n);
    switch ($how) {
        case 'who': $worker->respond(200, (string) RoadRunner\Environment::workerNumber()); usleep(100000); break;
        case 'exit': exit(1);
        case 'throw': throw new DomainException("request $n");
        case 'error': undefined_function();
        case 'fatal': trigger_error('fatal', E_USER_ERROR);
        case 'memory': str_repeat('x', 1 << 30);
        case 'return': return;
        case 'after': $worker->respond(200, $n); exit;
        case 'stop': $worker->respond(200, $n); $worker->stop(); break;
        default: $worker->respond(200, $n);
    }
}
"#;

const WORKERS: usize = 8;

/// How a script is made to end, and the status that its client gets.
const ENDS: [(&str, u16); 8] = [
    ("exit", 500),
    ("throw", 500),
    ("error", 500),
    ("fatal", 500),
    ("memory", 500),
    ("return", 500),
    ("after", 200),
    ("stop", 200),
];

#[derive(Clone, Debug)]
pub struct Storm {
    pub requests: u64,
    pub ends: u64,
    pub seconds: f64,
    /// Threads and descriptors before the first end, with every worker there.
    pub before: (usize, usize),
}

pub fn server(mode: Mode, thread_runs: u64) -> Server {
    let config = format!("http: {{address: {{address}}, pool: {{num_workers: {WORKERS}}}}}");
    of(mode, thread_runs, &config)
}

/// A server whose workers drive the reactor again a millisecond after a slow request, and which says at its end how often the role
/// has changed hands.
pub fn restless(mode: Mode) -> Server {
    let config = format!(
        "http: {{address: {{address}}, reactor_hold: 1ms, pool: {{num_workers: {WORKERS}}}}}\n\
         logs: {{channels: {{server: {{level: debug}}}}}}"
    );
    of(mode, 0, &config)
}

fn of(mode: Mode, thread_runs: u64, config: &str) -> Server {
    Server::of(SCRIPT)
        .config(config)
        .mode(mode)
        .ini("memory_limit=64M")
        .ini("error_log=/dev/null")
        .ini(&format!("roadrunner.thread_runs={thread_runs}"))
        .start()
}

/// Threads and descriptors once all workers have booted and no client is connected.
fn calm(server: &Server) -> (usize, usize) {
    let mut seen = HashSet::new();
    until("every worker has served", || {
        seen.extend(at_once(server.address, "/0/who", WORKERS));
        seen.len() == WORKERS
    });
    // The last connection may not be closed yet, which only makes the bound one wider.
    (server.threads(), server.descriptors())
}

/// Runs `clients` clients until the server has gone, which `end` sees to. Panics if one gets a wrong answer; returns how many were
/// right, and how many requests had none. Not counted is the first one of a connection: that may have been made just before the
/// server stopped to accept, and is as good as refused.
pub fn run_to_the_end(server: &Server, clients: u64, end: impl FnOnce(&AtomicU64)) -> (u64, u64) {
    let address = server.address;
    let (right, unanswered, numbers) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for seed in 0..clients {
            let (right, unanswered, numbers) = (&right, &unanswered, &numbers);
            scope.spawn(move || {
                let mut dice = Dice(seed * 7919 + 1);
                while let Ok(mut client) = Client::connect(address) {
                    let mut is_served = false;
                    loop {
                        let (how, status) = dice.roll();
                        let number = numbers.fetch_add(1, Ordering::Relaxed);
                        let Ok(response) = client.get(&format!("/{number}/{how}")) else {
                            unanswered.fetch_add(u64::from(is_served), Ordering::Relaxed);
                            break;
                        };
                        assert!(response.status == status || response.status == 503, "{how}: {}", response.status);
                        assert!(response.status != 200 || response.text() == number.to_string(), "another's answer");
                        right.fetch_add(1, Ordering::Relaxed);
                        is_served = true;
                        if response.header("connection") == Some("close") {
                            break;
                        }
                    }
                }
            });
        }
        end(&right);
    });
    (right.into_inner(), unanswered.into_inner())
}

/// Says how the next request is to end its script, if it is.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> (&'static str, u16) {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ENDS.get((self.0 >> 33) as usize % 80).copied().unwrap_or(("ok", 200))
    }
}

/// Runs `clients` clients until worker scripts have ended `ends` times; panics if one gets a wrong answer.
pub fn run(server: &Server, clients: u64, ends: u64) -> Storm {
    let before = calm(server);
    let address = server.address;
    let (done, requests) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let start = Instant::now();
    let handles: Vec<_> = (0..clients)
        .map(|seed| {
            let (done, requests) = (Arc::clone(&done), Arc::clone(&requests));
            thread::spawn(move || {
                let mut dice = Dice(seed * 7919 + 1);
                let mut client = Client::connect(address).unwrap();
                while done.load(Ordering::Relaxed) < ends && start.elapsed() < Duration::from_secs(300) {
                    let number = requests.fetch_add(1, Ordering::Relaxed);
                    let (how, status) = dice.roll();
                    let response = client.get(&format!("/{number}/{how}")).expect("each request gets an answer");
                    assert_eq!(response.status, status, "{how}");
                    assert!(status != 200 || response.text() == number.to_string(), "an answer of another request");
                    if how != "ok" {
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    let mut failed = false;
    for handle in handles {
        failed |= handle.join().is_err();
    }
    assert!(!failed, "a client got a wrong answer; the log:\n{}", server.log());
    Storm {
        requests: requests.load(Ordering::Relaxed),
        ends: done.load(Ordering::Relaxed),
        seconds: start.elapsed().as_secs_f64(),
        before,
    }
}

/// Waits until threads and descriptors are back at what they were early on.
pub fn settle(server: &Server, storm: &Storm) {
    until("threads and descriptors are back", || {
        server.threads() <= storm.before.0 && server.descriptors() <= storm.before.1
    });
}
