//! Clients that listen to a channel, and what they cost.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{
    Figure,
    support::{Client, Mode, Server, get, until},
};

/// Clients that listen.
const CLIENTS: usize = 10_000;
/// Descriptors that this process, and the server's, need beside theirs.
const OTHERS: u64 = 5_000;
const WORKERS: usize = 2;
/// Requests of others meanwhile.
const REQUESTS: usize = 200;
const ROUNDS: usize = 5;

const SCRIPT: &str = r#"
switch ($request->path) {
    case '/events':
        $request->startEvents()->detach('all');
        break;
    case '/publish':
        $begun = hrtime(true);
        $reached = RoadRunner\Channel::publish('all', str_repeat('x', 100), id: $request->query('id'));
        $request->respond(200, $reached . ' ' . (hrtime(true) - $begun) / 1e6);
        break;
    case '/count':
        $request->respond(200, (string) RoadRunner\Channel::count('all'));
        break;
    default:
        $request->respond(200, 'hello');
}
"#;

/// Lets this process have as many descriptors as it may. Returns whether these are enough.
fn raise() -> bool {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).is_ok() && most >= CLIENTS as u64 + OTHERS
}

fn listen(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n").unwrap();
    stream
}

/// Reads of all clients until each has `text`. Returns how long it took.
fn read(clients: &mut [TcpStream], text: &str) -> Duration {
    let begun = Instant::now();
    let mut waiting: Vec<usize> = (0..clients.len()).collect();
    let mut seen = vec![String::new(); clients.len()];
    let mut buffer = [0; 4096];
    while !waiting.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} clients got nothing", waiting.len());
        waiting.retain(|client| {
            loop {
                match clients[*client].read(&mut buffer) {
                    Ok(0) => panic!("a client was cut off"),
                    Ok(length) => seen[*client].push_str(&String::from_utf8_lossy(&buffer[..length])),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
            !seen[*client].contains(text)
        });
        if let Some(first) = waiting.first() {
            let mut ready = [PollFd::from_borrowed_fd(clients[*first].as_fd(), PollFlags::IN)];
            poll(&mut ready, Some(&Timespec { tv_sec: 0, tv_nsec: 100_000_000 })).unwrap();
        }
    }
    begun.elapsed()
}

pub fn measure() -> Vec<Figure> {
    if !raise() {
        eprintln!("skipped: {CLIENTS} connections need a limit of {} descriptors", CLIENTS as u64 + OTHERS);
        return Vec::new();
    }
    let server = Server::with_loop(SCRIPT)
        .mode(Mode::Opcache)
        .config(&format!("http: {{address: '{{address}}', pool: {{num_workers: {WORKERS}}}}}"))
        .start();
    // What the first requests need stays.
    for _ in 0..100 {
        get(server.address, "/");
        get(server.address, "/publish?id=0");
        drop(listen(server.address));
    }
    until("they are forgotten", || get(server.address, "/count").text() == "0");
    let before = server.resident();
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| listen(server.address)).collect();
    until("all listen", || get(server.address, "/count").text() == CLIENTS.to_string());
    for client in &clients {
        client.set_nonblocking(true).unwrap();
    }
    read(&mut clients, "\r\n\r\n");
    let (mut call, mut all, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let mut publisher = Client::connect(server.address).unwrap();
    for round in 1..=ROUNDS {
        let begun = Instant::now();
        let text = publisher.get(&format!("/publish?id=round-{round}")).unwrap().text();
        let (reached, took) = text.split_once(' ').unwrap();
        assert_eq!(reached, CLIENTS.to_string());
        call.push(took.parse::<f64>().unwrap());
        read(&mut clients, &format!("id: round-{round}\n"));
        all.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    for _ in 0..REQUESTS {
        let begun = Instant::now();
        assert_eq!(publisher.get("/").unwrap().text(), "hello");
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let per_client = server.resident().saturating_sub(before) as f64 / CLIENTS as f64 / 1024.0;
    for values in [&mut call, &mut all, &mut times] {
        values.sort_by(f64::total_cmp);
    }
    drop(clients);
    until("they are forgotten", || get(server.address, "/count").text() == "0");
    server.stop();
    vec![
        Figure::new("events: memory of an open client", per_client, "KiB").at_most(20.0),
        Figure::new(format!("events: one call to publish to {CLIENTS}"), call[ROUNDS / 2], "ms"),
        Figure::new("events: until all have read it", all[ROUNDS / 2], "ms").note("the client is one thread"),
        Figure::new(format!("events: slowest of {REQUESTS} other requests"), times[REQUESTS - 1], "ms")
            .at_most(100.0)
            .note(format!("median {:.2} ms; {WORKERS} workers, none busy", times[REQUESTS / 2])),
    ]
}
