//! `serve`: from the command line to a running server.

use std::{collections::BTreeMap, ffi::OsString, time::Duration};

use tracing::warn;

use super::{
    Options, Php, Worker,
    arguments::SERVER,
    console, pid,
    place::{Place, Problem},
    worker::own_command,
};
use crate::{
    config::{Config, Loaded, Loader},
    doctor, parent, program,
    server::{acceptor, open_log, refuse_root},
};

/// How long a server's process may take to come to the boot of its workers.
const START: Duration = Duration::from_secs(5);
/// What PHP runs in the server's process.
const CODE: &str = "exit(RoadRunner\\Cli::run(array_slice($argv, 1)));";

/// Reads the configuration and starts the server's process. Returns the exit code when that has ended.
pub(super) fn launch(options: &Options, php: &dyn Php) -> Result<u8, Problem> {
    if !options.silent {
        for (given, flag) in [
            (options.debug, "-d has no effect: there is no pprof server here"),
            (options.experimental, "-e has no effect: nothing here waits to be switched on by it"),
        ] {
            if given {
                console::problem(flag);
            }
        }
    }
    let place = Place::go(options)?;
    let (loaded, worker) = read(place.loader(options), allows_root(options, php))?;
    let command = command(options, &worker, &place, php)
        .map_err(|error| Problem::failure(format!("cannot tell how PHP was started: {error}")))?;
    let env: Vec<(OsString, OsString)> =
        variables(&loaded).into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    if options.pid {
        pid::write(&place.directory)?;
    }
    if options.no_parent {
        let error = program::exec(&command, program::environment().into_iter().chain(env).collect());
        pid::remove(&place.directory);
        return Err(Problem::failure(format!("cannot start {}: {error}", command[0].display())));
    }
    open_log(&loaded.config).map_err(|error| Problem::config(error.to_string()))?;
    let code = parent::run(&parent::Options {
        command,
        env,
        boot: loaded.config.boot_timeout() + START,
        grace: loaded.config.life.shutdown_delay + loaded.config.grace(),
        endpoints: loaded.config.endpoints(),
    });
    if options.pid {
        pid::remove(&place.directory);
    }
    Ok(code)
}

/// Serves in this process. Returns the exit code.
pub(super) fn server(options: &Options, php: &dyn Php) -> Result<u8, Problem> {
    let place = Place::go(options)?;
    let (loaded, worker) = read(place.loader(options), allows_root(options, php))?;
    // The next generation takes the file over.
    let serving = || {
        if options.pid
            && let Err(Problem(_, message)) = pid::take_over(&place.directory)
        {
            warn!("{message}");
        }
    };
    let code = php.serve(loaded, &place.directory, &worker, &serving);
    if options.pid {
        pid::remove(&place.directory);
    }
    Ok(code)
}

/// Reads the configuration, and checks what a server needs beyond it.
///
/// `server.env` is part of the environment in which the server's process reads it. So that both read the same, its
/// variables count here, too.
fn read(mut loader: Loader, root_is_allowed: bool) -> Result<(Loaded, Worker), Problem> {
    let mut read = loader.load()?;
    if !read.config.server.env.is_empty() {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        let present = program::environment().into_iter().map(|(name, value)| (text(name), text(value)));
        loader.variables = Some(present.chain(variables(&read)).collect());
        let dotenv = read.variables;
        read = loader.load()?;
        read.variables = dotenv;
    }
    let server = &read.config.server;
    let wrong = |message| Problem::config(format!("server.command {message}"));
    let worker = Worker::parse(&server.command).map_err(wrong)?;
    worker.path().map_err(wrong)?;
    check_pools(&read.config)?;
    refuse_root(server, root_is_allowed).map_err(|error| Problem::config(error.to_string()))?;
    acceptor(&read.config).map_err(|error| Problem::config(error.to_string()))?;
    read.config.http.check_directories().map_err(|error| Problem::config(error.to_string()))?;
    Ok((read, worker))
}

/// Looks at the scripts that pools have of their own.
pub(super) fn check_pools(config: &Config) -> Result<(), Problem> {
    for (name, pool) in config.http.pools().filter(|(_, pool)| !pool.command.is_empty()) {
        let wrong = |message| Problem::config(format!("command of pool {name} {message}"));
        Worker::of_pool(&pool.command).and_then(|worker| worker.path()).map_err(wrong)?;
    }
    Ok(())
}

/// Whether the server may serve as root, as far as its command line and PHP's settings say so.
fn allows_root(options: &Options, php: &dyn Php) -> bool {
    options.allow_root || doctor::is_on(php, "roadrunner.allow_root")
}

/// What the configuration adds to the environment: dotenv files, then `server.env`.
fn variables(loaded: &Loaded) -> BTreeMap<String, String> {
    loaded.variables.iter().chain(&loaded.config.server.env).cloned().collect()
}

/// The command line of the server's process: PHP as this process was started, and the flags of `server.command`.
fn command(options: &Options, worker: &Worker, place: &Place, php: &dyn Php) -> std::io::Result<Vec<OsString>> {
    let mut command = own_command()?;
    let named = command.iter().any(|word| word.to_string_lossy().starts_with("extension="));
    if worker.is_without_ini()
        && !named
        && let Some(library) = php.library()
    {
        // It was php.ini that loaded it.
        command.extend(["-d".into(), [OsString::from("extension="), library.into_os_string()].into_iter().collect()]);
    }
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
    // The parent has its own number in the file.
    for (given, flag) in
        [(options.lenient, "--lenient"), (options.allow_root, "--allow-root"), (options.pid && options.no_parent, "-p")]
    {
        if given {
            command.push(flag.into());
        }
    }
    Ok(command)
}
