//! The command `rr`: reads its command line and does what it says.
//!
//! `serve` is three programs in a row. A shell script finds PHP and the extension and starts PHP with
//! `RoadRunner\Cli::run()`: the launcher. It reads the configuration, so that PHP's flags and the environment of
//! `server.command` are known, and starts the server's process: under [`crate::parent`], or in its own place with
//! `--no-parent`. That process reads the configuration once more and serves ([`Php::serve`]).

mod arguments;
mod config;
mod console;
mod doctor;
pub mod exit;
mod install;
mod pid;
mod place;
mod remote;
mod reset;
mod screen;
mod serve;
mod status;
mod stop;
mod table;
mod top;
mod usage;
mod worker;
mod workers;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

pub use arguments::{Command, Misuse, Options, parse};
pub use console::problem;
pub use worker::Worker;

use crate::{
    config::{COMPATIBLE, Loaded},
    process,
};
use place::Problem;

/// What needs PHP.
pub trait Php: crate::doctor::Php {
    /// Runs a server in this process until it ends, its workers running `worker`, which is named from `directory`. Calls `serving` once it takes
    /// connections. Returns the exit code.
    fn serve(&self, loaded: Loaded, directory: &Path, worker: &Worker, serving: &dyn Fn()) -> u8;

    /// The path of the extension.
    fn library(&self) -> Option<PathBuf>;

    /// What PHP's configuration (php.ini and `-d`) says of a setting; `None` where it says nothing.
    fn configured(&self, name: &str) -> Option<String>;
}

/// Does what the command line says; `arguments` are without the program's name. Returns the exit code.
pub fn run(arguments: &[OsString], php: &dyn Php) -> u8 {
    process::open_standard_streams();
    let (command, options) = match parse(arguments) {
        Ok(parsed) => parsed,
        Err(misuse) => {
            console::problem(&format!("{misuse}"));
            return exit::USAGE;
        }
    };
    let done = |(): ()| exit::OK;
    let result = match command {
        Command::Serve => serve::launch(&options, php),
        Command::Server => serve::server(&options, php),
        Command::Stop => stop::run(&options).map(done),
        Command::Config => config::run(&options).map(done),
        Command::Doctor => doctor::run(&options, php),
        Command::Reset => reset::run(&options).map(done),
        Command::Workers => workers::run(&options).map(done),
        Command::Status => status::run(&options),
        Command::Top => top::run(&options).map(done),
        Command::Install => install::run(&options).map(done),
        Command::Version => {
            console::print(&version());
            Ok(exit::OK)
        }
        Command::Help(command) => {
            console::print(&usage::text(command));
            Ok(exit::OK)
        }
        Command::Unsupported(name) => Err(Problem(exit::UNAVAILABLE, format!("{name} is not supported yet"))),
    };
    result.unwrap_or_else(|Problem(code, message)| {
        console::problem(&message);
        code
    })
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
