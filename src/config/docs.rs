//! The documentation that is made from the table of keys: the tables of `docs/config.md`, and the JSON Schema.
//!
//! The tests here fail if the files are not what the table makes; with `UPDATE=1` they write them.

use std::{fmt::Write as _, path::PathBuf};

use serde_json::{Map, Value as Json, json};

use super::keys::{self, Class, Key, Row};

/// Between these lines of `docs/config.md` stands what is made here.
const MARKS: [&str; 2] = ["<!-- made from the table of keys: make gen -->\n", "<!-- end -->\n"];
/// Longest line of the schema; what fits into it stands in one.
const WIDTH: usize = 160;

#[test]
fn config_md_is_made_from_the_table() {
    let path = file("config.md");
    let old = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = old.split_once(MARKS[0]).expect("docs/config.md must have the first mark");
    let (_, after) = rest.split_once(MARKS[1]).expect("docs/config.md must have the second mark");
    same(&path, &old, &format!("{before}{}\n{}{}{after}", MARKS[0], tables(), MARKS[1]));
}

#[test]
fn the_schema_is_made_from_the_table() {
    let path = file("config.schema.json");
    let mut text = String::new();
    write(&mut text, &schema(), 0);
    same(&path, &std::fs::read_to_string(&path).unwrap_or_default(), &(text + "\n"));
}

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "docs", name].iter().collect()
}

#[track_caller]
fn same(path: &PathBuf, old: &str, new: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, new).unwrap();
    } else {
        assert!(old == new, "{} is not what the table of keys makes; run: make gen", path.display());
    }
}

// === the tables ===

fn tables() -> String {
    let mut text = String::new();
    text += "## Honoured keys\n";
    for key in keys::table().keys.iter().filter(|key| key.has(Class::Honoured)) {
        let _ = write!(text, "\n### `{}`\n\n| key | type | default | meaning |\n|---|---|---|---|\n", key.name);
        key.each(&mut |row| {
            if row.class == Class::Honoured {
                let _ = writeln!(
                    text,
                    "| `{}`{} | {} | {} | {} |",
                    row.path,
                    if row.required { " (required)" } else { "" },
                    kind(row),
                    default(row),
                    meaning(row)
                );
            }
        });
    }
    text +=
        "\n## Keys whose 0 or absence means something else than in RoadRunner\n\n| key | 0 or absent |\n|---|---|\n";
    each(|row| {
        if !row.zero.is_empty() {
            let _ = writeln!(text, "| `{}` | {} |", row.path, row.zero);
        }
    });
    for (class, title, column) in
        [(Class::Idle, "Accepted, without effect", "why"), (Class::Unsupported, "Not supported", "instead")]
    {
        let _ = write!(text, "\n## {title}\n\n| key | {column} |\n|---|---|\n");
        each(|row| {
            if row.class == class {
                let _ = writeln!(text, "| `{}` | {} |", row.path, row.text);
            }
        });
    }
    text += "\n## Not supported yet\n\nWith RoadRunner's defaults; what *group* means stands below.\n\n";
    text += "| section | keys |\n|---|---|\n";
    let keys::Written { blocks, rows } = keys::written();
    for section in keys::table().keys.iter().filter(|key| key.has(Class::Later)) {
        let prefix = format!("{}.", section.name);
        let of_section = |row: &&Row| row.path == section.name || row.path.starts_with(&prefix);
        let rows = rows.iter().filter(|row| row.class == Class::Later).filter(of_section);
        let names: Vec<_> = rows.map(|row| brief(row, row.path.strip_prefix(&prefix).unwrap_or_default())).collect();
        let _ = writeln!(text, "| `{}` | {} |", section.name, names.join(", "));
    }
    text += "\n| group | keys |\n|---|---|\n";
    for (name, rows) in blocks.iter().filter(|(name, _)| name != "log") {
        let names: Vec<_> = rows.iter().map(|row| brief(row, &row.path)).collect();
        let _ = writeln!(text, "| {name} | {} |", names.join(", "));
    }
    text + "\n"
}

/// Names a key that is not supported yet.
fn brief(row: &Row, path: &str) -> String {
    let code = if path.is_empty() { String::new() } else { format!("`{path}`") };
    let space = if path.is_empty() { "" } else { " " };
    match (row.kind.strip_prefix('@'), row.default.as_str()) {
        (Some(group), _) => format!("{code}{space}*{group}*"),
        (None, "") if path.is_empty() => "everything".to_owned(),
        (None, "") => code,
        (None, default) => format!("{code} = {default}"),
    }
}

fn each(mut visit: impl FnMut(&'static Row)) {
    keys::table().each(&mut visit);
}

fn kind(row: &Row) -> String {
    let words = |text: &str| text.split('|').map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match row.kind.split(' ').next().unwrap_or_default() {
        "int" => row.kind.replacen("int", "whole number", 1).replace("..", " to "),
        "float" => row.kind.replacen("float", "number", 1).replace("..", " to "),
        "some" => {
            let known = row.kind.trim_start_matches("some ").split('|');
            format!(
                "list of {}",
                words(&known.filter(|word| !word.starts_with(['(', '['])).collect::<Vec<_>>().join("|"))
            )
        }
        "subnets" => "list of `address/bits`".to_owned(),
        "bool" => "`true`, `false`".to_owned(),
        "texts" => "list of texts".to_owned(),
        "floats" => "list of numbers".to_owned(),
        "numbers" => "numbers and numbers".to_owned(),
        "map" => "names and texts".to_owned(),
        "command" => "command line".to_owned(),
        "mode" => "octal digits".to_owned(),
        "path" => "path that begins with `/`".to_owned(),
        kind if kind.contains('|') => words(kind),
        kind => kind.to_owned(),
    }
}

fn default(row: &Row) -> String {
    match row.default_value() {
        Some(value) => format!("`{value}`"),
        None if row.default.is_empty() => "–".to_owned(),
        None => row.default.trim_matches(['(', ')']).to_owned(),
    }
}

fn meaning(row: &Row) -> String {
    let difference = if row.difference.is_empty() { String::new() } else { format!(" RoadRunner: {}", row.difference) };
    format!("{}{difference}", row.text)
}

// === the schema ===

/// Returns the JSON Schema of the configuration.
pub(super) fn schema() -> Json {
    let Json::Object(mut top) = section(keys::table()) else { unreachable!("a section must be an object") };
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("Configuration of the server (.rr.yaml)"));
    schema.append(&mut top);
    schema.insert("$defs".to_owned(), definitions());
    Json::Object(schema)
}

fn definitions() -> Json {
    let variable = json!({"type": "string", "pattern": "\\$"});
    let scalar = json!({"type": ["string", "number", "boolean", "null"]});
    json!({
        "variable": variable,
        "text": scalar,
        "bool": {"anyOf": [{"enum": [true, false, 0, 1, null]}, {"enum": ["true", "false"]}, variable]},
        "int": {"anyOf": [{"type": ["integer", "null"]}, {"type": "string", "pattern": "^-?[0-9]+$|\\$"}]},
        "float": {"anyOf": [{"type": ["number", "null"]}, {"type": "string", "pattern": "^[0-9.]+$|\\$"}]},
        "duration": {"anyOf": [
            {"enum": [0, null]},
            {"type": "string", "pattern": "^([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$|\\$"},
        ]},
        "address": {"type": ["string", "null"], "pattern": "^unix:|:[0-9]+$|\\$"},
        "mode": {"type": ["string", "null"], "pattern": "^[0-7]{1,4}$|\\$"},
        "path": {"type": ["string", "null"], "pattern": "^/|\\$"},
        "texts": {"anyOf": [scalar, {"type": "array", "items": scalar}]},
        "floats": {"anyOf": [{"type": "array", "items": {"type": ["number", "string"]}}, {"type": ["number", "string", "null"]}]},
        "numbers": {"type": ["object", "null"], "additionalProperties": {"type": ["number", "string"]}},
        "map": {"anyOf": [
            {"type": "null"},
            {"type": "object", "additionalProperties": scalar},
            {"type": "array", "items": {"type": "object", "additionalProperties": scalar}},
        ]},
        "command": {"anyOf": [scalar, {"type": "array", "items": scalar}]},
    })
}

fn section(key: &Key) -> Json {
    if let Some(row) = &key.row {
        return leaf(row);
    }
    if let [items] = &*key.keys
        && items.name == "[]"
    {
        return json!({"type": ["array", "null"], "items": section(items)});
    }
    let named = |key: &&Key| key.name != "*";
    let properties: Map<_, _> = key.keys.iter().filter(named).map(|key| (key.name.clone(), section(key))).collect();
    let free = key.keys.iter().find(|key| key.name == "*").map_or(Json::Bool(false), section);
    let mut object = Map::new();
    object.insert("type".to_owned(), json!(["object", "null"]));
    if !properties.is_empty() {
        object.insert("properties".to_owned(), Json::Object(properties));
    }
    let required: Vec<_> = key.keys.iter().filter(|key| key.row.as_ref().is_some_and(|row| row.required)).collect();
    if !required.is_empty() {
        object.insert("required".to_owned(), required.iter().map(|key| key.name.clone()).collect());
    }
    object.insert("patternProperties".to_owned(), json!({"^x-": {}}));
    object.insert("additionalProperties".to_owned(), free);
    Json::Object(object)
}

fn leaf(row: &Row) -> Json {
    let mut object = Map::new();
    let mut words = row.kind.split(' ');
    match (words.next().unwrap_or_default(), words.next().and_then(|range| range.split_once(".."))) {
        ("any", _) => {}
        (kind @ ("int" | "float"), Some((least, most))) => {
            let (least, most): (i64, i64) = (least.parse().unwrap(), most.parse().unwrap());
            object.insert("$ref".to_owned(), json!(format!("#/$defs/{kind}")));
            object.insert("minimum".to_owned(), json!(least));
            object.insert("maximum".to_owned(), json!(most));
        }
        ("some" | "subnets", _) => {
            object.insert("$ref".to_owned(), json!("#/$defs/texts"));
        }
        (kind, _) if kind.contains('|') => {
            let words: Vec<_> = kind.split('|').map(|word| json!(word)).collect();
            let numbers = kind.split('|').filter_map(|word| word.parse::<serde_json::Number>().ok()).map(Json::Number);
            let all: Vec<_> = words.into_iter().chain(numbers).chain([Json::Null]).collect();
            object.insert("anyOf".to_owned(), json!([{"enum": all}, {"$ref": "#/$defs/variable"}]));
        }
        (kind, _) => {
            object.insert("$ref".to_owned(), json!(format!("#/$defs/{kind}")));
        }
    }
    let description = match row.class {
        Class::Honoured => meaning(row),
        Class::Idle => format!("No effect: {}", row.text),
        Class::Unsupported => format!("Not supported. {}", row.text),
        Class::Later => "Not supported yet.".to_owned(),
    };
    object.insert("description".to_owned(), json!(description));
    if let (Class::Honoured, Some(default)) = (row.class, row.default_value()) {
        let default = default.parse::<serde_json::Number>().map_or_else(|_| json!(default), Json::Number);
        object.insert("default".to_owned(), if row.kind == "bool" { json!(row.default == "true") } else { default });
    }
    if row.class != Class::Honoured {
        object.insert("deprecated".to_owned(), json!(true));
    }
    Json::Object(object)
}

/// Writes JSON; what fits into a line stands in one.
fn write(text: &mut String, value: &Json, depth: usize) {
    let Json::Object(entries) = value else {
        text.push_str(&value.to_string());
        return;
    };
    let line = value.to_string();
    if line.len() + depth * 2 <= WIDTH {
        text.push_str(&line);
        return;
    }
    text.push_str("{\n");
    for (index, (key, value)) in entries.iter().enumerate() {
        let comma = if index == 0 { "" } else { ",\n" };
        let _ = write!(text, "{comma}{:indent$}{}: ", "", json!(key), indent = (depth + 1) * 2);
        self::write(text, value, depth + 1);
    }
    let _ = write!(text, "\n{:indent$}}}", "", indent = depth * 2);
}
