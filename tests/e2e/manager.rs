//! The service manager: what it is told, and the sockets that it passes.

use std::{
    fs,
    net::TcpListener,
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use libc::{SIGTERM, SIGUSR2};

use crate::support::{Client, PATIENCE, Server, get, signal, until};

/// A service manager that listens.
struct Manager(UnixDatagram);

impl Manager {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    fn next(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.0.recv(&mut buffer).expect("the service manager is told something");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// Waits for a message with this line; gives it, and those before it.
    #[track_caller]
    fn wait_for(&self, line: &str) -> (String, Vec<String>) {
        let end = Instant::now() + PATIENCE;
        let mut before = Vec::new();
        loop {
            assert!(Instant::now() < end, "no {line} in {before:?}");
            let message = self.next();
            if message.lines().any(|other| other == line) {
                return (message, before);
            }
            before.push(message);
        }
    }

    /// Forgets what was told so far.
    fn forget(&self) {
        self.0.set_nonblocking(true).unwrap();
        while self.0.recv(&mut [0; 4096]).is_ok() {}
        self.0.set_nonblocking(false).unwrap();
    }
}

/// Boots once `booted` is there; holds requests to `/held` until `go` is there.
const SCRIPT: &str = r#"<?php
function hold(string $until) {
    for ($i = 0; $i < 6000 && !file_exists(__DIR__ . "/$until"); $i++) usleep(5000);
}
if (RoadRunner\Environment::isWorker()) {
    touch(__DIR__ . '/booting');
    hold('booted');
}
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    if ($request->path === '/held') {
        touch(__DIR__ . '/held' . RoadRunner\Environment::workerNumber());
        hold('go');
    }
    $worker->respond(200, 'answer');
}
"#;

/// The whole protocol; `parent`: with the parent process of `rr serve` between the two.
fn protocol(parent: bool) {
    let builder = Server::of(SCRIPT).workers(2);
    let builder = if parent { builder.parent() } else { builder };
    let path = builder.directory().join("notify");
    let manager = Manager::at(&path);
    let mut server = builder.env("NOTIFY_SOCKET", path.to_str().unwrap()).env("WATCHDOG_USEC", "1000000").begin();

    until("a worker boots", || server.directory.join("booting").exists());
    manager.wait_for("STATUS=Starting: workers boot");
    fs::write(server.directory.join("booted"), "").unwrap();
    let (ready, before) = manager.wait_for("READY=1");
    assert!(before.iter().all(|message| !message.contains("WATCHDOG")), "{before:?}");
    server.find_address();
    assert!(ready.contains(&format!("STATUS=Serving {} with 2 workers\n", server.address)), "{ready}");
    assert_eq!(ready.contains(&format!("MAINPID={}\n", server.pid())), parent, "{ready}");

    // Threads that wait show life, and one that is free is enough.
    manager.wait_for("WATCHDOG=1");
    let address = server.address;
    let hold = |number: usize| {
        let client = thread::spawn(move || get(address, "/held"));
        until("a request is held", || {
            (0..2).filter(|n| server.directory.join(format!("held{n}")).exists()).count() == number
        });
        client
    };
    let first = hold(1);
    thread::sleep(Duration::from_millis(1200));
    manager.forget();
    manager.wait_for("WATCHDOG=1");

    // All hang: the signs stop.
    let second = hold(2);
    server.wait_for_log("No worker shows life");
    manager.forget();
    manager.0.set_read_timeout(Some(Duration::from_millis(1200))).unwrap();
    assert!(manager.0.recv(&mut [0; 4096]).is_err(), "a server that hangs shows life");
    manager.0.set_read_timeout(Some(PATIENCE)).unwrap();

    // And come back.
    fs::write(server.directory.join("go"), "").unwrap();
    for client in [first, second] {
        assert_eq!(client.join().unwrap().text(), "answer");
    }
    manager.wait_for("WATCHDOG=1");

    server.signal(SIGUSR2);
    let (reloading, _) = manager.wait_for("RELOADING=1");
    assert!(reloading.contains("\nMONOTONIC_USEC="), "{reloading}");
    let (ready, _) = manager.wait_for("READY=1");
    server.wait_for_log("the next one serves");
    let main = if parent {
        server.pid()
    } else {
        assert_eq!(server.wait().code(), Some(0));
        server.processes()[0]
    };
    assert!(ready.contains(&format!("MAINPID={main}\n")), "{ready}");
    // From the next generation.
    manager.forget();
    manager.wait_for("WATCHDOG=1");

    manager.forget();
    signal(main, SIGTERM);
    loop {
        let message = manager.next();
        if message.starts_with("STOPPING=1\n") {
            break;
        }
        assert_eq!(message, "WATCHDOG=1\n", "something is told before the end");
    }
    until("everything has ended", || server.processes().is_empty());
    if parent {
        assert_eq!(server.wait().code(), Some(0));
    }
}

#[test]
fn the_service_manager_is_told_how_the_server_is() {
    protocol(false);
}

#[test]
fn the_service_manager_is_told_how_the_server_is_through_its_parent() {
    protocol(true);
}

#[test]
fn a_server_that_is_told_to_end_serves_on_for_the_delay_and_says_so_first() {
    let builder = Server::with_loop("$worker->respond(200, 'answer');");
    let path = builder.directory().join("notify");
    let manager = Manager::at(&path);
    let mut server = builder
        .env("NOTIFY_SOCKET", path.to_str().unwrap())
        .config("http: {address: {address}, pool: {num_workers: 1}}\nshutdown: {delay: 1s}\n")
        .start();
    let mut client = Client::connect(server.address).unwrap();
    assert_eq!(client.get("/").unwrap().header("connection"), None);
    let start = Instant::now();
    server.signal(SIGTERM);
    manager.wait_for("STOPPING=1");
    server.wait_for_log("serving on, so that load balancers can notice");
    // Connections are taken and answered, and told to come no more.
    until("answers are the last of their connection", || {
        get(server.address, "/").header("connection") == Some("close") || start.elapsed() > Duration::from_secs(1)
    });
    let last = client.get("/").unwrap();
    assert_eq!((last.status, last.header("connection")), (200, Some("close")));
    assert_eq!(server.wait().code(), Some(0));
    assert!(start.elapsed() >= Duration::from_secs(1));
}

/// A server that is passed `listener` as descriptor 3, for `address` in its configuration.
fn activated(listener: TcpListener, address: &str, parent: bool, process: &str) -> Server {
    let builder = Server::with_loop("$worker->respond(200, 'answer');")
        .config(&format!("http: {{address: '{address}', pool: {{num_workers: 1}}}}\n"));
    let builder = if parent { builder.parent() } else { builder };
    let script = format!(
        "exec 3<&0 </dev/null; export LISTEN_PID={process} LISTEN_FDS=1 LISTEN_FDNAMES=web.socket; exec \"$@\""
    );
    let mut command = builder.command_by(&["sh", "-c", &script, "sh"]);
    command.stdin(OwnedFd::from(listener));
    builder.begin_as(command)
}

#[test]
fn sockets_of_the_service_manager_are_used() {
    for parent in [false, true] {
        for address in ["127.0.0.1:0", "[::]:0"] {
            let listener = TcpListener::bind(address).unwrap();
            let port = listener.local_addr().unwrap().port();
            // As a bare port of a socket unit: for all addresses of both families.
            let wanted = if address.starts_with('[') { format!(":{port}") } else { format!("127.0.0.1:{port}") };
            let mut server = activated(listener.try_clone().unwrap(), &wanted, parent, "$$");
            server.find_address();
            assert_eq!(server.address.port(), port);
            let address = ([127, 0, 0, 1], port).into();
            assert_eq!(get(address, "/").text(), "answer");
            server.stop();
            // The service manager's socket outlives the server, and takes connections for the next one.
            assert!(Client::connect(address).is_ok());
        }
    }
}

#[test]
fn a_socket_of_the_service_manager_that_is_for_no_address_ends_the_start() {
    for parent in [false, true] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = activated(listener, "127.0.0.1:0", parent, "$$");
        assert_eq!(server.wait().code(), Some(if parent { 1 } else { 255 }));
        server.wait_for_log(&format!(
            "cannot listen on {address}: the service manager passes a socket (web.socket) for an address that is not configured"
        ));
    }
}

#[test]
fn sockets_that_are_meant_for_another_process_are_left_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut server = activated(listener, "127.0.0.1:0", false, "1");
    server.find_address();
    assert_eq!(get(server.address, "/").text(), "answer");
    server.stop();
}
