use std::path::PathBuf;

use super::{super::*, config};

#[track_caller]
fn problems(text: &str) -> String {
    crate::config::Config::parse(text).expect_err("the configuration must be refused").to_string()
}

#[test]
fn the_defaults_are_those_of_roadrunner_but_for_the_level() {
    let channel = Config::default().default;
    assert_eq!(config("{}"), Config::default());
    assert_eq!((channel.mode, channel.level, channel.encoding()), (Mode::Development, Level::Info, Encoding::Console));
    assert_eq!((channel.output, channel.err_output), (vec![Output::Stderr], vec![Output::Stderr]));
    let rotation = config("{file_logger_options: {log_output: x}}").default.file_logger_options.unwrap();
    let expected = Rotation { log_output: "x".into(), max_size: 100, max_age: 24, max_backups: 10, compress: false };
    assert_eq!(rotation, expected);
    let zeros = "{file_logger_options: {log_output: x, max_size: 0, max_age: 0, max_backups: 0}}";
    assert_eq!(config(zeros).default.file_logger_options.unwrap(), expected);
}

#[test]
fn every_key_is_read() {
    let channel = config(
        "{mode: Production, level: WARNING, encoding: console, format: f, time_format: t, line_ending: e, \
         skip_line_ending: true, output: 'stdout, a.log', err_output: [/dev/stderr, file:///b.log], \
         file_logger_options: {log_output: c, max_size: 1, max_age: 2, max_backups: 3, compress: true}}",
    )
    .default;
    let expected = Channel {
        mode: Mode::Production,
        level: Level::Warn,
        encoding: Some(Encoding::Console),
        format: Some("f".to_owned()),
        time_format: Some("t".to_owned()),
        line_ending: "e".to_owned(),
        skip_line_ending: true,
        output: vec![Output::Stdout, Output::File("a.log".into())],
        err_output: vec![Output::Stderr, Output::File("/b.log".into())],
        file_logger_options: Some(Rotation {
            log_output: PathBuf::from("c"),
            max_size: 1,
            max_age: 2,
            max_backups: 3,
            compress: true,
        }),
    };
    assert_eq!(channel, expected);
}

#[test]
fn a_channel_has_what_it_does_not_say_from_above() {
    let config = config(
        "{mode: production, level: warn, format: f, file_logger_options: {log_output: a}, channels: {\
           one: {level: debug}, two: {mode: development}, three: {output: stdout}, four: {encoding: json}}}",
    );
    let channel = |name| config.channels.iter().find(|(known, _)| known == name).unwrap().1.clone();
    assert_eq!(channel("one"), Channel { level: Level::Debug, ..config.default.clone() });
    assert_eq!((channel("two").format, channel("two").level), (None, Level::Warn));
    assert_eq!(channel("three").file_logger_options, None);
    assert_eq!(channel("four").format, None);
}

#[test]
fn wrong_values_are_problems_with_key_and_line() {
    assert_eq!(
        problems(
            "logs:\n  mode: loud\n  encoding: xml\n  output: {a: b}\n  skip_line_ending: maybe\n  \
             file_logger_options: {max_size: -1}\n  channels:\n    http:\n      levle: info\n"
        ),
        "  line 2: logs.mode is \"loud\", but must be one of development, production, raw, none, off\n  \
         line 3: logs.encoding is \"xml\", but must be one of console, json\n  \
         line 4: logs.output is a section, but must be a list of texts, or text with commas\n  \
         line 5: logs.skip_line_ending is \"maybe\", but must be true or false\n  \
         line 6: logs.file_logger_options.log_output is required here\n  \
         line 6: logs.file_logger_options.max_size is -1, but must be a whole number from 0 to 1048576\n  \
         line 9: logs.channels.http.levle is not a known key; did you mean logs.channels.http.level?"
    );
    assert_eq!(
        problems(
            "logs:\n  file_logger_options: {log_output: a}\n  channels:\n    http:\n      \
             file_logger_options: {log_output: a, max_size: 2}\n"
        ),
        "  line 5: logs.channels.http.file_logger_options.log_output names a file that other file_logger_options \
         rotate by other rules"
    );
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_with_path_and_reason() {
    for text in ["{output: /nonexistent/x.log}", "{channels: {http: {err_output: /nonexistent/x.log}}}"] {
        let error = Log::open(&config(text)).unwrap_err().to_string();
        assert_eq!(error, "cannot open the log file /nonexistent/x.log: No such file or directory (os error 2)");
    }
    let error = Log::open(&config("{file_logger_options: {log_output: /dev/null}}")).unwrap_err().to_string();
    assert_eq!(error, "cannot open the log file /dev/null: it is no regular file, so it cannot be rotated");
    assert!(Log::open(&config("{mode: none, output: /nonexistent/x.log}")).is_ok());
}
