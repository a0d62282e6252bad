//! What can be called, by name.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
};

use bytes::Bytes;
use prost::Message;
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use tracing::error;

use super::{Blob, Codec, Inside, Offers, Value, body, config::GUARDED, offers};
use crate::config::COMPATIBLE;

/// A call of a method.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its name, `service.Method`.
    pub method: String,
    /// How the argument is written, and how the result is to be.
    pub codec: Codec,
    /// The argument as it came; a method has one, and one result.
    pub body: Bytes,
}

/// The result of a call, written in its codec.
pub type Reply = Result<Vec<u8>, Fault>;

/// Why a call failed, in words for its caller.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(String);

/// All methods. Those of a later part of the server are registered with the rest, before the first call; those of workers
/// come and go.
#[derive(Default)]
pub struct Methods {
    table: BTreeMap<&'static str, Handler>,
    /// What workers have registered, and how they call.
    inside: Option<Arc<Inside>>,
    /// What may be called over TCP although whoever reaches a port is asked for nothing.
    allowed: Vec<String>,
}

/// Where a call comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum From {
    /// From who has the rights of the server: over its unix socket, or from one of its workers.
    Inside,
    /// From whoever reaches a port.
    Tcp,
}

/// What a call is answered by.
pub(super) enum Found<'a> {
    /// A method of the server.
    Own(&'a Handler),
    /// Workers that have registered it.
    Offered(&'a Arc<Offers>),
}

pub(super) type Work = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// Who answers.
pub(super) enum Handler {
    /// At once, on the thread of all connections: it must not wait for anything.
    Quick(Box<dyn Fn(&Call) -> Reply + Send + Sync>),
    /// On a thread of its own for the time of the call.
    Waiting(Arc<dyn Fn(&Call) -> Reply + Send + Sync>),
    /// As a task among the connections.
    Task(Box<dyn Fn(Call) -> Work + Send + Sync>),
    /// As a task that makes no sense without its client, or at the end of the server.
    Attended(Box<dyn Fn(Call) -> Work + Send + Sync>),
}

// === impl Call ===

impl Call {
    /// Reads the argument. An empty one is the default, whatever the codec.
    ///
    /// # Errors
    ///
    /// When it is something else than a method of this argument takes.
    pub fn argument<A: DeserializeOwned + Default>(&self) -> Result<A, Fault> {
        body::decode(self.codec, &self.body)
    }

    /// Reads the argument of a method whose argument and result are messages.
    ///
    /// # Errors
    ///
    /// When it is another one.
    pub fn message<A: Message + DeserializeOwned + Default>(&self) -> Result<A, Fault> {
        body::decode_message(self.codec, &self.body)
    }

    /// Writes the result of such a method.
    ///
    /// # Errors
    ///
    /// When it cannot be written in the codec of the call.
    pub fn reply_message<R: Message + Serialize>(&self, result: &R) -> Reply {
        body::encode_message(self.codec, result)
    }

    /// Writes the result.
    ///
    /// # Errors
    ///
    /// When it cannot be written in the codec of the call.
    pub fn reply<R: Serialize + ?Sized>(&self, result: &R) -> Reply {
        body::encode(self.codec, result)
    }
}

// === impl Fault ===

impl Fault {
    /// A failure, as the caller is told.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

// === impl Methods ===

impl Methods {
    /// Those that need nothing of the server: its version.
    pub fn new() -> Self {
        let mut methods = Self::default();
        methods.register("rpc.Version", |_: IgnoredAny| Ok(COMPATIBLE));
        methods
    }

    /// Adds a method that answers at once. It runs on the thread of all connections, and must neither wait nor work for
    /// long.
    pub fn register<A, R>(&mut self, name: &'static str, method: impl Fn(A) -> Result<R, Fault> + Send + Sync + 'static)
    where
        A: DeserializeOwned + Default,
        R: Serialize,
    {
        self.register_call(name, move |call| call.reply(&method(call.argument()?)?));
    }

    /// Adds a method that answers at once, and reads and writes bodies itself.
    pub fn register_call(&mut self, name: &'static str, method: impl Fn(&Call) -> Reply + Send + Sync + 'static) {
        self.insert(name, Handler::Quick(Box::new(method)));
    }

    /// Adds a method that may wait. It has a thread to itself; when the server ends, that is not waited for long.
    pub fn register_waiting<A, R>(
        &mut self,
        name: &'static str,
        method: impl Fn(A) -> Result<R, Fault> + Send + Sync + 'static,
    ) where
        A: DeserializeOwned + Default,
        R: Serialize,
    {
        self.insert(name, Handler::Waiting(Arc::new(move |call| call.reply(&method(call.argument()?)?))));
    }

    /// Adds a method that is a task: any number of its calls may wait without a thread. It is dropped with its connection.
    pub fn register_task<A, R, F>(&mut self, name: &'static str, method: impl Fn(A) -> F + Send + Sync + 'static)
    where
        A: DeserializeOwned + Default,
        R: Serialize,
        F: Future<Output = Result<R, Fault>> + Send + 'static,
    {
        let start = move |call: Call| work(call.argument().map(&method), move |result| call.reply(result));
        self.insert(name, Handler::Task(Box::new(start)));
    }

    /// Adds a method that answers at once, and whose argument and result are messages: it answers Protobuf, too.
    pub fn register_message<A, R>(
        &mut self,
        name: &'static str,
        method: impl Fn(A) -> Result<R, Fault> + Send + Sync + 'static,
    ) where
        A: Message + DeserializeOwned + Default,
        R: Message + Serialize,
    {
        self.register_call(name, move |call| call.reply_message(&method(call.message()?)?));
    }

    /// Adds a method of messages that may wait, see [`Methods::register_waiting`].
    pub fn register_message_waiting<A, R>(
        &mut self,
        name: &'static str,
        method: impl Fn(A) -> Result<R, Fault> + Send + Sync + 'static,
    ) where
        A: Message + DeserializeOwned + Default,
        R: Message + Serialize,
    {
        let waiting = move |call: &Call| call.reply_message(&method(call.message()?)?);
        self.insert(name, Handler::Waiting(Arc::new(waiting)));
    }

    /// Adds a method of messages that is a task of its client: it is dropped once the client sends nothing more, or the
    /// server ends.
    pub fn register_message_task<A, R, F>(
        &mut self,
        name: &'static str,
        method: impl Fn(A) -> F + Send + Sync + 'static,
    ) where
        A: Message + DeserializeOwned + Default,
        R: Message + Serialize,
        F: Future<Output = Result<R, Fault>> + Send + 'static,
    {
        let start = move |call: Call| work(call.message().map(&method), move |result| call.reply_message(result));
        self.insert(name, Handler::Attended(Box::new(start)));
    }

    fn insert(&mut self, name: &'static str, handler: Handler) {
        let before = self.table.insert(name, handler);
        debug_assert!(before.is_none(), "{name} is registered twice");
    }

    /// Lets workers answer calls and make some, and tells the configuration. Over TCP only those methods of workers can be
    /// called whose names are `allowed`.
    pub fn let_in(&mut self, inside: &Arc<Inside>, allowed: &[String]) {
        // As RoadRunner has it: the bytes of a text of JSON.
        let config = Blob(inside.config().as_bytes().to_vec());
        self.register("rpc.Config", move |_: IgnoredAny| Ok(config.clone()));
        self.inside = Some(Arc::clone(inside));
        self.allow(allowed);
    }

    /// Lets these be called over TCP.
    pub fn allow(&mut self, names: &[String]) {
        self.allowed.extend_from_slice(names);
    }

    /// How workers call, if they can.
    pub(super) fn inside(&self) -> Option<&Arc<Inside>> {
        self.inside.as_ref()
    }

    fn offers(&self) -> Option<&Arc<Offers>> {
        self.inside.as_ref().map(|inside| inside.offers())
    }

    /// Whether the server itself has this method.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// The names of all methods of the server itself, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.table.keys().copied()
    }

    /// Finds a method. What is wrong is said in the words of Go's `net/rpc`, by which clients may know it.
    pub(super) fn find(&self, name: &str, from: From) -> Result<Found<'_>, Fault> {
        let allowed = || {
            if from != From::Tcp || self.allowed.iter().any(|allowed| allowed == name) {
                return Ok(());
            }
            let reason = format!("{name} may not be called over TCP: name it in rpc.allow, or use a unix socket");
            Err(Fault::new(reason))
        };
        if let Some(handler) = self.table.get(name) {
            if GUARDED.contains(&name) {
                allowed()?;
            }
            return Ok(Found::Own(handler));
        }
        if let Some(offers) = self.offers().filter(|offers| offers.offers(name)) {
            return allowed().map(|()| Found::Offered(offers));
        }
        Err(self.unknown(name))
    }

    /// Says that there is no such method.
    fn unknown(&self, name: &str) -> Fault {
        let Some((service, _)) = name.rsplit_once('.') else {
            return Fault::new(format!("rpc: service/method request ill-formed: {name}"));
        };
        let known = self.names().any(|other| other.rsplit_once('.').is_some_and(|(other, _)| other == service))
            || self.offers().is_some_and(|offers| offers.offers_any(&format!("{service}.")));
        Fault::new(format!("rpc: can't find {} {name}", if known { "method" } else { "service" }))
    }

    /// Lets workers answer a call.
    pub(super) fn pass_on(&self, offers: &Arc<Offers>, call: Call) -> Work {
        let asked = call.argument().and_then(|argument| {
            offers::ask(offers, &call.method, argument)
                .map_err(|fault| fault.unwrap_or_else(|| self.unknown(&call.method)))
        });
        Box::pin(async move {
            match offers::answer(asked?).await? {
                // Whatever they are.
                Value::Text(bytes) if call.codec == Codec::Raw => Ok(bytes),
                value => call.reply(&value),
            }
        })
    }
}

impl fmt::Debug for Methods {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.names()).finish()
    }
}

/// What a task does: `result` is its own, unless the argument could not be read.
fn work<R, F>(result: Result<F, Fault>, reply: impl FnOnce(&R) -> Reply + Send + 'static) -> Work
where
    F: Future<Output = Result<R, Fault>> + Send + 'static,
{
    match result {
        Ok(result) => Box::pin(async move { reply(&result.await?) }),
        Err(fault) => Box::pin(std::future::ready(Err(fault))),
    }
}

/// Runs a method on this thread. One that panics fails this call alone.
pub(super) fn run(method: &(dyn Fn(&Call) -> Reply + Send + Sync), call: &Call) -> Reply {
    catch_unwind(AssertUnwindSafe(|| method(call))).unwrap_or_else(|_| Err(panicked(&call.method)))
}

/// Says that a method has panicked, which is logged.
pub(super) fn panicked(method: &str) -> Fault {
    error!(method, "RPC method panicked");
    Fault::new(format!("{method} failed inside the server, see its log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn methods() -> Methods {
        let mut methods = Methods::default();
        methods.register("one.Length", |text: String| Ok(text.len()));
        methods.register("one.Fail", |_: String| Err::<(), _>(Fault::new("no")));
        methods.register("two.Panic", |_: bool| -> Result<bool, Fault> { panic!("as the test wants") });
        methods
    }

    fn call(method: &str, codec: Codec, body: &[u8]) -> Reply {
        let methods = methods();
        let call = Call { method: method.to_owned(), codec, body: Bytes::copy_from_slice(body) };
        match methods.find(method, From::Tcp)? {
            Found::Own(Handler::Quick(method)) => run(&**method, &call),
            _ => unreachable!(),
        }
    }

    #[test]
    fn arguments_and_results_are_of_the_codec() {
        assert_eq!(call("one.Length", Codec::Json, b"\"four\"").unwrap(), b"4");
        assert_eq!(call("one.Length", Codec::MessagePack, b"\xa4four").unwrap(), b"\x04");
        assert_eq!(call("one.Length", Codec::Raw, b"four").unwrap(), b"4");
        assert_eq!(call("one.Length", Codec::Json, b"").unwrap(), b"0", "none is the default");
        let fault = call("one.Length", Codec::Json, b"[4]").unwrap_err().to_string();
        assert!(fault.starts_with("the argument cannot be read: invalid type: sequence"), "{fault}");
        let fault = call("one.Length", Codec::Protobuf, b"\x0a\x04four").unwrap_err().to_string();
        assert!(fault.contains("no Protobuf messages"), "{fault}");
        assert_eq!(call("one.Fail", Codec::Json, b"\"\"").unwrap_err().to_string(), "no");
    }

    #[test]
    fn messages_are_of_every_codec() {
        #[derive(Clone, PartialEq, Message, Serialize, serde::Deserialize)]
        #[serde(default)]
        struct Pair {
            #[prost(string, tag = "1")]
            one: String,
            #[prost(int64, optional, tag = "3")]
            other_one: Option<i64>,
        }
        let mut methods = methods();
        methods.register_message("one.Turn", |pair: Pair| {
            Ok(Pair { one: format!("{}!", pair.one), other_one: pair.other_one.map(|number| number + 1) })
        });
        let Found::Own(Handler::Quick(method)) = methods.find("one.Turn", From::Tcp).unwrap() else { unreachable!() };
        let call = |codec, body: &[u8]| {
            let call = Call { method: "one.Turn".to_owned(), codec, body: Bytes::copy_from_slice(body) };
            run(&**method, &call)
        };
        let (before, after) = (pair("a", 4), pair("a!", 5));
        fn pair(one: &str, other: i64) -> Pair {
            Pair { one: one.to_owned(), other_one: Some(other) }
        }
        for codec in [Codec::Json, Codec::MessagePack, Codec::Gob] {
            let body = body::encode(codec, &before).unwrap();
            assert_eq!(body::decode::<Pair>(codec, &call(codec, &body).unwrap()).unwrap(), after, "{codec:?}");
        }
        assert_eq!(call(Codec::Protobuf, b"\x0a\x01a\x18\x04").unwrap(), b"\x0a\x02a!\x18\x05");
        assert_eq!(call(Codec::Protobuf, b"").unwrap(), b"\x0a\x01!");
        let json = br#"{"one":"a","other_one":4,"more":1}"#;
        assert_eq!(call(Codec::Raw, json).unwrap(), br#"{"one":"a!","other_one":5}"#);
        let fault = call(Codec::Protobuf, b"\x0a\x05a").unwrap_err().to_string();
        assert!(fault.starts_with("the argument cannot be read: failed to decode Protobuf message"), "{fault}");
    }

    #[test]
    fn what_cannot_be_called_is_said_as_go_says_it() {
        for (name, expected) in [
            ("one.Other", "rpc: can't find method one.Other"),
            ("three.Length", "rpc: can't find service three.Length"),
            ("one.length", "rpc: can't find method one.length"),
            ("", "rpc: service/method request ill-formed: "),
            ("Length", "rpc: service/method request ill-formed: Length"),
        ] {
            assert_eq!(call(name, Codec::Json, b"").unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_method_that_panics_fails_its_call_alone() {
        let fault = call("two.Panic", Codec::Json, b"true").unwrap_err().to_string();
        assert_eq!(fault, "two.Panic failed inside the server, see its log");
    }
}
