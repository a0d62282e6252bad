//! A section being read: hands out checked values, remembers what was asked for, and reports the rest as unknown.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

use http::HeaderName;

use super::{At, Document, Entry, Node, Problems, Value, value};
use crate::net::Address;

/// A section being read.
#[derive(Debug)]
pub struct Section<'a> {
    /// Path of its keys: empty, or ending in a dot.
    path: String,
    at: At,
    entries: &'a [Entry],
    /// Keys that were asked for, in the file or not.
    known: Vec<&'static str>,
}

// === impl Section ===

impl<'a> Section<'a> {
    /// Starts at the top of a document. An empty one is a section without keys.
    pub fn root(document: &'a Document, problems: &mut Problems) -> Self {
        let root = &document.root;
        Self { path: String::new(), at: root.at.clone(), entries: entries(root, "", problems), known: Vec::new() }
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    fn wrong(&self, key: &str, node: &Node, expected: &str, problems: &mut Problems) {
        problems.add(
            format!("{}{key}", self.path),
            node.at.clone(),
            format!("is {}, but must be {expected}", node.value.describe()),
        );
    }

    /// Returns whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reports a key that must stand here and does not.
    pub fn missing(&self, key: &'static str, problems: &mut Problems) {
        problems.add(format!("{}{key}", self.path), self.at.clone(), "is required here");
    }

    /// Reports what is wrong with a key, or with its absence, in the light of others.
    pub fn report(&self, key: &'static str, message: &str, problems: &mut Problems) {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        let at = entry.map_or(&self.at, |entry| &entry.node.at).clone();
        problems.add(format!("{}{key}", self.path), at, message);
    }

    /// Knows a key without reading it.
    pub fn any(&mut self, key: &'static str) {
        self.find(key);
    }

    /// Reads a section within this one.
    pub fn section(&mut self, key: &'static str, problems: &mut Problems) -> Option<Section<'a>> {
        let node = self.find(key)?;
        let path = format!("{}{key}.", self.path);
        Some(Section { at: node.at.clone(), entries: entries(node, &path, problems), path, known: Vec::new() })
    }

    /// Reads text; numbers and booleans are taken as they are written. Returns its place, too.
    pub fn text(&mut self, key: &'static str, problems: &mut Problems) -> Option<(String, At)> {
        let node = self.find(key)?;
        let text = node.value.as_text();
        if text.is_none() && node.value != Value::Null {
            self.wrong(key, node, "text", problems);
        }
        text.map(|text| (text, node.at.clone()))
    }

    /// Reads the name of a header.
    pub fn header_name(&mut self, key: &'static str, problems: &mut Problems) -> Option<HeaderName> {
        let (name, _) = self.text(key, problems)?;
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok();
        if parsed.is_none() {
            self.report(key, &format!("is {name:?}, which is not a header name"), problems);
        }
        parsed
    }

    /// Reads `true` or `false`; the words as text are taken, too.
    pub fn boolean(&mut self, key: &'static str, problems: &mut Problems) -> Option<bool> {
        let node = self.find(key)?;
        let flag = match &node.value {
            Value::Null => return None,
            Value::Bool(flag) => Some(*flag),
            Value::Integer(number @ (0 | 1)) => Some(*number == 1),
            Value::Text(text) => text.to_lowercase().parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.wrong(key, node, "true or false", problems);
        }
        flag
    }

    /// Reads a list of texts, or text with a comma between them.
    pub fn texts(&mut self, key: &'static str, problems: &mut Problems) -> Option<Vec<String>> {
        let node = self.find(key)?;
        let texts = match &node.value {
            Value::Null => return None,
            Value::List(items) => items.iter().map(|item| item.value.as_text()).collect(),
            value => value.as_text().map(|text| text.split(',').map(|text| text.trim().to_owned()).collect()),
        };
        if texts.is_none() {
            self.wrong(key, node, "a list of texts, or text with commas", problems);
        }
        texts
    }

    /// Reads a list of texts, each of which `parse` understands.
    pub fn parsed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        problems: &mut Problems,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let at = self.find(key)?.at.clone();
        let texts = self.texts(key, problems)?;
        let mut parsed = Vec::with_capacity(texts.len());
        for text in texts.iter().filter(|text| !text.is_empty()) {
            match parse(text) {
                Some(value) => parsed.push(value),
                None => {
                    problems.add(
                        format!("{}{key}", self.path),
                        at.clone(),
                        format!("has {text:?}, which is not {expected}"),
                    );
                }
            }
        }
        Some(parsed)
    }

    /// Reads a command line: a list of words, or text that is split as a shell splits it.
    pub fn words(&mut self, key: &'static str, problems: &mut Problems) -> Option<Vec<String>> {
        let node = self.find(key)?;
        let words = match &node.value {
            Value::Null => return None,
            Value::List(items) => items.iter().map(|item| item.value.as_text()).collect(),
            value => value.as_text().and_then(|text| shlex::split(&text)),
        };
        if words.is_none() {
            self.wrong(key, node, "a command line with every quote closed, or a list of its words", problems);
        }
        words
    }

    /// Reads free names with a text each, in the file's order: a section, or a list of sections.
    pub fn pairs(&mut self, key: &'static str, problems: &mut Problems) -> Option<Vec<(String, String)>> {
        let node = self.find(key)?;
        let path = format!("{}{key}.", self.path);
        let entries: Vec<&Entry> = match &node.value {
            Value::List(items) => items.iter().flat_map(|item| entries(item, &path, problems)).collect(),
            _ => entries(node, &path, problems).iter().collect(),
        };
        let mut pairs = Vec::with_capacity(entries.len());
        for Entry { key: name, node, .. } in entries {
            match node.value.as_text() {
                Some(text) => pairs.push((name.clone(), text)),
                None if node.value == Value::Null => pairs.push((name.clone(), String::new())),
                None => self.wrong(&format!("{key}.{name}"), node, "text", problems),
            }
        }
        Some(pairs)
    }

    /// Reads key `env`: variables of the environment, whose names are upper-cased.
    pub fn environment(&mut self, problems: &mut Problems) -> Vec<(String, String)> {
        let pairs = self.pairs("env", problems).unwrap_or_default();
        pairs.into_iter().map(|(name, value)| (name.to_uppercase(), value)).collect()
    }

    /// Reads a section of free names with a section each, in the file's order.
    pub fn sections(&mut self, key: &'static str, problems: &mut Problems) -> Vec<(String, Section<'a>)> {
        let Some(Section { path, entries: outer, .. }) = self.section(key, problems) else { return Vec::new() };
        let inner = |Entry { key, node, .. }: &'a Entry| {
            let path = format!("{path}{key}.");
            let entries = entries(node, &path, problems);
            (key.clone(), Section { at: node.at.clone(), entries, path, known: Vec::new() })
        };
        outer.iter().map(inner).collect()
    }

    /// Reads a list of sections.
    pub fn items(&mut self, key: &'static str, problems: &mut Problems) -> Vec<Section<'a>> {
        let Some(node) = self.find(key) else { return Vec::new() };
        let items = match &node.value {
            Value::Null => return Vec::new(),
            Value::List(items) => items,
            _ => {
                self.wrong(key, node, "a list of sections", problems);
                return Vec::new();
            }
        };
        let path = format!("{}{key}.", self.path);
        let section = |item: &'a Node| {
            let entries = entries(item, &path, problems);
            Section { at: item.at.clone(), entries, path: path.clone(), known: Vec::new() }
        };
        items.iter().map(section).collect()
    }

    /// Reads one of a few words, regardless of case.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
        problems: &mut Problems,
    ) -> Option<T> {
        let node = self.find(key)?;
        let text = match &node.value {
            Value::Null => return None,
            value => value.as_text().unwrap_or_default(),
        };
        if let Some((_, choice)) = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)) {
            return Some(*choice);
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        self.wrong(key, node, &format!("one of {}", words.join(", ")), problems);
        None
    }

    /// Reads a whole number within `range`.
    pub fn integer(&mut self, key: &'static str, range: RangeInclusive<u64>, problems: &mut Problems) -> Option<u64> {
        self.whole(key, range, problems)
    }

    /// Reads a whole number within `range` that may be negative.
    pub fn signed(&mut self, key: &'static str, range: RangeInclusive<i64>, problems: &mut Problems) -> Option<i64> {
        self.whole(key, range, problems)
    }

    fn whole<T: TryFrom<i64> + FromStr + PartialOrd + Display>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<T>,
        problems: &mut Problems,
    ) -> Option<T> {
        let node = self.find(key)?;
        let number = match &node.value {
            Value::Null => return None,
            Value::Integer(number) => T::try_from(*number).ok(),
            // `"8"` is a number for RoadRunner, too.
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.wrong(key, node, &format!("a whole number from {} to {}", range.start(), range.end()), problems);
        }
        number
    }

    /// Reads a number from 0 to 1.
    pub fn fraction(&mut self, key: &'static str, problems: &mut Problems) -> Option<f64> {
        let node = self.find(key)?;
        let number = match &node.value {
            Value::Null => return None,
            value => value.as_text().and_then(|text| text.parse().ok()),
        };
        let number = number.filter(|number| (0.0..=1.0).contains(number));
        if number.is_none() {
            self.wrong(key, node, "a number from 0 to 1", problems);
        }
        number
    }

    /// Reads a duration as Go writes it: `300ms`, `60s`, `1m30s`, `1.5h`.
    pub fn duration(&mut self, key: &'static str, problems: &mut Problems) -> Option<Duration> {
        let node = self.find(key)?;
        let duration = match &node.value {
            Value::Null => return None,
            Value::Integer(0) => Some(Duration::ZERO),
            Value::Text(text) => value::duration(text),
            _ => None,
        };
        if duration.is_none() {
            self.wrong(key, node, "a duration with its unit, such as 300ms, 60s or 1m30s", problems);
        }
        duration
    }

    /// Reads a duration of which 0 means the same as the absence of the key.
    pub fn span(&mut self, key: &'static str, problems: &mut Problems) -> Option<Duration> {
        self.duration(key, problems).filter(|duration| !duration.is_zero())
    }

    /// Reads permissions of a file: text of octal digits, as `chmod` takes them. A number would be taken for a decimal one by
    /// some formats.
    pub fn mode(&mut self, key: &'static str, problems: &mut Problems) -> Option<u32> {
        let node = self.find(key)?;
        let mode = match &node.value {
            Value::Null => return None,
            Value::Text(text) => value::mode(text),
            _ => None,
        };
        if mode.is_none() {
            self.wrong(key, node, "octal digits in quotes, such as \"0660\"", problems);
        }
        mode
    }

    /// Reads a duration that cannot be 0, because nothing else bounds what it bounds.
    pub fn timeout(&mut self, key: &'static str, problems: &mut Problems) -> Option<Duration> {
        let duration = self.duration(key, problems)?;
        if duration.is_zero()
            && let Some(node) = self.find(key)
        {
            self.wrong(
                key,
                node,
                "longer than that: without a bound clients could hold connections for ever",
                problems,
            );
            return None;
        }
        Some(duration)
    }

    /// Reads where to listen: `host:port`, `:port` (all interfaces) or `[v6]:port`.
    pub fn address(&mut self, key: &'static str, problems: &mut Problems) -> Option<Vec<Address>> {
        self.addresses(key, "", "host:port, :port, [v6]:port or unix:/path", problems)
    }

    /// Reads where to listen as RoadRunner writes it for other sockets than those of HTTP: `tcp://host:port` or
    /// `unix://path`; without the scheme as [`Section::address`].
    pub fn socket(&mut self, key: &'static str, problems: &mut Problems) -> Option<Vec<Address>> {
        self.addresses(key, "tcp://", "tcp://host:port or unix:///path", problems)
    }

    /// Reads addresses, in front of which `scheme` may stand.
    fn addresses(
        &mut self,
        key: &'static str,
        scheme: &str,
        expected: &str,
        problems: &mut Problems,
    ) -> Option<Vec<Address>> {
        let node = self.find(key)?;
        let text = match &node.value {
            Value::Null => return None,
            Value::Text(text) => text.as_str(),
            _ => "",
        };
        let addresses = value::addresses(text.strip_prefix(scheme).unwrap_or(text));
        if addresses.is_none() {
            self.wrong(key, node, expected, problems);
        }
        addresses
    }

    /// Ends the reading. Every key that is left in a section at this point is one that the table of keys calls honoured:
    /// one that nobody asked for is a defect of ours, and is said.
    pub fn finish(self, problems: &mut Problems) {
        for entry in self.entries {
            if !self.known.contains(&entry.key.as_str()) {
                problems.add(format!("{}{}", self.path, entry.key), entry.at.clone(), "is known, but nothing reads it");
            }
        }
    }
}

fn entries<'a>(node: &'a Node, path: &str, problems: &mut Problems) -> &'a [Entry] {
    match &node.value {
        Value::Map(entries) => entries,
        Value::Null => &[],
        other => {
            let message = format!("is {}, but must be a section of keys", other.describe());
            let key = if path.is_empty() { "the file" } else { path.trim_end_matches('.') };
            problems.add(key, node.at.clone(), message);
            &[]
        }
    }
}
