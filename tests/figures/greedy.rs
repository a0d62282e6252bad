//! Clients that hold connections and give little: what others notice of them.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    Figure,
    support::{Client, Mode, Server, at_once, get, until},
};

/// Clients that never end the head of their request.
const SLOWLORIS: usize = 1000;
/// Clients that take their answer by small pieces.
const READERS: usize = 200;
/// Clients that have had an answer, and stay.
const IDLE: usize = 2000;
/// Other clients, and what each of them asks.
const NORMAL: usize = 4;
const REQUESTS: usize = 2000;
const WORKERS: usize = 4;

/// `/meet` waits until every worker is there; `/tools` uses what descriptors beyond 1024 would break.
const SCRIPT: &str = r#"
switch ($request->path) {
    case '/big':
        $worker->respond(200, str_repeat('x', 1 << 20));
        break;
    case '/meet':
        $own = __DIR__ . '/met-' . RoadRunner\Environment::workerName();
        touch($own);
        for ($i = 0; count(glob(__DIR__ . '/met-*')) < 4 && $i < 5000; $i++) {
            usleep(1000);
        }
        $worker->respond(200, $i < 5000 ? 'met' : 'alone');
        break;
    case '/tools':
        $process = proc_open(['sh', '-c', 'echo hello'], [1 => ['pipe', 'w']], $pipes);
        $read = [$pipes[1]];
        $none = null;
        $worker->respond(200, stream_select($read, $none, $none, 5) . fgets($pipes[1]) . proc_close($process));
        break;
    default:
        $worker->respond(200, 'hello');
}
"#;

/// The attack; it goes on as long as this lives.
struct Attack {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<TcpStream>>,
}

impl Attack {
    fn start(address: SocketAddr) -> Self {
        let connect = |words: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(words.as_bytes()).unwrap();
            stream
        };
        let idle = (0..IDLE).map(|_| {
            let stream = connect("");
            let mut client = Client::over(stream.try_clone().unwrap());
            assert_eq!(client.get("/").unwrap().text(), "hello");
            stream
        });
        let idle: Vec<_> = idle.collect();
        let slow: Vec<_> = (0..SLOWLORIS).map(|_| connect("GET / HTTP/1.1\r\nHost: test\r\n")).collect();
        let reader = |_| {
            let stream = connect("GET /big HTTP/1.1\r\nHost: test\r\n\r\n");
            socket2::SockRef::from(&stream).set_recv_buffer_size(4096).unwrap();
            stream
        };
        let readers: Vec<_> = (0..READERS).map(reader).collect();
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let mut turn = 0;
            while !ended.load(Ordering::Relaxed) {
                for mut stream in &readers {
                    let _ = stream.read(&mut [0; 1024]);
                }
                // Ten times slower than these.
                for mut stream in slow.iter().skip(turn % 10).step_by(10) {
                    let _ = stream.write_all(b"X-More: 1\r\n");
                }
                turn += 1;
                thread::sleep(Duration::from_millis(100));
            }
            readers.into_iter().chain(slow).chain(idle).collect()
        });
        Self { over, thread }
    }

    /// Ends the attack; returns how many of its connections the server has still held.
    fn end(self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        let streams = self.thread.join().unwrap();
        let is_held = |mut stream: &TcpStream| {
            stream.set_nonblocking(true).unwrap();
            loop {
                match stream.read(&mut [0; 65536]) {
                    Ok(0) => return false,
                    Ok(_) => {}
                    Err(error) => return error.kind() == ErrorKind::WouldBlock,
                }
            }
        };
        streams.iter().filter(|stream| is_held(stream)).count()
    }
}

/// Times of requests of normal clients in milliseconds, sorted, and how many failed.
fn normal(address: SocketAddr) -> (Vec<f64>, usize) {
    let ask = move || {
        let mut times = Vec::new();
        let mut failed = 0;
        for batch in 0..10 {
            // Some come anew.
            let mut client = Client::connect(address).unwrap();
            for _ in 0..REQUESTS / 10 {
                let start = Instant::now();
                let good = client.get("/").is_ok_and(|answer| answer.text() == "hello");
                times.push(start.elapsed().as_secs_f64() * 1e3);
                if !good {
                    failed += 1;
                    client = Client::connect(address).unwrap();
                }
                thread::sleep(Duration::from_micros(500 + 50 * batch));
            }
        }
        (times, failed)
    };
    let clients: Vec<_> = (0..NORMAL).map(|_| thread::spawn(ask)).collect();
    let (mut times, mut failed) = (Vec::new(), 0);
    for client in clients {
        let (more, errors) = client.join().unwrap();
        times.extend(more);
        failed += errors;
    }
    times.sort_by(f64::total_cmp);
    (times, failed)
}

fn p99(times: &[f64]) -> f64 {
    times[times.len() * 99 / 100]
}

pub fn measure() -> Vec<Figure> {
    let server = Server::with_loop(SCRIPT)
        .mode(Mode::Opcache)
        .config(&format!("http: {{address: '{{address}}', pool: {{num_workers: {WORKERS}}}}}"))
        .start();
    normal(server.address);
    let (alone, _) = normal(server.address);
    let attack = Attack::start(server.address);
    let attackers = SLOWLORIS + READERS + IDLE;
    until("all are connected", || server.descriptors() > attackers);
    // Every worker is free: they all meet.
    let met = at_once(server.address, "/meet", WORKERS).iter().filter(|text| *text == "met").count();
    let tools = (0..20).filter(|_| get(server.address, "/tools").text() != "1hello\n0").count();
    let (among, failed) = normal(server.address);
    let held = attack.end();
    server.stop();
    let bound = (2.0 * p99(&alone)).max(p99(&alone) + 20.0);
    let note = format!("median {:.2} ms; alone {:.2} ms", among[among.len() / 2], alone[alone.len() / 2]);
    vec![
        Figure::new("greedy: attackers that did not hold on", (attackers - held) as f64, "").at_most(32.0),
        Figure::new("greedy: workers busy with them", (WORKERS - met) as f64, "").at_most(0.0),
        Figure::new("greedy: failed proc_open, stream_select of 20", tools as f64, "").at_most(0.0),
        Figure::new(format!("greedy: failed of {} normal requests", among.len()), failed as f64, "").at_most(0.0),
        Figure::new("greedy: p99 without attackers", p99(&alone), "ms"),
        Figure::new("greedy: p99 among attackers", p99(&among), "ms").at_most(bound).note(note),
    ]
}
