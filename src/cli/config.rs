//! `config`: checks the configuration, or shows it.

use super::{
    Options, Worker, console,
    place::{Place, Problem},
    serve::check_pools,
};
use crate::{
    config::{check, print},
    server::{Identity, acceptor},
};

/// Checks, and with `--print` shows what is in force.
pub(super) fn run(options: &Options) -> Result<(), Problem> {
    let place = Place::go(options)?;
    let loader = place.loader(options);
    let text = if options.print { print(&loader)? } else { check(&loader)? };
    let config = loader.load()?.config;
    let server = &config.server;
    if !server.command.is_empty() {
        let wrong = |reason| Problem::config(format!("server.command {reason}"));
        Worker::parse(&server.command).map_err(wrong)?.path().map_err(wrong)?;
    }
    check_pools(&config)?;
    acceptor(&config).map_err(|error| Problem::config(error.to_string()))?;
    config.http.check_directories().map_err(|error| Problem::config(error.to_string()))?;
    Identity::of(server).map_err(|error| Problem::config(error.to_string()))?;
    console::print(text.trim_end());
    Ok(())
}
