//! The generator for what is not plain HTTP/1.1: h2load, of Debian's `nghttp2-client`. It checks statuses; that all bodies came is
//! seen by their length.

use std::process::Command;

use crate::{cell::Wire, load::Report, server::Running, workload::HELLO};

/// Streams of a connection of HTTP/2.
const STREAMS: usize = 16;
/// Requests of a round whose rate is not known yet.
const FIRST: f64 = 10_000.0;

/// Loads hello for about `seconds` at `rate`, if that is known. Latencies are not measured.
pub fn run(server: &Running, connections: usize, seconds: f64, rate: Option<f64>) -> Report {
    let count = rate.map_or(FIRST, |rate| (rate * seconds).max(1000.0)) as u64;
    measure(server, connections, count).unwrap_or_else(|error| Report { errors: 1, error, ..Report::default() })
}

fn measure(server: &Running, connections: usize, count: u64) -> Result<Report, String> {
    let streams = if server.wire == Wire::Tls { 1 } else { STREAMS };
    let mut command = Command::new("h2load");
    command.args(["-t1", "-c", &connections.to_string(), "-n", &count.to_string(), "-m", &streams.to_string()]);
    let scheme = if server.wire.is_encrypted() { "https" } else { "http" };
    if server.wire == Wire::Tls {
        command.arg("--h1");
    }
    let output = command.arg(format!("{scheme}://{}/", server.address)).output();
    let output = output.map_err(|error| format!("h2load (Debian package nghttp2-client): {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).ok_or_else(|| text.to_string());
    // finished in 1.02s, 48824.21 req/s, 1.77MB/s
    let rate = line("finished in")?.split([' ', ',']).nth(4).and_then(|rate| rate.parse().ok());
    let right = line("status codes: ")?.starts_with(&format!("status codes: {count} 2xx"));
    // … 683.59KB (700000) data
    let data = line("traffic: ")?.rsplit_once(") data").and_then(|(before, _)| before.rsplit('(').next()?.parse().ok());
    if !right || data != Some(count * HELLO.len() as u64) {
        return Err(text.to_string());
    }
    Ok(Report { requests: count, rate: rate.ok_or_else(|| text.to_string())?, ..Report::default() })
}
