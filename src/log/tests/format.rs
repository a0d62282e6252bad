use std::error::Error;

use serde_json::{Value, json};
use tracing::{debug, error, info, warn};

use super::{Directory, logged, read};
use crate::log::Attributes;

/// What is written to a file by `settings`.
fn written(settings: &str, inside: impl FnOnce()) -> String {
    let directory = Directory::new();
    let file = directory.file("log");
    logged(&format!("{{output: {}, {settings}}}", file.display()), |_| inside());
    // A channel that writes nothing opens nothing.
    if file.exists() { read(&file) } else { String::new() }
}

fn objects(settings: &str, inside: impl FnOnce()) -> Vec<Value> {
    written(settings, inside).lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[test]
fn each_form_has_its_line() {
    let entry = || warn!(target: "app", count = 3, name = "a b", path = "/x", "Something odd");
    for (settings, expected) in [
        ("format: '%message%'", "Something odd\n"),
        ("mode: raw", "Something odd\n"),
        ("mode: none", ""),
        ("mode: 'off'", ""),
        ("format: '%level% %logger% %message% %attrs%'", "WARN app Something odd count=3 name=\"a b\" path=/x\n"),
        ("format: '[%attrs%] 100% %unknown% %logger'", "[count=3 name=\"a b\" path=/x] 100% %unknown% %logger\n"),
        ("format: '%source_file%|%source_func%'", "src/log/tests/format.rs|roadrunner::log::tests::format\n"),
        ("format: '%level%', line_ending: \"\\r\\n\"", "WARN\r\n"),
        ("format: '%level%', skip_line_ending: true", "WARN"),
        ("mode: raw, level: error", ""),
    ] {
        assert_eq!(written(settings, entry), expected, "{settings}");
    }
    let console = written("time_format: '2006'", entry);
    let (year, rest) = console.split_once(' ').unwrap();
    assert_eq!((year.len(), rest), (4, "WARN  app    Something odd count=3 name=\"a b\" path=/x\n"));
    let console = written("mode: development", entry);
    let (time, _) = console.split_once(' ').unwrap();
    assert!(time.len() == "2026-01-31T15:04:05.000Z".len() && time.ends_with('Z'), "{console}");
}

#[test]
fn json_has_the_keys_of_roadrunner() {
    let failure: Box<dyn Error> = "out of\nluck".into();
    let entries = objects("mode: production", || {
        info!(target: "http", count = -1, many = u64::MAX, share = 0.5, yes = true, error = %failure, "Done");
        warn!(target: "http", never = f64::NAN, none = None::<&str>, debug = ?Some("x"), "Odd");
    });
    let ts = entries[0]["ts"].as_u64().expect("nanoseconds");
    assert!(ts > 1_600_000_000_000_000_000, "{ts}");
    assert_eq!(
        entries[0],
        json!({"level": "info", "ts": ts, "logger": "http", "msg": "Done", "count": -1, "many": u64::MAX,
               "share": 0.5, "yes": true, "error": "out of\nluck"})
    );
    assert_eq!(
        entries[1],
        json!({"level": "warn", "ts": entries[1]["ts"], "logger": "http", "msg": "Odd", "never": "NaN",
               "debug": "Some(\"x\")"})
    );
    let entries = objects("encoding: json, time_format: '2006'", || info!("Then"));
    assert_eq!(entries[0]["ts"].as_str().map(str::len), Some(4));
}

#[test]
fn attributes_are_fields_whose_names_are_known_late() {
    let pairs = [("user", "a b"), ("msg", "forged")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let say = || {
        let attributes = Attributes::new(pairs.clone());
        let attributes = attributes.as_field();
        warn!(target: "app", attributes, count = 1, "Said");
    };
    assert_eq!(written("format: '%message% %attrs%'", say), "Said user=\"a b\" msg_=forged count=1\n");
    let entry = &objects("mode: production", say)[0];
    assert_eq!((&entry["msg"], &entry["user"], &entry["msg_"]), (&json!("Said"), &json!("a b"), &json!("forged")));
}

#[test]
fn hostile_content_stays_in_its_entry() {
    let all: String = ('\0'..='\u{2100}').collect();
    let forged = "a\r\n2026-01-01T00:00:00.000Z ERROR server forged\u{2028}\u{85}\u{1b}[2J\",\"level\":\"x";
    for text in [all.as_str(), forged] {
        let say = || info!(field = text, "{text}");
        for settings in ["mode: development", "mode: raw", "format: '%message% %attrs%'"] {
            let line = written(settings, say);
            let inside = line.strip_suffix('\n').expect("an end");
            assert!(!inside.contains(|c: char| c.is_control() && c != '\t'), "{settings}: {line:?}");
            assert!(!inside.contains('\u{2028}'), "{settings}");
        }
        let entries = objects("mode: production", say);
        assert_eq!(entries.len(), 1);
        assert_eq!((&entries[0]["msg"], &entries[0]["field"]), (&json!(text), &json!(text)));
        assert_eq!(entries[0]["level"], "info");
    }
}

#[test]
fn channels_have_levels_forms_and_outputs_of_their_own() {
    let directory = Directory::new();
    let (all, http, quiet) = (directory.file("all"), directory.file("http"), directory.file("quiet"));
    let settings = format!(
        "{{mode: raw, level: warn, output: {}, channels: {{\
           http: {{mode: production, level: debug, output: {}}}, \
           app: {{level: debug}}, \
           quiet: {{output: {}, level: error}}, \
           silent: {{mode: none}}}}}}",
        all.display(),
        http.display(),
        quiet.display()
    );
    logged(&settings, |_| {
        debug!(target: "http", "a");
        debug!(target: "app", "b");
        debug!(target: "server", "c");
        warn!(target: "server", "d");
        warn!(target: "quiet", "e");
        error!(target: "quiet", "f");
        error!(target: "silent", "g");
        warn!(target: "roadrunner::pool::worker", "h");
    });
    assert_eq!(read(&all), "b\nd\nh\n");
    assert_eq!(read(&quiet), "f\n");
    let entry: Value = serde_json::from_str(&read(&http)).unwrap();
    assert_eq!((&entry["msg"], &entry["logger"]), (&json!("a"), &json!("http")));
}

#[test]
fn libraries_are_heard_when_something_is_wrong() {
    let say = || {
        info!(target: "hyper::proto", "a");
        warn!(target: "hyper::proto", "b");
        tracing::trace!("c");
    };
    assert_eq!(written("mode: raw", say), "b\n");
    assert_eq!(written("mode: raw, channels: {hyper: {level: debug}}", say), "a\nb\n");
}

#[test]
fn what_is_filtered_out_is_not_even_formatted() {
    fn never() -> &'static str {
        panic!("evaluated")
    }
    written("level: panic", || {
        error!("{}", never());
        let span = tracing::info_span!("a span", field = never());
        assert!(span.is_disabled());
    });
}

#[test]
fn one_entry_may_go_to_several_outputs() {
    let directory = Directory::new();
    let (one, other) = (directory.file("one"), directory.file("other"));
    let again = directory.file("./one");
    let outputs = format!("[{}, {}, '{}']", one.display(), other.display(), again.display());
    logged(&format!("{{mode: raw, output: {outputs}}}"), |_| info!("both"));
    assert_eq!((read(&one), read(&other)), ("both\n".to_owned(), "both\n".to_owned()));
}
