//! Starts a server in a directory of its own and cleans up after it.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use super::PATIENCE;

/// How opcache runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    NoOpcache,
    Opcache,
    JitFunction,
    JitTracing,
}

impl Mode {
    pub const ALL: [Self; 4] = [Self::NoOpcache, Self::Opcache, Self::JitFunction, Self::JitTracing];

    pub fn arguments(self) -> Vec<String> {
        let settings: &[&str] = match self {
            Self::NoOpcache => return Vec::new(),
            Self::Opcache => &["opcache.jit=disable"],
            Self::JitFunction => &["opcache.jit=function", "opcache.jit_buffer_size=32M"],
            Self::JitTracing => &["opcache.jit=tracing", "opcache.jit_buffer_size=32M"],
        };
        let fixed = ["zend_extension=opcache", "opcache.enable=1", "opcache.enable_cli=1"];
        fixed.iter().chain(settings).flat_map(|setting| ["-d".to_owned(), (*setting).to_owned()]).collect()
    }
}

/// A running server.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub directory: PathBuf,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    /// The text, and how many of the two outputs have ended.
    text: Mutex<(String, usize)>,
    grown: Condvar,
}

/// A server to be.
pub struct Builder {
    directory: PathBuf,
    script: PathBuf,
    config: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// Started by `rr serve`, with a parent process.
    parent: bool,
    /// Further words of that command.
    words: Vec<String>,
}

pub fn php() -> String {
    std::env::var("RR_PHP").expect("RR_PHP must name a ZTS php: run `make e2e`")
}

pub fn extension() -> String {
    std::env::var("RR_EXTENSION").expect("RR_EXTENSION must name the built roadrunner.so: run `make e2e`")
}

impl Server {
    /// A server for the PHP code `script`.
    pub fn of(script: &str) -> Builder {
        Self::at("worker.php".into()).file("worker.php", script)
    }

    /// A server for an example as it stands in the repository: its settings, but a free port.
    pub fn example(name: &str) -> Builder {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        let builder = Self::at(example.join("worker.php"));
        match fs::read_to_string(example.join(".rr.yaml")) {
            Ok(config) => builder.config(
                &["8080", "8443"]
                    .iter()
                    .fold(config, |config, port| config.replace(&format!("127.0.0.1:{port}"), "{address}")),
            ),
            Err(_) => builder,
        }
    }

    /// A server for the file `script`, in a new directory.
    fn at(script: PathBuf) -> Builder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rr-e2e-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        Builder {
            directory,
            script,
            config: "http:\n  address: 127.0.0.1:0\n".to_owned(),
            arguments: vec!["-n".into(), "-d".into(), format!("extension={}", extension())],
            environment: Vec::new(),
            parent: false,
            words: Vec::new(),
        }
    }

    /// The loop that most tests want, with `body` run for each `$request`.
    pub fn with_loop(body: &str) -> Builder {
        Self::of(&format!(
            "<?php\n$worker = new RoadRunner\\Worker();\nwhile ($request = $worker->waitRequest()) {{\n{body}\n}}\n"
        ))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, number: i32) {
        signal(self.pid(), number);
    }

    /// Processes that serve, or are about to: they work in the directory of this server. Its parent is none of them.
    pub fn processes(&self) -> Vec<u32> {
        let serves = |process: &u32| {
            let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            let words: Vec<_> = line.split(|byte| *byte == 0).collect();
            words.iter().any(|word| *word == b"server-process" || word.ends_with(b"worker.php"))
        };
        self.inhabitants().into_iter().filter(serves).collect()
    }

    /// Everything that works in the directory of this server.
    fn inhabitants(&self) -> Vec<u32> {
        let Ok(directory) = self.directory.canonicalize() else { return Vec::new() };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        processes.filter(|id: &u32| fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|at| at == directory)).collect()
    }

    /// Everything logged so far.
    pub fn log(&self) -> String {
        self.log.text.lock().0.clone()
    }

    /// Waits until the log has `text`.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str) {
        self.log.wait_for(text);
    }

    /// Where metrics are served.
    pub fn metrics_address(&self) -> SocketAddr {
        const SERVING: &str = "Serving metrics on ";
        self.wait_for_log(SERVING);
        let log = self.log();
        log.split(SERVING).nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Waits until every process that writes to the log has ended.
    pub fn wait_for_end(&self) {
        self.log.wait_for_end();
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end of the process.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the server does not end; its log:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends the server as an operator does, and checks that it went well.
    #[track_caller]
    pub fn stop(mut self) -> String {
        self.signal(libc::SIGTERM);
        let status = self.wait();
        self.log.wait_for_end();
        let log = self.log();
        assert_eq!(status.code(), Some(0), "{status:?}; the log:\n{log}");
        log
    }

    /// Waits until so many TCP addresses are known; in their order.
    #[track_caller]
    pub fn addresses(&self, count: usize) -> Vec<SocketAddr> {
        self.log.find("addresses", |(text, _)| {
            let serving = text.split("Serving http://").skip(1);
            let found: Vec<_> = serving.filter_map(|rest| rest.split_once([' ', '\n', '"'])?.0.parse().ok()).collect();
            (found.len() >= count).then_some(found)
        })
    }

    /// Waits until the address is known.
    #[track_caller]
    pub fn find_address(&mut self) {
        self.address = self.log.address();
    }

    /// Where the server speaks TLS.
    #[track_caller]
    pub fn tls_address(&self) -> SocketAddr {
        self.log.tls_address()
    }

    fn count(&self, what: &str) -> usize {
        count(self.pid(), what)
    }

    pub fn threads(&self) -> usize {
        self.count("task")
    }

    pub fn descriptors(&self) -> usize {
        self.count("fd")
    }

    /// Bytes of memory in use.
    pub fn resident(&self) -> usize {
        resident(self.pid())
    }
}

/// Bytes of memory that any process has in use.
pub fn resident(process: u32) -> usize {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// Sends a signal to a process that must be there.
#[track_caller]
pub fn signal(process: u32, number: i32) {
    let status = Command::new("kill").arg(format!("-{number}")).arg(process.to_string()).status();
    assert!(status.unwrap().success(), "process {process} must still run");
}

fn count(process: u32, what: &str) -> usize {
    fs::read_dir(format!("/proc/{process}/{what}")).map_or(0, Iterator::count)
}

/// Descriptors of any process.
pub fn descriptors(process: u32) -> usize {
    count(process, "fd")
}

impl Drop for Server {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the server's status: {:?}; its log:\n{}", self.child.try_wait(), self.log());
        }
        let _ = self.child.kill();
        for process in self.inhabitants() {
            let _ = Command::new("kill").args(["-9", &process.to_string()]).stderr(Stdio::null()).status();
        }
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Builder {
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.directory.join(name), text).unwrap();
        self
    }

    /// Runs another script than `worker.php`, as seen from the directory of the server.
    pub fn script(mut self, path: &str) -> Self {
        self.script = path.into();
        self
    }

    /// Sets the whole configuration; `{address}` stands for a free port.
    pub fn config(mut self, config: &str) -> Self {
        self.config = config.replace("{address}", "127.0.0.1:0");
        self
    }

    pub fn pool(self, settings: &str) -> Self {
        // At level debug channel `http` has an entry for each request.
        self.config(&format!(
            "http:\n  address: {{address}}\n  pool: {{{settings}}}\n\
             logs: {{level: debug, channels: {{http: {{level: info}}}}}}\n"
        ))
    }

    pub fn workers(self, count: usize) -> Self {
        self.pool(&format!("num_workers: {count}"))
    }

    pub fn ini(mut self, setting: &str) -> Self {
        self.arguments.extend(["-d".to_owned(), setting.to_owned()]);
        self
    }

    pub fn mode(mut self, mode: Mode) -> Self {
        self.arguments.extend(mode.arguments());
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the server by `rr serve`, with a parent process above it.
    pub fn parent(mut self) -> Self {
        self.parent = true;
        self
    }

    /// Adds a word to `rr serve`.
    pub fn word(mut self, word: &str) -> Self {
        self.words.push(word.to_owned());
        self
    }

    /// What `rr serve` runs in PHP.
    const CLI: &str = "exit(RoadRunner\\Cli::run(array_slice($argv, 1)));";

    pub fn command(&self) -> Command {
        let mut config = self.config.clone();
        if self.parent && !config.contains("\nserver:") {
            config.push_str(&format!("server: {{command: php {}}}\n", self.script.display()));
        }
        fs::write(self.directory.join(".rr.yaml"), config).unwrap();
        let mut command = Command::new(php());
        command.args(&self.arguments).current_dir(&self.directory);
        if self.parent {
            command.args(["-r", Self::CLI, "--", "serve"]).args(&self.words);
        } else {
            command.arg(&self.script);
        }
        command
            .env_remove("RR_CONFIG")
            .env("RR_ALLOW_ROOT", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The server's command as the last words of another one, such as of a shell that prepares something.
    pub fn command_by(&self, wrapper: &[&str]) -> Command {
        let own = self.command();
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(own.get_program()).args(own.get_args());
        command.current_dir(own.get_current_dir().unwrap());
        for (name, value) in own.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts a process that is not expected to serve; gives its exit code and its output.
    pub fn run(self) -> (Option<i32>, String) {
        let output = self.command().output().unwrap();
        let _ = fs::remove_dir_all(&self.directory);
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    }

    #[track_caller]
    pub fn start(self) -> Server {
        let mut server = self.begin();
        server.find_address();
        server
    }

    /// Starts the process, and does not wait until it serves.
    #[track_caller]
    pub fn begin(self) -> Server {
        let command = self.command();
        self.begin_as(command)
    }

    /// Starts the server by another command than its own.
    #[track_caller]
    pub fn begin_as(self, mut command: Command) -> Server {
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Log::default());
        log.follow(child.stderr.take().unwrap());
        log.follow(child.stdout.take().unwrap());
        Server { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), directory: self.directory, log }
    }
}

impl Log {
    fn follow(self: &Arc<Self>, output: impl Read + Send + 'static) {
        let log = Arc::clone(self);
        thread::spawn(move || {
            let mut reader = BufReader::new(output);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                log.text.lock().0.push_str(&String::from_utf8_lossy(&line));
                log.grown.notify_all();
                line.clear();
            }
            log.text.lock().1 += 1;
            log.grown.notify_all();
        });
    }

    #[track_caller]
    fn find<T>(&self, what: &str, find: impl Fn(&(String, usize)) -> Option<T>) -> T {
        let mut text = self.text.lock();
        loop {
            if let Some(found) = find(&text) {
                return found;
            }
            // The output has ended and does not have it.
            assert!(text.1 < 2, "no {what} in the log:\n{}", text.0);
            let timed_out = self.grown.wait_for(&mut text, PATIENCE).timed_out();
            assert!(!timed_out, "no {what} in the log in time:\n{}", text.0);
        }
    }

    #[track_caller]
    fn wait_for(&self, wanted: &str) {
        self.find(wanted, |(text, _)| text.contains(wanted).then_some(()));
    }

    fn wait_for_end(&self) {
        self.find("end", |(_, ended)| (*ended == 2).then_some(()));
    }

    #[track_caller]
    fn address(&self) -> SocketAddr {
        self.find("address", |(text, _)| {
            let rest = text.split_once("Serving http")?.1;
            let rest = rest.strip_prefix('s').unwrap_or(rest).strip_prefix("://")?;
            rest.split_once([' ', '\n', '"'])?.0.parse().ok()
        })
    }

    #[track_caller]
    fn tls_address(&self) -> SocketAddr {
        self.find("address for TLS", |(text, _)| {
            let rest = text.split_once("Serving https://")?.1;
            rest.split_once([' ', '\n', '"'])?.0.parse().ok()
        })
    }
}
