//! The methods of service `status`, with RoadRunner's names and shapes, and one of our own.

use std::sync::Arc;

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Checks, NoPool};
use crate::rpc::{self, Methods};

/// Which pool is asked for: its name, or RoadRunner's message with the name in it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Argument {
    Name(String),
    Message { plugin: String },
}

/// How a pool is, as `status.Status` and `status.Ready` tell it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct Code {
    /// 200: it is well. Else that of `status.unavailable_status_code`.
    pub code: i64,
    /// What is wrong; empty: nothing.
    pub message: String,
}

// === impl Argument ===

impl Default for Argument {
    fn default() -> Self {
        Self::Name(String::new())
    }
}

impl Argument {
    /// The pool of this name.
    fn pool(self, checks: &Checks) -> Result<String, rpc::Fault> {
        let (Self::Name(name) | Self::Message { plugin: name }) = self;
        let known = checks.view().pools().contains(&name);
        if known { Ok(name) } else { Err(rpc::Fault::new(NoPool(name).to_string())) }
    }
}

/// Adds what tells how the server is. `unavailable` is the code for what is not well.
pub fn register(methods: &mut Methods, checks: &Arc<Checks>, unavailable: u16) {
    let code = move |verdict: Result<(), super::Fault>| match verdict {
        Ok(()) => Code { code: 200, message: String::new() },
        Err(fault) => Code { code: i64::from(unavailable), message: fault.to_string() },
    };
    let asked = Arc::clone(checks);
    methods.register_task("status.Status", move |argument: Argument| {
        let checks = Arc::clone(&asked);
        async move {
            let pool = argument.pool(&checks)?;
            Ok(code(checks.health(&pool).await))
        }
    });
    let asked = Arc::clone(checks);
    methods.register("status.Ready", move |argument: Argument| {
        let pool = argument.pool(&asked)?;
        Ok(code(asked.ready(&pool)))
    });
    let view = checks.view();
    // It reads files of the system.
    methods.register_waiting("status.Load", move |_: IgnoredAny| Ok(view.load()));
}
