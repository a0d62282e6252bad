//! `stop`: ends the server whose number is in the file `.pid`.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use nix::sys::signal::{Signal, kill};

use super::{
    Options, console, pid,
    place::{Place, Problem},
};
use crate::config::Config;

/// Time between two signals that the server takes for two.
const BETWEEN: Duration = Duration::from_millis(300);
/// How often to look whether the server has ended.
const LOOK: Duration = Duration::from_millis(20);
/// What a server may need beyond its grace period.
const BEYOND: Duration = Duration::from_secs(10);

/// Ends the server and waits until it has.
pub(super) fn run(options: &Options) -> Result<(), Problem> {
    let place = Place::go(options)?;
    let path = pid::path(&place.directory);
    let name = path.display();
    let pid = pid::read(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Problem::failure(format!(
            "there is no {name}: no server was started here with rr serve -p, or it has ended"
        )),
        _ => Problem::failure(format!("cannot read {name}: {error}")),
    })?;
    if !pid::is_ours(pid) {
        return Err(Problem::failure(format!(
            "process {pid} of {name} is not a server, or has ended; remove the file if none runs"
        )));
    }
    let signal = || match kill(pid, Signal::SIGTERM) {
        Ok(()) | Err(nix::Error::ESRCH) => Ok(()),
        Err(error) => Err(Problem::failure(format!("cannot end process {pid}: {}", error.desc()))),
    };
    if !options.silent {
        console::print(&format!("Stopping process {pid}"));
    }
    let start = Instant::now();
    signal()?;
    let patience = match place.loader(options).load() {
        Ok(loaded) => loaded.config.life.shutdown_delay + loaded.config.grace() + BEYOND,
        // It may have been changed since the start.
        Err(_) => Config::default().grace() + BEYOND,
    };
    let mut again = options.force;
    while pid::is_ours(pid) {
        if again && start.elapsed() > BETWEEN {
            again = false;
            signal()?;
        }
        if start.elapsed() > patience {
            let seconds = start.elapsed().as_secs();
            return Err(Problem::failure(format!(
                "process {pid} still runs after {seconds} s; rr stop -f ends it without waiting for requests"
            )));
        }
        sleep(LOOK);
    }
    Ok(())
}
