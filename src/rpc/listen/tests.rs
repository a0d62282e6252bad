use std::os::unix::{
    fs::PermissionsExt,
    net::{UnixListener, UnixStream},
};

use super::*;

/// A path in a folder of its own, which is removed in the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rr-rpc-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder.join("socket"))
    }

    fn config(&self) -> Config {
        Config { listen: Some(vec![Address::Unix(self.0.clone())]), ..Config::default() }
    }

    fn bind(&self) -> Result<Bound, String> {
        Bound::new(&self.config(), false).map_err(|error| error.to_string())
    }

    fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.0.parent().unwrap()).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

#[test]
fn a_socket_appears_when_it_is_opened_for_its_user_alone_and_goes_with_its_server() {
    let place = Place::new("appears");
    let bound = place.bind().unwrap();
    assert!(!place.0.exists());
    let mut listening = bound.open().unwrap();
    assert_eq!(fs::metadata(&place.0).unwrap().permissions().mode() & 0o777, 0o600);
    UnixStream::connect(&place.0).unwrap();
    assert_eq!(place.files(), ["socket"]);
    listening.pop().unwrap().file.unwrap().remove();
    assert!(place.files().is_empty());
}

#[test]
fn nothing_is_left_of_one_that_was_never_opened() {
    let place = Place::new("never");
    drop(place.bind().unwrap());
    assert!(place.files().is_empty());
}

#[test]
fn a_socket_of_a_server_that_is_gone_is_replaced() {
    let place = Place::new("stale");
    drop(UnixListener::bind(&place.0).unwrap());
    let _listening = place.bind().unwrap().open().unwrap();
    UnixStream::connect(&place.0).unwrap();
}

#[test]
fn a_server_that_serves_there_is_named() {
    let place = Place::new("live");
    let _listening = place.bind().unwrap().open().unwrap();
    let expected =
        format!("rpc.listen: cannot listen on unix:{}: process {} serves there", place.0.display(), process::id());
    assert_eq!(place.bind().unwrap_err(), expected);
    // It may also have come between binding and opening.
    let place = Place::new("faster");
    let bound = place.bind().unwrap();
    let _listening = place.bind().unwrap().open().unwrap();
    assert!(bound.open().unwrap_err().to_string().ends_with("serves there"));
    assert_eq!(place.files(), ["socket"]);
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let place = Place::new("file");
    fs::write(&place.0, "precious").unwrap();
    assert!(place.bind().unwrap_err().ends_with("there is a file of this name, which is no socket"));
    assert_eq!(fs::read_to_string(&place.0).unwrap(), "precious");
}

#[test]
fn a_file_that_another_generation_has_put_there_is_not_removed() {
    let place = Place::new("other");
    let name = place.bind().unwrap().open().unwrap().pop().unwrap().file.unwrap();
    fs::remove_file(&place.0).unwrap();
    let next = UnixListener::bind(&place.0).unwrap();
    name.remove();
    assert_eq!(place.files(), ["socket"]);
    drop(next);
}

#[test]
fn the_generation_before_may_be_replaced_and_nobody_else() {
    let starter = std::os::unix::process::parent_id();
    let text = |result: io::Result<()>| result.map_err(|error| error.to_string());
    assert_eq!(text(is_ours(Some(starter), false)), Ok(()));
    // A sibling, if one process starts all.
    let mut sibling = process::Command::new("sleep").arg("600").spawn().unwrap();
    assert_eq!(parent_of(sibling.id()), Some(process::id()));
    assert_eq!(text(is_ours(Some(sibling.id()), true)), Err(format!("process {} serves there", sibling.id())));
    sibling.kill().unwrap();
    sibling.wait().unwrap();
    assert_eq!(text(is_ours(None, true)), Err("another process serves there".to_owned()));
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Tcp(taken.local_addr().unwrap());
    let config = Config { listen: Some(vec![address]), ..Config::default() };
    // Whoever has it says nothing.
    let error = Bound::new(&config, false).unwrap_err().to_string();
    assert!(error.ends_with("another process serves there"), "{error}");
}
