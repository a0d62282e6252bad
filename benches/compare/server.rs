//! The servers that are compared.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Hyper,
    Ours,
    /// nginx and php-fpm, as Debian has them.
    Fpm,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Workload {
    Hello,
    Json,
    Sleep,
}

const HELLO: &[u8] = b"Hello, world!\n";

impl Workload {
    pub fn body(self) -> &'static [u8] {
        match self {
            Self::Hello | Self::Sleep => HELLO,
            Self::Json => include_bytes!("body.json"),
        }
    }

    /// What the worker does with `$request`.
    fn script(self) -> &'static str {
        match self {
            Self::Hello => r#"$worker->respond(200, "Hello, world!\n", ['content-type' => 'text/plain']);"#,
            Self::Sleep => {
                r#"usleep(5000); $worker->respond(200, "Hello, world!\n", ['content-type' => 'text/plain']);"#
            }
            Self::Json => {
                r#"$worker->respond($request->query('status') === '200' ? 200 : 500, $body, ['content-type' => 'application/json', 'cache-control' => 'no-store', 'x-a' => 'one', 'x-b' => 'two', 'x-c' => 'three', 'vary' => 'accept']);"#
            }
        }
    }

    fn target(self) -> &'static str {
        match self {
            Self::Hello | Self::Sleep => "/",
            Self::Json => "/json?status=200",
        }
    }
}

pub struct Running {
    pub name: &'static str,
    pub address: SocketAddr,
    workload: Workload,
    directory: PathBuf,
    children: Vec<Child>,
}

impl Running {
    /// Starts a server. `None`, with a word why, if it is not on this machine.
    pub fn start(kind: Kind, workload: Workload, workers: usize) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rr-bench-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let directory = env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        let mut running = Self {
            name: "",
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            workload,
            directory,
            children: Vec::new(),
        };
        let started = match kind {
            Kind::Hyper => running.hyper(),
            Kind::Ours => running.ours(workers),
            Kind::Fpm => running.fpm(workers),
        };
        if let Err(why) = started {
            eprintln!("{kind:?} is left out: {why}");
            return None;
        }
        Some(running)
    }

    fn follow(&mut self, mut command: Command) -> Result<(), String> {
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
        while let Ok(line) = lines.recv_timeout(Duration::from_secs(30)) {
            if let Some((_, rest)) = line.split_once("Serving http://") {
                let address = rest.split(' ').next().unwrap_or(rest);
                self.address = address.parse().map_err(|_| line.clone())?;
                return Ok(());
            }
            all.push_str(&line);
        }
        Err(format!("it does not serve: {all}"))
    }

    fn hyper(&mut self) -> Result<(), String> {
        self.name = "hyper";
        let folder = env::current_exe().map_err(|e| e.to_string())?.parent().unwrap().to_owned();
        let newest = fs::read_dir(folder)
            .map_err(|e| e.to_string())?
            .filter_map(Result::ok)
            .filter(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                name.starts_with("plain_hyper-") && !name.contains('.')
            })
            .max_by_key(|entry| entry.metadata().and_then(|data| data.modified()).ok())
            .ok_or("plain-hyper was not built")?;
        let mut command = Command::new(newest.path());
        command.arg("127.0.0.1:0");
        self.follow(command)
    }

    fn ours(&mut self, workers: usize) -> Result<(), String> {
        self.name = "roadrunner";
        let body = String::from_utf8_lossy(include_bytes!("body.json"));
        let script = format!(
            "<?php\n$body = '{body}';\n$worker = new RoadRunner\\Worker();\nwhile ($request = $worker->waitRequest()) {{\n{}\n}}\n",
            self.workload.script()
        );
        fs::write(self.directory.join("worker.php"), script).unwrap();
        let config = format!("http: {{address: '127.0.0.1:0', pool: {{num_workers: {workers}}}}}");
        fs::write(self.directory.join(".rr.yaml"), config).unwrap();
        let mut command = Command::new(env::var("RR_PHP").map_err(|_| "RR_PHP is not set")?);
        let extension = env::var("RR_EXTENSION").map_err(|_| "RR_EXTENSION is not set")?;
        command.args([
            "-n",
            "-d",
            "zend_extension=opcache",
            "-d",
            "opcache.enable_cli=1",
            "-d",
            "opcache.jit=disable",
            "-d",
        ]);
        command.arg(format!("extension={extension}")).arg("worker.php").current_dir(&self.directory);
        self.follow(command)
    }

    fn fpm(&mut self, workers: usize) -> Result<(), String> {
        self.name = "php-fpm";
        let find = |names: &[&str]| {
            names
                .iter()
                .map(|name| Path::new("/usr/sbin").join(name))
                .find(|path| path.exists())
                .ok_or(names[0].to_owned() + " is not installed")
        };
        let nginx = find(&["nginx"])?;
        let fpm = find(&["php-fpm8.4", "php-fpm8.3", "php-fpm8.2"])?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = self.directory.display();
        fs::write(
            self.directory.join("index.php"),
            "<?php header('content-type: text/plain'); echo \"Hello, world!\\n\";",
        )
        .unwrap();
        fs::write(
            self.directory.join("fpm.conf"),
            format!(
                "[global]\nerror_log={folder}/fpm.log\ndaemonize=no\n[www]\nlisten={folder}/fpm.sock\nlisten.mode=0666\nuser=www-data\ngroup=www-data\npm=static\npm.max_children={workers}\n"
            ),
        )
        .unwrap();
        fs::write(
            self.directory.join("nginx.conf"),
            format!(
                "daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\nevents {{ worker_connections 1024; }}\n\
                 http {{ access_log off; keepalive_requests 1000000000; upstream php {{ server unix:{folder}/fpm.sock; keepalive {workers}; }}\n\
                 server {{ listen {port}; location / {{ fastcgi_pass php; fastcgi_keep_conn on; fastcgi_param SCRIPT_FILENAME {folder}/index.php; fastcgi_param REQUEST_METHOD $request_method; fastcgi_param QUERY_STRING $query_string; }} }} }}\n"
            ),
        )
        .unwrap();
        let mut command = Command::new(fpm);
        command.args(["-R", "-y"]).arg(self.directory.join("fpm.conf")).args([
            "-d",
            "opcache.enable=1",
            "-d",
            "opcache.validate_timestamps=0",
        ]);
        self.children.push(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|e| e.to_string())?);
        let mut command = Command::new(nginx);
        command.arg("-c").arg(self.directory.join("nginx.conf")).arg("-e").arg(self.directory.join("start.log"));
        self.children.push(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|e| e.to_string())?);
        self.address = port;
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(port).is_err() || !self.directory.join("fpm.sock").exists() {
            if Instant::now() > end {
                return Err("nginx or php-fpm does not start".to_owned());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    pub fn request(&self) -> Vec<u8> {
        // What a browser sends, in short.
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n",
            self.workload.target(),
            self.address
        )
        .into_bytes()
    }

    fn processes(&self) -> Vec<u32> {
        let mut all: Vec<_> = self.children.iter().map(Child::id).collect();
        let mut next = 0;
        while next < all.len() {
            let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", all[next])).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
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

    /// Resident memory of all processes, shared pages counted once each (PSS), in MB.
    pub fn memory(&self) -> f64 {
        let pss = |process: u32| {
            let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with("Pss:"))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        self.processes().into_iter().filter_map(pss).sum::<f64>() / 1024.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for child in &mut self.children {
            // php-fpm and nginx end their children on TERM.
            let _ = Command::new("kill").arg(child.id().to_string()).status();
        }
        for child in &mut self.children {
            let end = Instant::now() + Duration::from_secs(5);
            while child.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < end {
                thread::sleep(Duration::from_millis(10));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}
