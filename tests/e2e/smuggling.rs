//! Hostile requests behind a real nginx, which keeps its connections to the server: what it forwards is what workers get,
//! request for request, and the next one on the same connection is none the worse for it.

use std::{
    fs,
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::support::{PATIENCE, Server, until};

#[path = "../it/bad/rows/mod.rs"]
mod rows;

/// Notes each request, and answers with its target.
const NOTE: &str = r#"
    $target = $request->path . ($request->queryString === '' ? '' : "?$request->queryString");
    file_put_contents(__DIR__ . '/reached', "$request->remotePort $request->method $target\n", FILE_APPEND);
    $worker->respond(200, $target);"#;

/// How nginx reads and forwards: as it does by itself, piece by piece as it comes, and with headers that it would drop.
const FRONTS: [(&str, &str); 3] = [
    ("whole", ""),
    ("pieces", "proxy_request_buffering off;"),
    ("lenient", "proxy_request_buffering off; ignore_invalid_headers off; underscores_in_headers on;"),
];

/// A running nginx.
struct Nginx {
    process: Child,
    directory: PathBuf,
}

impl Nginx {
    fn start(server: &Server) -> Self {
        let directory = server.directory.join("nginx");
        fs::create_dir(&directory).unwrap();
        let place = directory.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {place}/{kind};\n"))
            .collect();
        let fronts: String = FRONTS
            .iter()
            .map(|(name, settings)| {
                format!(
                    "server {{ listen unix:{place}/{name}; {settings} location / {{ proxy_pass http://server; }} }}\n"
                )
            })
            .collect();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {place}/pid;\nerror_log {place}/error.log;\n\
             events {{}}\n\
             http {{\n{temporary}\
             log_format forwarded escape=none '$upstream_status $request_method $request_uri';\n\
             access_log {place}/access.log forwarded;\n\
             client_header_timeout 5s;\nclient_body_timeout 5s;\nlingering_close off;\n\
             upstream server {{ server {}; keepalive 1; }}\n\
             proxy_http_version 1.1;\nproxy_set_header Connection '';\nproxy_set_header Host $http_host;\n\
             proxy_next_upstream off;\nproxy_ignore_client_abort on;\n\
             {fronts}}}\n",
            server.address
        );
        fs::write(directory.join("nginx.conf"), config).unwrap();
        let process = Command::new("nginx")
            .args(["-p", &place.to_string(), "-c", "nginx.conf", "-e", "error.log"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self { process, directory };
        until("nginx listens", || UnixStream::connect(nginx.directory.join(FRONTS[FRONTS.len() - 1].0)).is_ok());
        nginx
    }

    /// Sends bytes and their end, and reads what comes.
    fn exchange(&self, front: &str, bytes: &[u8]) -> io::Result<String> {
        let mut client = UnixStream::connect(self.directory.join(front))?;
        client.set_read_timeout(Some(PATIENCE))?;
        client.set_write_timeout(Some(PATIENCE))?;
        // It may have heard enough before all was said.
        let _ = client.write_all(bytes);
        let _ = client.shutdown(Shutdown::Write);
        let mut all = Vec::new();
        match client.read_to_end(&mut all) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
            _ => Ok(String::from_utf8_lossy(&all).into_owned()),
        }
    }

    /// The requests of the log that came to a worker, and how many the server refused.
    fn forwarded(&self) -> (Vec<String>, usize) {
        let lines = lines(&self.directory.join("access.log"));
        let statuses = |wanted: fn(&str) -> bool| {
            lines.iter().filter_map(|line| line.split_once(' ')).filter(move |(status, _)| wanted(status))
        };
        let worked = statuses(|status| status == "200").map(|(_, request)| request.trim_end_matches('?').to_owned());
        (worked.collect(), statuses(|status| status.starts_with('4')).count())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lines(file: &Path) -> Vec<String> {
    let bytes = fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}

/// What reached the worker: the ports of the connections, and the requests.
fn reached(server: &Server) -> (Vec<String>, Vec<String>) {
    let lines = lines(&server.directory.join("reached"));
    lines.iter().filter_map(|line| line.split_once(' ')).map(|(port, rest)| (port.to_owned(), rest.to_owned())).unzip()
}

#[test]
fn what_nginx_forwards_is_what_workers_get() {
    if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
        eprintln!("skipped: there is no nginx; scripts/setup installs it");
        return;
    }
    let server = Server::with_loop(NOTE).pool("num_workers: 1").start();
    let nginx = Nginx::start(&server);
    let (mut failures, mut sent, mut kept) = (Vec::new(), 0, 0);
    for (front, _) in FRONTS {
        for (table, rows) in rows::all() {
            for row in rows {
                sent += 1;
                let before = reached(&server).1.len();
                let answer = nginx.exchange(front, &row.bytes);
                // Two more, of another client: they take the connection to the server that the row has left behind.
                let canary = nginx.exchange(
                    front,
                    b"GET /canary/1 HTTP/1.1\r\nHost: test\r\n\r\nGET /canary/2 HTTP/1.1\r\nHost: test\r\n\r\n",
                );
                let mut wrong = Vec::new();
                if let Err(error) = answer {
                    wrong.push(format!("no end of the connection: {error}"));
                }
                match canary {
                    Ok(text) if text.matches("200 OK").count() == 2 && text.ends_with("/canary/2") => {}
                    other => wrong.push(format!("the next requests were answered by {other:?}")),
                }
                let (forwarded, _) = nginx.forwarded();
                let (ports, reached) = reached(&server);
                if forwarded != reached {
                    let new = |all: &[String]| all.get(before..).map(<[_]>::to_vec);
                    wrong.push(format!("forwarded {:?}, worked on {:?}", new(&forwarded), new(&reached)));
                }
                if let [.., row, one, two] = &*ports {
                    kept += usize::from(row == one && before + 2 < reached.len());
                    if one != two {
                        wrong.push("the connection to the server was not kept".to_owned());
                    }
                }
                if !wrong.is_empty() {
                    failures.push(format!("{front}, {table}, {}: {}", row.what, wrong.join("; ")));
                }
                assert!(failures.len() < 20, "many failures:\n{}", failures.join("\n"));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    let (forwarded, refused) = nginx.forwarded();
    let worked = forwarded.len() - 2 * sent;
    eprintln!("{sent} rows: nginx forwarded {worked} requests that were worked on, {refused} that were refused");
    assert!(worked >= 60 && refused >= 10 && kept >= 60, "{worked} {refused} {kept}");
    drop(nginx);
    server.stop();
}
