//! A server comes, hands over, and ends.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use roadrunner::{
    net::Address,
    rpc::{Bound, Client, Config, ConnectError, Limits, Methods, Server},
};

use super::{JSON, call, start};
use crate::support::{Builder, PATIENCE, until};

/// A path for a socket in a folder of its own.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rr-rpc-it-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder.join("rpc.sock"))
    }

    fn config(&self) -> Config {
        Config { listen: Some(vec![Address::Unix(self.0.clone())]), ..Config::default() }
    }

    fn start(&self) -> Server {
        Server::start(Bound::new(&self.config(), false).unwrap(), Methods::new(), Limits::default()).unwrap()
    }

    fn find(&self) -> Result<Client, ConnectError> {
        Client::find(&self.config(), &[], PATIENCE)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

#[test]
fn a_unix_socket_is_there_as_long_as_its_server() {
    let place = Place::new();
    let error = place.find().unwrap_err().to_string();
    assert_eq!(error, format!("no server runs here: there is no socket {}", place.0.display()));
    let server = place.start();
    assert_eq!(fs::metadata(&place.0).unwrap().mode() & 0o777, 0o600);
    assert_eq!(place.find().unwrap().call::<_, u32>("rpc.Process", &true).unwrap(), std::process::id());
    drop(server);
    assert!(!place.0.exists());
    // One that is left of a server that died says so, too.
    drop(std::os::unix::net::UnixListener::bind(&place.0).unwrap());
    let error = place.find().unwrap_err().to_string();
    assert!(error.starts_with("no server can be reached at unix:"), "{error}");
}

#[test]
fn nothing_listens_where_nothing_is_configured() {
    let bound = Bound::new(&Config::default(), false).unwrap();
    let server = Server::start(bound, Methods::new(), Limits::default()).unwrap();
    assert!(server.addresses().is_empty());
    assert!(matches!(Client::find(&Config::default(), &[], PATIENCE), Err(ConnectError::Unknown)));
}

#[test]
fn a_server_without_an_address_is_found_by_its_place() {
    let place = Place::new();
    let config = Config { place: Some(place.0.with_file_name(".rr.yaml")), ..Config::default() };
    assert!(matches!(Client::find(&config, &[], PATIENCE), Err(ConnectError::Absent(_))));
    let first = Server::start(Bound::new(&config, false).unwrap(), Methods::new(), Limits::default()).unwrap();
    let path = first.addresses()[0].path().unwrap().to_owned();
    let folder = fs::metadata(path.parent().unwrap()).unwrap();
    assert_eq!(folder.mode() & 0o777, 0o700);
    assert_eq!(
        Client::find(&config, &[], PATIENCE).unwrap().call::<_, u32>("rpc.Process", &true).unwrap(),
        std::process::id()
    );
    // Another server of this place serves without.
    let second = Server::start(Bound::new(&config, false).unwrap(), Methods::new(), Limits::default()).unwrap();
    assert!(second.addresses().is_empty());
    drop((second, first));
    assert!(!path.exists());
}

#[test]
fn a_server_that_has_handed_over_answers_those_that_are_connected() {
    let rpc = start(Limits::default());
    let mut wire = rpc.connect();
    assert_eq!(wire.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
    rpc.server.hand_over();
    let address = rpc.server.addresses()[0].tcp().unwrap();
    until("nobody listens", || std::net::TcpStream::connect(address).is_err());
    assert_eq!(wire.call("test.Echo", "\"b\""), Ok("\"b\"".to_owned()));
}

#[test]
fn the_end_waits_for_calls_but_not_for_long() {
    let rpc = start(Limits { drain: PATIENCE, ..Limits::default() });
    let (mut wire, mut idle) = (rpc.connect(), rpc.connect());
    assert_eq!(idle.call("test.Echo", "\"a\""), Ok("\"a\"".to_owned()));
    wire.send(&call(1, JSON, "test.Wait", b"7"));
    until("it waits", || rpc.gate.waiting() == 1);
    let super::Rpc { server, gate, .. } = rpc;
    let ending = std::thread::spawn(move || drop(server));
    assert_eq!(idle.answer(), None);
    gate.open();
    assert_eq!(wire.answer().unwrap().body, b"7");
    assert_eq!(wire.answer(), None);
    ending.join().unwrap();

    // One that never ends is left.
    let rpc = start(Limits { drain: Duration::from_millis(50), ..Limits::default() });
    let mut wire = rpc.connect();
    wire.send(&[call(1, JSON, "test.Wait", b"7"), call(2, JSON, "test.Never", b"true")].concat());
    until("it waits", || rpc.gate.waiting() == 1);
    let super::Rpc { server, gate, .. } = rpc;
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < PATIENCE / 2);
    assert_eq!(wire.answer(), None);
    gate.open();
}

#[test]
fn a_server_of_http_answers_calls_while_it_serves() {
    let place = Place::new();
    let mut builder = Builder::new(|envelope| {
        envelope.replier.answer(crate::support::answer("hello"));
    });
    builder.config.rpc = place.config();
    let server = builder.start();
    let version: String = place.find().unwrap().call("rpc.Version", &true).unwrap();
    assert_eq!(version, roadrunner::config::COMPATIBLE);
    server.stop();
    assert!(!place.0.exists());
}

#[test]
fn an_address_that_is_taken_keeps_a_server_from_starting() {
    let place = Place::new();
    let _other = place.start();
    let mut builder = Builder::new(|_| {});
    builder.config.rpc = place.config();
    let error = builder.run().unwrap_err().to_string();
    assert!(error.ends_with(&format!("process {} serves there", std::process::id())), "{error}");
}
