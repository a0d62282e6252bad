mod keys;

use std::time::Duration;

use super::{Config, Loader};
use crate::{http::MEBIBYTE, log::Level};

#[track_caller]
fn problems(text: &str) -> String {
    Config::parse(text).expect_err("the configuration must be refused").to_string()
}

fn addresses(config: &Config) -> Vec<String> {
    config.http.listeners.iter().map(|listener| listener.endpoint.address.to_string()).collect()
}

#[test]
fn an_empty_file_means_the_defaults() {
    assert_eq!(Config::parse("").unwrap(), Config::default());
    assert_eq!(Config::parse("# nothing\n").unwrap(), Config::default());
    assert_eq!(Config::parse("http:\n").unwrap(), Config::default());
}

#[test]
fn every_key_is_read() {
    let config = Config::parse(
        r#"
version: "3"
server:
  command: "php worker.php"
http:
  address: 0.0.0.0:9000
  max_request_size: 7
  internal_error_code: 505
  pool:
    num_workers: 3
    max_queue_size: 4
    destroy_timeout: 1m30s
logs:
  level: warn
x-anything: {goes: here}
"#,
    )
    .unwrap();
    assert_eq!(addresses(&config), ["0.0.0.0:9000"]);
    assert_eq!(config.http.max_request_bytes, 7 * MEBIBYTE);
    assert_eq!(config.http.internal_error_code, 505);
    assert_eq!(config.http.pool.num_workers.get(), 3);
    assert_eq!(config.http.pool.max_queue_size, 4);
    assert_eq!(config.http.pool.destroy_timeout, Duration::from_secs(90));
    assert_eq!(config.logs.default.level, Level::Warn);
}

#[test]
fn zero_means_the_default() {
    let text = "http: {max_request_size: 0, pool: {num_workers: 0, max_queue_size: 0}}";
    assert_eq!(Config::parse(text).unwrap(), Config::default());
}

#[test]
fn json_is_read_too() {
    let config = Config::parse(r#"{"version": "3", "http": {"address": "127.0.0.1:0"}}"#).unwrap();
    assert_eq!(addresses(&config), ["127.0.0.1:0"]);
}

#[test]
fn an_address_without_a_host_is_every_interface() {
    let read = |address: &str| addresses(&Config::parse(&format!("http: {{address: '{address}'}}")).unwrap());
    assert_eq!(read(":81"), ["0.0.0.0:81"]);
    assert_eq!(read("[::1]:81"), ["[::1]:81"]);
    assert_eq!(read("unix:///run/a.sock"), ["unix:/run/a.sock"]);
}

#[test]
fn anchors_and_merge_keys_work() {
    let config = Config::parse(
        "x-pool: &pool {num_workers: 7, max_queue_size: 1}\nhttp:\n  pool:\n    <<: *pool\n    max_queue_size: 9\n",
    )
    .unwrap();
    assert_eq!((config.http.pool.num_workers.get(), config.http.pool.max_queue_size), (7, 9));
}

#[test]
fn unknown_keys_name_their_path_line_and_the_nearest_key() {
    assert_eq!(
        problems("http:\n  pool:\n    num_worker: 3\n"),
        "  line 3: http.pool.num_worker is not a known key; did you mean http.pool.num_workers?"
    );
    assert_eq!(
        problems("zzz: 1\n"),
        "  line 1: zzz is not a known key; known here: version, include, envfile, server, endure, shutdown, slow_log, http, fileserver, rpc, metrics, status, …"
    );
}

#[test]
fn all_problems_are_reported_at_once_by_line() {
    let text = "logs:\n  level: loud\nhttp:\n  pool: 4\n  adress: x\n  internal_error_code: 200\n  address: nowhere\n";
    assert_eq!(
        problems(text),
        "  line 2: logs.level is \"loud\", but must be one of debug, info, warn, warning, error, panic\n  \
         line 4: http.pool is 4, but must be a section of keys\n  \
         line 5: http.adress is not a known key; did you mean http.address?\n  \
         line 6: http.internal_error_code is 200, but must be a whole number from 400 to 599\n  \
         line 7: http.address is \"nowhere\", but must be host:port, :port, [v6]:port or unix:/path"
    );
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    for (value, found) in
        [("-1", "-1"), ("501", "501"), ("1.5", "1.5"), ("many", "\"many\""), ("[1]", "a list"), ("true", "true")]
    {
        assert_eq!(
            problems(&format!("http: {{pool: {{num_workers: {value}}}}}")),
            format!("  line 1: http.pool.num_workers is {found}, but must be a whole number from 0 to 500")
        );
    }
    for value in ["60", "1x", "s", "-1s", "1m 3s", "1e3s", "''"] {
        let text = format!("http: {{pool: {{destroy_timeout: {value}}}}}");
        assert!(problems(&text).contains("must be a duration with its unit"), "{value}");
    }
}

#[test]
fn durations_are_read_as_go_reads_them() {
    for (text, millis) in [("300ms", 300), ("1.5s", 1500), ("2m", 120_000), ("1h1m1s", 3_661_000), ("0", 0), ("'0'", 0)]
    {
        let config = Config::parse(&format!("http: {{pool: {{destroy_timeout: {text}}}}}")).unwrap();
        assert_eq!(config.http.pool.destroy_timeout, Duration::from_millis(millis), "{text}");
    }
}

#[test]
fn a_version_that_cannot_be_read_is_refused() {
    assert_eq!(problems("version: '4'\n"), "  line 1: version is \"4\", but must be one of 3, 2.7");
    assert!(Config::parse("version: 3").is_ok());
}

#[test]
fn doubled_keys_are_refused() {
    assert_eq!(
        problems("http:\n  address: :1\n  address: :2\n"),
        "  line 3: http.address stands here a second time, first in line 2"
    );
}

#[test]
fn broken_and_hostile_files_get_a_clear_error() {
    assert!(problems("http: [").contains("is not valid YAML"));
    assert!(problems("a: &a [*a]").contains("inside its own anchor"));
    assert!(problems("- 1\n").contains("the file is a list, but must be a section of keys"));
    assert!(problems("a: 1\n---\nb: 1\n").contains("a second document"));
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &('b'..='k')
            .map(|name| {
                let before = char::from(name as u8 - 1);
                let list = format!("*{before},").repeat(9);
                format!("{name}: &{name} [{}]\n", list.trim_end_matches(','))
            })
            .collect::<String>();
    assert!(problems(&bomb).contains("more than 100000 values"));
    assert!(problems(&("[".repeat(100) + &"]".repeat(100))).contains("nested deeper"));
    assert!(problems(&"[".repeat(100_000)).contains("is not valid YAML"));
}

#[test]
fn unreadable_files_name_the_path_and_the_reason() {
    let loader = Loader { path: Some("/nonexistent/.rr.yaml".into()), ..Loader::default() };
    let error = loader.load().unwrap_err().to_string();
    assert!(error.starts_with("cannot read the configuration /nonexistent/.rr.yaml: No such file"), "{error}");
}

#[test]
fn the_server_section_is_read() {
    let config = Config::parse(
        "server:\n  command: \"php -d 'a b=1' worker.php\"\n  env: {App_Env: prod, PORT: 8080, DEBUG: true, NONE: }\n  \
         user: www-data\n  group: 33\n  relay: pipes\n  on_init:\n    command: [php, artisan, 'migrate now']\n    \
         env: {a: b}\n    user: root\n    exit_on_error: true\n",
    )
    .unwrap();
    let server = config.server;
    assert_eq!(server.command, ["php", "-d", "a b=1", "worker.php"]);
    let pairs: Vec<_> = server.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(pairs, ["APP_ENV=prod", "PORT=8080", "DEBUG=true", "NONE="]);
    assert_eq!((server.user.as_deref(), server.group.as_deref()), (Some("www-data"), Some("33")));
    let on_init = server.on_init.unwrap();
    assert_eq!(on_init.command, ["php", "artisan", "migrate now"]);
    assert_eq!(on_init.exec_timeout, Duration::from_mins(1));
    assert_eq!(on_init.env, [("A".to_owned(), "b".to_owned())]);
    assert_eq!((on_init.user.as_deref(), on_init.exit_on_error), (Some("root"), true));
    assert_eq!(
        problems("server: {command: \"php 'x\", on_init: {exit_on_error: yes}, env: {a: [1]}}"),
        "  line 1: server.command is \"php 'x\", but must be a command line with every quote closed, or a list of its \
         words\n  line 1: server.env.a is a list, but must be text\n  line 1: server.on_init.exit_on_error is \"yes\", \
         but must be true or false\n  line 1: server.on_init.command is required here"
    );
}

#[test]
fn the_life_of_the_process_is_read() {
    let config =
        Config::parse("endure: {grace_period: 20s, watchdog_sec: 10}\nshutdown: {delay: 1500ms}\n").unwrap().life;
    assert_eq!(config.grace_period, Some(Duration::from_secs(20)));
    assert_eq!(config.watchdog, Some(Duration::from_secs(10)));
    assert_eq!(config.shutdown_delay, Duration::from_millis(1500));
    assert_eq!(Config::parse("endure: {watchdog_sec: 0}").unwrap().life, crate::server::Life::default());
}

#[test]
fn two_listeners_have_two_addresses() {
    assert_eq!(
        problems(
            "http:\n  address: 127.0.0.1:81\n  listeners:\n  - address: 'unix:/tmp/../tmp/a'\n  - address: unix:/tmp/a\n"
        ),
        "  line 4: http.listeners is not the only one that asks for unix:/tmp/a"
    );
    assert_eq!(
        problems("http: {address: '127.0.0.1:81', ssl: {address: '127.0.0.1:81', cert: a, key: b}}"),
        "  line 1: http.address is not the only one that asks for 127.0.0.1:81"
    );
    assert!(Config::parse("http: {address: '127.0.0.1:0', listeners: [{address: '127.0.0.1:0'}]}").is_ok());
}
