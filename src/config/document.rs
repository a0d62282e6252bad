//! What a configuration says, before anybody asks what it means.

use std::{fmt, sync::Arc};

/// Everything that was said, wherever it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The top; [`Value::Null`] if nothing was said.
    pub root: Node,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it says.
    pub value: Value,
    /// Where it stands.
    pub at: At,
    /// Names of the environment variables that it was made from, with commas.
    pub variables: Option<Arc<str>>,
}

/// A key of a section and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub at: At,
    /// Its value.
    pub node: Node,
}

/// Where something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// In what.
    pub source: Source,
    /// Line of its first character, or the number of the override; from 1.
    pub line: usize,
}

/// What a value was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The configuration file.
    #[default]
    File,
    /// A file that it includes.
    Included(Arc<str>),
    /// An override.
    Override,
}

/// What a value says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, `null`, `~`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order in which it is written.
    Map(Vec<Entry>),
}

// === impl Document ===

impl Document {
    /// A document in which nothing is said.
    pub fn empty() -> Self {
        Self { root: Node::new(Value::Null, At { source: Source::File, line: 1 }) }
    }
}

// === impl Node ===

impl Node {
    /// A value at a place.
    pub fn new(value: Value, at: At) -> Self {
        Self { value, at, variables: None }
    }

    /// Returns the entries of a section, which an empty value becomes; `None` if it is something else.
    pub(super) fn entries_mut(&mut self) -> Option<&mut Vec<Entry>> {
        if self.value == Value::Null {
            self.value = Value::Map(Vec::new());
        }
        match &mut self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Returns the value of a key, whatever the case of its letters.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.is(key)).map(|entry| &entry.node),
            _ => None,
        }
    }
}

// === impl Entry ===

impl Entry {
    /// Returns whether this is the key, whatever the case of its letters.
    pub(super) fn is(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }
}

// === impl At ===

impl fmt::Display for At {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::File => write!(formatter, "line {}", self.line),
            Source::Included(file) => write!(formatter, "{file} line {}", self.line),
            Source::Override => write!(formatter, "override {}", self.line),
        }
    }
}

// === impl Value ===

impl Value {
    /// Returns text as it is, numbers and booleans as they are written.
    pub fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Integer(_) | Self::Float(_) | Self::Bool(_) => Some(self.describe()),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Names the value for an error message.
    pub fn describe(&self) -> String {
        match self {
            Self::Null => "empty".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(text) if text.chars().count() > 40 => {
                format!("\"{}…\"", text.chars().take(40).collect::<String>())
            }
            Self::Text(text) => format!("\"{text}\""),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a section".to_owned(),
        }
    }
}
