//! The methods of service `lock`, with RoadRunner's names and shapes. Times are microseconds.

use std::{sync::Arc, time::Duration};

use prost::Message;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{Asked, LockError, Locks, Request};
use crate::rpc::{Fault, Methods};

/// What all of them take.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct Asks {
    /// The name of the lock.
    #[prost(string, tag = "1")]
    resource: String,
    /// Whose it is.
    #[prost(string, tag = "2")]
    id: String,
    /// How long it is theirs; 0 or nothing: until it is released.
    #[prost(int64, optional, tag = "3")]
    ttl: Option<i64>,
    /// How long it is waited for; 0 or nothing: it is not.
    #[prost(int64, optional, tag = "4")]
    wait: Option<i64>,
}

/// What all of them return.
#[derive(Clone, Copy, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct Answer {
    #[prost(bool, tag = "1")]
    ok: bool,
}

// === impl Asks ===

impl Asks {
    fn time(time: Option<i64>, what: &str) -> Result<Option<Duration>, Fault> {
        let time = u64::try_from(time.unwrap_or_default());
        let time = time.map_err(|_| Fault::new(format!("the {what} of a lock must not be negative")))?;
        Ok((time > 0).then(|| Duration::from_micros(time)))
    }

    fn span(&self) -> Result<Option<Duration>, Fault> {
        Self::time(self.ttl, "ttl")
    }

    fn owner(&self) -> Result<&[u8], Fault> {
        if self.id.is_empty() { Err(LockError::NoId.into()) } else { Ok(self.id.as_bytes()) }
    }
}

impl From<LockError> for Fault {
    fn from(error: LockError) -> Self {
        Self::new(error.to_string())
    }
}

fn answer(ok: bool) -> Answer {
    Answer { ok }
}

/// Takes a lock, or waits for it.
async fn acquire(locks: Arc<Locks>, asks: Asks, shared: bool) -> Result<Answer, Fault> {
    let (ttl, wait) = (asks.span()?, Asks::time(asks.wait, "wait")?);
    let request = Request { name: asks.resource.as_bytes(), id: asks.owner()?, shared, ttl, tie: None };
    let Some(patience) = wait else { return Ok(answer(locks.take(request)?)) };
    match locks.ask(request)? {
        Asked::Granted => Ok(answer(true)),
        Asked::Wait(mut wait) => {
            // Whether it was in time is what the table says.
            let _ = timeout(patience, &mut wait).await;
            Ok(answer(wait.finish()))
        }
    }
}

// === impl Methods ===

impl Methods {
    /// Adds what acts on locks.
    pub fn lock(&mut self, locks: &Arc<Locks>) {
        for (name, shared) in [("lock.Lock", false), ("lock.LockRead", true)] {
            let locks = Arc::clone(locks);
            self.register_message_task(name, move |asks: Asks| acquire(Arc::clone(&locks), asks, shared));
        }
        let with = || Arc::clone(locks);
        let locks = with();
        self.register_message("lock.Release", move |asks: Asks| {
            Ok(answer(locks.release(asks.resource.as_bytes(), asks.owner()?)))
        });
        let locks = with();
        self.register_message("lock.ForceRelease", move |asks: Asks| {
            Ok(answer(locks.force_release(asks.resource.as_bytes())))
        });
        let locks = with();
        self.register_message("lock.Exists", move |asks: Asks| {
            let id = Some(asks.owner()?).filter(|id| *id != b"*");
            Ok(answer(locks.exists(asks.resource.as_bytes(), id)))
        });
        let locks = with();
        self.register_message("lock.UpdateTTL", move |asks: Asks| {
            Ok(answer(locks.update(asks.resource.as_bytes(), asks.owner()?, asks.span()?)))
        });
    }
}
