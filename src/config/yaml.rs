//! YAML and JSON into values, with bounds: what a small file expands to stays small.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::{At, Entry, Node, Problems, Source, Value};

/// Values in a document, those repeated by aliases included.
const MAX_NODES: usize = 100_000;
/// Sections within sections.
const MAX_DEPTH: usize = 64;

/// Parses one document.
///
/// # Errors
///
/// The first place that is not YAML, or every key that stands twice.
pub(super) fn parse(text: &str, source: &Source, language: &'static str) -> Result<Node, Problems> {
    let mut builder = Builder {
        events: Parser::new_from_str(text),
        source,
        language,
        anchors: HashMap::new(),
        path: Vec::new(),
        nodes: 0,
        doubled: Problems::default(),
    };
    let root = builder.document().map_err(|(line, message)| {
        let mut problems = Problems::default();
        problems.add("", At { source: source.clone(), line }, message);
        problems
    })?;
    if builder.doubled.is_empty() { Ok(root) } else { Err(builder.doubled) }
}

/// A line and what is wrong there.
type Failure = (usize, String);

struct Builder<'input> {
    events: Parser<'input, saphyr_parser::StrInput<'input>>,
    source: &'input Source,
    /// What the user calls the file's language.
    language: &'static str,
    /// Values that an alias may repeat, by the parser's number of the anchor.
    anchors: HashMap<usize, Node>,
    /// Keys of the sections that are being read.
    path: Vec<String>,
    nodes: usize,
    doubled: Problems,
}

// === impl Builder ===

impl<'input> Builder<'input> {
    fn next(&mut self) -> Result<(Event<'input>, usize), Failure> {
        match self.events.next() {
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(error)) => {
                Err((error.marker().line(), format!("is not valid {}: {}", self.language, error.info())))
            }
            None => Ok((Event::StreamEnd, 1)),
        }
    }

    fn at(&self, line: usize) -> At {
        At { source: self.source.clone(), line }
    }

    fn document(&mut self) -> Result<Node, Failure> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(root.unwrap_or(Node::new(Value::Null, self.at(1)))),
                (Event::DocumentStart(_), line) if root.is_some() => {
                    return Err((line, "a second document starts here, only one is read".to_owned()));
                }
                (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
                (event, line) => root = Some(self.node(event, line, 0)?),
            }
        }
    }

    fn node(&mut self, event: Event<'input>, line: usize, depth: usize) -> Result<Node, Failure> {
        self.count(line, 1)?;
        if depth > MAX_DEPTH {
            return Err((line, format!("is nested deeper than {MAX_DEPTH} levels")));
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => (scalar(&text, style, tag.as_deref()), anchor),
            Event::SequenceStart(anchor, _) => (self.list(depth)?, anchor),
            Event::MappingStart(anchor, _) => (self.map(depth)?, anchor),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err((line, "an alias stands inside its own anchor, or before it".to_owned()));
                };
                self.count(line, size(&node))?;
                return Ok(node);
            }
            _ => return Err((line, "something is missing here".to_owned())),
        };
        let node = Node::new(value, self.at(line));
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, line: usize, nodes: usize) -> Result<(), Failure> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err((
                line,
                format!("the file has more than {MAX_NODES} values, those repeated by aliases counted"),
            ));
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<Value, Failure> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, line) => items.push(self.node(event, line, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, Failure> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = HashSet::new();
        let mut merged = Vec::new();
        loop {
            let (key, key_line) = match self.next()? {
                (Event::MappingEnd, _) => break,
                (Event::Scalar(text, ..), line) => (text.into_owned(), line),
                (_, line) => return Err((line, "a key must be plain text".to_owned())),
            };
            let (event, line) = self.next()?;
            self.path.push(key);
            let node = self.node(event, line, depth + 1)?;
            let key = self.path.pop().unwrap_or_default();
            if key == "<<" {
                merged.push(node);
            } else if seen.insert(key.clone()) {
                entries.push(Entry { key, at: self.at(key_line), node });
            } else {
                let message = if self.doubled.is_full() {
                    String::new()
                } else {
                    let first = entries.iter().find(|entry| entry.key == key).map_or(1, |entry| entry.at.line);
                    format!("stands here a second time, first in line {first}")
                };
                let path = [self.path.as_slice(), &[key]].concat().join(".");
                self.doubled.add(path, self.at(key_line), message);
            }
        }
        for node in merged {
            merge(&mut entries, &mut seen, node)?;
        }
        Ok(Value::Map(entries))
    }
}

/// Adds what a merge key (`<<`) brings; keys of the section itself win.
fn merge(entries: &mut Vec<Entry>, seen: &mut HashSet<String>, node: Node) -> Result<(), Failure> {
    match node.value {
        Value::Map(others) => {
            entries.extend(others.into_iter().filter(|other| seen.insert(other.key.clone())));
            Ok(())
        }
        Value::List(nodes) => nodes.into_iter().try_for_each(|node| merge(entries, seen, node)),
        _ => Err((node.at.line, "only a section can be merged".to_owned())),
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|entry| size(&entry.node)).sum(),
        _ => 0,
    }
}

/// Reads a scalar by YAML 1.2's core schema (section 10.3.2).
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    if style != ScalarStyle::Plain || is_text { Value::Text(text.to_owned()) } else { plain(text) }
}

/// Reads a scalar without quotes.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let based = |prefix, base| text.strip_prefix(prefix).and_then(|digits| i64::from_str_radix(digits, base).ok());
    if let Some(number) = text.parse().ok().or_else(|| based("0x", 16)).or_else(|| based("0o", 8)) {
        return Value::Integer(number);
    }
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match text.parse() {
        Ok(number) if numeric && text.bytes().any(|byte| byte.is_ascii_digit()) => Value::Float(number),
        _ => Value::Text(text.to_owned()),
    }
}
