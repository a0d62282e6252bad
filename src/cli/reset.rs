//! `reset`: boots the workers of a running server anew, and waits until they serve.

use serde::Serialize;

use super::{Options, console, place::Problem, remote::Remote};

/// How it went with a pool.
#[derive(Serialize)]
struct Outcome {
    pool: String,
    reset: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Resets pools, one after the other, all of them even if one fails.
pub(super) fn run(options: &Options) -> Result<(), Problem> {
    let mut server = Remote::connect(options)?;
    let pools = server.pools(options, "resetter.List")?;
    // A pool is as slow as its script.
    server.be_patient()?;
    let speaks = !options.silent && !options.json;
    let mut outcomes = Vec::new();
    for pool in pools {
        if speaks {
            console::print(&format!("resetting plugin: [{pool}] "));
        }
        let error = server.call::<_, bool>("resetter.Reset", &pool).err().map(|Problem(_, reason)| reason);
        if speaks && error.is_none() {
            console::print(&format!("plugin reset: [{pool}]"));
        }
        outcomes.push(Outcome { reset: error.is_none(), pool, error });
    }
    if options.json {
        let text = serde_json::to_string_pretty(&outcomes).map_err(|error| Problem::failure(error.to_string()))?;
        console::print(&text);
    }
    let failures: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| Some(format!("{} was not reset: {}", outcome.pool, outcome.error.as_ref()?)))
        .collect();
    if failures.is_empty() { Ok(()) } else { Err(Problem::failure(failures.join("\nrr: "))) }
}
