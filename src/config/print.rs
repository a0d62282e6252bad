//! What an operator asks of a configuration: is it right, and what is in force, from where.

use std::{fmt::Write as _, path::Path};

use super::{
    Document, Error, Loader, Node, Source, Value,
    keys::{self, Class, Key, Row},
    yaml,
};

/// Column in which the origin of a value stands.
const COLUMN: usize = 44;
/// What stands for a secret.
pub(super) const MASK: &str = "***";
/// Sections whose values are secret: the passwords of users, and what proves to a collector who sends.
pub(super) const SECRETS: [&str; 2] = ["users", "headers"];
/// Names, or parts of names, of what is secret.
const SECRET: [&str; 5] = ["password", "passwd", "secret", "token", "credential"];

/// The values in force, and where each comes from.
#[derive(Clone, Debug)]
pub struct Effective {
    pub(super) document: Document,
    /// What the file is called.
    name: String,
}

/// Loads a configuration and says in a text that it is valid, and what is unusual about it.
///
/// # Errors
///
/// As those of [`Loader::load`].
pub fn check(loader: &Loader) -> Result<String, Error> {
    let warnings = loader.load()?.warnings;
    let mut text = match &loader.path {
        Some(path) => format!("{} is valid", path.display()),
        None => "there is no configuration file; the defaults are valid".to_owned(),
    };
    if !warnings.is_empty() {
        let _ = write!(text, ", but:\n{warnings}");
    }
    Ok(text)
}

/// Loads a configuration and returns every honoured key with its value and where it comes from, as YAML that can be
/// loaded again. Secrets are masked.
///
/// # Errors
///
/// As those of [`Loader::load`].
pub fn print(loader: &Loader) -> Result<String, Error> {
    Ok(loader.load()?.effective.text())
}

// === impl Effective ===

impl Effective {
    pub(super) fn new(document: Document, path: Option<&Path>) -> Self {
        Self { document, name: path.map(|path| path.display().to_string()).unwrap_or_default() }
    }

    /// Returns every honoured key with its value and where it comes from, as YAML. Secrets are masked.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.section(&mut text, keys::table(), Some(&self.document.root), 0);
        text
    }

    fn section(&self, text: &mut String, section: &Key, node: Option<&Node>, depth: usize) {
        for key in section.keys.iter().filter(|key| key.has(Class::Honoured)) {
            if key.name == "*" {
                for (name, node) in free(section, node) {
                    line(text, depth, name, "", "");
                    self.section(text, key, Some(node), depth + 1);
                }
                continue;
            }
            let node = node.and_then(|node| node.get(&key.name));
            match &key.row {
                Some(row) => self.leaf(text, &key.name, row, node, depth),
                None if key.keys.first().is_some_and(|key| key.name == "[]") => {
                    let items = node.filter(|node| node.value != Value::Null);
                    let value = items.map_or_else(|| "[]".to_owned(), |node| quoted(&node.value));
                    line(
                        text,
                        depth,
                        &key.name,
                        &value,
                        &items.map_or_else(|| "default".to_owned(), |node| self.origin(node)),
                    );
                }
                // Nobody asked for this section, and its defaults do not make sense alone, or do more than nothing.
                None if node.is_none() && (key.has_required() || key.is_switch()) => {}
                None if key.keys.iter().all(|key| key.name == "*") && free(key, node).is_empty() => {}
                None if key.keys.iter().any(|key| key.name == "[]") => self.items(text, key, node, depth),
                None => {
                    line(text, depth, &key.name, "", "");
                    self.section(text, key, node, depth + 1);
                }
            }
        }
    }

    /// Writes a list of sections, if there is anything in it.
    fn items(&self, text: &mut String, key: &Key, node: Option<&Node>, depth: usize) {
        let Some(Node { value: Value::List(items), .. }) = node else { return };
        if items.is_empty() {
            return;
        }
        line(text, depth, &key.name, "", "");
        for item in items {
            let start = text.len();
            self.section(text, &key.keys[0], Some(item), depth + 2);
            // The last blanks in front of its first line.
            let dash = start + depth * 2 + 2;
            if text.len() > dash {
                text.replace_range(dash..dash + 2, "- ");
            }
        }
    }

    fn leaf(&self, text: &mut String, name: &str, row: &Row, node: Option<&Node>, depth: usize) {
        let Some(node) = node.filter(|node| node.value != Value::Null) else {
            let words = row.default.trim_matches(['(', ')']);
            return match row.default_value() {
                Some(value) => line(text, depth, name, &quoted(&yaml::plain(value)), "default"),
                None if words.is_empty() => line(text, depth, name, "", "default: none"),
                None => line(text, depth, name, "", &format!("default: {words}")),
            };
        };
        if let Value::Map(entries) = &node.value {
            line(text, depth, name, "", "");
            for entry in entries {
                let name = if SECRETS.contains(&name) { SECRET[0] } else { &entry.key };
                line(text, depth + 1, &entry.key, &shown(name, &entry.node.value), &self.origin(&entry.node));
            }
            return;
        }
        let mut origin = self.origin(node);
        if node.value == Value::Integer(0) && !row.zero.is_empty() {
            let meaning = row.zero.split(". ").next().unwrap_or_default();
            let _ = write!(origin, "; 0 means {meaning}");
        }
        let shown = if row.is_text() { shown(name, &node.value) } else { quoted(&node.value) };
        line(text, depth, name, &shown, &origin);
    }

    fn origin(&self, node: &Node) -> String {
        let mut origin = match &node.at.source {
            Source::File => format!("{}:{}", self.name, node.at.line),
            Source::Included(file) => format!("{file}:{}", node.at.line),
            Source::Override => node.at.to_string(),
        };
        if let Some(variables) = &node.variables {
            let _ = write!(origin, ", environment {variables}");
        }
        origin
    }
}

/// Returns the entries of a section that have free names.
fn free<'a>(section: &Key, node: Option<&'a Node>) -> Vec<(&'a str, &'a Node)> {
    let Some(Node { value: Value::Map(entries), .. }) = node else { return Vec::new() };
    let is_free = |name: &str| section.keys.iter().all(|key| !key.name.eq_ignore_ascii_case(name));
    entries.iter().map(|entry| (entry.key.as_str(), &entry.node)).filter(|(name, _)| is_free(name)).collect()
}

fn line(text: &mut String, depth: usize, name: &str, value: &str, origin: &str) {
    let space = if value.is_empty() { "" } else { " " };
    let name = quoted(&Value::Text(name.to_owned()));
    let line = format!("{:indent$}{name}:{space}{value}", "", indent = depth * 2);
    let _ = if origin.is_empty() { writeln!(text, "{line}") } else { writeln!(text, "{line:COLUMN$} # {origin}") };
}

/// Whether what has this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let lower = name.to_lowercase();
    let last = lower.rsplit(['_', '-', '.']).next().unwrap_or_default();
    SECRET.iter().any(|secret| lower.contains(secret)) || last == "key" || last == "dsn"
}

/// Writes a value as YAML, secrets masked.
fn shown(name: &str, value: &Value) -> String {
    if is_secret(name) {
        return quoted(&Value::Text(MASK.to_owned()));
    }
    quoted(value)
}

/// Writes a value as YAML; credentials in addresses are masked.
fn quoted(value: &Value) -> String {
    match value {
        Value::Text(text) => {
            let text = without_credentials(text);
            let plain = yaml::plain(&text) == Value::Text(text.clone())
                && !text.starts_with(|first: char| !(first.is_alphanumeric() || "/._".contains(first)))
                && !text.contains([',', '[', ']', '{', '}', '#', '"'])
                && !text.contains(": ")
                && !text.ends_with([':', ' '])
                && !text.contains(char::is_control)
                && text != "<<";
            if plain { text } else { serde_json::Value::from(text).to_string() }
        }
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| quoted(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let pair = |entry: &super::Entry| {
                format!("{}: {}", quoted(&Value::Text(entry.key.clone())), shown(&entry.key, &entry.node.value))
            };
            format!("{{{}}}", entries.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Value::Null => String::new(),
        value => value.as_text().unwrap_or_default(),
    }
}

/// Masks what stands between `://` and `@`.
pub(super) fn without_credentials(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://").map(|index| index + 3) {
        masked.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(['/', '?', '#', ' ', ',']).unwrap_or(rest.len());
        if let Some(at) = rest[..end].rfind('@') {
            masked.push_str(MASK);
            rest = &rest[at..];
        }
    }
    masked + rest
}

#[cfg(test)]
mod tests {
    use super::{shown, without_credentials};
    use crate::config::Value;

    #[test]
    fn secrets_are_masked() {
        for name in ["password", "DB_PASSWORD", "sentinel_password", "key", "APP_KEY", "secret", "session_token", "DSN"]
        {
            assert_eq!(shown(name, &Value::Text("hunter2".to_owned())), "\"***\"", "{name}");
        }
        for name in ["keyspace", "monkey", "user", "command"] {
            assert_eq!(shown(name, &Value::Text("hunter2".to_owned())), "hunter2", "{name}");
        }
    }

    #[test]
    fn credentials_in_addresses_are_masked() {
        for (text, masked) in [
            ("amqp://guest:guest@127.0.0.1:5672", "amqp://***@127.0.0.1:5672"),
            ("a://u:p@h,b://u:p@h/x", "a://***@h,b://***@h/x"),
            ("mysql://u:p@ss@h", "mysql://***@h"),
            ("tcp://127.0.0.1:6001", "tcp://127.0.0.1:6001"),
            ("http://h/?q=a@b", "http://h/?q=a@b"),
            ("user@host", "user@host"),
        ] {
            assert_eq!(without_credentials(text), masked);
        }
    }
}
