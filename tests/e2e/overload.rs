//! More clients than the workers and the queue can take.

use std::thread;

use crate::support::{Client, Server, get, until};

/// Counts the requests that reached PHP in a file, and holds `/held` until told to go.
const COUNT: &str = r#"
    file_put_contents(__DIR__ . '/reached', "$request->path\n", FILE_APPEND | LOCK_EX);
    while (str_starts_with($request->path, '/held') && !file_exists(__DIR__ . '/go')) {
        usleep(2000);
    }
    $worker->respond(200, 'served');"#;

fn reached(server: &Server) -> Vec<String> {
    let text = std::fs::read_to_string(server.directory.join("reached")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_surplus_is_refused_while_all_workers_are_busy() {
    const WORKERS: usize = 4;
    const WAITING: usize = 8;
    const SURPLUS: usize = 20;
    let server = Server::with_loop(COUNT).pool(&format!("num_workers: {WORKERS}, max_queue_size: {WAITING}")).start();
    let address = server.address;
    let clients: Vec<_> =
        (0..WORKERS + WAITING + SURPLUS).map(|_| thread::spawn(move || get(address, "/held"))).collect();
    // The refused are answered while all others still wait.
    until("the surplus is refused", || clients.iter().filter(|client| client.is_finished()).count() == SURPLUS);
    assert!(reached(&server).len() <= WORKERS);
    std::fs::write(server.directory.join("go"), "").unwrap();
    let mut served = 0;
    for client in clients {
        let response = client.join().unwrap();
        match response.status {
            200 => served += 1,
            503 => assert_eq!(response.header("retry-after"), Some("1")),
            other => panic!("status {other}"),
        }
    }
    assert_eq!(served, WORKERS + WAITING);
    assert_eq!(reached(&server).len(), WORKERS + WAITING);
    server.stop();
}

#[test]
fn a_client_that_leaves_the_queue_never_reaches_php() {
    let server = Server::with_loop(COUNT).pool("num_workers: 1, max_queue_size: 8").start();
    let address = server.address;
    let held = thread::spawn(move || get(address, "/held"));
    until("the worker is busy", || !reached(&server).is_empty());
    let stayed = server.descriptors() + 1;
    let behind = thread::spawn(move || get(address, "/behind"));
    until("the next client is there", || server.descriptors() == stayed);
    let mut leaving: Vec<_> = (0..4).map(|_| Client::connect(address).unwrap()).collect();
    for client in &mut leaving {
        client.send(b"GET /left HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    }
    until("the clients are let in", || server.descriptors() == stayed + 4);
    drop(leaving);
    until("the server has seen them go", || server.descriptors() == stayed);
    std::fs::write(server.directory.join("go"), "").unwrap();
    assert_eq!(held.join().unwrap().status, 200);
    assert_eq!(behind.join().unwrap().status, 200);
    assert_eq!(reached(&server), ["/held", "/behind"]);
    server.stop();
}
