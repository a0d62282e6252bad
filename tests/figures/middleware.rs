//! What middleware costs that is not on, and how exactly `rate_limit` keeps its rule.

use std::{
    fs,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use crate::{
    Figure,
    handoff::{HELLO, load},
    support::{Client, Mode, Server},
};

/// Pairs of servers. Two processes differ by where their memory happens to lie, so one pair would not do.
const PAIRS: usize = 40;
/// Times that both servers of a pair are loaded, there and back again: short loads by turns, so that what else the machine
/// does meets both alike.
const ROUNDS: usize = 4;
const REQUESTS: u64 = 4000;
const WARM_UP: u64 = 10_000;
const CLIENTS: u64 = 8;

/// Every section of a middleware, with settings that would do something.
const SECTIONS: &str = "static: {dir: ., index: [index.html], precompressed: true}, \
    headers: {request: {X-In: one}, response: {X-Out: two}, security: strict, cors: {allowed_origin: '*'}}, \
    gzip: {min_size: 1, types: ['*']}, cache: {default_ttl: 60s}, rate_limit: {requests: 1000000}, \
    limit: {concurrency: 1000}, timeout: {after: 5s}, request_id: {trust: true}, \
    basic_auth: {users: {alice: secret}}";

/// Seconds of CPU time of all threads of a process, to the nanosecond.
fn cpu(process: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
    let spent = tasks.filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok());
    spent.map(|text| text.split_whitespace().next().unwrap().parse::<f64>().unwrap()).sum::<f64>() / 1e9
}

/// A server with `settings` in section `http`, and further sections.
fn hello((settings, sections): (&str, &str)) -> Server {
    let http = format!("http: {{address: {{address}}, pool: {{num_workers: 1}}{settings}}}");
    let config = format!("{http}\nlogs: {{level: info}}\n{sections}");
    let server = Server::with_loop(HELLO).mode(Mode::Opcache).config(&config).start();
    load(&server, CLIENTS, WARM_UP);
    server
}

/// Microseconds of CPU time for each request of a load.
fn cost(server: &Server) -> f64 {
    let before = cpu(server.pid());
    load(server, CLIENTS, REQUESTS);
    (cpu(server.pid()) - before) * 1e6 / (REQUESTS / CLIENTS * CLIENTS) as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

/// What each pair of servers says of the second one: its CPU time per request beside the first one's.
fn pair(first: (&str, &str), second: (&str, &str)) -> (f64, f64) {
    let servers = [hello(first), hello(second)];
    let (mut ratios, mut costs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let [there, other, again, back] = [0, 1, 1, 0].map(|index| cost(&servers[index]));
        ratios.push((other + again) / (there + back));
        costs.push((there + back) / 2.0);
    }
    for server in servers {
        server.stop();
    }
    (median(&mut ratios), median(&mut costs))
}

/// How much more CPU time a request takes with `second`, a part of section `http` and further sections, than with nothing.
pub fn beside_nothing(name: &str, second: (&str, &str)) -> Figure {
    let pairs: Vec<_> = (0..PAIRS).map(|_| pair(("", ""), second)).collect();
    let mut ratios: Vec<_> = pairs.iter().map(|(ratio, _)| (ratio - 1.0) * 100.0).collect();
    let mut costs: Vec<_> = pairs.iter().map(|(_, cost)| *cost).collect();
    let middle = median(&mut ratios);
    // The median of what 40 values are taken from lies between the 14th and the 27th of them with 96 %.
    let note = format!(
        "median of {PAIRS} pairs, {:+.1} to {:+.1} with 96 %; hello takes {:.1} µs",
        ratios[13],
        ratios[PAIRS - 14],
        median(&mut costs)
    );
    Figure::new(name, middle, "%").at_most(3.0).note(note)
}

pub fn off() -> Vec<Figure> {
    let off = format!(", middleware: [], {SECTIONS}");
    vec![beside_nothing("all sections of middleware, none named: CPU more than without them", (&off, ""))]
}

/// Ten clients that ask as fast as they can for ten seconds: how many requests of each were let through, and in which time.
fn clients(settings: &str) -> Vec<(f64, f64)> {
    const SECONDS: u64 = 10;
    let config = format!(
        "http: {{address: {{address}}, pool: {{num_workers: 2}}, middleware: [rate_limit], rate_limit: {{{settings}}}}}\n\
         logs: {{level: info}}"
    );
    let server = Server::with_loop(HELLO).mode(Mode::Opcache).config(&config).start();
    let ready = Barrier::new(10);
    let counts = thread::scope(|scope| {
        let client = |number: usize| {
            let (server, ready) = (&server, &ready);
            scope.spawn(move || {
                let mut client = Client::connect(server.address).unwrap();
                let key = format!("X-Api-Key: {number}\r\n");
                ready.wait();
                let (start, mut allowed) = (Instant::now(), 0.0);
                while start.elapsed() < Duration::from_secs(SECONDS) {
                    match client.request("GET", "/", &key, b"").unwrap().status {
                        200 => allowed += 1.0,
                        429 => thread::sleep(Duration::from_millis(1)),
                        status => panic!("{status}"),
                    }
                }
                (allowed, start.elapsed().as_secs_f64())
            })
        };
        let threads: Vec<_> = (0..10).map(client).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    server.stop();
    counts
}

/// How far the count of those let through is from the rule, in percent of the rule.
fn apart(allowed: f64, rate: f64, burst: f64, seconds: f64) -> f64 {
    let rule = burst + rate * seconds;
    (allowed - rule).abs() / rule * 100.0
}

pub fn rate_limit() -> Vec<Figure> {
    let together = clients("requests: 500, per: 1s, burst: 100, key: ip");
    let allowed: f64 = together.iter().map(|(allowed, _)| allowed).sum();
    let seconds = together.iter().map(|(_, seconds)| *seconds).fold(0.0, f64::max);
    let each = clients("requests: 50, per: 1s, burst: 10, key: header");
    let worst = each.iter().map(|(allowed, seconds)| apart(*allowed, 50.0, 10.0, *seconds)).fold(0.0, f64::max);
    let counts: Vec<_> = each.iter().map(|(allowed, _)| format!("{allowed:.0}")).collect();
    vec![
        Figure::new(
            "rate_limit, 10 clients of one address, 10 s: apart from the rule",
            apart(allowed, 500.0, 100.0, seconds),
            "%",
        )
        .at_most(2.0)
        .note(format!("500 in a second, 100 at once: {allowed:.0} let through in {seconds:.2} s")),
        Figure::new("rate_limit, 10 keys, 10 s: the one farthest from the rule", worst, "%")
            .at_most(2.0)
            .note(format!("50 in a second, 10 at once: {} let through", counts.join(" "))),
    ]
}
