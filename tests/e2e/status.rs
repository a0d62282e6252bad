//! Health checks that pass through real PHP threads.

use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use libc::{SIGTERM, SIGUSR2};
use roadrunner::{
    net::Address,
    rpc::{self, Pool},
};

use crate::support::{Client, PATIENCE, Server, generation::changed, get, signal, until};

/// A worker whose request for `/wait` goes on until there is a file; the code before it is run at boot.
fn script(boot: &str) -> String {
    format!(
        "<?php\n{boot}\n$worker = new RoadRunner\\Worker();\nwhile ($request = $worker->waitRequest()) {{\n\
         while ($request->path === '/wait' && !file_exists(__DIR__ . '/go')) {{ clearstatcache(); usleep(1000); }}\n\
         $worker->respond(200, 'done');\n}}\n"
    )
}

fn config(workers: usize, sections: &str) -> String {
    format!(
        "version: '3'\nhttp: {{address: '127.0.0.1:0', pool: {{num_workers: {workers}}}}}\n\
         status: {{address: '127.0.0.1:0', check_timeout: 1}}\n{sections}\n"
    )
}

/// Where the server answers checks.
#[track_caller]
fn site(server: &Server) -> SocketAddr {
    server.wait_for_log("Serving health checks on ");
    let log = server.log();
    let (_, rest) = log.split_once("Serving health checks on ").unwrap();
    rest.split(['\n', ' ']).next().unwrap().parse().unwrap()
}

#[test]
fn a_server_whose_php_threads_hang_does_not_live_and_says_what_they_do() {
    let server = Server::of(&script("")).config(&config(2, "rpc: {listen: 'unix://rpc.sock'}")).start();
    let site = site(&server);
    let ask = |path: &str| get(site, path).status;
    assert_eq!((ask("/health"), ask("/ready")), (200, 200));
    let mut clients: Vec<_> = (0..2).map(|_| Client::connect(server.address).unwrap()).collect();
    clients[0].send(b"GET /wait?for=1 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut rpc = rpc::Client::connect(&Address::Unix(server.directory.join("rpc.sock")), PATIENCE).unwrap();
    let mut in_hand = || -> Vec<String> {
        let pool: Pool = rpc.call("informer.Workers", "http").unwrap();
        pool.workers.iter().map(|worker| format!("{} {}", worker.method, worker.uri)).collect()
    };
    until("the request can be seen", || in_hand().iter().any(|request| request == "GET /wait?for=1"));
    thread::sleep(Duration::from_millis(1100));
    assert_eq!((ask("/health"), ask("/ready")), (200, 200), "one that turns round is enough");
    clients[1].send(b"DELETE /wait?for=2 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    until("nobody shows life", || ask("/health") == 503);
    assert_eq!(ask("/ready"), 503);
    assert!(in_hand().iter().any(|request| request == "DELETE /wait?for=2"));
    fs::write(server.directory.join("go"), "").unwrap();
    until("they have come back", || ask("/health") == 200 && ask("/ready") == 200);
    until("nothing can be seen", || in_hand().iter().all(|request| request == " "));
    server.stop();
}

/// Asks all the time whether the server is ready and lives, while its generation changes.
fn change(parent: bool) {
    // Each generation takes some time to boot.
    let builder = Server::of(&script("usleep(400000);")).config(&config(1, ""));
    let mut server = if parent { builder.parent() } else { builder }.start();
    let site = site(&server);
    let (ended, first) = (Arc::new(AtomicBool::new(false)), server.processes()[0]);
    let asker = {
        let ended = Arc::clone(&ended);
        thread::spawn(move || {
            let mut asked = 0;
            while !ended.load(Ordering::Relaxed) {
                for path in ["/ready", "/health"] {
                    let answer = get(site, path);
                    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                    asked += 1;
                }
            }
            asked
        })
    };
    signal(if parent { server.pid() } else { first }, SIGUSR2);
    let next = changed(&server, 1);
    until("only the next generation is left", || server.processes() == [next]);
    ended.store(true, Ordering::Relaxed);
    assert!(asker.join().unwrap() > 10);
    if parent {
        server.stop();
    } else {
        assert_eq!(server.wait().code(), Some(0));
        signal(next, SIGTERM);
        server.wait_for_end();
    }
}

#[test]
fn a_change_of_the_generation_does_not_show() {
    change(false);
}

#[test]
fn a_change_by_the_parent_does_not_show() {
    change(true);
}

#[test]
fn a_server_that_boots_answers_that_it_is_not_ready() {
    let server = Server::of(
        "<?php while (!file_exists(__DIR__ . '/go')) { clearstatcache(); usleep(1000); }\n\
         $worker = new RoadRunner\\Worker(); while ($worker->waitRequest()) { $worker->respond(200, ''); }",
    )
    .config(&config(1, "").replace("address: '127.0.0.1:0', check", "address: 'unix:status.sock', check"))
    .parent()
    .begin();
    let socket = server.directory.join("status.sock");
    let ask = |path: &str| -> Option<String> {
        use std::io::{Read, Write};
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).ok()?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        Some(text.get(9..12)?.to_owned())
    };
    until("it answers", || ask("/health").is_some());
    assert_eq!((ask("/health").as_deref(), ask("/ready").as_deref()), (Some("200"), Some("503")));
    fs::write(server.directory.join("go"), "").unwrap();
    until("it is ready", || ask("/ready").as_deref() == Some("200"));
    server.stop();
}
