//! `serve`: from the command line to a running server.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{Console, Options, Php, Worker, arguments::SERVER, exit, worker::own_command};
use crate::{config::Config, parent, process::Program};

/// The file that is read if nothing else is said.
const DEFAULT_FILE: &str = ".rr.yaml";
/// What PHP runs in the server's process.
const CODE: &str = "exit(RoadRunner\\Cli::run(array_slice($argv, 1)));";

/// Reads the configuration and starts the server's process. Returns when that has ended, or could not be started.
pub(super) fn launch(options: &Options, php: &dyn Php, console: &Console) -> u8 {
    if options.debug && !options.silent {
        console.problem("-d has no effect: there is no pprof server here");
    }
    let (config, worker, place) = match prepare(options) {
        Ok(prepared) => prepared,
        Err(problem) => return problem.tell(console),
    };
    let command = match command(options, &worker, &place, php) {
        Ok(command) => command,
        Err(error) => {
            console.problem(&format!("cannot tell how PHP was started: {error}"));
            return exit::FAILURE;
        }
    };
    let env: Vec<(OsString, OsString)> =
        config.server.env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    if !options.no_parent {
        return parent::run(&parent::Options {
            command,
            env,
            addresses: config.http.addresses.clone(),
            grace: config.http.pool.destroy_timeout,
        });
    }
    let error = Program::new(&command, env).map_or_else(|error| error, |program| program.exec());
    console.problem(&format!("cannot start {}: {error}", command[0].display()));
    exit::FAILURE
}

/// Serves in this process.
pub(super) fn server(options: &Options, php: &dyn Php, console: &Console) -> u8 {
    match prepare(options) {
        Ok((config, worker, _)) => php.serve(config, &worker),
        Err(problem) => problem.tell(console),
    }
}

/// Where the server lives.
struct Place {
    directory: PathBuf,
    /// The configuration file, absolute, if there is one.
    file: Option<PathBuf>,
}

/// Why a server cannot be started: exit code and what to say.
struct Problem(u8, String);

// === impl Problem ===

impl Problem {
    fn tell(&self, console: &Console) -> u8 {
        console.problem(&self.1);
        self.0
    }
}

/// Goes to the working directory and reads the configuration.
fn prepare(options: &Options) -> Result<(Config, Worker, Place), Problem> {
    let place = go(options)?;
    let config = match &place.file {
        Some(file) => Config::load(file).map_err(|error| Problem(exit::CONFIG, error.to_string()))?,
        None => Config::default(),
    };
    let wrong = |message| Problem(exit::CONFIG, format!("server.command {message}"));
    let worker = Worker::parse(&config.server.command).map_err(wrong)?;
    worker.path().map_err(wrong)?;
    Ok((config, worker, place))
}

/// Goes to the working directory: the one that is named, else that of the configuration file.
fn go(options: &Options) -> Result<Place, Problem> {
    let enter = |directory: &Path| {
        env::set_current_dir(directory)
            .map_err(|error| Problem(exit::CONFIG, format!("cannot work in {}: {error}", directory.display())))
    };
    if let Some(directory) = &options.workdir {
        enter(directory)?;
    }
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| Problem(exit::CONFIG, format!("{}: {error}", path.display())))
    };
    let file = match &options.config {
        Some(file) => Some(absolute(file)?),
        None if Path::new(DEFAULT_FILE).exists() => Some(absolute(Path::new(DEFAULT_FILE))?),
        None => None,
    };
    if let (None, Some(directory)) = (&options.workdir, file.as_ref().and_then(|file| file.parent())) {
        enter(directory)?;
    }
    let directory =
        env::current_dir().map_err(|error| Problem(exit::CONFIG, format!("no working directory: {error}")))?;
    Ok(Place { directory, file })
}

/// The command line of the server's process: PHP as this process was started, and the flags of `server.command`.
fn command(options: &Options, worker: &Worker, place: &Place, php: &dyn Php) -> std::io::Result<Vec<OsString>> {
    let mut command = own_command()?;
    command.extend(worker.flags.iter().map(OsString::from));
    let told = !worker.is_without_ini() && php.configured("opcache.enable_cli").is_some();
    if !told && !worker.sets("opcache.enable_cli") {
        command.extend(["-d".into(), "opcache.enable_cli=1".into()]);
    }
    command.extend(["-r".into(), CODE.into(), "--".into(), SERVER.into()]);
    command.extend(["-w".into(), place.directory.clone().into_os_string()]);
    if let Some(file) = &place.file {
        command.extend(["-c".into(), file.clone().into_os_string()]);
    }
    if let Some(file) = &options.dotenv {
        command.extend(["--dotenv".into(), file.clone().into_os_string()]);
    }
    for value in &options.overrides {
        command.extend(["-o".into(), value.into()]);
    }
    for (given, flag) in [(options.lenient, "--lenient"), (options.experimental, "-e"), (options.pid, "-p")] {
        if given {
            command.push(flag.into());
        }
    }
    Ok(command)
}
