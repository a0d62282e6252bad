//! Bodies: what is under way to a slow reader, memory of large ones, and CPU time beside plain hyper and nginx.

#[path = "bodies/others.rs"]
pub mod others;

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Figure,
    support::{Client, Mode, PATIENCE, Server, get, until},
};

const MEBIBYTE: usize = 1024 * 1024;
/// Bodies at the same time, and their length.
const TRANSFERS: usize = 20;
const LENGTH: usize = 200 * MEBIBYTE;

pub fn memory() -> Vec<Figure> {
    [uploads(), downloads()].concat()
}

pub fn cpu_time() -> Vec<Figure> {
    [throughput(), to_disk()].concat()
}

/// Seconds of CPU time of a process so far.
pub fn cpu(process: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<_> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    // Ticks of the kernel's clock, 100 a second everywhere.
    fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

/// Bytes that the system holds of a connection over IPv4, on both sides.
fn buffered(one: SocketAddr, other: SocketAddr) -> usize {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let end = |address: SocketAddr| format!(":{:04X}", address.port());
    let queues = table.lines().filter_map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let ends = [*words.get(1)?, *words.get(2)?];
        let ours = |from, to| ends[0].ends_with(&end(from)) && ends[1].ends_with(&end(to));
        let (to_send, to_read) = words.get(4).filter(|_| ours(one, other) || ours(other, one))?.split_once(':')?;
        Some(usize::from_str_radix(to_send, 16).ok()? + usize::from_str_radix(to_read, 16).ok()?)
    });
    queues.sum()
}

/// A generator of 1 GiB and a reader of 1 MiB a second, which then stops.
pub fn slow_reader() -> Vec<Figure> {
    let server = Server::with_loop(
        r"
        if ($request->path === '/') { $request->respond(200, 'free'); continue; }
        $make = function () {
            $piece = str_repeat('x', 8192);
            for ($made = 8192; $made <= 1 << 30; $made += 8192) { yield $piece; file_put_contents(__DIR__ . '/made', $made); }
        };
        $request->respond(200, $make());",
    )
    .config("http: {address: {address}, pool: {num_workers: 1}, limits: {write_timeout: 2s}}\nlogs: {level: info}")
    .start();
    let made = || fs::read_to_string(server.directory.join("made")).ok().and_then(|made| made.parse::<usize>().ok());
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let local = stream.local_addr().unwrap();
    let (start, mut taken) = (Instant::now(), 0);
    let (mut ahead, mut outside) = (0, 0);
    let mut buffer = vec![0; MEBIBYTE / 20];
    while start.elapsed() < Duration::from_secs(5) {
        stream.read_exact(&mut buffer).unwrap();
        taken += buffer.len();
        thread::sleep(Duration::from_millis(50));
        // What the worker writes in between counts twice at most: this is an upper bound.
        let held = buffered(local, server.address);
        let now = made().unwrap_or(0).saturating_sub(taken);
        ahead = ahead.max(now);
        outside = outside.max(now.saturating_sub(held));
    }
    let stopped = Instant::now();
    assert_eq!(get(server.address, "/").text(), "free");
    let cut = stopped.elapsed().as_secs_f64();
    server.stop();
    let mebibytes = |bytes: usize| bytes as f64 / MEBIBYTE as f64;
    vec![
        Figure::new("reader of 1 MiB/s: made and not taken", mebibytes(ahead), "MiB")
            .note("what the system's buffers hold of it included"),
        Figure::new("reader of 1 MiB/s: the same outside of the system's buffers", mebibytes(outside), "MiB")
            .at_most(1.0),
        Figure::new("reader that stops: until its worker is free", cut, "s").at_most(6.0).note("write_timeout: 2 s"),
    ]
}

/// The most that memory grows by while `transfers` run.
fn growth(server: &Server, transfers: impl Fn(usize) + Sync) -> f64 {
    let before = server.resident();
    let (most, over) = (AtomicUsize::new(before), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                most.fetch_max(server.resident(), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        });
        thread::scope(|scope| {
            let transfers = &transfers;
            (0..TRANSFERS).for_each(|number| drop(scope.spawn(move || transfers(number))));
        });
        over.store(true, Ordering::Relaxed);
    });
    (most.into_inner() - before) as f64 / MEBIBYTE as f64 / TRANSFERS as f64
}

const FORM: &str = "--XX\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n";
const END: &str = "\r\n--XX--\r\n";

/// Sends a body of pieces; the answer's text.
fn send(address: SocketAddr, kind: &str, before: &str, after: &str) -> String {
    let mut client = Client::connect(address).unwrap();
    let length = before.len() + LENGTH + after.len();
    let head = format!("POST /f HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    client.send((head + before).as_bytes()).unwrap();
    let piece = vec![b'x'; 256 * 1024];
    (0..LENGTH / piece.len()).for_each(|_| client.send(&piece).unwrap());
    client.send(after.as_bytes()).unwrap();
    client.response(false).unwrap().text()
}

fn form_server() -> Server {
    let server = Server::with_loop("$request->respond(200, (string) ($request->files()['f'] ?? null)?->size);")
        .mode(Mode::Opcache)
        .config(
            "http: {address: {address}, max_request_size: 300, uploads: {dir: .}, pool: {num_workers: 2}}\n\
             logs: {level: info}",
        )
        .start();
    get(server.address, "/");
    server
}

fn uploads() -> Vec<Figure> {
    let server = form_server();
    let growth = growth(&server, |_| {
        let size = send(server.address, "multipart/form-data; boundary=XX", FORM, END);
        assert_eq!(size, LENGTH.to_string());
    });
    server.stop();
    vec![Figure::new("20 forms with a file of 200 MiB: RSS per form", growth, "MiB").at_most(2.0)]
}

fn downloads() -> Vec<Figure> {
    let server = Server::with_loop(
        r"
        $make = function () { $piece = str_repeat('x', 65536); for ($i = 0; $i < 3200; $i++) { yield $piece; } };
        $request->respond(200, $request->path === '/' ? '' : $make(), []);",
    )
    .mode(Mode::Opcache)
    .config("http: {address: {address}, pool: {num_workers: 20}}\nlogs: {level: info}")
    .start();
    // Every worker has served once.
    (0..200).for_each(|_| drop(get(server.address, "/")));
    let growth = growth(&server, |_| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET /f HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut buffer = vec![0; MEBIBYTE / 4];
        for _ in 0..40 {
            stream.read_exact(&mut buffer).unwrap();
            thread::sleep(Duration::from_millis(100));
        }
    });
    server.stop();
    vec![
        Figure::new("20 generators to readers of 2.5 MiB/s: RSS per answer", growth, "MiB")
            .at_most(2.0)
            .note("16 MiB stacks of 20 workers and their Zend heaps were touched before in part only"),
    ]
}

/// CPU seconds that `process` needs to answer `/chunks` so many times.
fn chunks(process: u32, address: SocketAddr, count: usize) -> f64 {
    let mut client = Client::connect(address).unwrap();
    let mut ask = |count: usize| {
        for _ in 0..count {
            assert_eq!(client.get("/chunks").unwrap().body.len(), MEBIBYTE);
        }
    };
    ask(20);
    let before = cpu(process);
    ask(count);
    cpu(process) - before
}

fn throughput() -> Vec<Figure> {
    const COUNT: usize = 400;
    let server = Server::with_loop(
        r"
        $piece ??= str_repeat('x', 8192);
        $request->respond(200, (function () use ($piece) { for ($i = 0; $i < 128; $i++) { yield $piece; } })());",
    )
    .mode(Mode::Opcache)
    .config("http: {address: {address}, pool: {num_workers: 1}}\nlogs: {level: info}")
    .start();
    let plain = others::Plain::start();
    // What others do on the machine only ever adds: the least of several rounds is nearest to the truth.
    let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..4 {
        ours = ours.min(chunks(server.pid(), server.address, COUNT));
        theirs = theirs.min(chunks(plain.process(), plain.address, COUNT));
    }
    server.stop();
    let note = format!("{:.2} ms, plain hyper {:.2} ms", ours * 1e3 / COUNT as f64, theirs * 1e3 / COUNT as f64);
    vec![
        Figure::new("1 MiB in 8 KiB chunks from a generator: CPU beside plain hyper", ours / theirs, "times")
            .at_most(1.5)
            .note(note),
    ]
}

fn to_disk() -> Vec<Figure> {
    let server = form_server();
    let Some(nginx) = others::Nginx::start(&server.directory) else {
        println!("nginx: not installed, not measured");
        server.stop();
        return Vec::new();
    };
    until("nginx listens", || TcpStream::connect(nginx.address).is_ok());
    let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..3 {
        let before = cpu(server.pid());
        send(server.address, "multipart/form-data; boundary=XX", FORM, END);
        ours = ours.min(cpu(server.pid()) - before);
        let before = cpu(nginx.process());
        send(nginx.address, "application/octet-stream", "", "");
        theirs = theirs.min(cpu(nginx.process()) - before);
    }
    drop(nginx);
    server.stop();
    let note = format!("{ours:.2} s as a file of a form, nginx {theirs:.2} s as client_body_in_file_only");
    vec![Figure::new("200 MiB to disk: CPU beside nginx", ours / theirs, "times").at_most(1.5).note(note)]
}
