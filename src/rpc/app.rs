//! The methods of service `app`, by which others write to the log, with RoadRunner's names and shapes.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use prost::Message;
use serde::{Deserialize, Serialize};
use tracing::{debug, error, info, warn};

use super::{Fault, Methods};
use crate::log::Attributes;

/// An entry.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct Entry {
    #[prost(string, tag = "1")]
    message: String,
    #[prost(message, repeated, tag = "2")]
    log_attrs: Vec<Attribute>,
}

/// Something that belongs to it.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
#[serde(default)]
struct Attribute {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// What all of them return.
#[derive(Clone, Copy, PartialEq, Message, Serialize, Deserialize)]
struct Done {}

#[derive(Clone, Copy)]
enum Level {
    Error,
    Warning,
    Info,
    Debug,
}

// === impl Entry ===

impl Entry {
    fn log(self, level: Level) {
        let Self { message, log_attrs } = self;
        let attributes = Attributes::new(log_attrs.into_iter().map(|Attribute { key, value }| (key, value)));
        let attributes = attributes.as_field();
        match level {
            Level::Error => error!(target: "app", attributes, "{message}"),
            Level::Warning => warn!(target: "app", attributes, "{message}"),
            Level::Info => info!(target: "app", attributes, "{message}"),
            Level::Debug => debug!(target: "app", attributes, "{message}"),
        }
    }

    /// As a line for people.
    fn line(self) -> String {
        let mut line = self.message;
        for (number, Attribute { key, value }) in self.log_attrs.into_iter().enumerate() {
            // A text takes anything.
            let _ = write!(line, "{}{key}:{value}", if number == 0 { " " } else { "," });
        }
        line
    }
}

/// Writes a line as it is, whatever the log is set to.
fn say(mut line: String) -> Result<(), Fault> {
    if !line.ends_with('\n') {
        line.push('\n');
    }
    let written = io::stderr().lock().write_all(line.as_bytes());
    written.map_err(|error| Fault::new(format!("standard error cannot be written: {error}")))
}

// === impl Methods ===

impl Methods {
    /// Adds what writes to the log.
    pub fn app(&mut self) {
        let methods = [
            ("app.Error", "app.ErrorWithContext", Level::Error),
            ("app.Warning", "app.WarningWithContext", Level::Warning),
            ("app.Info", "app.InfoWithContext", Level::Info),
            ("app.Debug", "app.DebugWithContext", Level::Debug),
        ];
        for (plain, with_context, level) in methods {
            self.register(plain, move |message: String| {
                Entry { message, log_attrs: Vec::new() }.log(level);
                Ok(true)
            });
            self.register_message(with_context, move |entry: Entry| {
                entry.log(level);
                Ok(Done {})
            });
        }
        // Who reads standard error may take its time.
        self.register_waiting("app.Log", |message: String| say(message).map(|()| true));
        self.register_message_waiting("app.LogWithContext", |entry: Entry| say(entry.line()).map(|()| Done {}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_people_have_their_attributes_behind_them() {
        let attribute = |key: &str, value: &str| Attribute { key: key.to_owned(), value: value.to_owned() };
        let entry = |log_attrs| Entry { message: "said".to_owned(), log_attrs };
        assert_eq!(entry(Vec::new()).line(), "said");
        assert_eq!(entry(vec![attribute("a", "1"), attribute("b", "2 3")]).line(), "said a:1,b:2 3");
    }
}
