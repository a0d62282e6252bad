//! 100 000 lines from 8 workers while nobody reads the log; what an entry of the access log costs.

use std::{fs, sync::atomic::Ordering};

use crate::{
    Figure,
    handoff::{HELLO, load},
    support::{
        Mode, Server,
        stopped::{Stopped, WORKERS},
    },
};

const LINES: usize = 100_000;

/// Microseconds of CPU time per request, of the whole process, with these settings of section `http`.
fn cost(settings: &str) -> f64 {
    const REQUESTS: u64 = 100_000;
    // Ticks of the kernel's clock, 100 a second everywhere.
    let ticks = |server: &Server| {
        let text = fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
        let fields: Vec<_> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum::<f64>()
    };
    let server = Server::with_loop(HELLO)
        .mode(Mode::Opcache)
        .config(&format!("http: {{address: {{address}}, pool: {{num_workers: 1}}, {settings}}}\nlogs: {{level: info}}"))
        .start();
    load(&server, 8, REQUESTS / 10);
    let before = ticks(&server);
    load(&server, 8, REQUESTS);
    let used = ticks(&server) - before;
    server.stop();
    used * 10_000.0 / REQUESTS as f64
}

fn access() -> Vec<Figure> {
    const FORMATS: [&str; 3] = ["roadrunner", "short", "combined"];
    // What others do on the machine only ever adds: the least of several rounds is nearest to the truth.
    let (mut off, mut on) = (f64::INFINITY, [f64::INFINITY; FORMATS.len()]);
    for _ in 0..4 {
        off = off.min(cost("access_logs: false"));
        for (format, on) in FORMATS.iter().zip(&mut on) {
            let settings = format!("access_logs: true, access_log: {{format: {format}, output: access.log}}");
            *on = on.min(cost(&settings));
        }
    }
    FORMATS
        .iter()
        .zip(on)
        .map(|(format, on)| {
            Figure::new(format!("access log, {format}: CPU time per entry"), on - off, "µs")
                .at_most(10.0)
                .note(format!("hello: {off:.1} µs without, {on:.1} µs with, the file's writer included"))
        })
        .collect()
}

pub fn measure() -> Vec<Figure> {
    [slow_reader(), access()].concat()
}

fn slow_reader() -> Vec<Figure> {
    let mut server = Stopped::start("{level: info}");
    let mut times = server.flood(LINES);
    times.sort();
    let (lines, reader) = server.read();
    server.signal(libc::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
    reader.join().unwrap();
    let (written, dropped) = (lines.written.load(Ordering::SeqCst), lines.dropped.load(Ordering::SeqCst));
    let milliseconds = |share: usize| times[(times.len() - 1) * share / 1000].as_secs_f64() * 1000.0;
    let note = format!("{} requests on {WORKERS} workers, 100 lines each", times.len());
    vec![
        Figure::new("log: nobody reads it: slowest request", milliseconds(1000), "ms").at_most(1000.0).note(note),
        Figure::new("log: nobody reads it: 99th percentile", milliseconds(990), "ms").at_most(250.0),
        Figure::new(
            "log: lines neither written nor reported as dropped",
            LINES.abs_diff(written + dropped) as f64,
            "lines",
        )
        .at_most(0.0)
        .note(format!("{written} written, {dropped} reported as dropped")),
    ]
}
