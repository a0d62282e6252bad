//! A server under measurement: its processes, their CPU time and memory.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{cell::Wire, opponent::Kind, workload::Workload};

pub struct Running {
    pub kind: Kind,
    pub address: SocketAddr,
    pub workload: Workload,
    pub workers: usize,
    pub wire: Wire,
    /// Its files; removed with it.
    pub directory: PathBuf,
    /// Run it below this command.
    pub prefix: Vec<String>,
    children: Vec<Child>,
}

impl Running {
    /// Starts a server. `None`, with a word why, if it is not on this machine.
    pub fn start(kind: Kind, workload: Workload, workers: usize) -> Option<Self> {
        Self::start_below(Vec::new(), kind, workload, workers, Wire::Http1)
    }

    /// Starts a server below a command, such as valgrind.
    pub fn start_below(
        prefix: Vec<String>,
        kind: Kind,
        workload: Workload,
        workers: usize,
        wire: Wire,
    ) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rr-bench-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let directory = env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut running = Self { kind, address, workload, workers, wire, directory, prefix, children: Vec::new() };
        if let Err(why) = running.launch() {
            eprintln!("{} is left out: {why}", kind.name());
            return None;
        }
        Some(running)
    }

    pub fn command(&self, program: impl Into<PathBuf>) -> Command {
        let program = program.into();
        let mut command = match self.prefix.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command.current_dir(&self.directory).env("RR_ALLOW_ROOT", "1");
        command
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.directory.join(name), text).unwrap();
    }

    /// Runs a command that says where it serves.
    pub fn follow(&mut self, mut command: Command) -> Result<(), String> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        self.children.push(child);
        let (sender, lines) = crossbeam_channel::bounded(1024);
        for output in outputs {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = sender.try_send(line);
                }
            });
        }
        drop(sender);
        let mut all = String::new();
        while let Ok(line) = lines.recv_timeout(Duration::from_secs(60)) {
            if let Some((_, rest)) = line.split_once("Serving http") {
                let rest = rest.trim_start_matches('s').trim_start_matches("://");
                let address = rest.split(' ').next().unwrap_or(rest);
                self.address = address.parse().map_err(|_| line.clone())?;
                return Ok(());
            }
            all.push_str(&line);
        }
        Err(format!("it does not serve: {all}"))
    }

    /// Picks the address of a server that cannot say where it serves.
    pub fn pick_address(&mut self) {
        self.address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    }

    /// Runs a command in silence; `serving` waits for it.
    pub fn spawn(&mut self, mut command: Command) -> Result<(), String> {
        let log = fs::File::create(self.directory.join(format!("log-{}", self.children.len()))).unwrap();
        let child = command.stdout(Stdio::null()).stderr(log).spawn().map_err(|e| e.to_string())?;
        self.children.push(child);
        Ok(())
    }

    pub fn serving(&mut self) -> Result<(), String> {
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(self.address).is_err() {
            let ended = self.children.iter_mut().any(|child| child.try_wait().is_ok_and(|status| status.is_some()));
            if ended || Instant::now() > end {
                let logs = (0..self.children.len())
                    .filter_map(|number| fs::read_to_string(self.directory.join(format!("log-{number}"))).ok());
                return Err(format!("it does not serve: {}", logs.collect::<String>().replace('\n', " | ")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn processes(&self) -> Vec<u32> {
        let mut all: Vec<_> = self.children.iter().map(Child::id).collect();
        let mut next = 0;
        while next < all.len() {
            // Any thread may have forked.
            for task in fs::read_dir(format!("/proc/{}/task", all[next])).into_iter().flatten().flatten() {
                let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
                all.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            }
            next += 1;
        }
        all
    }

    /// CPU time of all processes so far, in microseconds.
    pub fn cpu(&self) -> f64 {
        let mut nanoseconds = 0.0;
        for process in self.processes() {
            for task in fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten() {
                let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
                nanoseconds += text.split(' ').next().and_then(|first| first.parse::<f64>().ok()).unwrap_or(0.0);
            }
        }
        nanoseconds / 1e3
    }

    /// Memory of all processes in MiB: `"Rss"` resident, `"Pss"` with shared pages divided among those who share.
    pub fn memory(&self, of: &str) -> f64 {
        let of_process = |process: u32| {
            let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(of)?.strip_prefix(':'))?;
            line.split_whitespace().next()?.parse::<f64>().ok()
        };
        self.processes().into_iter().filter_map(of_process).sum::<f64>() / 1024.0
    }

    /// Ends it and waits until it has.
    pub fn stop(&mut self) {
        for child in &mut self.children {
            // php-fpm and nginx end their children on TERM.
            let _ = Command::new("kill").arg(child.id().to_string()).status();
        }
        for child in &mut self.children {
            let end = Instant::now() + Duration::from_secs(10);
            while child.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < end {
                thread::sleep(Duration::from_millis(10));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        self.children.clear();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
