//! Instructions per request in user space, counted by callgrind: the difference of two runs, so that start and end
//! cancel out.

use std::fs;

use crate::{cell::Wire, measure::single, opponent::Kind, report::Failure, server::Running, workload::Workload};

const REQUESTS: u64 = 4000;
const CONNECTIONS: usize = 8;

/// Prints a table: hello with one worker.
pub fn measure() -> Result<(), Failure> {
    println!("{:<12} {:>24}", "server", "instructions per request");
    for kind in [Kind::Hyper, Kind::Ours] {
        let (Some(once), Some(twice)) = (count(kind, REQUESTS)?, count(kind, 2 * REQUESTS)?) else { continue };
        println!("{:<12} {:>24.0}", kind.name(), (twice - once) / REQUESTS as f64);
    }
    Ok(())
}

fn count(kind: Kind, requests: u64) -> Result<Option<f64>, Failure> {
    let options = ["valgrind", "--quiet", "--tool=callgrind", "--callgrind-out-file=callgrind.out"];
    let prefix = options.iter().map(|&option| option.to_owned()).collect();
    let Some(mut server) = Running::start_below(prefix, kind, Workload::Hello, 1, Wire::Http1) else { return Ok(None) };
    let mut load = single(&server, CONNECTIONS, 120.0);
    load.count = Some(requests);
    let report = load.run();
    let failure = |first: String| Failure {
        load: "instructions of hello".to_owned(),
        server: kind.name(),
        errors: report.errors,
        first,
    };
    if report.errors > 0 {
        return Err(failure(report.error.clone()));
    }
    server.stop();
    let text = fs::read_to_string(server.directory.join("callgrind.out")).map_err(|e| failure(e.to_string()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.parse().ok());
    total.map(Some).ok_or_else(|| failure("callgrind has counted nothing".to_owned()))
}
