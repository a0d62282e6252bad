//! Methods that workers have registered: who asks for one, and what is said when there is no answer.

use std::time::Duration;

use tokio::time::timeout;

use super::{Fault, Value};
use crate::handoff::{Board, Promise, Unanswered, Untaken};

/// Methods that workers have registered.
pub type Offers = Board<Value, Result<Value, Fault>>;
/// The answer to a call of such a method.
pub type Asked = Promise<Value, Result<Value, Fault>>;

/// Calls that may wait for a worker, of all methods together.
pub(super) const WAITING: usize = 1024;
/// How long a call from outside may wait for a worker.
const PATIENCE: Duration = Duration::from_mins(1);

/// Services whose names are the server's, or RoadRunner's: workers cannot take them.
const RESERVED: [&str; 17] = [
    "app",
    "broadcast",
    "centrifuge",
    "grpc",
    "http",
    "informer",
    "jobs",
    "kv",
    "lock",
    "metrics",
    "resetter",
    "rpc",
    "service",
    "status",
    "tcp",
    "temporal",
    "websockets",
];

/// Why a worker cannot register a method.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadName {
    /// It is not the name of one.
    #[error("The name of a method must be service.Method, without white space and of 255 bytes at most")]
    Malformed,
    /// It is one of the server's.
    #[error("Methods of service \"{0}\" are the server's")]
    Reserved(String),
}

/// Reads the name of a method that a worker is to answer.
///
/// # Errors
///
/// When there can be none of this name.
pub fn name(name: &[u8]) -> Result<&str, BadName> {
    let name = std::str::from_utf8(name).map_err(|_| BadName::Malformed)?;
    let is_odd = |letter: char| letter.is_whitespace() || letter.is_control();
    match name.rsplit_once('.') {
        _ if name.len() > 255 || name.contains(is_odd) => Err(BadName::Malformed),
        Some((service, method)) if !service.is_empty() && !method.is_empty() => {
            if RESERVED.contains(&service) {
                Err(BadName::Reserved(service.to_owned()))
            } else {
                Ok(name)
            }
        }
        _ => Err(BadName::Malformed),
    }
}

/// Asks a worker. `Err(None)`: no worker has registered the method.
pub(super) fn ask(offers: &Offers, method: &str, argument: Value) -> Result<Asked, Option<Fault>> {
    offers.ask(method, argument).map_err(|untaken| match untaken {
        Untaken::Unknown(_) => None,
        Untaken::Full(_) => Some(Fault::new(format!("{method}: too many calls wait for a worker, try again later"))),
    })
}

/// Waits for the answer, in a task: without a bound once a worker has taken the call.
pub(super) async fn answer(mut asked: Asked) -> Result<Value, Fault> {
    let answer = match timeout(PATIENCE, &mut asked).await {
        Ok(answer) => answer,
        Err(_) if asked.is_waiting() => return Err(missing(Unanswered::Overdue)),
        Err(_) => asked.await,
    };
    answer.map_err(missing)?
}

/// Says why there is no answer.
pub(super) fn missing(reason: Unanswered) -> Fault {
    Fault::new(match reason {
        Unanswered::WorkerLost => "the worker ended before it answered, see the log of the server",
        Unanswered::Stopping => "the workers that had registered the method have left",
        Unanswered::Overdue => "no worker was free in time",
        Unanswered::TimedOut => "the worker took longer than supervisor.exec_ttl",
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rpc::{Inside, Methods, Steering, SteeringError, WorkerState};

    #[test]
    fn names_are_those_of_a_service_and_a_method() {
        for good in ["a.b", "inventory.Reserve", "a.b.C", "ü.Ü"] {
            assert_eq!(name(good.as_bytes()), Ok(good));
        }
        let long = format!("a.{}", "b".repeat(254));
        for bad in ["", ".", "a", "a.", ".b", "a b.c", "a.b\n", "a.\0", &*long] {
            assert_eq!(name(bad.as_bytes()), Err(BadName::Malformed), "{bad:?}");
        }
        assert_eq!(name(b"a.\xff"), Err(BadName::Malformed));
        let error = name(b"lock.Mine").unwrap_err().to_string();
        assert_eq!(error, "Methods of service \"lock\" are the server's");
    }

    #[test]
    fn every_method_of_the_server_is_in_a_service_that_is_reserved() {
        struct Nobody;
        impl Steering for Nobody {
            fn pools(&self) -> Vec<String> {
                Vec::new()
            }
            fn workers(&self, _: &str) -> Result<Vec<WorkerState>, SteeringError> {
                Err(SteeringError::Ending)
            }
            fn reset(&self, _: Option<&str>) -> Result<(), SteeringError> {
                Err(SteeringError::Ending)
            }
            fn add_worker(&self, _: &str) -> Result<(), SteeringError> {
                Err(SteeringError::Ending)
            }
            fn remove_worker(&self, _: &str) -> Result<(), SteeringError> {
                Err(SteeringError::Ending)
            }
        }
        let mut methods = Methods::new();
        methods.steer(&(Arc::new(Nobody) as Arc<dyn Steering>));
        methods.let_in(&Inside::new(String::new()), &[]);
        for method in methods.names() {
            assert!(name(method.as_bytes()).is_err(), "{method}");
        }
    }
}
