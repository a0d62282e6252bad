//! Several pools, and what a pool does by itself: limits of its workers, its size, runs for one request each.

use std::{collections::HashSet, fs};

use crate::support::{Client, Load, Mode, Server, at_once, get, until};

/// Says where it is and what it sees.
const WHO: &str = r#"<?php
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $worker->respond(200, [RoadRunner\Environment::pool(), array_slice($argv, 1), getenv('KIND'), $_SERVER['KIND'] ?? null,
        $_ENV['KIND'] ?? null, getenv()['KIND'] ?? null, getenv('SHARED')]);
}
"#;

fn by_host(server: &Server, host: &str, target: &str) -> String {
    let mut client = Client::connect(server.address).unwrap();
    client.send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
    client.response(false).unwrap().text()
}

#[test]
fn pools_have_scripts_and_environments_of_their_own_and_routes_lead_to_them() {
    let config = r#"
http:
  address: {address}
  pool: {num_workers: 1}
  pools:
    api: {num_workers: 2, command: php api.php --fast 1, env: {kind: api}}
    admin: {num_workers: 1, env: {KIND: admin, shared: "it's \"own\" = 1"}}
  routes:
    - {prefix: /api, pool: api}
    - {prefix: /, host: "*.admin.test", pool: admin}
    - {prefix: /back, pool: http}
"#;
    let server =
        Server::of(WHO).file("api.php", WHO).config(config).env("SHARED", "all").ini("variables_order=EGPCS").start();
    let of_http = r#"["http",[],false,null,null,null,"all"]"#;
    let of_api = r#"["api",["--fast","1"],"api","api","api","api","all"]"#;
    let of_admin = r#"["admin",[],"admin","admin","admin","admin","it's \"own\" = 1"]"#;
    for _ in 0..3 {
        assert_eq!(by_host(&server, "a.test", "/"), of_http);
        assert_eq!(by_host(&server, "a.test", "/back/x"), of_http);
        assert_eq!(by_host(&server, "a.test", "/apis"), of_http);
        assert_eq!(by_host(&server, "a.test", "/api"), of_api);
        assert_eq!(by_host(&server, "one.admin.test", "/api/x"), of_api);
        assert_eq!(by_host(&server, "one.admin.test", "/apis"), of_admin);
    }
    server.signal(libc::SIGHUP);
    until("every pool is reloaded", || server.log().matches(" Reloaded ").count() == 3);
    assert_eq!(by_host(&server, "a.test", "/api"), of_api);
    assert_eq!(by_host(&server, "one.admin.test", "/"), of_admin);
    server.stop();
}

#[test]
fn pools_that_are_not_there_and_scripts_that_cannot_be_read_are_errors_of_the_start() {
    let run = |settings: &str| {
        let (code, output) = Server::of(WHO).config(&format!("http: {{address: {{address}}, {settings}}}")).run();
        assert_eq!(code, Some(255), "{output}");
        output
    };
    let output = run("pools: {api: {num_workers: 1}}, routes: [{prefix: /, pool: apis}]");
    assert!(output.contains(r#"http.routes names pool "apis", but there is only http, api"#), "{output}");
    let output = run("pools: {api: {command: php nowhere.php}}");
    assert!(output.contains("nowhere.php cannot be read: No such file"), "{output}");
    let output = run("pools: {http: {num_workers: 1}}");
    assert!(output.contains("http.pools has \"http\", which is the name of http.pool"), "{output}");
}

#[test]
fn a_busy_pool_holds_up_no_other() {
    let body = "while (RoadRunner\\Environment::pool() === 'slow' && !file_exists(__DIR__ . '/go')) { touch(__DIR__ . '/held'); usleep(5000); clearstatcache(); }
    $worker->respond(200, RoadRunner\\Environment::pool());";
    let config = "http: {address: {address}, pool: {num_workers: 1}, pools: {slow: {num_workers: 1}}, routes: [{prefix: /slow, pool: slow}]}";
    let server = Server::with_loop(body).config(config).start();
    let address = server.address;
    let held = std::thread::spawn(move || at_once(address, "/slow", 5));
    until("the slow pool is busy", || server.directory.join("held").exists());
    for _ in 0..20 {
        assert_eq!(get(address, "/").text(), "http");
    }
    fs::write(server.directory.join("go"), "").unwrap();
    assert_eq!(held.join().unwrap(), ["slow"; 5]);
    server.stop();
}

/// Recycles workers for `reason` under load, which no request may notice.
fn limit(settings: &str, reason: &str, body: &str) -> Server {
    let server = Server::with_loop(body).pool(&format!("num_workers: 3, {settings}")).mode(Mode::Opcache).start();
    let load = Load::start(&server, 8);
    until("workers are recycled", || {
        server.log().matches(&format!("reason={reason}")).count() >= 12 || load.has_failed()
    });
    load.end(&server);
    server
}

#[test]
fn workers_are_recycled_after_their_requests() {
    let body = "$number = ($number ?? 0) + 1; if ($number > 20) { $worker->respond(500); } $worker->respond(200);";
    limit("max_jobs: 20", "max_jobs", body).stop();
}

#[test]
fn workers_are_recycled_at_their_age() {
    limit("supervisor: {ttl: 100ms}", "ttl", "$worker->respond(200);").stop();
}

#[test]
fn workers_without_requests_are_recycled_while_others_work() {
    let server = Server::with_loop("$worker->respond(200);")
        .pool("num_workers: 4, supervisor: {watch_tick: 50ms, idle_ttl: 200ms}")
        .start();
    let load = Load::start(&server, 1);
    until("workers are recycled", || server.log().matches("reason=idle_ttl").count() >= 8);
    load.end(&server);
    server.stop();
}

#[test]
fn a_worker_that_leaks_stays_below_its_memory() {
    // 24 MiB and the request that goes beyond them; the rest is the engine's own.
    let body = "$leak[] = str_repeat('x', 1 << 20); $worker->respond(memory_get_usage(true) > 29 << 20 ? 500 : 200);";
    limit("supervisor: {max_worker_memory: 24}", "max_memory", body).stop();
}

#[test]
fn limits_are_kept_while_others_reload() {
    let server = Server::with_loop("$worker->respond(200);").pool("num_workers: 3, max_jobs: 25").start();
    let load = Load::start(&server, 8);
    for number in 1..=5 {
        server.signal(libc::SIGHUP);
        until("it is reloaded", || server.log().matches(" Reloaded ").count() == number);
        load.go_on_for(100);
    }
    load.end(&server);
    let log = server.stop();
    assert!(log.contains("reason=max_jobs"), "{log}");
}

#[test]
fn a_debug_pool_meets_every_request_with_the_code_of_now_and_nothing_else() {
    let script = |body: &str| {
        format!("<?php $worker = new RoadRunner\\Worker();\nwhile ($request = $worker->waitRequest()) {{ {body} }}")
    };
    for mode in [Mode::NoOpcache, Mode::Opcache] {
        let server = Server::of(&script("$worker->respond(200, require 'lib.php');"))
            .file("lib.php", "<?php return 'first';")
            .pool("num_workers: 2, debug: true")
            .mode(mode)
            .ini("opcache.revalidate_freq=60")
            .start();
        assert_eq!(get(server.address, "/").text(), "first");
        let write = |name: &str, text: &str| fs::write(server.directory.join(name), text).unwrap();
        write("lib.php", "<?php return 'other';");
        assert_eq!(get(server.address, "/").text(), "other", "{mode:?}");
        write("worker.php", &script("$n = ($n ?? 0) + 1; $GLOBALS['m'] ??= 0; $worker->respond(200, \"$n \" . ++$m);"));
        for _ in 0..5 {
            assert_eq!(get(server.address, "/").text(), "1 1", "{mode:?}");
        }
        for (code, says) in [
            (script("throw new DomainException('gone wrong');"), "gone wrong"),
            (script("undefined();"), "Call to undefined function undefined()"),
            (script("return;"), "without an answer"),
            ("<?php $a = ;".to_owned(), "syntax error"),
            ("<?php throw new DomainException('at boot');".to_owned(), "at boot"),
            ("<?php exit(3);".to_owned(), "status 3"),
        ] {
            write("worker.php", &code);
            for _ in 0..3 {
                let answer = get(server.address, "/");
                assert_eq!(answer.status, 500, "{code}");
                assert!(answer.text().contains(says), "{mode:?}: {code}: {}", answer.text());
            }
        }
        write("worker.php", &script("$worker->respond(200, 'mended');"));
        let load = Load::checked(server.address, 4, |_| "/".to_owned(), |_, answer| answer.text() == "mended");
        load.go_on_for(50);
        load.end(&server);
        server.stop();
    }
}

/// Sizes that the pool took, in their order, as the log has them.
pub fn sizes(log: &str, what: &str) -> Vec<(usize, usize)> {
    let number = |line: &str, name: &str| {
        let (_, rest) = line.split_once(name)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    log.lines()
        .filter(|line| line.contains(what))
        .filter_map(|line| Some((number(line, " from=")?, number(line, " to=")?)))
        .collect()
}

#[test]
fn a_pool_grows_while_requests_wait_and_shrinks_afterwards() {
    let server = Server::with_loop("usleep(20000); $worker->respond(200, RoadRunner\\Environment::workerName());")
        .pool("num_workers: 1, dynamic_allocator: {max_workers: 5, spawn_rate: 2, idle_timeout: 1s}")
        .start();
    let before = server.threads();
    let load = Load::start(&server, 16);
    until("the pool is as big as it may be", || {
        sizes(&server.log(), "the pool grows").last().is_some_and(|last| last.1 == 6)
    });
    // Every worker has something to do.
    let mut seen = HashSet::new();
    until("all of them serve", || {
        seen.insert(get(server.address, "/").text());
        seen.len() == 6
    });
    load.end(&server);
    let grown = sizes(&server.log(), "the pool grows");
    assert!(grown.len() >= 3 && grown.iter().all(|(from, to)| to - from <= 2), "{grown:?}");
    assert_eq!(sizes(&server.log(), "the pool shrinks"), [], "{}", server.log());
    until("the pool is as small as before", || {
        sizes(&server.log(), "the pool shrinks").last().is_some_and(|last| last.1 == 1)
    });
    until("the threads have ended", || server.threads() <= before);
    // One client is no reason to grow.
    for _ in 0..20 {
        get(server.address, "/");
    }
    assert_eq!(sizes(&server.log(), "the pool grows"), grown);
    server.stop();
}
