//! Overrides (`section.key=value`) and included files: values laid over those of a document.

use std::collections::HashMap;

use super::{At, Entry, Node, Problems, Source, Value, problem::Problem, yaml};

/// Sections within sections that an override may name.
const MAX_DEPTH: usize = 32;

/// Takes overrides apart that stand in one text: one a line, or, in a text of one line, with `;` between them.
pub fn split(text: &str) -> Vec<String> {
    let separator = if text.contains('\n') { '\n' } else { ';' };
    text.split(separator).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// Reads an override into a document of its own; `number` is its place among them, from 1.
///
/// # Errors
///
/// What is wrong with it.
pub(super) fn read(text: &str, number: usize) -> Result<Node, Problem> {
    let at = At { source: Source::Override, line: number };
    let (path, value) = parse(text).map_err(|message| Problem {
        key: String::new(),
        at: at.clone(),
        message: format!("{text:?} {message}"),
        lead: "",
    })?;
    let leaf = Node::new(value, at.clone());
    Ok(path.into_iter().rev().fold(leaf, |node, key| {
        let entry = Entry { key: key.to_owned(), at: at.clone(), node };
        Node::new(Value::Map(vec![entry]), at.clone())
    }))
}

/// Takes an override apart.
fn parse(text: &str) -> Result<(Vec<&str>, Value), String> {
    let form = "but must be <section>.<key>=<value>";
    // Quotes around the whole are what a shell or a file of settings may leave.
    let (path, value) = text
        .trim_start_matches([' ', '"', '\'', '`'])
        .split_once('=')
        .ok_or_else(|| format!("has no \"=\", {form}"))?;
    let (path, value) = (path.trim(), value.trim());
    if value.is_empty() {
        return Err(format!("has no value, {form}"));
    }
    let path: Vec<_> = path.split('.').collect();
    if path.iter().any(|part| part.is_empty() || part.contains(char::is_whitespace)) || path.len() > MAX_DEPTH {
        return Err(format!("names no key, {form}"));
    }
    Ok((path, scalar(value)))
}

/// Reads a value as YAML reads a scalar; what stands in quotes is text.
fn scalar(value: &str) -> Value {
    match value.chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => {
            Value::Text(value.trim_matches(quote).replace(&format!("\\{quote}"), &quote.to_string()))
        }
        _ => yaml::plain(value),
    }
}

/// Lays a document over another: its keys win, those that it does not have stay.
pub(super) fn merge(node: &mut Node, other: Node, path: &str, warnings: &mut Problems) {
    if other.value == Value::Null && other.at.source != Source::Override {
        // An empty section of a file says nothing.
        return;
    }
    if !matches!((&node.value, &other.value), (Value::Map(_), Value::Map(_))) {
        if node.at.source == Source::Override && other.at.source != Source::Override {
            let message = format!("has no effect: {} sets the key, which overrides do not reach", other.at);
            warnings.add(path, node.at.clone(), message);
        }
        *node = other;
        return;
    }
    let (Some(entries), Value::Map(others)) = (node.entries_mut(), other.value) else { return };
    let places = entries.iter().enumerate().map(|(index, entry)| (entry.key.to_lowercase(), index));
    let places: HashMap<_, _> = places.collect();
    for other in others {
        let Some(index) = places.get(&other.key.to_lowercase()) else {
            entries.push(other);
            continue;
        };
        let entry = &mut entries[*index];
        let dot = if path.is_empty() { "" } else { "." };
        merge(&mut entry.node, other.node, &format!("{path}{dot}{}", entry.key), warnings);
        entry.at = other.at;
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, scalar, split};
    use crate::config::Value;

    #[test]
    fn values_are_typed_as_yaml_types_them() {
        for (text, value) in [
            ("8", Value::Integer(8)),
            ("true", Value::Bool(true)),
            ("~", Value::Null),
            ("1.5", Value::Float(1.5)),
            ("30s", Value::Text("30s".to_owned())),
            ("a: b", Value::Text("a: b".to_owned())),
            ("\"8\"", Value::Text("8".to_owned())),
            ("'a\\'b'", Value::Text("a'b".to_owned())),
            ("`x`", Value::Text("x".to_owned())),
        ] {
            assert_eq!(scalar(text), value, "{text}");
        }
    }

    #[test]
    fn the_first_equals_sign_ends_the_key() {
        let (path, value) = parse(" server.command = php -d a=b worker.php ").unwrap();
        assert_eq!(path, ["server", "command"]);
        assert_eq!(value, Value::Text("php -d a=b worker.php".to_owned()));
    }

    #[test]
    fn several_stand_in_one_text() {
        assert_eq!(split("a=1;b.c=2 ; "), ["a=1", "b.c=2"]);
        assert_eq!(split("a=1;2\n b=3\n"), ["a=1;2", "b=3"]);
        assert_eq!(split(""), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_override_is_refused() {
        for (text, message) in [
            ("http", "has no \"=\""),
            ("http.address=", "has no value"),
            ("=8", "names no key"),
            ("a..b=8", "names no key"),
        ] {
            assert!(parse(text).unwrap_err().starts_with(message), "{text}");
        }
        assert!(parse(&("a.".repeat(100) + "a=1")).is_err());
    }
}
