//! Pools under load: reloads, deploys that fill opcache, sizes that follow the load, leaks that are bounded.

use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    Figure,
    support::{
        Load, Mode, Server,
        generation::successors,
        get,
        server::resident,
        signal,
        site::{self, Site, fewest_ready, reloads},
        until,
    },
};

/// 30 reloads with 64 clients, each with another release behind the link.
pub fn reload() -> Vec<Figure> {
    [(Mode::NoOpcache, 1), (Mode::Opcache, 0), (Mode::JitTracing, 1)]
        .into_iter()
        .flat_map(|(mode, validate)| reload_in(mode, validate))
        .collect()
}

fn reload_in(mode: Mode, validate: u8) -> Vec<Figure> {
    const WORKERS: usize = 4;
    const RELOADS: usize = 30;
    let (site, builder) = Site::new();
    let server = builder.workers(WORKERS).mode(mode).ini(&format!("opcache.validate_timestamps={validate}")).start();
    let deployed = Arc::new(AtomicUsize::new(1));
    let load = site::load(&server, 64, &deployed);
    load.go_on();
    let mut seconds = 0.0;
    for release in 2..=RELOADS + 1 {
        site.release(release);
        site.switch(release);
        let start = Instant::now();
        server.signal(libc::SIGHUP);
        until("the code is reloaded", || reloads(&server) == release - 1);
        seconds += start.elapsed().as_secs_f64();
        deployed.store(release, Ordering::Relaxed);
        load.go_on_for(640);
    }
    let answers = load.answers();
    let failures = load.failures();
    let log = server.stop();
    let name = |what: &str| format!("reload: {what}, {mode:?}");
    let note = format!("{answers} requests of 64 clients; each answer must be of one release {failures:?}");
    let missing = WORKERS.saturating_sub(fewest_ready(&log, WORKERS));
    vec![
        Figure::new(name("failed requests in 30 reloads"), failures.len() as f64, "requests").at_most(0.0).note(note),
        Figure::new(name("ready workers missing at the worst"), missing as f64, "workers").at_most(0.0),
        Figure::new(name("time of one"), seconds * 1e3 / RELOADS as f64, "ms"),
    ]
}

const FILES: usize = 2000;

/// A release whose script loads as many classes as a big application has.
fn big_release(site: &Site, number: usize) {
    site.release(number);
    let mut requires = String::new();
    for file in 0..FILES {
        writeln!(requires, "require __DIR__ . '/class{file}.php';").unwrap();
        let methods: String = (0..8)
            .map(|method| format!("public function m{method}(array $a, int $n): int {{ return count($a) + $n * {method} + $this->n; }}\n"))
            .collect();
        let text = format!("<?php\nclass C{file} {{ private int $n = {file};\n{methods}}}\n");
        site.file(number, &format!("class{file}.php"), &text);
    }
    site.file(number, "worker.php", &Site::WORKER.replace("$worker = ", &format!("{requires}$worker = ")));
}

/// 10 deploys of an application of 2 000 files: opcache as PHP sizes it is full before the last one.
pub fn deploys() -> Vec<Figure> {
    const DEPLOYS: usize = 10;
    let (site, builder) = Site::new();
    big_release(&site, 1);
    let server = builder.pool("num_workers: 4").mode(Mode::Opcache).ini("opcache.validate_timestamps=0").start();
    let load = Load::checked(server.address, 16, |_| "/".to_owned(), |_, answer| Site::whole(answer).is_some());
    load.go_on_for(200);
    let count = |text: &str| server.log().matches(text).count();
    until("every worker is ready", || count(" Worker ready ") >= 4);
    let (mut process, before, start) = (server.pid(), resident(server.pid()), Instant::now());
    let (mut most, mut after, mut changes) = (before, before, 0);
    for release in 2..=DEPLOYS + 1 {
        big_release(&site, release);
        site.switch(release);
        if release > 3 {
            site.remove_release(release - 3);
        }
        let reloaded = reloads(&server);
        signal(process, libc::SIGHUP);
        until("the code is reloaded", || reloads(&server) > reloaded);
        most = most.max(resident(process));
        // The change is asked for right after the end of a reload.
        thread::sleep(Duration::from_millis(100));
        if count("opcache is nearly full") > changes {
            changes += 1;
            let ready = count(" Worker ready ");
            until("the generation has changed", || count("Generation changed") == changes);
            process = *successors(&server).last().unwrap();
            until("every worker of the next one is ready", || count(" Worker ready ") >= ready);
            load.go_on_for(200);
            after = resident(process);
        }
        until("the new code answers", || Site::whole(&get(server.address, "/")) == Some(release));
        load.go_on_for(100);
    }
    let answers = load.answers();
    let failures = load.failures();
    let wiped = count("must wait for a restart") + count("is too small");
    signal(process, libc::SIGTERM);
    until("the last generation has ended", || server.processes().is_empty());
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let note = format!("{answers} requests in {:.0} s {failures:?}", start.elapsed().as_secs_f64());
    vec![
        Figure::new("deploys: failed requests in 10", failures.len() as f64, "requests").at_most(0.0).note(note),
        Figure::new("deploys: generation changes missing of 1 or more", f64::from(changes == 0), "").at_most(0.0),
        Figure::new("deploys: generation changes by themselves", changes as f64, ""),
        Figure::new("deploys: opcache was full, or to be wiped", wiped as f64, "times").at_most(0.0),
        Figure::new("deploys: memory before the first", mib(before), "MiB"),
        Figure::new("deploys: memory at the most", mib(most), "MiB"),
        Figure::new("deploys: memory after the change", mib(after), "MiB").at_most(mib(before) * 1.25),
    ]
}

/// When the pool last changed its size, looked at until it has not for a while.
struct Watch<'a> {
    server: &'a Server,
    what: &'static str,
    start: Instant,
}

impl Watch<'_> {
    fn count(&self) -> usize {
        self.server.log().matches(self.what).count()
    }

    /// Seconds until the last change, once there was none for `calm`.
    fn last(&self, calm: Duration) -> f64 {
        let (mut seen, mut last) = (self.count(), self.start);
        while last.max(self.start).elapsed() < calm {
            let now = self.count();
            if now != seen {
                (seen, last) = (now, Instant::now());
            }
            thread::sleep(Duration::from_millis(10));
        }
        (last - self.start).as_secs_f64()
    }
}

/// A step from 1 client to 64, of requests that take 20 ms: 32 workers would do.
pub fn scaling() -> Vec<Figure> {
    const STEADY: Duration = Duration::from_secs(15);
    let server = Server::with_loop("usleep(20000); $worker->respond(200);")
        .pool("num_workers: 2, dynamic_allocator: {max_workers: 62, idle_timeout: 2s}")
        .start();
    let load = Load::start(&server, 1);
    thread::sleep(Duration::from_secs(2));
    load.end(&server);
    let early = server.log().matches("the pool grows").count();
    let watch = Watch { server: &server, what: "the pool grows", start: Instant::now() };
    let load = Load::start(&server, 64);
    let reached = watch.last(Duration::from_secs(3));
    let workers = server.log().matches("Worker ready").count() - server.log().matches("Worker leaves").count();
    let changes = |server: &Server| {
        server.log().matches(" Requests wait: ").count() + server.log().matches("the pool shrinks").count()
    };
    let (before, answers) = (changes(&server), load.answers());
    thread::sleep(STEADY);
    let steady = changes(&server) - before;
    let rate = (load.answers() - answers) as f64 / STEADY.as_secs_f64();
    load.end(&server);
    let watch = Watch { server: &server, what: "the pool shrinks", start: Instant::now() };
    let shrunk = watch.last(Duration::from_secs(5));
    until("the workers have left", || {
        server.log().matches("Worker ready").count() == server.log().matches("Worker leaves").count() + 2
    });
    server.stop();
    let note = format!("{workers} workers of at most 64, {rate:.0} requests/s");
    vec![
        Figure::new("scaling: changes with 1 client", early as f64, "").at_most(0.0),
        Figure::new("scaling: to the size for 64 clients", reached, "s").at_most(2.0).note(note),
        Figure::new("scaling: workers too few for waits below 20 ms", (32.0 - workers as f64).max(0.0), "workers")
            .at_most(0.0),
        Figure::new("scaling: changes in 15 s of steady load", steady as f64, "").at_most(2.0),
        Figure::new("scaling: to the size at rest, idle_timeout 2 s", shrunk, "s").at_most(4.0),
    ]
}

/// Workers that leak 1 MiB with each request, of at most 32 MiB.
pub fn leak() -> Vec<Figure> {
    const BOUND: f64 = 32.0;
    let server = Server::with_loop(
        "$leak[] = str_repeat('x', 1 << 20); $worker->respond(200, (string) memory_get_usage(true));",
    )
    .pool("num_workers: 4, supervisor: {max_worker_memory: 32}")
    .start();
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&most);
    let load = Load::checked(
        server.address,
        8,
        |_| "/".to_owned(),
        move |_, answer| {
            answer.text().parse().is_ok_and(|bytes| seen.fetch_max(bytes, Ordering::Relaxed) > 0 || bytes > 0)
        },
    );
    thread::sleep(Duration::from_secs(10));
    let answers = load.answers();
    let failures = load.failures();
    let log = server.stop();
    let recycled = log.matches("reason=max_memory").count();
    let note = format!("{answers} requests, {recycled} workers recycled {failures:?}");
    vec![
        Figure::new("leak: failed requests", failures.len() as f64, "requests").at_most(0.0).note(note),
        // The request that goes beyond it is still answered: 1 MiB, in a chunk of 2 MiB.
        Figure::new(
            "leak: most memory of a worker, of 32 MiB",
            most.load(Ordering::Relaxed) as f64 / f64::from(1 << 20),
            "MiB",
        )
        .at_most(BOUND + 4.0),
    ]
}

/// From a save to the first answer of the new code.
pub fn hot_reload() -> Vec<Figure> {
    const SAVES: usize = 20;
    let server = Server::of(
        "<?php $worker = new RoadRunner\\Worker(); while ($worker->waitRequest()) { $worker->respond(200, '0'); }",
    )
    .config("http: {address: {address}, pool: {num_workers: 4}}\nwatch: {}")
    .mode(Mode::Opcache)
    .start();
    let path = server.directory.join("worker.php");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut times: Vec<f64> = (1..=SAVES)
        .map(|number| {
            std::fs::write(&path, text.replace("'0'", &format!("'{number}'"))).unwrap();
            let start = Instant::now();
            until("the new code answers", || get(server.address, "/").text() == number.to_string());
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    server.stop();
    times.sort_by(f64::total_cmp);
    let note = format!("longest of {SAVES}: {:.0} ms", times[SAVES - 1]);
    vec![
        Figure::new(
            "hot reload: from a save to the first answer of the new code, median".to_owned(),
            times[SAVES / 2],
            "ms",
        )
        .at_most(300.0)
        .note(note),
    ]
}
