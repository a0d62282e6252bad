//! Reloads: code changes under load, and no client notices anything but that.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use libc::SIGHUP;

use crate::support::{
    Client, Load, Mode, Server, get,
    site::{self, Site, fewest_ready, reload, reloads},
    until,
};

/// Without opcache, with one that never looks at files, and with one that does so and compiles to machine code.
const MODES: [(Mode, u8); 3] = [(Mode::NoOpcache, 1), (Mode::Opcache, 0), (Mode::JitTracing, 1)];

/// Deploys release after release under load.
fn deploy_under_load(mode: Mode, validate: u8, settings: &str, deploys: usize) -> String {
    let (site, builder) = Site::new();
    // Workers that are recycled on their own may boot while the link is switched, and see both.
    if settings.contains("max_jobs") {
        site.file(1, "worker.php", &worker_without_link());
    }
    let server = builder
        .pool(&format!("num_workers: 4, {settings}"))
        .mode(mode)
        .ini(&format!("opcache.validate_timestamps={validate}"))
        .start();
    let deployed = Arc::new(AtomicUsize::new(1));
    let load = site::load(&server, 16, &deployed);
    load.go_on();
    for release in 2..=deploys + 1 {
        site.release(release);
        if settings.contains("max_jobs") {
            site.file(release, "worker.php", &worker_without_link());
        }
        site.switch(release);
        reload(&server, server.pid());
        deployed.store(release, Ordering::Relaxed);
        assert_eq!(Site::whole(&get(server.address, "/")), Some(release));
        load.go_on();
    }
    load.end(&server);
    server.stop()
}

fn worker_without_link() -> String {
    Site::WORKER.replace("{root}/current/", "{root}/releases/{release}/")
}

#[test]
fn releases_change_under_load_and_every_answer_is_of_one_of_them() {
    for (mode, validate) in MODES {
        let log = deploy_under_load(mode, validate, "", 6);
        assert_eq!(fewest_ready(&log, 4), 4, "{mode:?}: {log}");
        assert_eq!(log.matches("reason=reload").count(), 6 * 4, "{mode:?}: {log}");
    }
}

#[test]
fn workers_are_recycled_meanwhile() {
    for (mode, validate) in [(Mode::Opcache, 0), (Mode::JitTracing, 1)] {
        let log = deploy_under_load(mode, validate, "max_jobs: 15", 6);
        assert!(log.contains("reason=max_jobs"), "{log}");
    }
}

#[test]
fn a_file_that_was_changed_in_place_is_seen_whatever_its_time_and_size() {
    let script = |number: usize| {
        format!(
            "<?php $worker = new RoadRunner\\Worker();\nwhile ($worker->waitRequest()) $worker->respond(200, require 'lib.php');//{number}"
        )
    };
    let library = |number: usize| format!("<?php return (function () {{ return 'code {number}'; }})();");
    for (mode, validate) in MODES {
        let server = Server::of(&script(0))
            .file("lib.php", &library(0))
            .workers(2)
            .mode(mode)
            .ini(&format!("opcache.validate_timestamps={validate}"))
            .ini("opcache.revalidate_freq=60")
            .ini("opcache.file_update_protection=0")
            .start();
        let file = server.directory.join("lib.php");
        let time = fs::metadata(&file).unwrap().modified().unwrap();
        for number in 0..8 {
            fs::write(&file, library(number)).unwrap();
            if number % 2 == 1 {
                // As tools do that keep the times of what they copy.
                fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
            }
            fs::write(server.directory.join("worker.php"), script(number)).unwrap();
            reload(&server, server.pid());
            for _ in 0..4 {
                assert_eq!(get(server.address, "/").text(), format!("code {number}"), "{mode:?}");
            }
        }
        server.stop();
    }
}

#[test]
fn what_was_included_by_a_request_after_the_reload_before_is_seen_as_well() {
    let server = Server::with_loop("$worker->respond(200, require \"$request->path.php\");")
        .workers(1)
        .mode(Mode::Opcache)
        .ini("opcache.validate_timestamps=0")
        .ini("opcache.file_update_protection=0")
        .ini("include_path=.")
        .start();
    let write = |name: &str, text: &str| fs::write(server.directory.join(name), format!("<?php return '{text}';"));
    let path = |name: &str| format!("{}/{name}", server.directory.display());
    for round in 0..3 {
        for name in ["a", "b"] {
            write(&format!("{name}{round}.php"), "old").unwrap();
            assert_eq!(get(server.address, &path(&format!("{name}{round}"))).text(), "old");
        }
        write(&format!("a{round}.php"), "new").unwrap();
        reload(&server, server.pid());
        assert_eq!(get(server.address, &path(&format!("a{round}"))).text(), "new");
        assert_eq!(get(server.address, &path(&format!("b{round}"))).text(), "old");
    }
    server.stop();
}

#[test]
fn a_working_directory_that_is_a_link_is_followed() {
    let (site, builder) = Site::new();
    let by_directory = Site::WORKER.replace("__DIR__ . '/", "'./").replace("{root}/current", ".");
    site.file(1, "worker.php", &by_directory);
    site.release(2);
    site.file(2, "worker.php", &by_directory);
    let link = builder.directory().join("current");
    let builder = builder.script("worker.php").workers(2).mode(Mode::Opcache).ini("opcache.validate_timestamps=0");
    let mut command = builder.command();
    command.current_dir(&link).env("PWD", &link).env("RR_CONFIG", builder.directory().join(".rr.yaml"));
    let mut server = builder.begin_as(command);
    server.find_address();
    assert_eq!(Site::whole(&get(server.address, "/")), Some(1));
    site.switch(2);
    // What runs stays where it was booted.
    assert_eq!(Site::whole(&get(server.address, "/")), Some(1));
    reload(&server, server.pid());
    assert_eq!(Site::whole(&get(server.address, "/")), Some(2));
    server.stop();
}

/// A script that says which version it is, and boots only once the file `go-<version>` is there.
fn slow(version: &str) -> String {
    format!(
        "<?php
for ($i = 0; $i < 6000 && RoadRunner\\Environment::isWorker() && !file_exists(__DIR__ . '/go-{version}'); $i++) {{
    touch(__DIR__ . '/boots-{version}');
    usleep(5000);
    clearstatcache();
}}
$worker = new RoadRunner\\Worker();
while ($worker->waitRequest()) {{
    $worker->respond(200, '{version}');
}}
"
    )
}

fn boots(directory: &Path, version: &str) {
    until("it boots", || directory.join(format!("boots-{version}")).exists());
}

fn go(directory: &Path, version: &str) {
    fs::write(directory.join(format!("go-{version}")), "").unwrap();
}

#[test]
fn a_reload_during_the_first_boot_takes_the_code_of_then() {
    let mut server = Server::of(&slow("old")).workers(2).begin();
    boots(&server.directory, "old");
    fs::write(server.directory.join("worker.php"), slow("new")).unwrap();
    server.signal(SIGHUP);
    boots(&server.directory, "new");
    go(&server.directory, "new");
    server.find_address();
    until("the code is reloaded", || reloads(&server) == 1);
    for _ in 0..4 {
        assert_eq!(get(server.address, "/").text(), "new");
    }
    go(&server.directory, "old");
    server.stop();
}

#[test]
fn reloads_that_are_asked_for_at_once_end_with_the_last_code() {
    let server = Server::of(&slow("1")).file("go-1", "").workers(2).start();
    let load = Load::start(&server, 4);
    let script = server.directory.join("worker.php");
    fs::write(&script, slow("2")).unwrap();
    server.signal(SIGHUP);
    boots(&server.directory, "2");
    fs::write(&script, slow("3")).unwrap();
    server.signal(SIGHUP);
    boots(&server.directory, "3");
    assert_eq!(get(server.address, "/").text(), "1");
    load.go_on();
    go(&server.directory, "3");
    until("the code is reloaded", || reloads(&server) == 1);
    for _ in 0..4 {
        assert_eq!(get(server.address, "/").text(), "3");
    }
    load.end(&server);
    let log = server.stop();
    assert_eq!(log.matches("Reload: workers are replaced").count(), 2, "{log}");
    assert_eq!(fewest_ready(&log, 2), 2, "{log}");
}

#[test]
fn a_request_that_outlasts_the_reload_for_too_long_is_interrupted() {
    for code in ["for (;;) {}", "sleep(600);"] {
        let server = Server::with_loop(&format!(
            "if ($request->path === '/held') {{ touch(__DIR__ . '/held'); {code} }} $worker->respond(200, 'served');"
        ))
        .pool("num_workers: 2, reset_timeout: 500ms")
        .start();
        let address = server.address;
        let held = thread::spawn(move || Client::connect(address).and_then(|mut client| client.get("/held")));
        until("the request is held", || server.directory.join("held").exists());
        let load = Load::start(&server, 2);
        reload(&server, server.pid());
        load.go_on();
        let status = held.join().unwrap().unwrap().status;
        assert_eq!(status, 500, "{code}: {}", server.log());
        load.end(&server);
        let log = server.stop();
        assert_eq!(fewest_ready(&log, 2), 2, "{log}");
    }
}

#[test]
fn a_request_that_is_shorter_ends_by_itself_with_the_old_code() {
    let body = |version: &str| {
        format!(
            "<?php $worker = new RoadRunner\\Worker();\nwhile ($request = $worker->waitRequest()) {{
    for ($i = 0; $request->path === '/held' && $i < 6000 && !file_exists(__DIR__ . '/go'); $i++) {{
        touch(__DIR__ . '/held');
        usleep(5000);
    }}
    $worker->respond(200, '{version}');
}}"
        )
    };
    let server = Server::of(&body("old")).workers(1).start();
    let address = server.address;
    let held = thread::spawn(move || get(address, "/held").text());
    until("the request is held", || server.directory.join("held").exists());
    fs::write(server.directory.join("worker.php"), body("new")).unwrap();
    reload(&server, server.pid());
    assert_eq!(get(server.address, "/").text(), "new");
    fs::write(server.directory.join("go"), "").unwrap();
    assert_eq!(held.join().unwrap(), "old");
    server.stop();
}
