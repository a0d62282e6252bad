//! The adaptive reactor: what it does in a steady load, how long one slow request holds up others, and what is left of it
//! when scripts end all the time.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Figure,
    handoff::HELLO,
    support::{
        Client, Load, Mode, Server, get,
        handoff::{Counters, counted},
        signal, storm, until,
    },
};

fn hello(workers: usize) -> Server {
    let config = format!(
        "http: {{address: {{address}}, pool: {{num_workers: {workers}}}}}\n\
         metrics: {{address: '127.0.0.1:0'}}\nlogs: {{level: info, channels: {{http: {{level: warn}}}}}}"
    );
    Server::with_loop(HELLO).mode(Mode::Opcache).config(&config).start()
}

/// A load that has begun: what happens from then on.
fn steady(workers: usize, clients: usize) -> Vec<Figure> {
    const REQUESTS: u64 = 100_000;
    let server = hello(workers);
    let load = Load::start(&server, clients);
    load.go_on_for(REQUESTS / 5);
    let first = Counters::of(&server);
    load.go_on_for(REQUESTS / 5 * 4);
    let last = Counters::of(&server);
    load.end(&server);
    server.stop();
    let change = |name: &str| (last.get(name) - first.get(name)) as f64;
    let figure = |what: &str| {
        Figure::new(format!("steady hello, {workers} workers, {clients} clients: {what}"), change(what), "")
            .note(format!("in {} requests and {} passes", change("requests"), change("passes")))
    };
    vec![figure("steals").at_most(0.0), figure("wakes").at_most(0.0), figure("finds").at_most(0.0), figure("kicks")]
}

/// Three handlers of a second, each after three seconds of calm hello: the longest answer that a fast request had.
fn stall() -> Vec<Figure> {
    const SLOW: u32 = 3;
    const STARTING: Duration = Duration::from_secs(1);
    let script = format!("if ($request->path === '/slow') {{ usleep(1000000); }} {HELLO}");
    let server = Server::with_loop(&script).mode(Mode::Opcache).workers(16).start();
    let stop = AtomicBool::new(false);
    let mut latencies: Vec<f64> = thread::scope(|scope| {
        let fast = scope.spawn(|| {
            let mut client = Client::connect(server.address).unwrap();
            let mut latencies = Vec::new();
            let begun = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                assert_eq!(client.get("/").unwrap().status, 200);
                // Other workers still start at first.
                if begun.elapsed() > STARTING {
                    latencies.push(start.elapsed().as_secs_f64() * 1e3);
                }
            }
            latencies
        });
        for _ in 0..SLOW {
            thread::sleep(Duration::from_secs(3));
            assert_eq!(get(server.address, "/slow").status, 200);
        }
        stop.store(true, Ordering::Relaxed);
        fast.join().unwrap()
    });
    server.stop();
    latencies.sort_unstable_by(f64::total_cmp);
    let longest = latencies.iter().rev().take(6).map(|latency| format!("{latency:.1}")).collect::<Vec<_>>().join(", ");
    let name = "three handlers of 1 s after calm: longest fast answer";
    vec![Figure::new(name, latencies[latencies.len() - 1], "ms").at_most(10.0).note(format!("the longest: {longest}"))]
}

/// Answers that are followed by work: how long their clients wait for them.
fn answer_and_work() -> Vec<Figure> {
    const ROUNDS: usize = 20;
    let script = format!("{HELLO} if ($request->path === '/works') {{ usleep(100000); }}");
    let server = Server::with_loop(&script).mode(Mode::Opcache).workers(2).start();
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        // Until a worker drives again.
        let calm = Instant::now();
        let mut client = Client::connect(server.address).unwrap();
        while calm.elapsed() < Duration::from_millis(600) {
            assert_eq!(client.get("/").unwrap().status, 200);
        }
        let start = Instant::now();
        assert_eq!(client.get("/works").unwrap().status, 200);
        took.push(start.elapsed().as_secs_f64() * 1e3);
    }
    server.stop();
    let first = took.remove(0);
    took.sort_unstable_by(f64::total_cmp);
    let note = format!("median {:.2} ms", took[took.len() / 2]);
    let name = "an answer before 100 ms of work, while a worker drives";
    vec![
        Figure::new(format!("{name}: the first one"), first, "ms").at_most(10.0),
        Figure::new(format!("{name}: longest of the 19 behind it"), took[took.len() - 1], "ms").at_most(2.0).note(note),
    ]
}

fn storms(mode: Mode) -> Vec<Figure> {
    const ENDS: u64 = 8000;
    let mut figures = Vec::new();
    for reloads in [false, true] {
        let server = storm::restless(mode);
        let over = AtomicBool::new(false);
        let mut result = None;
        thread::scope(|scope| {
            if reloads {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        server.signal(libc::SIGHUP);
                        thread::sleep(Duration::from_millis(300));
                    }
                });
            }
            result = Some(storm::run(&server, 32, ENDS));
            over.store(true, Ordering::Relaxed);
        });
        let result = result.unwrap();
        storm::settle(&server, &result);
        let log = server.stop();
        let count = |name| counted(&log, name);
        let what = if reloads { "death storm with reloads" } else { "death storm" };
        let note = format!(
            "{} ends, {} requests, each answered once and rightly; {} gives, {} steals, {} retires",
            result.ends,
            result.requests,
            count("gives"),
            count("steals"),
            count("retires")
        );
        figures.push(Figure::new(format!("{what}, hold 1 ms, {mode:?}"), result.seconds, "s").at_most(12.0).note(note));
    }
    figures.push(shutdowns(mode));
    figures
}

/// Servers that are ended in the middle of a storm.
fn shutdowns(mode: Mode) -> Figure {
    const SERVERS: u64 = 10;
    let (mut right, mut unanswered) = (0, 0);
    for _ in 0..SERVERS {
        let mut server = storm::restless(mode);
        let pid = server.pid();
        let (answered, lost) = storm::run_to_the_end(&server, 16, |right| {
            until("the storm rages", || right.load(Ordering::Relaxed) > 2000);
            signal(pid, libc::SIGTERM);
        });
        assert_eq!(server.wait().code(), Some(0), "{}", server.log());
        right += answered;
        unanswered += lost;
    }
    let note =
        format!("{SERVERS} servers ended under a storm, each with exit code 0; {right} requests answered rightly");
    Figure::new(format!("storm and shutdown, {mode:?}: requests without an answer"), unanswered as f64, "")
        .at_most(0.0)
        .note(note)
}

pub fn measure() -> Vec<Figure> {
    let storms = [Mode::NoOpcache, Mode::Opcache, Mode::JitTracing].into_iter().flat_map(storms).collect();
    [steady(1, 8), steady(4, 64), stall(), answer_and_work(), storms].concat()
}
