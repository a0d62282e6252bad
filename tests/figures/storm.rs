//! Worker scripts that end under load, in full numbers.

use crate::{
    Figure,
    support::{Mode, storm},
};

fn one(mode: Mode, ends: u64, thread_runs: u64) -> Vec<Figure> {
    let server = storm::server(mode, thread_runs);
    let result = storm::run(&server, 32, ends);
    assert!(result.ends >= ends, "{result:?}");
    storm::settle(&server, &result);
    let grown =
        (server.threads().saturating_sub(result.before.0), server.descriptors().saturating_sub(result.before.1));
    server.stop();
    let what = if thread_runs == 0 { "re-runs" } else { "new threads" };
    let note =
        format!("{} requests in {:.1} s, each answered once and rightly; no crash", result.requests, result.seconds);
    vec![
        Figure::new(format!("storm: {what}, {mode:?}"), result.ends as f64, "ends").note(note),
        Figure::new(format!("storm: {what}, {mode:?}: growth"), (grown.0 + grown.1) as f64, "thr+fd").at_most(0.0),
    ]
}

pub fn measure() -> Vec<Figure> {
    Mode::ALL.into_iter().flat_map(|mode| [one(mode, 5000, 0), one(mode, 300, 1)]).flatten().collect()
}

pub fn soak() -> Vec<Figure> {
    Mode::ALL.into_iter().flat_map(|mode| [one(mode, 50_000, 0), one(mode, 5000, 1)]).flatten().collect()
}
