//! How each server is started. All but plain hyper and ours answer hello only, php-fpm the notes, too.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    cell::Wire,
    server::Running,
    workload::{Workload, notes_folder},
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Hyper,
    Ours,
    /// Ours with `http.reactor: handoff`.
    HandOff,
    /// nginx and php-fpm, as Debian has them.
    Fpm,
    /// `BENCH_RR`: path of `rr`; `BENCH_RR_WORKER`: a worker script in place of the small one here.
    RoadRunner,
    /// `BENCH_FRANKENPHP`: path of `frankenphp`.
    FrankenPhp,
    /// `BENCH_SWOOLE`: path of `swoole.so` for the PHP in use.
    Swoole,
}

const OPCACHE: [&str; 7] =
    ["-n", "-d", "zend_extension=opcache", "-d", "opcache.enable_cli=1", "-d", "opcache.jit=disable"];

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set"))
}

fn installed(names: &[&str]) -> Result<PathBuf, String> {
    let mut paths = names.iter().map(|name| Path::new("/usr/sbin").join(name));
    paths.find(|path| path.exists()).ok_or_else(|| format!("{} is not installed", names[0]))
}

/// Whether php-fpm can run the notes.
pub fn fpm_has_sqlite() -> bool {
    let modules = |path| Command::new(path).arg("-m").output().ok();
    let modules = installed(&["php-fpm8.4", "php-fpm8.3", "php-fpm8.2"]).ok().and_then(modules);
    modules.is_some_and(|output| String::from_utf8_lossy(&output.stdout).contains("pdo_sqlite"))
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::Ours => "roadrunner",
            Self::HandOff => "handoff",
            Self::Fpm => "php-fpm",
            Self::RoadRunner => "rr (Go)",
            Self::FrankenPhp => "frankenphp",
            Self::Swoole => "swoole",
        }
    }
}

impl Running {
    pub fn launch(&mut self) -> Result<(), String> {
        match self.kind {
            Kind::Hyper => self.hyper(),
            Kind::Ours => self.ours("adaptive"),
            Kind::HandOff => self.ours("handoff"),
            Kind::Fpm => self.fpm(),
            Kind::RoadRunner => self.roadrunner(),
            Kind::FrankenPhp => self.frankenphp(),
            Kind::Swoole => self.swoole(),
        }
    }

    fn hyper(&mut self) -> Result<(), String> {
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
        let mut command = self.command(newest.path());
        command.arg("127.0.0.1:0");
        if self.wire.is_encrypted() {
            self.certify();
            command.args(["cert.pem", "key.pem"]);
        }
        self.follow(command)
    }

    fn ours(&mut self, reactor: &str) -> Result<(), String> {
        let script = self.workload.script();
        self.write(
            "worker.php",
            format!(
                "<?php\n{}\n$worker = new RoadRunner\\Worker();\nwhile ($request = $worker->waitRequest()) {{\n{}\n}}\n",
                script.boot, script.handle
            ),
        );
        let workers = self.workers;
        let address = match self.wire {
            Wire::Http1 => "address: '127.0.0.1:0'",
            Wire::H2c => "address: '127.0.0.1:0', http2: {h2c: true}",
            Wire::Tls | Wire::Http2 => {
                self.certify();
                "ssl: {address: '127.0.0.1:0', cert: cert.pem, key: key.pem}"
            }
        };
        self.write(".rr.yaml", format!("http: {{{address}, reactor: {reactor}, pool: {{num_workers: {workers}}}}}"));
        let mut command = self.command(variable("RR_PHP")?);
        command.args(OPCACHE).arg("-d").arg(format!("extension={}", variable("RR_EXTENSION")?)).arg("worker.php");
        self.follow(command)
    }

    /// Makes a certificate, as `cert.pem` and `key.pem`.
    fn certify(&self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        self.write("cert.pem", made.cert.pem());
        self.write("key.pem", made.signing_key.serialize_pem());
    }

    fn fpm(&mut self) -> Result<(), String> {
        let (nginx, fpm) = (installed(&["nginx"])?, installed(&["php-fpm8.4", "php-fpm8.3", "php-fpm8.2"])?);
        self.pick_address();
        let (workers, port, folder) = (self.workers, self.address, self.directory.display().to_string());
        match self.workload {
            Workload::Notes => self.notes_for_fpm(),
            Workload::Sleep => self.write("index.php", format!("<?php usleep(5000); ?>{FPM_HELLO}")),
            _ => self.write("index.php", FPM_HELLO),
        }
        self.write(
            "fpm.conf",
            format!(
                "[global]\nerror_log={folder}/fpm.log\ndaemonize=no\n[www]\nlisten={folder}/fpm.sock\n\
                 listen.mode=0666\nuser=www-data\ngroup=www-data\npm=static\npm.max_children={workers}\n"
            ),
        );
        // A connection per request: a kept one would hold its child, and starve whoever has none.
        self.write(
            "nginx.conf",
            format!(
                "daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n\
                 events {{ worker_connections 1024; }}\n\
                 http {{ access_log off; keepalive_requests 1000000000;\n\
                 server {{ listen {port}; location / {{ fastcgi_pass unix:{folder}/fpm.sock;\n\
                 fastcgi_param SCRIPT_FILENAME {folder}/index.php; fastcgi_param REQUEST_METHOD $request_method;\n\
                 fastcgi_param REQUEST_URI $request_uri; fastcgi_param QUERY_STRING $query_string; }} }} }}\n"
            ),
        );
        let mut command = self.command(fpm);
        command.args(["-F", "-R", "-y", "fpm.conf"]);
        command.args(["-d", "opcache.enable=1", "-d", "opcache.validate_timestamps=0"]);
        self.spawn(command)?;
        let mut command = self.command(nginx);
        command.arg("-c").arg(self.directory.join("nginx.conf")).arg("-e").arg(self.directory.join("start.log"));
        self.spawn(command)?;
        self.serving()?;
        // nginx answers 502 until php-fpm listens.
        let socket = self.directory.join("fpm.sock");
        let end = Instant::now() + Duration::from_secs(10);
        while !socket.exists() {
            if Instant::now() > end {
                return Err("php-fpm does not listen".to_owned());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The notes with stand-ins for our classes, and without types of constants, which PHP has since 8.3.
    fn notes_for_fpm(&self) {
        for name in ["Store.php", "Api.php"] {
            let text = fs::read_to_string(format!("{}/{name}", notes_folder())).unwrap();
            self.write(name, text.replace("const int ", "const ").replace("const string ", "const "));
        }
        self.write("index.php", FPM_NOTES);
        // The database is www-data's.
        let _ = Command::new("chmod").arg("777").arg(&self.directory).status();
    }

    fn roadrunner(&mut self) -> Result<(), String> {
        let rr = variable("BENCH_RR")?;
        let php = variable("RR_PHP")?;
        self.pick_address();
        let worker = match env::var("BENCH_RR_WORKER") {
            Ok(path) => path,
            Err(_) => {
                self.write("worker.php", include_str!("rr-worker.php"));
                self.directory.join("worker.php").display().to_string()
            }
        };
        self.write(
            ".rr.yaml",
            format!(
                "version: '3'\nserver: {{command: '{php} {} {worker}', relay: pipes}}\n\
                 http: {{address: '{}', pool: {{num_workers: {}}}}}\nlogs: {{level: error}}\n",
                if env::var("BENCH_RR_WORKER").is_ok() { String::new() } else { OPCACHE.join(" ") },
                self.address,
                self.workers
            ),
        );
        let mut command = self.command(rr);
        command.args(["serve", "-c", ".rr.yaml"]);
        self.spawn(command)?;
        self.serving()
    }

    fn frankenphp(&mut self) -> Result<(), String> {
        let frankenphp = variable("BENCH_FRANKENPHP")?;
        self.pick_address();
        self.write("index.php", FRANKENPHP_HELLO);
        self.write(
            "Caddyfile",
            format!(
                "{{\n admin off\n auto_https off\n log {{\n  level ERROR\n }}\n frankenphp {{\n  worker \
                 {folder}/index.php {workers}\n }}\n}}\nhttp://{address} {{\n root * {folder}\n php_server\n}}\n",
                folder = self.directory.display(),
                workers = self.workers,
                address = self.address
            ),
        );
        let mut command = self.command(frankenphp);
        command.args(["run", "--config", "Caddyfile"]);
        self.spawn(command)?;
        self.serving()
    }

    fn swoole(&mut self) -> Result<(), String> {
        let extension = variable("BENCH_SWOOLE")?;
        self.pick_address();
        self.write("server.php", SWOOLE_HELLO);
        let mut command = self.command(variable("RR_PHP")?);
        command.args(OPCACHE).arg("-d").arg(format!("extension={extension}")).arg("server.php");
        command.arg(self.address.port().to_string()).arg(self.workers.to_string());
        self.spawn(command)?;
        self.serving()
    }
}

const FPM_HELLO: &str = "<?php header('content-type: text/plain'); echo \"Hello, world!\\n\";";

const FPM_NOTES: &str = r"<?php
namespace RoadRunner\Exception { class BadRequestException extends \Exception { public int $statusCode = 400; } }
namespace RoadRunner\Http {
    final class Request {
        public string $method;
        public string $path;
        public function __construct() {
            $this->method = $_SERVER['REQUEST_METHOD'];
            $this->path = strtok($_SERVER['REQUEST_URI'], '?');
        }
        public function query(?string $key = null, mixed $default = null): mixed { return $_GET[$key] ?? $default; }
    }
}
namespace {
    require __DIR__ . '/Store.php';
    require __DIR__ . '/Api.php';
    $api = new Notes\Api(Notes\Store::open(__DIR__ . '/notes.sqlite'));
    usleep(5000);
    [$status, $body] = $api->handle(new RoadRunner\Http\Request());
    http_response_code($status);
    header('content-type: application/json');
    echo json_encode($body);
}
";

const FRANKENPHP_HELLO: &str = r#"<?php
$handle = static function (): void {
    header('content-type: text/plain');
    echo "Hello, world!\n";
};
while (frankenphp_handle_request($handle)) {
}
"#;

const SWOOLE_HELLO: &str = r#"<?php
$server = new Swoole\Http\Server('127.0.0.1', (int) $argv[1], SWOOLE_BASE);
$server->set(['worker_num' => (int) $argv[2], 'log_level' => SWOOLE_LOG_ERROR]);
$server->on('request', static function ($request, $response): void {
    $response->header('content-type', 'text/plain');
    $response->end("Hello, world!\n");
});
$server->start();
"#;
