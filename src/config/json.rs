//! The configuration for other programs: what was said, as JSON, secrets masked.

use serde_json::Value as Json;

use super::{
    Effective, Value,
    print::{MASK, SECRETS, is_secret, without_credentials},
};

impl Effective {
    /// Returns what the configuration says as JSON. Secrets are masked.
    pub fn json(&self) -> String {
        json(&self.document.root.value, false).to_string()
    }
}

fn json(value: &Value, secret: bool) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Map(entries) => {
            let pair = |entry: &super::Entry| {
                // What users have is their passwords.
                let secret = secret || SECRETS.contains(&entry.key.as_str()) || is_secret(&entry.key);
                (entry.key.clone(), json(&entry.node.value, secret))
            };
            Json::Object(entries.iter().map(pair).collect())
        }
        Value::List(items) => items.iter().map(|item| json(&item.value, secret)).collect(),
        _ if secret => Json::from(MASK),
        Value::Text(text) => Json::from(without_credentials(text)),
        Value::Bool(flag) => Json::from(*flag),
        Value::Integer(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Loader;

    #[test]
    fn what_was_said_is_told_but_for_secrets() {
        let file = std::env::temp_dir().join(format!("rr-config-json-{}.yaml", std::process::id()));
        let text = "version: '3'\nserver: {command: php worker.php, env: [{DB_PASSWORD: hunter2, URL: 'a://u:p@h'}]}\n";
        std::fs::write(&file, text).unwrap();
        let loader = Loader { path: Some(file.clone()), ..Loader::default() };
        let json = loader.load().unwrap().effective.json();
        std::fs::remove_file(&file).unwrap();
        let expected = r#""server":{"command":"php worker.php","env":[{"DB_PASSWORD":"***","URL":"a://***@h"}]}"#;
        assert!(json.contains(expected), "{json}");
    }
}
