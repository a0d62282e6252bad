//! A server whose log nobody reads for a while.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{Client, Server, until};

/// Lines that one request echoes.
const PER_REQUEST: usize = 100;
pub const WORKERS: usize = 8;

/// A server whose standard error is read only when told to.
pub struct Stopped {
    child: Child,
    pub address: SocketAddr,
    /// `None` once it is read.
    stderr: Option<BufReader<ChildStderr>>,
    directory: PathBuf,
}

/// What became of the lines.
#[derive(Debug, Default)]
pub struct Lines {
    pub written: AtomicUsize,
    /// The sum of what the reports say.
    pub dropped: AtomicUsize,
    pub reports: AtomicUsize,
}

impl Stopped {
    /// Starts the server, and reads its log no further than the address.
    pub fn start(logs: &str) -> Self {
        let body = format!(
            "if ($request->path === '/hang') {{ touch('hanging'); sleep(600); }}\n\
             for ($i = 0; $i < {PER_REQUEST}; $i++) echo \"marked line $i of {{$request->id}}\\n\";\n\
             $worker->respond(200, 'ok');"
        );
        let builder = Server::with_loop(&body)
            .config(&format!("http: {{address: {{address}}, pool: {{num_workers: {WORKERS}}}}}\nlogs: {logs}"));
        let directory = builder.directory().to_owned();
        let mut child = builder.command().stdout(Stdio::null()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "the server ended before it served");
            if let Some((_, rest)) = line.split_once("Serving http://") {
                break rest.split([' ', '\n', '"']).next().unwrap().parse().unwrap();
            }
        };
        Self { child, address, stderr: Some(stderr), directory }
    }

    /// Makes the workers echo `lines` lines; gives how long each request took.
    pub fn flood(&self, lines: usize) -> Vec<Duration> {
        let requests = lines / PER_REQUEST / WORKERS;
        let client = move |address| {
            let mut client = Client::connect(address).unwrap();
            let ask = |_| {
                let start = Instant::now();
                assert_eq!(client.get("/").unwrap().text(), "ok");
                start.elapsed()
            };
            (0..requests).map(ask).collect::<Vec<_>>()
        };
        let clients: Vec<_> = (0..WORKERS)
            .map(|_| {
                let address = self.address;
                thread::spawn(move || client(address))
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    }

    /// Reads the log from now on, and waits until it says how many lines are missing.
    pub fn read(&mut self) -> (Arc<Lines>, JoinHandle<()>) {
        let reader = self.stderr.take().expect("a log that is not read yet");
        let lines = Arc::new(Lines::default());
        let count = Arc::clone(&lines);
        let thread = thread::spawn(move || {
            for line in reader.lines() {
                let line = line.unwrap();
                count.written.fetch_add(usize::from(line.contains("marked line ")), Ordering::SeqCst);
                if let Some((_, rest)) = line.split_once(" dropped=") {
                    let dropped = rest.split(' ').next().unwrap().parse().unwrap();
                    count.dropped.fetch_add(dropped, Ordering::SeqCst);
                    count.reports.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        until("the drops are reported", || lines.reports.load(Ordering::SeqCst) > 0);
        (lines, thread)
    }

    /// Sends a request that takes far too long, and waits until a worker has it.
    pub fn hang(&self) -> Client {
        let mut client = Client::connect(self.address).unwrap();
        client.send(b"GET /hang HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        until("a worker hangs", || self.directory.join("hanging").exists());
        client
    }

    pub fn signal(&self, number: i32) {
        let status = Command::new("kill").arg(format!("-{number}")).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success(), "the server must still run");
    }

    /// Waits for the end of the process.
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        until("the server ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
