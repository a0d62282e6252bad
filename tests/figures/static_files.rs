//! Files of middleware `static` beside nginx: requests in a second, and CPU for each.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    Figure,
    bodies::cpu,
    support::{Server, until},
};

/// Seconds of each load; ours and nginx's alternate.
const SECONDS: u32 = 3;
/// Loads of each kind. What others do on the machine only ever slows: the best one is nearest to the truth.
const ROUNDS: usize = 3;
const FILES: [(&str, usize, &str); 2] = [("1k.txt", 1024, "1 KiB"), ("100k.txt", 100 * 1024, "100 KiB")];

/// An nginx with one process that serves a directory, ended with this value.
struct Nginx {
    child: Child,
    address: SocketAddr,
}

impl Nginx {
    /// `None`: it is not installed.
    fn start(folder: &Path, root: &Path) -> Option<Self> {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let user = if nix::unistd::geteuid().is_root() { "user root;\n" } else { "" };
        let (folder, root) = (folder.display(), root.display());
        let config = format!(
            "{user}daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000; \
             client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; \
             uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; types {{ text/plain txt; }}\n\
             server {{ listen {address}; root {root}; }} }}\n"
        );
        let path = format!("{folder}/nginx.conf");
        fs::write(&path, config).unwrap();
        let mut command = Command::new("nginx");
        command.args(["-c", &path, "-e", "stderr"]).stdout(Stdio::null()).stderr(Stdio::null());
        let nginx = Self { child: command.spawn().ok()?, address };
        until("nginx listens", || TcpStream::connect(address).is_ok());
        Some(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Requests in a second, and microseconds of CPU for each.
fn load(address: SocketAddr, process: u32, file: &str) -> Option<(f64, f64)> {
    let before = cpu(process);
    let output = Command::new("wrk")
        .args(["-t1", "-c16", &format!("-d{SECONDS}s"), &format!("http://{address}/{file}")])
        .output()
        .ok()?;
    let used = cpu(process) - before;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "{text}");
    let number = |begin: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(begin))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    };
    let rate = number("Requests/sec:")?;
    let line = text.lines().find(|line| line.contains("requests in"))?;
    let requests: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some((rate, used * 1e6 / requests))
}

/// The same load on both, one after the other.
pub fn measure() -> Vec<Figure> {
    let builder = Server::with_loop("$request->respond(404, '');");
    let root = builder.directory().join("site");
    fs::create_dir(&root).unwrap();
    for (name, length, _) in FILES {
        fs::write(root.join(name), "x".repeat(length)).unwrap();
    }
    let config = format!(
        "http: {{address: {{address}}, middleware: [static], static: {{dir: '{}'}}, pool: {{num_workers: 1}}}}\n\
         logs: {{level: info}}",
        root.display()
    );
    let server = builder.config(&config).start();
    let folder = server.directory.join("nginx");
    fs::create_dir(&folder).unwrap();
    let Some(nginx) = Nginx::start(&folder, &root) else {
        println!("nginx: not installed, not measured");
        server.stop();
        return Vec::new();
    };
    let mut figures = Vec::new();
    for (name, _, length) in FILES {
        let (mut ours, mut theirs) = ((0.0_f64, f64::INFINITY), (0.0_f64, f64::INFINITY));
        for _ in 0..ROUNDS {
            for (best, address, process) in
                [(&mut ours, server.address, server.pid()), (&mut theirs, nginx.address, nginx.child.id())]
            {
                let Some((rate, used)) = load(address, process, name) else {
                    println!("wrk: not installed, not measured");
                    return figures;
                };
                *best = (best.0.max(rate), best.1.min(used));
            }
        }
        figures.push(
            Figure::new(format!("file of {length}: time of a request beside nginx"), theirs.0 / ours.0, "times")
                .at_most(1.25)
                .note(format!("{:.0} requests/s, nginx {:.0}", ours.0, theirs.0)),
        );
        figures.push(
            Figure::new(format!("file of {length}: CPU beside nginx"), ours.1 / theirs.1, "times")
                .at_most(1.3)
                .note(format!("{:.1} µs a request, nginx {:.1} µs", ours.1, theirs.1)),
        );
    }
    drop(nginx);
    server.stop();
    figures
}
