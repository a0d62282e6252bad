//! Calls from a process that does not serve: over the socket of the running server.

use std::{io, time::Duration};

use super::engine;
use crate::{
    rpc::{self, CallError, Client, Config, Fault, NoResult, Value},
    server::Identity,
};

/// The variable that says where a server answers calls.
const VARIABLE: &str = "RR_RPC";
/// How long a server may take to take a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Calls a method of the server that started this process, or else of the one that the configuration of this place means.
///
/// # Errors
///
/// When there is no result, or no server.
pub(super) fn call(method: &str, argument: &Value, patience: Duration) -> Result<Value, NoResult> {
    let fault = |reason: String| NoResult::Fault(Fault::new(reason));
    let mut client = connect(patience.min(PATIENCE)).map_err(fault)?;
    client.call_within(method, argument, patience).map_err(|error| match error {
        CallError::Fault(reason) => fault(reason),
        CallError::Lost(error) if is_late(&error) => NoResult::TimedOut(patience),
        error => fault(format!("{method}: {error}")),
    })
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

fn connect(patience: Duration) -> Result<Client, String> {
    let patience = patience.max(Duration::from_millis(1));
    if let Some(text) = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()) {
        let listen = rpc::told(&text).ok_or_else(|| format!("{VARIABLE} is \"{text}\", which is no address"))?;
        let config = Config { listen: Some(listen), ..Config::default() };
        return Client::find(&config, &[], patience).map_err(|error| error.to_string());
    }
    let config = engine::load().map_err(|error| error.to_string())?.config;
    // It may have become another user than the one who asks.
    let user = Identity::of(&config.server).ok().flatten().map(|identity| identity.user());
    Client::find(&config.rpc, user.as_slice(), patience).map_err(|error| error.to_string())
}
