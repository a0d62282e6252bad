//! Environment variables in values: `$NAME`, `${NAME}`, `${NAME:-default}`.

use std::{fmt::Write as _, sync::Arc};

use super::{Node, Problems, Value};

/// Bytes that the variables of a configuration may add up to.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Puts variables into values.
pub(super) struct Expand<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    bytes: usize,
}

/// A text with its variables put in.
#[derive(Debug, Default, PartialEq)]
struct Expanded {
    text: String,
    /// Names, with commas.
    names: String,
    /// What is unusual about them.
    remarks: Vec<String>,
}

// === impl Expand ===

impl<'a> Expand<'a> {
    /// Takes what knows the variables.
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, bytes: 0 }
    }

    /// Puts variables into every text of a value. One that becomes empty is as if it were not there.
    ///
    /// `path` is the key's, for messages.
    pub(super) fn node(&mut self, node: &mut Node, path: &str, problems: &mut Problems, warnings: &mut Problems) {
        match &mut node.value {
            Value::Text(text) if text.contains('$') => {
                let expanded = self.text(text);
                for remark in expanded.remarks {
                    warnings.add(path, node.at.clone(), remark);
                }
                if self.bytes > MAX_BYTES {
                    problems.add(path, node.at.clone(), "names environment variables that are too long");
                }
                if !expanded.names.is_empty() {
                    node.variables = Some(Arc::from(expanded.names));
                }
                node.value = if expanded.text.is_empty() { Value::Null } else { Value::Text(expanded.text) };
            }
            Value::List(items) => items.iter_mut().for_each(|item| self.node(item, path, problems, warnings)),
            Value::Map(entries) => {
                for entry in entries {
                    let dot = if path.is_empty() { "" } else { "." };
                    let path = format!("{path}{dot}{}", entry.key);
                    self.node(&mut entry.node, &path, problems, warnings);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) -> Expanded {
        let mut expanded = Expanded::default();
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            let (before, after) = (&rest[..dollar], &rest[dollar + 1..]);
            expanded.text.push_str(before);
            rest = self.variable(after, &mut expanded);
        }
        expanded.text.push_str(rest);
        expanded
    }

    /// Reads what follows a `$`, and returns what follows that.
    fn variable<'text>(&mut self, after: &'text str, expanded: &mut Expanded) -> &'text str {
        if let Some(braced) = after.strip_prefix('{') {
            let Some((inside, rest)) = braced.split_once('}') else {
                expanded.remarks.push("has ${ without }, which is left out".to_owned());
                return braced;
            };
            let (name, default) =
                inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default)));
            self.put(name, default, expanded);
            return rest;
        }
        let end = match after.chars().next() {
            // As in a shell, these are names of their own.
            Some(first) if first.is_ascii_digit() || "*#$@!?-".contains(first) => 1,
            _ => after.find(|next: char| next != '_' && !next.is_ascii_alphanumeric()).unwrap_or(after.len()),
        };
        if end == 0 {
            expanded.text.push('$');
        } else {
            self.put(&after[..end], None, expanded);
        }
        &after[end..]
    }

    fn put(&mut self, name: &str, default: Option<&str>, expanded: &mut Expanded) {
        let value = (self.lookup)(name);
        let comma = if expanded.names.is_empty() { "" } else { ", " };
        let unset = if value.as_deref().is_none_or(str::is_empty) { " (not set)" } else { "" };
        let _ = write!(expanded.names, "{comma}{name}{unset}");
        if value.is_none() && default.is_none() {
            let remark = format!("names ${{{name}}}, which is not set and is read as empty");
            expanded.remarks.push(remark);
        }
        let value = value.filter(|value| !value.is_empty()).or_else(|| default.map(str::to_owned)).unwrap_or_default();
        self.bytes = self.bytes.saturating_add(value.len());
        if self.bytes <= MAX_BYTES {
            expanded.text.push_str(&value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expand, Expanded};

    fn expand(text: &str) -> Expanded {
        let lookup = |name: &str| match name {
            "NAME" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        Expand::new(&lookup).text(text)
    }

    #[test]
    fn variables_are_put_in() {
        for (text, expected) in [
            ("none", "none"),
            ("$NAME", "value"),
            ("${NAME}", "value"),
            ("${NAME:-other}", "value"),
            ("${UNSET:-other}", "other"),
            ("${EMPTY:-other}", "other"),
            ("${UNSET:-}", ""),
            ("${UNSET:-a:-b}", "a:-b"),
            ("tcp://$NAME:${UNSET:-80}/${NAME}x", "tcp://value:80/valuex"),
            ("$NAME-$NAME", "value-value"),
            ("$UNSET$EMPTY", ""),
            ("cost: 5$", "cost: 5$"),
            ("a $ b $/", "a $ b $/"),
            ("$é", "$é"),
            ("${}x", "x"),
            ("a${open", "aopen"),
            // As RoadRunner: `$` and a digit or a sign name a variable of a shell, which nobody sets.
            ("pa$$word", "paword"),
            ("pa$5word", "paword"),
        ] {
            assert_eq!(expand(text).text, expected, "{text}");
        }
    }

    #[test]
    fn what_is_unusual_is_said() {
        assert_eq!(expand("$UNSET").remarks, ["names ${UNSET}, which is not set and is read as empty"]);
        assert_eq!(expand("${NAME").remarks, ["has ${ without }, which is left out"]);
        assert_eq!(expand("$NAME ${UNSET:-x} $EMPTY").remarks, Vec::<String>::new());
        assert_eq!(expand("$NAME ${UNSET:-x}").names, "NAME, UNSET (not set)");
    }
}
