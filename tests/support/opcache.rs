//! Everything that makes OPcache restart, under load.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Client, Mode, Server};

const FILES: usize = 400;

/// Includes files, invalidates and resets, and ends now and then. Under threads each of these restarts the cache, or
/// fills it, and the restart happens when the next worker starts. The cache is full from the start, so that the generation
/// does not change because of that.
const SCRIPT: &str = r#"<?php
for ($n = 0; $n < 400 && !opcache_get_status(false)['cache_full']; $n++) opcache_compile_file(__DIR__ . "/file-$n.php");
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $n = (int) $request->query('n');
    $value = (include __DIR__ . "/file-" . $n % 400 . ".php")($n);
    if ($n % 7 === 0) opcache_reset();
    if ($n % 5 === 0) opcache_invalidate(__DIR__ . "/file-" . ($n * 31) % 400 . ".php", true);
    $worker->respond(200, (string) $value);
    if ($n % 29 === 0) exit;
}
"#;

/// Runs for `seconds`; panics if the server dies or answers wrongly. Gives the number of requests.
pub fn run(seconds: u64) -> u64 {
    let mut builder = Server::of(SCRIPT)
        .config("http: {address: {address}, pool: {num_workers: 6}}")
        .mode(Mode::JitTracing)
        .ini("opcache.memory_consumption=8")
        .ini("opcache.interned_strings_buffer=1")
        .ini("opcache.max_accelerated_files=223")
        .ini("opcache.max_wasted_percentage=1")
        .ini("opcache.validate_timestamps=1")
        .ini("opcache.revalidate_freq=0")
        .ini("error_log=/dev/null");
    let padding = "// padding\n".repeat(100);
    for number in 0..FILES {
        let functions: String = (0..20)
            .map(|index| format!("$f{index} = fn ($x) => $x * {index} + strlen('{number}-{index}');\n"))
            .collect();
        builder = builder.file(
            &format!("file-{number}.php"),
            &format!("<?php\n{padding}{functions}return function (int $n) {{ for ($i = 0, $s = 0; $i < 50; $i++) {{ $s += $i; }} return $n + {number} - {number} + $s - 1225; }};\n"),
        );
    }
    let server = builder.start();
    let address = server.address;
    let stop = Arc::new(AtomicBool::new(false));
    let numbers = Arc::new(AtomicU64::new(1));
    let clients: Vec<_> = (0..12)
        .map(|_| {
            let (stop, numbers) = (Arc::clone(&stop), Arc::clone(&numbers));
            thread::spawn(move || {
                let mut client = Client::connect(address).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    let response = client.get(&format!("/?n={number}")).expect("the server must live");
                    assert_eq!((response.status, response.text()), (200, number.to_string()));
                }
            })
        })
        .collect();
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut touched = 0;
    while Instant::now() < end && clients.iter().all(|client| !client.is_finished()) {
        let file = server.directory.join(format!("file-{}.php", touched % FILES));
        let text = fs::read_to_string(&file).unwrap();
        fs::write(server.directory.join("new"), text).unwrap();
        fs::rename(server.directory.join("new"), file).unwrap();
        touched += 1;
        thread::sleep(Duration::from_millis(10));
    }
    stop.store(true, Ordering::Relaxed);
    let mut failed = false;
    for client in clients {
        failed |= client.join().is_err();
    }
    let log = server.stop();
    let last = log.get(log.len().saturating_sub(4000)..).unwrap_or(&log);
    assert!(!failed, "the server died or answered wrongly after {} requests: {last}", numbers.load(Ordering::Relaxed));
    numbers.load(Ordering::Relaxed)
}
