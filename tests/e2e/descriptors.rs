//! Descriptors: which are used, and what happens when there are none.

use std::{
    collections::BTreeSet,
    fs,
    io::{ErrorKind, Read},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use libc::{SIGTERM, SIGUSR2};
use nix::sys::resource::{Resource, getrlimit};

use crate::support::{Client, Server, get, server::Builder, signal, until};

/// Opens files, says how many it could, and lets go of them before the next request may open its own.
const FILES: &str = "$files = array_filter(array_map(fn () => @fopen(__FILE__, 'r'), range(1, 40)));\n\
    $opened = count($files);\n\
    unset($files);\n\
    $worker->respond(200, (string) $opened);";

/// Starts a server that is bounded to 256 descriptors.
fn bounded(limits: &str) -> Server {
    let builder = Server::with_loop(FILES);
    let builder = builder.config(&format!(
        "http: {{address: '{{address}}', limits: {{{limits}}}, pool: {{num_workers: 2}}}}\nlogs: {{level: debug}}\n"
    ));
    start_by(builder, "ulimit -n 256; exec \"$@\"")
}

fn start_by(builder: Builder, script: &str) -> Server {
    let command = builder.command_by(&["sh", "-c", script, "sh"]);
    let mut server = builder.begin_as(command);
    server.find_address();
    server
}

/// Connects so many clients; returns those that are let in, once there are no more than `most` of them.
fn crowd(address: SocketAddr, count: usize, most: usize) -> Vec<TcpStream> {
    let connect = |_| {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream
    };
    let mut clients: Vec<_> = (0..count).map(connect).collect();
    let is_in = |stream: &TcpStream| {
        let mut stream = stream;
        stream.read(&mut [0; 1024]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    };
    until("most are turned away", || {
        clients.retain(is_in);
        clients.len() <= most
    });
    clients
}

/// How much of a processor the process takes while nothing moves.
fn load(process: u32) -> f64 {
    let ticks = || {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
    };
    let (start, before) = (Instant::now(), ticks());
    thread::sleep(Duration::from_secs(2));
    (ticks() - before) / 100.0 / start.elapsed().as_secs_f64()
}

#[test]
fn with_few_descriptors_connections_leave_room_for_php() {
    let server = bounded("");
    server.wait_for_log("connections=128 descriptors=256 before=256");
    let clients = crowd(server.address, 1000, 128);
    assert!((100..=128).contains(&clients.len()), "{}", clients.len());
    // Those that are in are served, and workers open files.
    let mut served = Client::over(clients[0].try_clone().unwrap());
    for _ in 0..3 {
        assert_eq!(served.get("/").unwrap().text(), "40");
    }
    let taken = load(server.pid());
    assert!(taken < 0.2, "{taken} of a processor");
    drop((clients, served));
    until("there is room again", || {
        Client::connect(server.address).and_then(|mut client| client.get("/")).is_ok_and(|answer| answer.status == 200)
    });
    let log = server.stop();
    assert!(log.contains("http.limits.max_connections allows"), "{log}");
    assert!(!log.contains("no descriptors left"), "{log}");
}

#[test]
fn without_descriptors_connections_are_shed() {
    let server = bounded("max_connections: 100000");
    server.wait_for_log("leaves too few of 256 descriptors");
    let start = Instant::now();
    let mut clients = crowd(server.address, 1000, 255);
    assert!((150..256).contains(&clients.len()), "{}", clients.len());
    server.wait_for_log("no descriptors left");
    clients.extend(crowd(server.address, 100, 255));
    let taken = load(server.pid());
    assert!(taken < 0.2, "{taken} of a processor");
    let lines = server.log().matches("no descriptors left").count();
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap();
    assert!(lines <= seconds + 1, "{lines} lines in {seconds} seconds");
    drop(clients);
    until("there is room again", || {
        Client::connect(server.address).and_then(|mut client| client.get("/")).is_ok_and(|answer| answer.text() == "40")
    });
    server.stop();
}

fn numbers(process: u32) -> BTreeSet<u32> {
    let entries = fs::read_dir(format!("/proc/{process}/fd")).unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

#[test]
fn clients_are_out_of_the_way_of_select() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if hard < 8192 {
        return println!("left out: too few descriptors here");
    }
    let server = Server::with_loop(
        "[$one, $other] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);\n\
         fwrite($other, 'x');\n\
         $read = [$one]; $none = null;\n\
         $process = proc_open(['sh', '-c', 'echo hello'], [1 => ['pipe', 'w']], $pipes);\n\
         $worker->respond(200, stream_select($read, $none, $none, 5) . fgets($pipes[1]));\n\
         proc_close($process);",
    )
    .workers(1)
    .start();
    let before = numbers(server.pid());
    let clients: Vec<_> = (0..1500).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    until("all are accepted", || numbers(server.pid()).len() >= before.len() + clients.len());
    let above = numbers(server.pid()).into_iter().filter(|number| *number >= 4096).count();
    assert_eq!(above, clients.len());
    assert_eq!(get(server.address, "/").text(), "1hello\n");
    drop(clients);
    server.stop();
}

#[test]
fn the_limit_is_raised_but_not_for_the_next_generation() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let server = start_by(Server::with_loop(FILES).workers(1), "ulimit -Sn 200; exec \"$@\"");
    let raised = format!("descriptors={} before=200", hard.min(1 << 20));
    server.wait_for_log(&raised);
    server.signal(SIGUSR2);
    until("the next generation has started with the same limit", || server.log().matches(&raised).count() == 2);
    server.wait_for_log("Server stopped");
    server.processes().into_iter().for_each(|process| signal(process, SIGTERM));
    server.wait_for_end();
}
