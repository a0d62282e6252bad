//! The log of a whole process: everything here is one story, because a process has one log.

#![allow(missing_docs, reason = "a test")]

use std::{fs, panic, time::Duration};

use roadrunner::{config::Config, log};
use serde_json::Value;
use tracing::{debug, info};

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_process_has_one_log_with_its_panics() {
    let directory = std::env::temp_dir().join(format!("rr-log-process-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let (file, moved) = (directory.join("rr.log"), directory.join("rr.log.1"));
    let read = |path| -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    };

    // Before it is made, all calls are harmless.
    info!("before");
    log::reopen();
    log::start().unwrap();
    assert!(log::flush(PATIENCE));
    assert_eq!(log::dropped(), 0);

    let config = Config::parse(&format!("logs: {{mode: production, output: {}}}", file.display())).unwrap();
    log::install(&config.logs).unwrap();
    info!(target: "app", "without a thread");
    assert_eq!(read(&file).len(), 1, "written by whoever logs");
    log::start().unwrap();
    log::start().unwrap();

    let thread = std::thread::Builder::new().name("rr-test".to_owned());
    let panicked = thread.spawn(|| panic!("broken\n{}", 7)).unwrap().join();
    assert!(panicked.is_err());
    let _ = panic::catch_unwind(|| panic::panic_any(7));
    debug!("filtered out");
    assert!(log::flush(PATIENCE));
    let entries = read(&file);
    assert_eq!(entries.len(), 3, "{entries:?}");
    let first = &entries[1];
    assert_eq!((&first["level"], &first["logger"]), (&Value::from("panic"), &Value::from("server")));
    assert_eq!((&first["msg"], &first["thread"]), (&Value::from("Panic: broken\n7"), &Value::from("rr-test")));
    assert!(first["place"].as_str().unwrap().starts_with("tests/log.rs:"), "{first}");
    assert_eq!(entries[2]["msg"], "Panic: a value that is no text");

    fs::rename(&file, &moved).unwrap();
    log::reopen();
    info!("in the new file");
    log::stop(PATIENCE);
    info!("after the end");
    assert_eq!((read(&moved).len(), read(&file).len()), (3, 2));

    // A second one changes nothing, and the first one goes on.
    log::install(&Config::default().logs).unwrap();
    log::start().unwrap();
    info!("again");
    log::stop(PATIENCE);
    assert_eq!(read(&file).len(), 3);

    log::forked();
    info!("in a fork");
    assert!(log::flush(PATIENCE));
    assert_eq!(read(&file).len(), 3, "a fork of the process logs nothing");
    fs::remove_dir_all(&directory).unwrap();
}
