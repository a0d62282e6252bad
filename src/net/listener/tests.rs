use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    os::unix::net::UnixStream,
    path::PathBuf,
};

use super::*;

fn any() -> [Endpoint; 1] {
    [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()]
}

fn first(bound: &Bound) -> SocketAddr {
    bound.addresses()[0].tcp().unwrap()
}

#[test]
fn port_zero_becomes_a_true_port_for_all_reactors() {
    let bound = Bound::new(&any(), 3).unwrap();
    let address = first(&bound);
    assert_ne!(address.port(), 0);
    let listeners = bound.listen().unwrap();
    assert_eq!(listeners.len(), 3);
    for listener in listeners.iter().flatten() {
        assert_eq!(socket2::SockRef::from(&listener.socket).local_addr().unwrap().as_socket(), Some(address));
    }
}

#[test]
fn a_taken_address_is_an_error_even_if_its_owner_would_share() {
    for reactors in [1, 2] {
        let taken = Bound::new(&any(), 2).unwrap();
        let address = first(&taken);
        let _open = taken.listen().unwrap();
        let error = Bound::new(&[address.into()], reactors).unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen on {address}: Address already in use")));
    }
}

#[test]
fn nothing_is_open_before_listen() {
    let bound = Bound::new(&any(), 1).unwrap();
    assert!(std::net::TcpStream::connect(first(&bound)).is_err());
}

/// What another process would inherit of `bound`.
fn inherited(bound: &Bound) -> Inherited {
    let over = bound.hand_over();
    let sockets = bound.listeners.iter().flat_map(|one| &one.sockets);
    // In this process the numbers are taken, so copies are handed over.
    let items = over.variable.split(',').zip(sockets).zip(&over.descriptors).map(|((item, socket), number)| {
        let copy = std::os::fd::IntoRawFd::into_raw_fd(socket.try_clone().unwrap());
        format!("{copy}{}", item.strip_prefix(&number.to_string()).unwrap())
    });
    Inherited::handed_over(&items.collect::<Vec<_>>().join(","))
}

/// A unix socket in a folder of its own, which is removed in the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rr-bound-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder.join("socket"))
    }

    fn endpoint(&self) -> [Endpoint; 1] {
        [Address::Unix(self.0.clone()).into()]
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

#[test]
fn a_unix_socket_is_shared_by_reactors_and_removed_in_the_end() {
    let place = Place::new("end");
    let bound = Bound::new(&place.endpoint(), 3).unwrap();
    assert!(UnixStream::connect(&place.0).is_err(), "not open yet");
    let reactors = bound.listen().unwrap();
    assert!(reactors.iter().all(|listeners| listeners.len() == 1 && listeners[0].unix));
    UnixStream::connect(&place.0).unwrap();
    drop(bound);
    assert!(!place.0.exists());
}

#[test]
fn the_last_generation_removes_a_unix_socket() {
    let place = Place::new("generations");
    let first = Bound::new(&place.endpoint(), 2).unwrap();
    first.open().unwrap();
    let failed = Bound::adopt(&place.endpoint(), 2, inherited(&first)).unwrap();
    drop(failed);
    let mut second = Bound::adopt(&place.endpoint(), 2, inherited(&first)).unwrap();
    second.take_over();
    first.leave();
    let waiting = UnixStream::connect(&place.0).unwrap();
    let third = Bound::adopt(&place.endpoint(), 1, inherited(&second)).unwrap();
    second.leave();
    assert!(place.0.exists());
    let mut third = third;
    third.take_over();
    assert!(socket2::SockRef::from(&third.listen().unwrap()[0][0].socket).accept().is_ok());
    drop((third, waiting));
    assert!(!place.0.exists());
}

#[test]
fn a_unix_socket_that_others_hold_is_left_to_them() {
    let place = Place::new("others");
    let parent = Bound::new(&place.endpoint(), 1).unwrap();
    let mut passed = inherited(&parent);
    passed.hold_by_parent();
    let mut bound = Bound::adopt(&place.endpoint(), 1, passed).unwrap();
    bound.take_over();
    drop(bound);
    assert!(place.0.exists());
}

#[test]
fn both_protocols_have_the_same_port() {
    let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    for reactors in [1, 2] {
        let bound = Bound::new(&[v4.into()], reactors).unwrap();
        let port = first(&bound).port();
        let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        let other = Bound::new(&[v6.into()], reactors).unwrap();
        bound.open().unwrap();
        other.open().unwrap();
        let waits = |bound: &Bound| {
            let reactors = bound.listen().unwrap();
            reactors.iter().flatten().filter(|one| socket2::SockRef::from(&one.socket).accept().is_ok()).count()
        };
        let _v4 = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert_eq!((waits(&bound), waits(&other)), (1, 0));
        let _v6 = std::net::TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
        assert_eq!((waits(&bound), waits(&other)), (0, 1));
    }
}

#[test]
fn sockets_are_handed_over_with_what_waits_in_them() {
    for (before, after) in [(1, 1), (3, 3), (3, 2), (1, 3), (2, 3)] {
        let old = Bound::new(&any(), before).unwrap();
        old.open().unwrap();
        let clients: Vec<_> = (0..32).map(|_| std::net::TcpStream::connect(first(&old)).unwrap()).collect();
        let new = Bound::adopt(&any(), after, inherited(&old)).unwrap();
        assert_eq!(new.addresses(), old.addresses());
        drop(old);
        let reactors = new.listen().unwrap();
        assert_eq!(reactors.len(), after);
        assert!(reactors.iter().all(|listeners| !listeners.is_empty()));
        let waiting = |listener: &accept::Listener| {
            std::iter::from_fn(|| socket2::SockRef::from(&listener.socket).accept().ok()).count()
        };
        assert_eq!(reactors.iter().flatten().map(waiting).sum::<usize>(), clients.len());
    }
}

#[test]
fn what_is_configured_no_more_is_closed_and_what_is_new_is_bound() {
    let old = Bound::new(&any(), 2).unwrap();
    let address = first(&old);
    old.open().unwrap();
    let new = Bound::adopt(&["127.0.0.2:0".parse::<Address>().unwrap().into()], 2, inherited(&old)).unwrap();
    drop(old);
    assert!(std::net::TcpStream::connect(address).is_err());
    new.open().unwrap();
    assert!(std::net::TcpStream::connect(first(&new)).is_ok());
}

#[test]
fn two_free_ports_are_not_taken_for_one() {
    let wanted = [any(), any()].concat();
    let bound = Bound::new(&wanted, 2).unwrap();
    let next = Bound::adopt(&wanted, 2, inherited(&bound)).unwrap();
    assert_eq!(next.addresses(), bound.addresses());
    assert!(next.listeners.iter().all(|listener| listener.sockets.len() == 2));
}
