//! The JSON Schema takes what the loader takes.
//!
//! The validator here knows the keywords that the schema uses, and fails on any other.

use std::fs;

use regex_lite::Regex;
use roadrunner::config::{Document, Loader, Node, Value};
use serde_json::{Map, Value as Json, json};

use super::files;

struct Schema(Json);

impl Schema {
    fn load() -> Self {
        Self(serde_json::from_str(&fs::read_to_string("docs/config.schema.json").unwrap()).unwrap())
    }

    /// Returns the paths of what the schema does not allow.
    fn errors(&self, value: &Json) -> Vec<String> {
        let mut errors = Vec::new();
        self.check(&self.0, value, "", &mut errors);
        errors
    }

    fn allows(&self, schema: &Json, value: &Json) -> bool {
        let mut errors = Vec::new();
        self.check(schema, value, "", &mut errors);
        errors.is_empty()
    }

    fn check(&self, schema: &Json, value: &Json, path: &str, errors: &mut Vec<String>) {
        let keywords = match schema {
            Json::Object(keywords) => keywords,
            other => {
                return if *other == json!(false) {
                    errors.push(path.to_owned())
                };
            }
        };
        for (keyword, wanted) in keywords {
            let holds = match keyword.as_str() {
                "$ref" => {
                    let name = wanted.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                    self.allows(&self.0["$defs"][name], value)
                }
                "type" => types(wanted).iter().any(|name| is(name, value)),
                "enum" => wanted.as_array().unwrap().contains(value),
                "anyOf" => wanted.as_array().unwrap().iter().any(|schema| self.allows(schema, value)),
                "pattern" => {
                    value.as_str().is_none_or(|text| Regex::new(wanted.as_str().unwrap()).unwrap().is_match(text))
                }
                "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
                "required" => {
                    let has = |name: &Json| value.get(name.as_str().unwrap()).is_some();
                    value.as_object().is_none_or(|_| wanted.as_array().unwrap().iter().all(has))
                }
                "items" => value.as_array().is_none_or(|items| items.iter().all(|item| self.allows(wanted, item))),
                "properties" => {
                    self.properties(keywords, value, path, errors);
                    true
                }
                "additionalProperties" if !keywords.contains_key("properties") => {
                    self.properties(keywords, value, path, errors);
                    true
                }
                "$schema"
                | "$defs"
                | "title"
                | "description"
                | "default"
                | "deprecated"
                | "patternProperties"
                | "additionalProperties" => true,
                other => panic!("the schema uses {other}, which is not known here"),
            };
            if !holds {
                errors.push(path.to_owned());
            }
        }
    }

    fn properties(&self, keywords: &Map<String, Json>, value: &Json, path: &str, errors: &mut Vec<String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let path = format!("{path}/{name}");
            let own = keywords.get("properties").and_then(|properties| properties.get(name));
            if own.is_none() && keywords.contains_key("patternProperties") && name.starts_with("x-") {
                continue;
            }
            self.check(own.unwrap_or(&keywords["additionalProperties"]), value, &path, errors);
        }
    }
}

fn types(wanted: &Json) -> Vec<&str> {
    match wanted {
        Json::Array(names) => names.iter().map(|name| name.as_str().unwrap()).collect(),
        name => vec![name.as_str().unwrap()],
    }
}

fn is(name: &str, value: &Json) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}

fn json_of(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Integer(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::List(items) => items.iter().map(json_of).collect(),
        Value::Map(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), json_of(&entry.node))).collect::<Map<_, _>>().into()
        }
    }
}

#[test]
fn files_that_are_understood_follow_the_schema() {
    let schema = Schema::load();
    let mut followed = 0;
    for path in files::files() {
        let text = fs::read_to_string(&path).unwrap();
        let understood = Loader { lenient: true, ..files::loader_of(&path) }.load().is_ok();
        let Ok(document) = Document::parse(&path, &text) else { continue };
        let errors = schema.errors(&json_of(&document.root));
        let named = path.file_name().unwrap().to_string_lossy().into_owned();
        if understood {
            assert_eq!(errors, Vec::<String>::new(), "{named}");
            followed += 1;
        } else if named.starts_with("broken-v") || named.starts_with("broken-ty") {
            assert!(errors.len() >= 5, "{named}: {errors:?}");
        }
    }
    assert!(followed >= if cfg!(feature = "toml") { 20 } else { 15 }, "{followed}");
}
