//! Every row of the table of keys: what the loader does with the key when it stands alone in a file.

use crate::config::{
    Config, Document, Problems, Source,
    keys::{self, Class, Row},
    yaml,
};

/// What became of a text.
struct Understood {
    config: Config,
    problems: String,
    warnings: String,
}

fn understand(text: &str, lenient: bool) -> Understood {
    let mut document = Document { root: yaml::parse(text, &Source::File, "YAML").unwrap() };
    let (mut problems, mut warnings) = (Problems::default(), Problems::default());
    let config = Config::understand(&mut document, lenient, &mut problems, &mut warnings);
    Understood { config, problems: problems.to_string(), warnings: warnings.to_string() }
}

/// Returns all rows.
fn rows() -> Vec<&'static Row> {
    let mut rows = Vec::new();
    keys::table().each(&mut |row| rows.push(row));
    rows
}

/// Sections in which nothing is read without some of their keys, and values of these.
const REQUIRED: [(&str, &[(&str, &str)]); 16] = [
    ("on_init", &[("command", "x")]),
    ("file_logger_options", &[("log_output", "x")]),
    ("ssl", &[("cert", "x"), ("key", "x")]),
    ("certificates.[]", &[("cert", "x"), ("key", "x")]),
    ("listeners.[]", &[("address", "'unix:/x'")]),
    // Before the routes that it may stand in.
    ("headers.cors", &[("allowed_origin", "'https://a.test'")]),
    ("routes.[]", &[("prefix", "/x")]),
    ("dynamic_allocator", &[("max_workers", "7")]),
    ("pools.*", &[("env", "{a: b}")]),
    // It is on by being there.
    ("watch", &[("dirs", "a")]),
    ("services.*", &[("dirs", "a")]),
    ("reload", &[("services", "{a: {dirs: a}}")]),
    ("service.*", &[("command", "x")]),
    ("collect.*", &[("type", "counter")]),
    ("serve.[]", &[("prefix", "/x")]),
    ("fileserver", &[("address", "'unix:/x'"), ("serve", "[{prefix: /x}]")]),
];

/// Returns a file with this key alone, in one line, but for those that its sections need.
fn file(path: &str, value: &str) -> String {
    let mut parts: Vec<_> = path.split('.').collect();
    let mut text = value.to_owned();
    while let Some(part) = parts.pop() {
        let section = parts.join(".");
        let needed = REQUIRED.iter().find(|(name, _)| section.ends_with(name)).map_or(&[][..], |(_, keys)| keys);
        let needed: String =
            needed.iter().filter(|(key, _)| *key != part).map(|(key, value)| format!("{key}: {value}, ")).collect();
        text = match part {
            "*" => format!("{{name: {text}}}"),
            "[]" => format!("[{text}]"),
            part => format!("{{{needed}{part}: {text}}}"),
        };
    }
    // Others have none.
    if path.ends_with("collect.*.buckets") || path.ends_with("collect.*.objectives") {
        return text.replacen("counter", if path.ends_with("buckets") { "histogram" } else { "summary" }, 1);
    }
    // A pool must be there.
    if path == "http.routes.[].pool" {
        return text.replacen("{http: {", "{http: {pools: {text: {max_jobs: 7}}, ", 1);
    }
    // TLS is nothing without certificates.
    if path.ends_with("listeners.[].tls") && value == "true" {
        text.replacen("{http: {", "{http: {ssl: {cert: x, key: x}, ", 1)
    } else {
        text
    }
}

/// Returns what a file says that has only what the key's section needs.
fn without(path: &str) -> Config {
    // They are served by being there.
    if path.starts_with("metrics.") && !path.starts_with("metrics.collect.") {
        return understand("{metrics: {}}", false).config;
    }
    let mut needed = REQUIRED.iter().filter_map(|(section, keys)| {
        let (before, rest) = path.split_once(&format!("{section}."))?;
        let (key, value) = keys[0];
        (rest != key).then(|| file(&format!("{before}{section}.{key}"), value))
    });
    needed.next().map_or_else(Config::default, |text| understand(&text, false).config)
}

/// Returns a valid value that is not the default.
fn value(row: &Row) -> String {
    let mut words = row.kind.split(' ');
    let kind = words.next().unwrap();
    match (kind, words.next().and_then(|range| range.split_once(".."))) {
        ("int", Some((_, most))) => most.to_owned(),
        ("float", Some(_)) => "0.5".to_owned(),
        ("int" | "float", _) => "7".to_owned(),
        ("subnets", _) => "[192.0.2.0/24, unix]".to_owned(),
        ("some", _) => row.kind["some ".len()..].split('|').next().unwrap().to_owned(),
        ("bool", _) => (row.default != "true").to_string(),
        ("duration", _) => "7s".to_owned(),
        ("address", _) => "'127.0.0.1:7'".to_owned(),
        ("path", _) => "/path".to_owned(),
        ("mode", _) => "'0600'".to_owned(),
        ("map", _) => "{name: text}".to_owned(),
        ("texts", _) if row.path == "rpc.allow" => "[service.Create]".to_owned(),
        ("texts", _) => "[text]".to_owned(),
        ("floats", _) => "[1, 2.5]".to_owned(),
        ("numbers", _) => "{0.5: 0.05}".to_owned(),
        ("text" | "command" | "any", _) => "text".to_owned(),
        (words, _) if words.contains('|') => {
            format!("'{}'", words.split('|').find(|word| *word != row.default).unwrap())
        }
        (kind, _) => panic!("{}: {kind} is not a kind", row.path),
    }
}

/// Returns the key as messages name it.
fn named(path: &str) -> String {
    path.replace(".[]", "").replace('*', "name")
}

/// Asserts that a message is about the key, or about a section that it is in, and nothing else.
#[track_caller]
fn is_about(message: &str, lead: &str, path: &str) {
    let rest = message.strip_prefix(&format!("  line 1: {lead}")).unwrap_or_else(|| panic!("{path}: {message}"));
    let key = rest.split([' ', ';']).next().unwrap();
    let named = named(path);
    let inside = named == key || named.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    assert!(inside && !message.contains('\n'), "{path}: {message}");
}

#[test]
fn every_key_behaves_as_its_class() {
    let mut seen = [0; 4];
    for row in rows() {
        let text = file(&row.path, &value(row));
        let strict = understand(&text, false);
        let lenient = understand(&text, true);
        seen[row.class as usize] += 1;
        match row.class {
            Class::Honoured => {
                assert_eq!(strict.problems, "", "{text}");
                // Only what a middleware is told while nothing names it.
                if !strict.warnings.is_empty() {
                    is_about(&strict.warnings, "", &row.path);
                    assert!(strict.warnings.contains(" does not name "), "{}", strict.warnings);
                }
                // These are the loader's, or change how the rest is read.
                let silent = ["version", "include", "envfile"].contains(&&*row.path);
                assert!(silent || strict.config != without(&row.path) || row.required, "{text} changes nothing");
            }
            Class::Idle => {
                is_about(&strict.warnings, "", &row.path);
                assert!(strict.warnings.contains("has no effect: "), "{}", strict.warnings);
                assert_eq!((strict.problems.as_str(), strict.config), ("", without(&row.path)), "{text}");
            }
            Class::Unsupported | Class::Later => {
                let lead = if row.class == Class::Later { "not supported yet: " } else { "not supported: " };
                is_about(&strict.problems, lead, &row.path);
                is_about(&lenient.warnings, lead, &row.path);
                assert_eq!((lenient.problems.as_str(), lenient.config), ("", without(&row.path)), "{text}");
                let remedy = row.class == Class::Later || strict.problems.contains("; ");
                assert!(remedy, "{}", strict.problems);
            }
        }
    }
    let [honoured, idle, unsupported, later] = seen;
    assert!(honoured >= 40 && idle >= 5 && unsupported >= 5 && later >= 300, "{seen:?}");
}

#[test]
fn defaults_of_the_table_are_those_of_the_code() {
    for row in rows().into_iter().filter(|row| row.class == Class::Honoured) {
        let Some(default) = row.default_value() else { continue };
        let text = file(&row.path, &format!("'{default}'"));
        let understood = understand(&text, false);
        assert_eq!((understood.problems.as_str(), understood.config), ("", without(&row.path)), "{text}");
    }
}

#[test]
fn bounds_of_the_table_are_those_of_the_code() {
    for row in rows().into_iter().filter(|row| row.class == Class::Honoured) {
        let range = row.kind.split(' ').nth(1).and_then(|range| range.split_once(".."));
        let Some((least, most)) =
            range.map(|(least, most)| (least.parse::<i64>().unwrap(), most.parse::<i64>().unwrap()))
        else {
            continue;
        };
        for (number, allowed) in [(least - 1, false), (least, true), (most, true), (most + 1, false)] {
            let text = file(&row.path, &number.to_string());
            assert_eq!(understand(&text, false).problems.is_empty(), allowed, "{text}");
        }
    }
}

#[test]
fn rows_say_what_their_class_needs() {
    for row in rows() {
        assert!(row.class == Class::Later || row.text.ends_with('.'), "{}: {}", row.path, row.text);
    }
}

#[test]
fn what_is_off_anyway_is_accepted() {
    for text in [
        "http: {access_logs: false, raw_body: false, middleware: [], pool: {debug: false, max_jobs: 0}}",
        "http: {pool: {supervisor: {ttl: 0s, max_worker_memory: 0}}, http2: {h2c: false}}",
        "http: {headers: {request: {}}}\ngrpc:\nkv: {}\nlock:\n",
    ] {
        let understood = understand(text, false);
        assert_eq!((understood.problems.as_str(), understood.config), ("", Config::default()), "{text}");
    }
    let text = "http: {fcgi: {address: x}, isolation: strict}";
    assert_eq!(
        understand(text, false).problems,
        "  line 1: not supported yet: http.fcgi\n  line 1: not supported yet: http.isolation"
    );
}

#[test]
fn a_section_that_does_not_exist_yet_is_said_once_and_its_unknown_keys_each() {
    assert_eq!(
        understand("grpc:\n  listen: tcp://127.0.0.1:1\n  proto: a\n  protos: b\n  pool: {num_worker: 1}\n", false)
            .problems,
        "  line 1: not supported yet: grpc\n  line 4: grpc.protos is not a known key; did you mean grpc.proto?\n  \
         line 5: grpc.pool.num_worker is not a known key; did you mean grpc.pool.num_workers?"
    );
}

#[test]
fn a_key_in_the_wrong_section_is_found() {
    let problems = understand("num_workers: 4\nhttp: {command: x}\n", false).problems;
    assert_eq!(
        problems,
        "  line 1: num_workers is not a known key; did you mean http.pool.num_workers?\n  \
         line 2: http.command is not a known key; did you mean http.pool.command?"
    );
}

#[test]
fn letters_of_keys_may_have_any_case() {
    let config = understand("HTTP: {Pool: {Num_Workers: 3}}", false).config;
    assert_eq!(config.http.pool.num_workers.get(), 3);
    assert_eq!(
        understand("http: {}\nHTTP: {}\n", false).problems,
        "  line 2: http stands here a second time, first in line 1"
    );
}
