//! Files that are saved while the server runs.

use std::{fs, thread, time::Instant};

use crate::support::{Browser, Mode, Server, get, until};

const WORKER: &str = r#"<?php
$worker = new RoadRunner\Worker();
$text = require __DIR__ . '/text.php';
while ($request = $worker->waitRequest()) {
    $worker->respond(200, "<p>$text</p>", ['content-type' => 'text/html']);
}
"#;

fn server(mode: Mode) -> Server {
    Server::of(WORKER)
        .file("text.php", "<?php return 'text 0';")
        .config("http: {address: {address}, pool: {num_workers: 2}}\nwatch: {}")
        .mode(mode)
        .start()
}

fn save(server: &Server, text: &str) {
    fs::write(server.directory.join("text.php.new"), text).unwrap();
    fs::rename(server.directory.join("text.php.new"), server.directory.join("text.php")).unwrap();
}

#[test]
fn what_is_saved_is_served_and_errors_leave_what_was_there() {
    for mode in [Mode::NoOpcache, Mode::Opcache] {
        let server = server(mode);
        for number in 1_usize..=3 {
            save(&server, &format!("<?php return 'text {number}';"));
            let expected = format!("<p>text {number}</p>");
            until("the new text is served", || get(server.address, "/").text().contains(&expected));
            until("all workers have it", || server.log().matches(" Reloaded ").count() == number);
        }
        save(&server, "<?php return 'text 4'");
        server.wait_for_log("Reload failed");
        assert!(get(server.address, "/").text().contains("<p>text 3</p>"));
        save(&server, "<?php return 'text 5';");
        until("the mended text is served", || get(server.address, "/").text().contains("<p>text 5</p>"));
        let log = server.stop();
        assert!(log.contains("syntax error") && log.contains("Files have changed"), "{log}");
    }
}

/// Opcache looks at files every 2 seconds by itself; a reload does not wait for that, nor does a test.
#[test]
fn a_save_right_after_another_one_is_not_lost() {
    let server = server(Mode::Opcache);
    let start = Instant::now();
    for number in 1..=20 {
        save(&server, &format!("<?php return 'text {number}';"));
        thread::yield_now();
    }
    until("the last text is served", || get(server.address, "/").text().contains("<p>text 20</p>"));
    drop(server.stop());
    assert!(start.elapsed().as_secs() < 60);
}

/// Shows a text, and tells the worker which one each page has shown.
const PAGE: &str = r#"<?php
$worker = new RoadRunner\Worker();
$text = require __DIR__ . '/text.php';
while ($request = $worker->waitRequest()) {
    if ($request->method === 'POST') {
        error_log('shown: ' . $request->body());
    }
    $worker->respond(200, "<!doctype html><title>t</title><body><p>$text</p><script>
        fetch('/', {method: 'POST', body: document.querySelector('p').textContent});
    </script></body>", ['content-type' => 'text/html']);
}
"#;

#[test]
fn a_page_in_a_browser_reloads_itself() {
    let server = Server::of(PAGE)
        .file("text.php", "<?php return 'text 0';")
        .config("http: {address: {address}, pool: {num_workers: 2}}\nwatch: {page: true}")
        .mode(Mode::Opcache)
        .start();
    let Some(browser) = Browser::open(server.address) else { return };
    for number in 0..=3 {
        if number > 0 {
            save(&server, &format!("<?php return 'text {number}';"));
        }
        server.wait_for_log(&format!("shown: text {number}"));
    }
    save(&server, "<?php return 'text 4'");
    server.wait_for_log("Reload failed");
    save(&server, "<?php return 'text 5';");
    server.wait_for_log("shown: text 5");
    drop(browser);
    server.stop();
}
