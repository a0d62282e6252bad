//! The main thread's side: from the first wait call to the end of the server.

use std::{
    ffi::{CStr, CString, c_int},
    path::{Path, PathBuf},
    ptr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Sender, bounded};
use ext_php_rs::exception::PhpException;
use parking_lot::{Mutex, RawMutex, lock_api::RawMutex as _, lock_api::RawMutexTimed as _};
use tracing::{info, warn};

use super::{
    cli::Engine,
    code,
    exception::{self, Misuse, server},
    host::PhpHost,
    local::{Settings, guarded},
    script::Script,
    settings, sys,
};
use crate::{
    cli::Worker,
    config::{self, Loaded, Loader},
    doctor,
    http::{self, Sendfile},
    lock::{Limits, Locks},
    log,
    metrics::Registry,
    pool::{self, Host},
    process::SAME_SIGNAL,
    program, rpc,
    server::{Application, Command, Error, Origin, Outcome, Reread, Which, open_log, refuse_root, run},
};

/// A holder of the engine lock for longer than this is named in the log.
const ENGINE_LOCK: Duration = Duration::from_secs(5);

/// Commands that signals may leave before the supervisor reads them.
const ROOM: usize = 16;

/// What signals are sent to while a server runs.
static COMMANDS: Mutex<Option<Sender<Command>>> = Mutex::new(None);
/// Serialises births and deaths of PHP threads: an insurance against extensions that do not expect two at a time.
static ENGINE: RawMutex = RawMutex::INIT;
/// Name of the worker that holds [`ENGINE`].
static HOLDER: Mutex<String> = Mutex::new(String::new());
/// Whether a server has run in this process; there is no second one.
static SERVED: AtomicBool = AtomicBool::new(false);
/// When the first signal that asks for an end was heard.
static ASKED: OnceLock<Instant> = OnceLock::new();
/// How long the log may delay an end at once.
const AT_ONCE: Duration = Duration::from_millis(250);

/// Runs the server on the main thread; afterwards the script is left as by `exit()`.
///
/// # Errors
///
/// When the server cannot run here, or does not come to run.
pub(super) fn serve() -> Result<(), PhpException> {
    if sys::rr_is_forked() {
        return Err(Misuse::Forked.into());
    }
    if SERVED.load(Ordering::SeqCst) {
        // From a destructor or a shutdown function of main: the answer is the one that ends a loop.
        return Ok(());
    }
    if let Some(reason) = foreign() {
        return Err(exception::logic(reason));
    }
    let (directory, script) = own_script().map_err(server)?;
    let loaded = configuration()?;
    let root_is_allowed = ini(c"roadrunner.allow_root").is_some_and(|value| is_on(&value));
    refuse_root(&loaded.config.server, root_is_allowed).map_err(|error| server(error.to_string()))?;
    let unused = !loaded.config.server.env.is_empty();
    let serving = || {
        if unused {
            warn!("server.env has no effect on a script that was started directly: use rr serve");
        }
    };
    launch(loaded, &directory, &script, serving).map_err(server)?;
    // SAFETY: on the main thread, called by PHP.
    unsafe { sys::rr_leave_script(0) };
    Ok(())
}

/// Why no server can run in this process, if that is so.
pub(super) fn foreign() -> Option<String> {
    // SAFETY: on a PHP thread inside a request; the texts are literals.
    exception::text(unsafe { sys::rr_foreign() })
}

/// The script that PHP was started with, and the working directory.
fn own_script() -> Result<(PathBuf, Script), String> {
    let (mut count, mut words) = (0, ptr::null_mut());
    // SAFETY: on the main thread; the words stay as they are until the script ends.
    let name = exception::text(unsafe { sys::rr_script(&raw mut count, &raw mut words) });
    let count = usize::try_from(count).unwrap_or_default();
    // SAFETY: PHP counts its words.
    let words = (0..count).map(|at| exception::text(unsafe { *words.add(at) }).unwrap_or_default());
    let directory = program::directory().map_err(|error| format!("no working directory: {error}"))?;
    let script = name.map(|name| Script::new(&directory, Path::new(&name), words));
    let script = script.filter(|script| script.check().is_ok());
    let script =
        script.ok_or_else(|| "the worker script must be a file, so that every worker can run it".to_owned())?;
    Ok((directory, script))
}

/// The script of each pool, from what stands in its `command`, else `script`.
fn scripts(config: &config::Config, directory: &Path, script: &Script) -> Result<Vec<Script>, String> {
    let of = |(name, pool): (&str, &pool::Config)| {
        let own = match &*pool.command {
            [] => script.clone(),
            command => {
                let wrong = |message: String| format!("command of pool {name} {message}");
                let own = Script::of(directory, &Worker::of_pool(command).map_err(wrong)?);
                own.check().map_err(|message| format!("pool {name}: {message}"))?;
                own
            }
        };
        Ok(if pool.env.is_empty() { own } else { own.with_env(&pool.env) })
    };
    config.http.pools().map(of).collect()
}

/// Runs a server on the main thread until it has ended: its workers run `script`, seen from `directory`, or what their pools
/// have in its place. Calls `serving` once it takes connections. Ends the process if a worker does not leave.
///
/// # Errors
///
/// When it does not come to run.
pub(super) fn launch(loaded: Loaded, directory: &Path, script: &Script, serving: impl FnOnce()) -> Result<(), String> {
    if SERVED.load(Ordering::SeqCst) {
        return Err("a server has run in this process before".to_owned());
    }
    let Loaded { mut config, warnings, loader, effective, .. } = loaded;
    let runs = thread_runs()?;
    config.http.pool.thread_runs = runs;
    config.http.further_pools.iter_mut().for_each(|(_, pool)| pool.thread_runs = runs);
    let scripts = scripts(&config, directory, script)?;
    open_log(&config).map_err(|error| describe(&error))?;
    for warning in warnings.iter() {
        warn!("Configuration: {warning}");
    }
    config.http.uploads.php = settings::uploads();
    let origin = Origin::find();
    // SAFETY: on the main thread, before any other thread of ours.
    unsafe { sys::rr_engine_open() };
    code::open();
    let (sender, commands) = bounded(ROOM);
    *COMMANDS.lock() = Some(sender);
    let outcome = log::start().map_err(Error::Thread).and_then(|()| {
        let channels = http::Channels::new(config.http.sse, config.http.limits.write_timeout);
        let metrics = Registry::new(config.metrics.clone().unwrap_or_default().max_series);
        let inside = rpc::Inside::new(effective.json());
        let locks = Locks::new(Limits::default());
        let settings = Settings {
            write_timeout: config.http.limits.write_timeout,
            sendfile: Sendfile::of(&config.http.sendfile),
            pools: config.http.pools().map(|(name, _)| name.to_owned()).collect(),
            debug: false,
            channels: Arc::clone(&channels),
            metrics: Arc::clone(&metrics),
            inside: Arc::clone(&inside),
            locks: Arc::clone(&locks),
        };
        let host = |((_, pool), script): ((_, &pool::Config), Script)| {
            let settings = Settings { debug: pool.debug, ..settings.clone() };
            Arc::new(PhpHost::new(script, settings)) as Arc<dyn Host<_, _>>
        };
        let hosts = config.http.pools().zip(scripts).map(host).collect();
        let reread = Reread::new(move || loader.load().map(|loaded| loaded.config).map_err(|error| error.to_string()));
        let application = Application { hosts, channels, metrics, inside, locks, reread: Some(reread) };
        run(&config, origin, application, &commands, || {
            doctor::log(&Engine);
            serving();
        })
    });
    *COMMANDS.lock() = None;
    if !matches!(outcome, Ok(Outcome::Stuck(_))) {
        log::stop(log::FLUSH);
    }
    match outcome {
        Ok(Outcome::Clean) => {
            SERVED.store(true, Ordering::SeqCst);
            Ok(())
        }
        Ok(Outcome::Stuck(_)) => {
            // The threads that still run must not see the engine shut down.
            hard_exit(log::FLUSH);
            Ok(())
        }
        Err(error) => {
            // SAFETY: on the main thread.
            unsafe { sys::rr_engine_close() };
            Err(describe(&error))
        }
    }
}

/// Ends the process with exit code 1 without touching its threads, once the log is written or `patience` is over.
fn hard_exit(patience: Duration) {
    log::flush(patience);
    // SAFETY: no return.
    unsafe { sys::rr_hard_exit(1) };
}

/// An error with its causes.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn configuration() -> Result<Loaded, PhpException> {
    load().map_err(|error| server(error.to_string()))
}

/// Loads the configuration of this place, as php.ini, `-d` and the environment name it.
pub(super) fn load() -> Result<Loaded, config::Error> {
    let loader = Loader {
        path: config::find(ini(c"roadrunner.config").map(PathBuf::from)),
        overrides: config::split_overrides(&ini(c"roadrunner.override").unwrap_or_default()),
        dotenv: std::env::var_os("DOTENV_PATH").filter(|path| !path.is_empty()).map(PathBuf::from),
        lenient: ini(c"roadrunner.lenient").is_some_and(|value| is_on(&value)),
        ..Loader::default()
    };
    loader.load()
}

/// Reads a flag as PHP reads one.
fn is_on(value: &str) -> bool {
    matches!(value.to_lowercase().as_str(), "1" | "on" | "true" | "yes")
}

fn thread_runs() -> Result<Option<u64>, String> {
    match ini(c"roadrunner.thread_runs").as_deref() {
        None | Some("" | "0") => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| format!("roadrunner.thread_runs is \"{text}\", but must be a whole number, 0 for no limit")),
    }
}

pub(super) fn ini(name: &CStr) -> Option<String> {
    // SAFETY: on a PHP thread inside a request; the value is copied before it can change.
    exception::text(unsafe { sys::rr_ini(name.as_ptr()) })
}

/// Returns file and line of the PHP code that called.
pub(super) fn position() -> (String, u32) {
    let (mut file, mut line) = (ptr::null(), 0);
    // SAFETY: on a PHP thread inside a request; the name is copied at once.
    unsafe { sys::rr_position(&raw mut file, &raw mut line) };
    (exception::text(file).unwrap_or_default(), line)
}

/// Copies `text` for C; a NUL in it would end it early and is left out.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "")).unwrap_or_default()
}

// === what the shim calls ===

#[unsafe(no_mangle)]
extern "C" fn rr_rs_engine_lock(who: *const std::ffi::c_char) {
    guarded(|| {
        while !ENGINE.try_lock_for(ENGINE_LOCK) {
            warn!(worker = %*HOLDER.lock(), "Worker blocks the start and end of others");
        }
        *HOLDER.lock() = exception::text(who).unwrap_or_default();
    });
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_engine_unlock() {
    // SAFETY: the shim pairs each unlock with a lock on the same thread.
    unsafe { ENGINE.unlock() };
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_forked() {
    log::forked();
}

/// Passes a command on. There is always room left for the word to end.
pub(super) fn command(command: Command) {
    if let Some(commands) = COMMANDS.lock().as_ref().filter(|commands| commands.len() < ROOM / 2) {
        let _ = commands.try_send(command);
    }
}

/// `opcache_reset()` of a worker: what it is for is that changed files are compiled again.
#[unsafe(no_mangle)]
extern "C" fn rr_rs_opcache_reset() {
    guarded(|| {
        info!("opcache_reset(): the workers are reloaded, so that changed files are compiled again");
        command(Command::Reload(Which::default()));
    });
}

#[unsafe(no_mangle)]
extern "C" fn rr_rs_signal(number: c_int) {
    guarded(|| match number {
        libc::SIGTERM | libc::SIGINT | libc::SIGQUIT => {
            let told = COMMANDS.lock().as_ref().is_some_and(|commands| commands.try_send(Command::Shutdown).is_ok());
            let again = ASKED.get_or_init(Instant::now).elapsed() > SAME_SIGNAL;
            if again || !told {
                warn!(signal = number, "Ending at once");
                hard_exit(AT_ONCE);
            }
        }
        libc::SIGUSR1 => {
            info!("Opening log files again");
            log::reopen();
        }
        libc::SIGUSR2 => command(Command::Restart),
        libc::SIGHUP => command(Command::Reload(Which::default())),
        _ => warn!(signal = number, "Signal has no meaning yet and is ignored"),
    });
}
