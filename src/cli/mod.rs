//! The command `rr`: reads its command line and does what it says.
//!
//! `serve` is three programs in a row. A shell script finds PHP and the extension and starts PHP with
//! `RoadRunner\Cli::run()`: the launcher. It reads the configuration, so that PHP's flags and the environment of
//! `server.command` are known, and starts the server's process: under [`crate::parent`], or in its own place with
//! `--no-parent`. That process reads the configuration once more and serves ([`Php::serve`]).

mod arguments;
mod console;
pub mod exit;
mod serve;
mod usage;
mod worker;

use std::ffi::OsString;

pub use arguments::{Command, Misuse, Options, parse};
pub use worker::Worker;

use crate::{config::Config, doctor};
use console::Console;

/// The version of RoadRunner whose configuration and behaviour are the measure.
pub const COMPATIBLE: &str = "2025.1.15";

/// What needs PHP.
pub trait Php: doctor::Php {
    /// Runs a server in this process until it ends, its workers running `worker`. Returns the exit code.
    fn serve(&self, config: Config, worker: &Worker) -> u8;

    /// What PHP's configuration (php.ini and `-d`) says of a setting; `None` where it says nothing.
    fn configured(&self, name: &str) -> Option<String>;
}

/// Does what the command line says; `arguments` are without the program's name. Returns the exit code.
pub fn run(arguments: &[OsString], php: &dyn Php) -> u8 {
    let console = Console;
    let (command, options) = match parse(arguments) {
        Ok(parsed) => parsed,
        Err(misuse) => {
            console.problem(&format!("{misuse}"));
            return exit::USAGE;
        }
    };
    match command {
        Command::Serve => serve::launch(&options, php, &console),
        Command::Server => serve::server(&options, php, &console),
        Command::Version => {
            console.print(&version());
            exit::OK
        }
        Command::Help(command) => {
            console.print(&usage::text(command));
            exit::OK
        }
        Command::Unsupported(name) => {
            console.problem(&format!("{name} is not supported yet"));
            exit::UNAVAILABLE
        }
        Command::Stop | Command::Config | Command::Doctor | Command::Install => exit::UNAVAILABLE,
    }
}

/// RoadRunner's own line, which tools read the version from, and then ours.
fn version() -> String {
    format!(
        "rr version {COMPATIBLE} (compatible), OS: {}, arch: {}\nroadrunner extension {}",
        std::env::consts::OS,
        std::env::consts::ARCH,
        env!("CARGO_PKG_VERSION")
    )
}
