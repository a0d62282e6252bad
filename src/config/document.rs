//! What a configuration file says, before anybody asks what it means.

/// A parsed file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The top of the file; [`Value::Null`] if it is empty.
    pub root: Node,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it says.
    pub value: Value,
    /// Line of its first character, from 1.
    pub line: usize,
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
    /// A mapping in the file's order; the line is that of the key.
    Map(Vec<(String, usize, Node)>),
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
