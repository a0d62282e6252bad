//! Calls of methods that PHP has registered, at a rate, while requests are answered: none is lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use roadrunner::{
    net::Address,
    rpc::{CallError, Client, Value},
};

use crate::{
    Figure,
    support::{Load, PATIENCE, Server},
};

/// Calls each second, by so many clients, for so long.
const RATE: u32 = 1000;
const CLIENTS: u32 = 8;
const SPAN: Duration = Duration::from_secs(20);

const SCRIPT: &str = r"<?php
RoadRunner\Rpc::register('shop.Add', fn (array $two) => $two[0] + $two[1]);
RoadRunner\Rpc::register('shop.Exit', function () { exit(1); });
RoadRunner\Rpc::register('shop.Slow', function () { usleep(100000); return true; });
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $worker->respond(200, $request->path);
}
";

/// What one client has seen.
#[derive(Default)]
struct Seen {
    right: AtomicU64,
    /// Calls whose worker ended, as it was told to.
    ended: AtomicU64,
    late: AtomicU64,
    wrong: AtomicU64,
}

fn run(address: &Address, part: u32, seen: &Seen) -> Vec<Duration> {
    let mut client = Client::connect(address, PATIENCE).unwrap();
    let (mut times, start) = (Vec::new(), Instant::now());
    let between = Duration::from_secs(1) * CLIENTS / RATE;
    for number in 0_u32.. {
        let due = start + between * number + between * part / CLIENTS;
        if due > start + SPAN {
            break;
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let called = Instant::now();
        // One in a thousand ends its worker, one comes too late.
        match (number + part * 31) % 500 {
            0 => match client.call_within("shop.Exit", &Value::Null, PATIENCE) {
                Err(CallError::Fault(_)) => seen.ended.fetch_add(1, Ordering::Relaxed),
                _ => seen.wrong.fetch_add(1, Ordering::Relaxed),
            },
            250 => {
                let mut other = Client::connect(address, PATIENCE).unwrap();
                match other.call_within("shop.Slow", &Value::Null, Duration::from_millis(20)) {
                    Err(CallError::Lost(_)) => seen.late.fetch_add(1, Ordering::Relaxed),
                    _ => seen.wrong.fetch_add(1, Ordering::Relaxed),
                }
            }
            _ => {
                let two = Value::List(vec![Value::Int(number.into()), Value::Int(1)]);
                let right =
                    client.call_within("shop.Add", &two, PATIENCE).ok() == Some(Value::Int(i64::from(number) + 1));
                times.push(called.elapsed());
                let place = if right { &seen.right } else { &seen.wrong };
                place.fetch_add(1, Ordering::Relaxed)
            }
        };
    }
    times
}

pub fn measure() -> Vec<Figure> {
    let builder = Server::of(SCRIPT);
    let socket = builder.directory().join("rpc.sock");
    let server = builder
        .config(&format!(
            "http: {{address: {{address}}, pool: {{num_workers: 4}}}}\nrpc: {{listen: unix://{}}}\n",
            socket.display()
        ))
        .start();
    let (address, seen) = (Address::Unix(socket), Arc::new(Seen::default()));
    let load = Load::start(&server, 4);
    let calling: Vec<_> = (0..CLIENTS)
        .map(|part| {
            let (address, seen) = (address.clone(), Arc::clone(&seen));
            thread::spawn(move || run(&address, part, &seen))
        })
        .collect();
    let mut times: Vec<_> = calling.into_iter().flat_map(|call| call.join().unwrap()).collect();
    let requests = load.end(&server);
    server.stop();
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e6;
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed) as f64;
    let note = format!(
        "{requests} requests meanwhile; {} workers ended, {} timeouts heard",
        count(&seen.ended),
        count(&seen.late)
    );
    vec![
        Figure::new("rpc: calls answered rightly", count(&seen.right), "calls").note(note),
        Figure::new("rpc: calls lost or wrong", count(&seen.wrong), "calls").at_most(0.0),
        Figure::new("rpc: p50", at(50), "µs"),
        Figure::new("rpc: p99", at(99), "µs"),
    ]
}
