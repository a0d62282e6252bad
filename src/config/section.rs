//! A section being read: hands out checked values, remembers what was asked for, and reports the rest as unknown.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    ops::RangeInclusive,
    time::Duration,
};

use super::{Document, Node, Problems, Value};

/// Similarity (Jaro-Winkler) from which a known key is offered for an unknown one.
const SIMILAR: f64 = 0.75;

/// A section being read.
#[derive(Debug)]
pub struct Section<'a> {
    /// Path of its keys: empty, or ending in a dot.
    path: String,
    /// Line of the section.
    line: usize,
    entries: &'a [(String, usize, Node)],
    /// Keys that were asked for, in the file or not.
    known: Vec<&'static str>,
}

// === impl Section ===

impl<'a> Section<'a> {
    /// Starts at the top of a document. An empty one is a section without keys.
    pub fn root(document: &'a Document, problems: &mut Problems) -> Self {
        let root = &document.root;
        Self { path: String::new(), line: root.line, entries: entries(root, "", problems), known: Vec::new() }
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|(name, ..)| name == key).map(|(.., node)| node)
    }

    fn wrong(&self, key: &str, node: &Node, expected: &str, problems: &mut Problems) {
        problems.add(
            format!("{}{key}", self.path),
            node.line,
            format!("is {}, but must be {expected}", node.value.describe()),
        );
    }

    /// Reports a key that must stand here and does not.
    pub fn missing(&self, key: &'static str, problems: &mut Problems) {
        problems.add(format!("{}{key}", self.path), self.line, "is required here");
    }

    /// Knows a key without reading it.
    pub fn any(&mut self, key: &'static str) {
        self.find(key);
    }

    /// Reads a section within this one.
    pub fn section(&mut self, key: &'static str, problems: &mut Problems) -> Option<Section<'a>> {
        let node = self.find(key)?;
        let path = format!("{}{key}.", self.path);
        Some(Section { line: node.line, entries: entries(node, &path, problems), path, known: Vec::new() })
    }

    /// Reads text; numbers and booleans are taken as they are written. Returns its line, too.
    pub fn text(&mut self, key: &'static str, problems: &mut Problems) -> Option<(String, usize)> {
        let node = self.find(key)?;
        let text = node.value.as_text();
        if text.is_none() && node.value != Value::Null {
            self.wrong(key, node, "text", problems);
        }
        text.map(|text| (text, node.line))
    }

    /// Reads `true` or `false`; the words as text are taken, too.
    pub fn boolean(&mut self, key: &'static str, problems: &mut Problems) -> Option<bool> {
        let node = self.find(key)?;
        let flag = match &node.value {
            Value::Null => return None,
            Value::Bool(flag) => Some(*flag),
            Value::Text(text) => text.to_lowercase().parse().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.wrong(key, node, "true or false", problems);
        }
        flag
    }

    /// Reads a list of texts; a single text is a list of one.
    pub fn texts(&mut self, key: &'static str, problems: &mut Problems) -> Option<Vec<String>> {
        let node = self.find(key)?;
        let texts = match &node.value {
            Value::Null => return None,
            Value::List(items) => items.iter().map(|item| item.value.as_text()).collect(),
            value => value.as_text().map(|text| vec![text]),
        };
        if texts.is_none() {
            self.wrong(key, node, "text, or a list of texts", problems);
        }
        texts
    }

    /// Reads a section of free names with a section each, in the file's order.
    pub fn sections(&mut self, key: &'static str, problems: &mut Problems) -> Vec<(String, Section<'a>)> {
        let Some(Section { path, entries: outer, .. }) = self.section(key, problems) else { return Vec::new() };
        let inner = |(name, _, node): &'a (String, usize, Node)| {
            let path = format!("{path}{name}.");
            let entries = entries(node, &path, problems);
            (name.clone(), Section { line: node.line, entries, path, known: Vec::new() })
        };
        outer.iter().map(inner).collect()
    }

    /// Reads one of a few words, regardless of case.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
        problems: &mut Problems,
    ) -> Option<T> {
        let node = self.find(key)?;
        if let Value::Text(text) = &node.value
            && let Some((_, choice)) = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(text))
        {
            return Some(*choice);
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        self.wrong(key, node, &format!("one of {}", words.join(", ")), problems);
        None
    }

    /// Reads a whole number within `range`.
    pub fn integer(&mut self, key: &'static str, range: RangeInclusive<u64>, problems: &mut Problems) -> Option<u64> {
        let node = self.find(key)?;
        let number = match &node.value {
            Value::Null => return None,
            Value::Integer(number) => u64::try_from(*number).ok(),
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

    /// Reads a duration as Go writes it: `300ms`, `60s`, `1m30s`, `1.5h`.
    pub fn duration(&mut self, key: &'static str, problems: &mut Problems) -> Option<Duration> {
        let node = self.find(key)?;
        let duration = match &node.value {
            Value::Null => return None,
            Value::Integer(0) => Some(Duration::ZERO),
            Value::Text(text) => duration(text),
            _ => None,
        };
        if duration.is_none() {
            self.wrong(key, node, "a duration with its unit, such as 300ms, 60s or 1m30s", problems);
        }
        duration
    }

    /// Reads where to listen: `host:port`, `:port` (all interfaces) or `[v6]:port`.
    pub fn address(&mut self, key: &'static str, problems: &mut Problems) -> Option<Vec<SocketAddr>> {
        let node = self.find(key)?;
        let text = match &node.value {
            Value::Null => return None,
            Value::Text(text) => text.as_str(),
            _ => "",
        };
        let addresses = addresses(text);
        if addresses.is_none() {
            self.wrong(key, node, "host:port, :port or [v6]:port", problems);
        }
        addresses
    }

    /// Ends the reading: every key that nobody asked for is unknown, but for those that start with `x-`.
    pub fn finish(self, problems: &mut Problems) {
        for (key, line, _) in self.entries {
            if self.known.contains(&key.as_str()) || key.starts_with("x-") {
                continue;
            }
            let nearest = self
                .known
                .iter()
                .map(|known| (strsim::jaro_winkler(known, &key.to_lowercase()), known))
                .filter(|(similarity, _)| *similarity >= SIMILAR)
                .max_by(|one, other| one.0.total_cmp(&other.0));
            let hint = match nearest {
                Some((_, known)) => format!("did you mean {}{known}?", self.path),
                None => format!("known here: {}", self.known.join(", ")),
            };
            problems.add(format!("{}{key}", self.path), *line, format!("is not a known key; {hint}"));
        }
    }
}

fn entries<'a>(node: &'a Node, path: &str, problems: &mut Problems) -> &'a [(String, usize, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        Value::Null => &[],
        other => {
            let message = format!("is {}, but must be a section of keys", other.describe());
            let key = if path.is_empty() { "the file" } else { path.trim_end_matches('.') };
            problems.add(key, node.line, message);
            &[]
        }
    }
}

fn addresses(text: &str) -> Option<Vec<SocketAddr>> {
    if let Some(port) = text.strip_prefix(':') {
        let port = port.parse().ok()?;
        return Some(vec![SocketAddr::from(([0, 0, 0, 0], port))]);
    }
    // `localhost` may have an address of each family.
    let addresses: Vec<_> = text.to_socket_addrs().ok()?.collect();
    (!addresses.is_empty()).then_some(addresses)
}

/// Parses a duration by the rules of Go's `time.ParseDuration`; negative ones are refused.
fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        rest = &rest[unit..];
        total += number * seconds;
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(total).ok()).flatten()
}
