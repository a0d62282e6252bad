//! TOML into values.

use toml::de::{DeTable, DeValue};

use super::{At, Entry, Node, Problems, Source, Value};

/// Parses a document.
///
/// # Errors
///
/// Every place that is not TOML.
pub(super) fn parse(text: &str, source: &Source) -> Result<Node, Problems> {
    let lines = Lines::new(text);
    let at = |offset| At { source: source.clone(), line: lines.at(offset) };
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut problems = Problems::default();
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        problems.add("", at(offset), format!("is not valid TOML: {}", error.message()));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Node::new(section(table.into_inner(), &at), at(0)))
}

fn section(table: DeTable<'_>, at: &impl Fn(usize) -> At) -> Value {
    let mut entries: Vec<Entry> = table
        .into_iter()
        .map(|(key, value)| {
            let at_key = at(key.span().start);
            let span = value.span();
            let node = Node::new(node(value.into_inner(), at), at(span.start));
            Entry { key: key.into_inner().into_owned(), at: at_key, node }
        })
        .collect();
    entries.sort_by(|one, other| one.at.cmp(&other.at));
    Value::Map(entries)
}

fn node(value: DeValue<'_>, at: &impl Fn(usize) -> At) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_or_else(|_| Value::Text(number.as_str().to_owned()), Value::Integer)
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse();
            parsed.map_or_else(|_| Value::Text(number.as_str().to_owned()), Value::Float)
        }
        DeValue::Boolean(flag) => Value::Bool(flag),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Array(items) => {
            let item = |item: toml::Spanned<DeValue<'_>>| {
                let span = item.span();
                Node::new(node(item.into_inner(), at), at(span.start))
            };
            Value::List(items.into_iter().map(item).collect())
        }
        DeValue::Table(table) => section(table, at),
    }
}

/// Where the lines of a text start.
struct Lines(Vec<usize>);

// === impl Lines ===

impl Lines {
    fn new(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(offset, _)| offset + 1).collect())
    }

    /// Returns the line of a byte, from 1.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset) + 1
    }
}
