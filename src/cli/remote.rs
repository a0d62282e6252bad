//! The running server of this place, as other commands reach it.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    Options,
    place::{Place, Problem},
};
use crate::{
    rpc::{CallError, Client},
    server::Identity,
};

/// How long a server may take to say something, but for what it is asked to wait for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the running server.
pub(super) struct Remote(Client);

// === impl Remote ===

impl Remote {
    /// Connects to the server that the configuration of this place means.
    pub(super) fn connect(options: &Options) -> Result<Self, Problem> {
        let place = Place::go(options)?;
        let config = place.loader(options).load()?.config;
        // It may have become another user than the one who asks.
        let user = Identity::of(&config.server).ok().flatten().map(|identity| identity.user());
        let client = Client::find(&config.rpc, user.as_slice(), PATIENCE);
        client.map(Self).map_err(|error| Problem::failure(error.to_string()))
    }

    /// Asks again, and another server of this place if this one has gone meanwhile.
    pub(super) fn again<R>(
        &mut self,
        options: &Options,
        ask: impl Fn(&mut Self) -> Result<R, Problem>,
    ) -> Result<R, Problem> {
        if let Ok(answer) = ask(self) {
            return Ok(answer);
        }
        *self = Self::connect(options)?;
        ask(self)
    }

    /// Lets calls take as long as they take.
    pub(super) fn be_patient(&mut self) -> Result<(), Problem> {
        self.0.be_patient().map_err(|error| Problem::failure(error.to_string()))
    }

    /// Calls a method. That it failed is said with what the server says.
    pub(super) fn call<A: Serialize + ?Sized, R: DeserializeOwned>(
        &mut self,
        method: &str,
        argument: &A,
    ) -> Result<R, Problem> {
        self.0.call(method, argument).map_err(|error| match error {
            CallError::Fault(reason) => Problem::failure(reason),
            error => Problem::failure(format!("{method}: {error}")),
        })
    }

    /// The pools that are meant: those that are named, else all. `list` is the method that knows them.
    pub(super) fn pools(&mut self, options: &Options, list: &str) -> Result<Vec<String>, Problem> {
        if options.pools.is_empty() { self.call(list, &true) } else { Ok(options.pools.clone()) }
    }
}
