//! Commands that call a running server, and the socket over which they do.

use std::{
    net::TcpListener,
    os::unix::{fs::MetadataExt, process::CommandExt},
    sync::Arc,
    time::{Duration, SystemTime},
};

use roadrunner::{
    net::Address,
    rpc::{Bound, Client, Config, Limits, Methods, Server, Status, Steering, SteeringError, WorkerState},
};

use super::*;

/// Pools of which one cannot be reset.
struct Fake;

impl Steering for Fake {
    fn pools(&self) -> Vec<String> {
        vec!["http".to_owned(), "jobs".to_owned()]
    }

    fn workers(&self, pool: &str) -> Result<Vec<WorkerState>, SteeringError> {
        if !self.pools().iter().any(|known| known == pool) {
            return Err(SteeringError::UnknownPool { name: pool.to_owned(), pools: self.pools() });
        }
        let failing = pool == "jobs";
        Ok(vec![WorkerState {
            name: format!("rr-php-{pool}-0"),
            number: 0,
            thread: Some(4711),
            status: if failing { Status::Failing } else { Status::Working },
            age: Duration::from_millis(1500),
            method: (!failing).then(|| "GET".to_owned()),
            uri: (!failing).then(|| "/report\n?year=2026".to_owned()),
            requests: 1234,
            memory: 2_500_000,
            cpu: 0.0,
            cpu_time: Duration::ZERO,
            created: SystemTime::now() - Duration::from_secs(7200),
            boot_error: failing.then(|| "Parse error in worker.php".to_owned()),
        }])
    }

    fn reset(&self, pool: Option<&str>) -> Result<(), SteeringError> {
        match pool {
            Some("http") => Ok(()),
            _ => Err(SteeringError::Failed("rr-php-jobs-0 did not boot: Parse error in worker.php".to_owned())),
        }
    }

    fn add_worker(&self, _pool: &str) -> Result<(), SteeringError> {
        Ok(())
    }

    fn remove_worker(&self, _pool: &str) -> Result<(), SteeringError> {
        Ok(())
    }
}

/// A server without PHP, and what `rr` is told of it.
fn fake() -> (Server, String) {
    let steering: Arc<dyn Steering> = Arc::new(Fake);
    let mut methods = Methods::new();
    methods.steer(&steering);
    let listen = Some(vec![Address::Tcp("127.0.0.1:0".parse().unwrap())]);
    let bound = Bound::new(&Config { listen, ..Config::default() }, false).unwrap();
    let server = Server::start(bound, methods, Limits::default()).unwrap();
    let told = format!("rpc.listen=tcp://{}", server.addresses()[0]);
    (server, told)
}

#[test]
fn workers_are_shown_in_a_table_for_each_pool() {
    let (_server, told) = fake();
    let place = Place::hello();
    let said = place.run(&["workers", "-o", &told]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    for line in [
        "Workers of [http]:",
        "│ PID  │ STATUS  │ EXECS │ MEMORY │ CPU% │ CREATED │ FOR │ REQUEST                │",
        "│ 4711 │ working │ 1,234 │ 2.5 MB │ 0.00 │ 2 h ago │ 1 s │ GET /report??year=2026 │",
        "Workers of [jobs]:",
        "rr-php-jobs-0 does not boot: Parse error in worker.php",
    ] {
        assert!(said.out.lines().any(|other| other == line), "no {line}:\n{}", said.out);
    }
    let said = place.run(&["workers", "http", "-o", &told]);
    assert!(said.out.contains("[http]") && !said.out.contains("[jobs]"), "{said:?}");
    let said = place.run(&["workers", "grpc", "-o", &told]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), "rr: there is no pool \"grpc\"; there are http, jobs\n"));
    let said = place.run(&["workers", "-i", "-o", &told]);
    assert_eq!((said.code, said.err.as_str()), (Some(64), "rr: -i needs a terminal\n"));
}

#[test]
fn whether_a_server_is_well_is_told_to_people_and_to_scripts() {
    let place = Place::hello();
    let server = serve(&place, &[]);
    let run = |words: &[&str]| {
        let mut command = place.command(words);
        command.env("XDG_RUNTIME_DIR", place.path("run"));
        Said::of(command)
    };
    let said = run(&["status"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    let expected = "│ http │ yes     │ yes   │ 1       │ 0    │ 0       │ 0        │";
    assert!(said.out.lines().any(|line| line.starts_with(expected)), "{}", said.out);
    let said = run(&["status", "--json", "http"]);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&report["well"], &report["pools"][0]["ready"]), (&true.into(), &true.into()), "{report}");
    let said = run(&["status", "grpc"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), "rr: no such plugin: grpc\n"));
    // One page, without a terminal.
    let said = run(&["top"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    for start in ["roadrunner ", "POOL  REQ/S", "http  0 ", "WORKER  PID", "http-0  "] {
        assert!(said.out.lines().any(|line| line.starts_with(start)), "no {start}:\n{}", said.out);
    }
    server.end();
    assert_eq!(run(&["status"]).code, Some(1), "there is no server");
}

#[test]
fn workers_are_listed_for_machines() {
    let (_server, told) = fake();
    let said = Place::hello().run(&["workers", "--json", "-o", &told]);
    let pools: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let worker = &pools["http"][0];
    assert_eq!(worker["pid"], 4711);
    assert_eq!(worker["statusStr"], "working");
    assert_eq!(worker["uri"], "/report\n?year=2026");
    assert_eq!(pools["jobs"][0]["bootError"], "Parse error in worker.php");
}

#[test]
fn a_reset_says_what_it_does_and_fails_with_the_reason() {
    let (_server, told) = fake();
    let place = Place::hello();
    let said = place.run(&["reset", "http", "-o", &told]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(said.out, "resetting plugin: [http] \nplugin reset: [http]\n");
    // As Laravel Octane does it.
    let said = place.run(&["reset", "http", "-o", &told, "-s"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "", ""), "{said:?}");
    // The other pools are reset all the same.
    let said = place.run(&["reset", "-o", &told]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!(said.out, "resetting plugin: [http] \nplugin reset: [http]\nresetting plugin: [jobs] \n");
    let reason = "rr-php-jobs-0 did not boot: Parse error in worker.php";
    assert_eq!(said.err, format!("rr: jobs was not reset: {reason}\n"));
    let said = place.run(&["reset", "--json", "-o", &told]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let outcomes: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let expected =
        serde_json::json!([{"pool": "http", "reset": true}, {"pool": "jobs", "reset": false, "error": reason}]);
    assert_eq!(outcomes, expected);
}

#[test]
fn without_a_server_it_is_said_where_it_was_looked_for() {
    let place = Place::hello();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for command in ["workers", "status", "top", "reset"] {
        let said = place.run(&[command, "-o", "rpc.listen=unix://sub.sock"]);
        let expected = format!("rr: no server runs here: there is no socket {}/sub.sock\n", place.0.display());
        assert_eq!((said.code, said.err), (Some(1), expected));
        let said = place.run(&[command, "-o", &format!("rpc.listen=tcp://{port}")]);
        let expected = format!("rr: no server can be reached at {port}: Connection refused (os error 111)\n");
        assert_eq!((said.code, said.err), (Some(1), expected));
        let said = place.run(&[command, "-o", "rpc.listen=tcp://0.0.0.0:1"]);
        assert_eq!(said.code, Some(78));
        assert!(said.err.contains("rpc.listen can be reached from other machines"), "{}", said.err);
    }
}

// === the socket of a server ===

/// The command `serve`, its sockets in the directory `run` of the place.
fn serve<'a>(place: &'a Place, arguments: &[&str]) -> Running<'a> {
    fs::create_dir_all(place.path("run")).unwrap();
    let log = fs::File::create(place.path("log")).unwrap();
    let mut command = place.command(&[&["serve"], arguments].concat());
    command.env("XDG_RUNTIME_DIR", place.path("run")).stdout(log.try_clone().unwrap()).stderr(log);
    let running = Running { place, child: command.spawn().unwrap() };
    running.wait_for("Serving http://");
    running
}

fn sockets(place: &Place) -> Vec<PathBuf> {
    let files = fs::read_dir(place.path("run/roadrunner")).into_iter().flatten();
    files.map(|file| file.unwrap().path()).collect()
}

/// Who answers; 0: nobody.
fn process(address: &Address) -> u32 {
    let client = Client::connect(address, PATIENCE).ok();
    client.and_then(|mut client| client.call("rpc.Process", &true).ok()).unwrap_or_default()
}

#[test]
fn a_server_has_a_socket_that_its_next_generation_takes_over() {
    for arguments in [&[][..], &["--no-parent"]] {
        let place = Place::hello();
        let server = serve(&place, arguments);
        let [path] = &*sockets(&place) else { panic!("{:?}", sockets(&place)) };
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o600);
        let address = Address::Unix(path.clone());
        let first = process(&address);
        assert_eq!(first == server.child.id(), arguments == ["--no-parent"]);
        // The way in which it was found stays that of the first.
        let mut client = Client::connect(&address, PATIENCE).unwrap();
        server.signal("USR2");
        until("another process answers", || process(&address) != first);
        let second = process(&address);
        assert_ne!(second, 0, "there is always one");
        until("the first one has ended", || client.call::<_, u32>("rpc.Process", &true).is_err());
        until("the first one has gone", || !Path::new(&format!("/proc/{first}")).exists() || arguments.len() == 1);
        assert_eq!(process(&address), second, "the file is not that of the first any more");
        assert_eq!(sockets(&place), std::slice::from_ref(path));
        kill(second);
        until("the file goes with the last", || sockets(&place).is_empty());
    }
}

fn kill(process: u32) {
    assert!(Command::new("kill").arg(process.to_string()).status().unwrap().success());
}

#[test]
fn a_port_is_taken_over_too() {
    for arguments in [&[][..], &["--no-parent"]] {
        let place = Place::hello();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let told = format!("rpc.listen=tcp://{port}");
        let server = serve(&place, &[&["-o", &told], arguments].concat());
        let address = Address::Tcp(port);
        let first = process(&address);
        assert_ne!(first, 0);
        // Another server must not share it.
        let other = place.run(&["serve", "--no-parent", "-o", &told]);
        assert_eq!(other.code, Some(1), "{other:?}");
        let reason = format!("rpc.listen: cannot listen on {port}: process {first} serves there");
        assert!(other.err.contains(&reason) || other.out.contains(&reason), "{other:?}");
        server.signal("USR2");
        until("another process answers", || ![0, first].contains(&process(&address)));
        until("the first one answers no more", || (0..20).all(|_| ![0, first].contains(&process(&address))));
        kill(process(&address));
        until("nobody listens", || process(&address) == 0);
    }
}

#[test]
fn what_a_dead_server_has_left_is_replaced() {
    let place = Place::hello();
    let mut server = serve(&place, &["--no-parent"]);
    server.signal("KILL");
    server.wait();
    let left = sockets(&place);
    assert_eq!(left.len(), 1);
    let server = serve(&place, &["--no-parent"]);
    assert_eq!(sockets(&place), left);
    assert_eq!(process(&Address::Unix(left[0].clone())), server.child.id());
    let log = server.end();
    assert!(log.contains("Socket of a server that is gone is replaced"), "{log}");
    assert!(sockets(&place).is_empty());
}

#[test]
fn a_second_server_of_a_place_serves_without_and_names_the_first() {
    let place = Place::hello();
    let first = serve(&place, &["--no-parent"]);
    let paths = sockets(&place);
    let log = place.path("second");
    let mut command = place.command(&["serve", "--no-parent"]);
    let file = fs::File::create(&log).unwrap();
    command.env("XDG_RUNTIME_DIR", place.path("run")).stdout(file.try_clone().unwrap()).stderr(file);
    let mut second = command.spawn().unwrap();
    let text = || fs::read_to_string(&log).unwrap();
    until("the second serves", || text().contains("Serving http://"));
    let expected = format!(
        "No RPC here: rpc.listen can name another place for it reason=\"process {} serves there\"",
        first.child.id()
    );
    assert!(text().contains(&expected), "{}", text());
    kill(second.id());
    assert!(second.wait().unwrap().success());
    assert_eq!(process(&Address::Unix(paths[0].clone())), first.child.id());
    first.end();
}

#[test]
fn a_process_that_does_not_serve_makes_no_socket() {
    let place = Place::hello();
    fs::create_dir_all(place.path("run")).unwrap();
    let extension = format!("extension={}", extension());
    for code in ["echo 1;", "RoadRunner\\Cli::run(['config']);"] {
        let mut command = Command::new(php());
        command
            .args(["-n", "-d", &extension, "-r", code])
            .current_dir(&place.0)
            .env("XDG_RUNTIME_DIR", place.path("run"));
        assert!(command.output().unwrap().status.success(), "{code}");
    }
    assert!(!place.path("run/roadrunner").exists());
}

#[test]
fn other_users_are_refused_even_if_they_find_a_way() {
    if !is_root() {
        return println!("left out: not root");
    }
    let place = Place::hello();
    fs::set_permissions(&place.0, fs::Permissions::from_mode(0o755)).unwrap();
    let server = serve(&place, &["--no-parent", "-o", "rpc.listen=unix://open.sock", "-o", "logs.encoding=console"]);
    let path = place.path("open.sock");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    let code = "use IO::Socket::UNIX; my $s = IO::Socket::UNIX->new($ARGV[0]) or die 'no way'; print defined(getc($s)) ? 1 : 0;";
    let mut command = Command::new("perl");
    command.args(["-e", code]).arg(&path).uid(65534).gid(65534);
    let said = Said::of(command);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "0"), "{said:?}");
    server.wait_for("RPC connection of another user is refused");
    assert_eq!(process(&Address::Unix(path)), server.child.id());
    server.end();
}
