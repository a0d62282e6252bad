//! What is asked of a server, and what it must answer.

use std::{env, net::SocketAddr, process::Command};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Workload {
    Hello,
    /// 1 KiB with six headers; a parameter of the query is read.
    Json,
    /// POST of 1 KiB, sent back.
    Echo,
    /// A body of so many KiB.
    Kib(usize),
    /// Waits for 5 ms.
    Sleep,
    /// Computes for 1 ms.
    Cpu,
    /// Hello, and `/slow`, which waits for 20 ms.
    Mixed,
    /// `GET /notes` of `examples/notes` with an empty database, 5 ms slower than that so that all workers serve.
    Notes,
}

pub const HELLO: &[u8] = b"Hello, world!\n";
pub const JSON: &[u8] = include_bytes!("body.json");
const NOTES: &[u8] = br#"{"notes":[],"total":0,"limit":20,"offset":0}"#;
const TEXT: &str = "['content-type' => 'text/plain']";

/// A worker of this project: what it does before its loop, and with each `$request`.
pub struct Script {
    pub boot: String,
    pub handle: String,
}

impl Workload {
    pub fn name(self) -> String {
        match self {
            Self::Kib(size) => format!("{size} kib"),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    pub fn body(self) -> Vec<u8> {
        match self {
            Self::Json => JSON.to_vec(),
            Self::Echo => "e".repeat(1024).into_bytes(),
            Self::Kib(size) => "x".repeat(size * 1024).into_bytes(),
            Self::Notes => NOTES.to_vec(),
            _ => HELLO.to_vec(),
        }
    }

    pub fn request(self, address: SocketAddr) -> Vec<u8> {
        let target = match self {
            Self::Json => "/json?status=200".to_owned(),
            Self::Echo => "/echo".to_owned(),
            Self::Kib(size) => format!("/size/{}", size * 1024),
            Self::Notes => "/notes".to_owned(),
            _ => "/".to_owned(),
        };
        // What a browser sends, in short.
        let head = format!("{target} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: bench\r\nAccept: */*\r\n");
        match self {
            Self::Echo => {
                let body = String::from_utf8(self.body()).unwrap();
                format!("POST {head}Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            }
            _ => format!("GET {head}\r\n"),
        }
        .into_bytes()
    }

    pub fn script(self) -> Script {
        let hello = format!("$worker->respond(200, \"Hello, world!\\n\", {TEXT});");
        let (boot, handle) = match self {
            Self::Hello => (String::new(), hello),
            Self::Json => (
                format!("$body = '{}';", String::from_utf8_lossy(JSON)),
                "$worker->respond($request->query('status') === '200' ? 200 : 500, $body, ['content-type' => \
                 'application/json', 'cache-control' => 'no-store', 'x-a' => 'one', 'x-b' => 'two', 'x-c' => 'three', \
                 'vary' => 'accept']);"
                    .to_owned(),
            ),
            Self::Echo => (String::new(), format!("$worker->respond(200, $request->body(), {TEXT});")),
            Self::Kib(size) => {
                (format!("$body = str_repeat('x', {});", size * 1024), format!("$worker->respond(200, $body, {TEXT});"))
            }
            Self::Sleep => (
                String::new(),
                "$start = hrtime(true); usleep(5000); $took = hrtime(true) - $start; $worker->respond(200, \"Hello, \
                 world!\\n\", ['content-type' => 'text/plain', 'x-took' => $took]);"
                    .to_owned(),
            ),
            Self::Cpu => (String::new(), format!("{} {hello}", hashes(hashes_per_millisecond()))),
            Self::Mixed => (String::new(), format!("if ($request->path === '/slow') {{ usleep(20000); }} {hello}")),
            Self::Notes => (
                format!(
                    "require '{0}/Store.php'; require '{0}/Api.php';\n\
                     $api = new Notes\\Api(Notes\\Store::open(__DIR__ . '/notes.sqlite'));",
                    notes_folder()
                ),
                "usleep(5000); $worker->respond(...$api->handle($request));".to_owned(),
            ),
        };
        Script { boot, handle }
    }
}

/// The request of the slow part of a mixed load.
pub fn slow_request(address: SocketAddr) -> Vec<u8> {
    format!("GET /slow HTTP/1.1\r\nHost: {address}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n").into_bytes()
}

pub fn notes_folder() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/notes/src").to_owned()
}

fn hashes(count: u64) -> String {
    format!("for ($i = 0, $hash = 'x'; $i < {count}; $i++) {{ $hash = hash('sha256', $hash); }}")
}

/// How many hashes take 1 ms, measured by the PHP in use: the fastest of 20 tries.
fn hashes_per_millisecond() -> u64 {
    let code = format!(
        "$best = INF; for ($try = 0; $try < 20; $try++) {{ $start = hrtime(true); {} $best = min($best, \
         hrtime(true) - $start); }} echo (int) (1000 * 1e6 / $best);",
        hashes(1000)
    );
    let php = env::var("RR_PHP").expect("RR_PHP names the PHP in use");
    let output = Command::new(php).args(["-n", "-r", &code]).output().expect("PHP starts");
    String::from_utf8_lossy(&output.stdout).parse().expect("PHP prints a number")
}
