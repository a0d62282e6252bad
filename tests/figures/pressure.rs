//! opcache too small for its application, by files and by memory, with changed files and reloads all the time.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::{
    Figure,
    soak::seconds,
    support::{Load, Mode, Server, site::reloads, until},
};

const FILES: usize = 400;

/// Includes one of the files, now and then invalidates another one, resets, ends.
const SCRIPT: &str = r#"<?php
require __DIR__ . '/version.php';
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $n = (int) $request->query('n');
    $value = (include __DIR__ . '/file-' . $n % 400 . '.php')($n);
    if ($n % 97 === 0) opcache_reset();
    if ($n % 13 === 0) opcache_invalidate(__DIR__ . '/file-' . $n * 31 % 400 . '.php', true);
    $worker->respond(200, (string) $value);
    if ($n % 997 === 0) exit;
}
"#;

fn one(what: &str, setting: &str, mode: Mode, seconds: u64) -> Vec<Figure> {
    let mut builder = Server::of(SCRIPT)
        .pool("num_workers: 8, max_jobs: 2000")
        .mode(mode)
        .ini(setting)
        .ini("opcache.interned_strings_buffer=1")
        .ini("opcache.file_update_protection=0")
        .ini("error_log=/dev/null")
        .file("version.php", "<?php return 0;")
        .parent();
    let functions: String =
        (0..30).map(|index| format!("$f{index} = fn ($x) => $x * {index} + strlen('{index}');\n")).collect();
    for number in 0..FILES {
        let text =
            format!("<?php\n{functions}return fn (int $n) => $n + {number} + $f0($n) + $f1(0) - {number} - 2;\n");
        builder = builder.file(&format!("file-{number}.php"), &text);
    }
    let server = builder.start();
    let load = Load::checked(
        server.address,
        16,
        |number| format!("/?n={number}"),
        |target, answer| target.ends_with(&format!("={}", answer.text())),
    );
    let (start, mut touched) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(seconds) && !load.has_failed() {
        for _ in 0..20 {
            touched += 1;
            let file = server.directory.join(format!("file-{}.php", touched % FILES));
            fs::write(server.directory.join("new"), fs::read(&file).unwrap()).unwrap();
            fs::rename(server.directory.join("new"), file).unwrap();
        }
        fs::write(server.directory.join("version.php"), format!("<?php return {touched};")).unwrap();
        // The generation may change at any time, and take the reload with it.
        let steps = || reloads(&server) + changes(&server);
        let before = steps();
        server.signal(libc::SIGHUP);
        until("the code is reloaded", || steps() > before || load.has_failed());
        load.go_on_for(500);
    }
    let (answers, done, changes) = (load.answers(), reloads(&server), changes(&server));
    let failures = load.failures();
    assert!(failures.is_empty(), "{failures:?}; the log ends:\n{}", tail(&server.log()));
    let log = server.stop();
    let restarts = log.matches("must wait for a restart").count();
    let note = format!(
        "{done} reloads, {changes} generation changes, {touched} files touched, 8 MB or 223 files for {FILES}, {mode:?}, {seconds} s"
    );
    vec![
        Figure::new(format!("opcache pressure: requests survived, {what}"), answers as f64, "requests").note(note),
        Figure::new(format!("opcache pressure: restarts that were begun, {what}"), restarts as f64, "").at_most(0.0),
    ]
}

/// Generation changes that were tried.
fn changes(server: &Server) -> usize {
    let log = server.log();
    log.matches("Generation changed").count() + log.matches("Generation change failed").count()
}

fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// The long run.
pub fn soak() -> Vec<Figure> {
    let each = (seconds() / 3).max(1);
    [
        one("files", "opcache.max_accelerated_files=223", Mode::Opcache, each),
        one("memory", "opcache.memory_consumption=8", Mode::Opcache, each),
        one("memory, tracing JIT", "opcache.memory_consumption=8", Mode::JitTracing, each),
    ]
    .concat()
}
