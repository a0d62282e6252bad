//! 100 000 lines from 8 workers while nobody reads the log.

use std::sync::atomic::Ordering;

use crate::{
    Figure,
    support::stopped::{Stopped, WORKERS},
};

const LINES: usize = 100_000;

pub fn measure() -> Vec<Figure> {
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
