//! A document against the table of keys: afterwards it holds honoured keys only.

use std::{cmp::Reverse, collections::HashMap};

use super::{
    At, Document, Entry, Node, Problems, Value,
    keys::{self, Class, Key, Row},
    problem::Problem,
};

/// Similarity (Jaro-Winkler) from which a known key is offered for an unknown one.
const SIMILAR: f64 = 0.75;
/// Keys that are listed at most when none is similar.
const LISTED: usize = 12;

/// Looks at every key of a document: what is wrong is added to `problems`, what only has no effect to `warnings`.
pub(super) struct Check<'a> {
    /// Whether keys that are not supported are only warned of.
    pub(super) lenient: bool,
    pub(super) problems: &'a mut Problems,
    pub(super) warnings: &'a mut Problems,
}

// === impl Check ===

impl Check<'_> {
    /// Looks at a document and leaves the honoured keys in it, spelled as in the table.
    pub(super) fn document(&mut self, document: &mut Document) {
        self.section(&mut document.root, keys::table(), "");
    }

    fn section(&mut self, node: &mut Node, key: &'static Key, path: &str) {
        match &mut node.value {
            Value::Map(entries) => {
                let mut seen = HashMap::new();
                entries.retain_mut(|entry| self.keep(entry, key, path) && self.once(entry, &mut seen, path));
            }
            Value::List(items) if key.keys.first().is_some_and(|key| key.name == "[]") => {
                for item in items {
                    self.section(item, &key.keys[0], path);
                }
            }
            // Whoever reads it says that it is not a section.
            _ => {}
        }
    }

    /// Returns whether the entry is the first of its name, and remembers it.
    fn once(&mut self, entry: &Entry, seen: &mut HashMap<String, At>, path: &str) -> bool {
        let first = seen.get(&entry.key);
        if let Some(first) = first {
            let message = format!("stands here a second time, first in {first}");
            self.problems.add(format!("{path}{}", entry.key), entry.at.clone(), message);
            return false;
        }
        seen.insert(entry.key.clone(), entry.at.clone());
        true
    }

    /// Returns whether the entry is honoured.
    fn keep(&mut self, entry: &mut Entry, section: &'static Key, path: &str) -> bool {
        let fixed = section.keys.iter().any(|key| entry.is(&key.name));
        if !fixed && entry.key.starts_with("x-") {
            return false;
        }
        let Some(key) = section.find(&entry.key) else {
            self.unknown(entry, section, path);
            return false;
        };
        if key.name != "*" {
            entry.key.clone_from(&key.name);
        }
        let path = format!("{path}{}", entry.key);
        match &key.row {
            Some(row) => self.leaf(entry, row, path),
            None if key.has(Class::Honoured) => {
                self.section(&mut entry.node, key, &format!("{path}."));
                true
            }
            None => {
                if key.has(Class::Later) && !is_off(&entry.node, key) {
                    self.not_yet(path.clone(), entry.at.clone());
                    self.unknown_within(&entry.node, key, &format!("{path}."));
                } else {
                    self.section(&mut entry.node, key, &format!("{path}."));
                }
                false
            }
        }
    }

    fn leaf(&mut self, entry: &mut Entry, row: &'static Row, path: String) -> bool {
        let at = entry.at.clone();
        match row.class {
            Class::Honoured => {
                if let Some(words) = row.kind.strip_prefix("some ") {
                    self.words(&mut entry.node, words, &path);
                }
                return true;
            }
            Class::Idle => self.warnings.add(path, at, format!("has no effect: {}", sentence(row))),
            Class::Unsupported => {
                let message = format!("; {}", sentence(row));
                self.refuse(Problem { key: path, at, message, lead: "not supported: " });
            }
            Class::Later if is_default_off(&entry.node, row) => {}
            Class::Later => self.not_yet(path, at),
        }
        false
    }

    /// Looks at a list of words, and leaves those that are supported in it.
    fn words(&mut self, node: &mut Node, known: &'static str, path: &str) {
        let at = node.at.clone();
        match &mut node.value {
            Value::List(items) => items
                .retain(|item| item.value.as_text().is_none_or(|word| self.keep_word(&word, known, path, &item.at))),
            Value::Text(text) => {
                let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                let kept: Vec<_> = words.filter(|word| self.keep_word(word, known, path, &at)).collect();
                *text = kept.join(",");
            }
            // Whoever reads it says that it is no list.
            _ => {}
        }
    }

    /// Returns whether a word is supported.
    fn keep_word(&mut self, word: &str, known: &'static str, path: &str, at: &At) -> bool {
        let bare = |known: &'static str| known.trim_matches(['(', ')', '[', ']']);
        let lead = match known.split('|').find(|known| bare(known) == word).and_then(|known| known.chars().next()) {
            None => None,
            Some('(') => Some("not supported yet: "),
            Some('[') => Some("not supported: "),
            Some(_) => return true,
        };
        if let Some(lead) = lead {
            self.refuse(Problem { key: path.to_owned(), at: at.clone(), message: format!(": {word}"), lead });
            return false;
        }
        let names = known.split('|').map(bare);
        let rest = match nearest(word, names.clone()) {
            Some(known) => format!("did you mean {known}?"),
            None => format!("known here: {}", names.collect::<Vec<_>>().join(", ")),
        };
        self.problems.add(path, at.clone(), format!("has {word:?}, which is not known; {rest}"));
        false
    }

    fn not_yet(&mut self, key: String, at: At) {
        self.refuse(Problem { key, at, message: String::new(), lead: "not supported yet: " });
    }

    fn refuse(&mut self, problem: Problem) {
        if self.lenient { self.warnings.push(problem) } else { self.problems.push(problem) }
    }

    fn unknown(&mut self, entry: &Entry, section: &Key, path: &str) {
        // What is not shown is not worth a search for its neighbours.
        let message = if self.problems.is_full() { String::new() } else { unknown(&entry.key, section, path) };
        self.problems.add(format!("{path}{}", entry.key), entry.at.clone(), message);
    }

    /// Reports the unknown keys of a section whose known ones are not worth a word each.
    fn unknown_within(&mut self, node: &Node, section: &Key, path: &str) {
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    match section.find(&entry.key) {
                        Some(key) => self.unknown_within(&entry.node, key, &format!("{path}{}.", entry.key)),
                        None if section.row.is_some() || entry.key.starts_with("x-") => {}
                        None => self.unknown(entry, section, path),
                    }
                }
            }
            Value::List(items) => {
                let items_of = section.keys.iter().find(|key| key.name == "[]");
                for (item, key) in items.iter().zip(items_of.iter().cycle()) {
                    self.unknown_within(item, key, path);
                }
            }
            _ => {}
        }
    }
}

/// Returns whether all that the section says is what is the case without it.
fn is_off(node: &Node, section: &Key) -> bool {
    match (&node.value, &section.row) {
        (Value::Null, _) => true,
        (_, Some(row)) => row.class == Class::Idle || is_default_off(node, row),
        (Value::Map(entries), None) => {
            entries.iter().all(|entry| section.find(&entry.key).is_some_and(|key| is_off(&entry.node, key)))
        }
        _ => false,
    }
}

/// Returns whether the value is the default, and that is "off".
fn is_default_off(node: &Node, row: &Row) -> bool {
    let value = match &node.value {
        Value::Null => return true,
        Value::List(items) if items.is_empty() => "[]".to_owned(),
        Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Text(text) if text.is_empty() => return true,
        value => value.as_text().unwrap_or_default(),
    };
    match row.default.as_str() {
        "0s" => matches!(value.as_str(), "0" | "0s" | "0ms" | "0m" | "0h"),
        off @ ("false" | "0" | "[]" | "{}") => value == off,
        _ => false,
    }
}

/// Returns the known name that is most similar to `name`, if one is.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .map(|known| (strsim::jaro_winkler(&known.to_lowercase(), &lower), known))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| known)
}

/// Continues the sentence about a key that nobody knows.
fn unknown(name: &str, section: &Key, path: &str) -> String {
    let known: Vec<_> = section.keys.iter().map(|key| key.name.as_str()).collect();
    if let Some(known) = nearest(name, known.iter().copied()) {
        return format!("is not a known key; did you mean {path}{known}?");
    }
    if let Some(elsewhere) = elsewhere(name, path) {
        return format!("is not a known key; did you mean {elsewhere}?");
    }
    let honoured: Vec<_> = section.keys.iter().filter(|key| key.has(Class::Honoured)).map(|key| &*key.name).collect();
    let known = if honoured.is_empty() { known } else { honoured };
    let more = if known.len() > LISTED { ", …" } else { "" };
    format!("is not a known key; known here: {}{more}", known[..known.len().min(LISTED)].join(", "))
}

/// Returns the path of a key of this name in another section: rather an honoured one, then one near `path`, then a short
/// one.
fn elsewhere(name: &str, path: &str) -> Option<String> {
    let mut found = Vec::new();
    search(keys::table(), name, "", &mut found);
    let near = |other: &str| other.split('.').zip(path.split('.')).take_while(|(one, two)| one == two).count();
    found
        .into_iter()
        .min_by_key(|(honoured, other)| (!honoured, Reverse(near(other)), other.matches('.').count()))
        .map(|(_, other)| other)
}

fn search(section: &Key, name: &str, path: &str, found: &mut Vec<(bool, String)>) {
    for key in &section.keys {
        if key.name.eq_ignore_ascii_case(name) && !path.is_empty() {
            found.push((key.has(Class::Honoured), format!("{path}{}", key.name)));
        }
        search(key, name, &format!("{path}{}.", key.name), found);
    }
}

/// Returns the text of a row to follow a colon.
fn sentence(row: &Row) -> String {
    let text = row.text.trim_end_matches('.');
    let first = text.chars().next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    // A name stays as it is.
    if text.starts_with("RoadRunner") { text.to_owned() } else { first + text.get(1..).unwrap_or_default() }
}
