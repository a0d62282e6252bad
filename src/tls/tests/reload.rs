//! Files that change.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    Folder, config,
    pki::{self, Authority},
    with_authorities,
};
use crate::tls::{
    Acceptor, Error, Reason, Watch,
    source::{Look, Source},
};

#[test]
fn a_change_is_taken_up_by_the_second_look_that_finds_it() {
    let folder = Folder::new();
    let (one, other) = (folder.write("one", "1"), folder.write("other", "1"));
    let read = {
        let (one, other) = (one.clone(), other.clone());
        move || Ok((fs::read_to_string(&one).unwrap(), fs::read_to_string(&other).unwrap()))
    };
    let mut source = Source::new(vec![one.clone(), other.clone()], read).unwrap();
    let value = |source: &Source<(String, String)>| format!("{}{}", source.value().0, source.value().1);
    assert!(matches!(source.look(false), Look::Same));
    pki::replace(&one, "2");
    assert!(matches!(source.look(false), Look::Changing));
    pki::replace(&other, "2");
    assert!(matches!(source.look(false), Look::Changing), "it goes on");
    assert_eq!(value(&source), "11");
    assert!(matches!(source.look(false), Look::Renewed));
    assert_eq!(value(&source), "22");
    assert!(matches!(source.look(false), Look::Same));
    assert!(matches!(source.look(true), Look::Same));
    pki::replace(&one, "3");
    assert!(matches!(source.look(true), Look::Renewed));
    assert_eq!(value(&source), "32");
}

#[test]
fn what_is_broken_is_loaded_once_for_each_change() {
    let folder = Folder::new();
    let path = folder.write("a", "right");
    let loads = Arc::new(AtomicU32::new(0));
    let load = {
        let (path, loads) = (path.clone(), Arc::clone(&loads));
        move || {
            loads.fetch_add(1, Ordering::Relaxed);
            let text = fs::read_to_string(&path);
            let text = text.map_err(|reason| Error { path: path.clone(), reason: Reason::Unreadable(reason) })?;
            if text == "right" { Ok(text) } else { Err(Error { path: path.clone(), reason: Reason::NoCertificate }) }
        }
    };
    let mut source = Source::new(vec![path.clone()], load).unwrap();
    pki::replace(&path, "wrong");
    assert!(matches!(source.look(true), Look::Broken(_)));
    assert!(matches!(source.look(true), Look::Same));
    fs::remove_file(&path).unwrap();
    assert!(matches!(source.look(false), Look::Changing));
    assert!(matches!(source.look(false), Look::Broken(_)));
    assert!(matches!(source.look(false), Look::Same));
    assert_eq!(loads.load(Ordering::Relaxed), 3);
    assert_eq!(**source.value(), "right");
    pki::replace(&path, "right");
    assert!(matches!(source.look(true), Look::Renewed));
}

#[test]
fn of_several_pairs_the_whole_ones_are_exchanged() {
    let (folder, authority) = (Folder::new(), Authority::new("Root"));
    for name in ["a", "b"] {
        authority.server(&[&format!("{name}.test")]).write(&folder.0, name);
    }
    let acceptor = Acceptor::new(&config([folder.pair("a"), folder.pair("b")]), &[]).unwrap();
    let before = acceptor.settings();
    assert!(!acceptor.look(true));
    assert!(Arc::ptr_eq(&before, &acceptor.settings()));
    authority.server(&["a.test"]).write(&folder.0, "a");
    folder.write("b.key", "");
    assert!(acceptor.look(false), "a second look is needed");
    assert!(Arc::ptr_eq(&before, &acceptor.settings()));
    assert!(!acceptor.look(false));
    let between = acceptor.settings();
    assert!(!Arc::ptr_eq(&before, &between));
    // Sessions outlive the exchange.
    assert!(Arc::ptr_eq(&before.ticketer, &between.ticketer));
    authority.server(&["b.test"]).write(&folder.0, "b");
    assert!(!acceptor.look(true));
    assert!(!Arc::ptr_eq(&between, &acceptor.settings()));
}

#[test]
fn other_authorities_end_the_sessions() {
    let (folder, authority) = (Folder::new(), Authority::new("Root"));
    authority.server(&["a.test"]).write(&folder.0, "a");
    let roots = folder.write("roots.pem", &authority.pem());
    let acceptor = Acceptor::new(&with_authorities(config([folder.pair("a")]), &roots), &[]).unwrap();
    let before = acceptor.settings();
    folder.write("roots.pem", &Authority::new("Other").pem());
    acceptor.look(true);
    assert!(!Arc::ptr_eq(&before.ticketer, &acceptor.settings().ticketer));
}

#[test]
fn the_thread_looks_when_asked_and_ends() {
    let (folder, authority) = (Folder::new(), Authority::new("Root"));
    authority.server(&["a.test"]).write(&folder.0, "a");
    let acceptor = Arc::new(Acceptor::new(&config([folder.pair("a")]), &[]).unwrap());
    let before = acceptor.settings();
    let watch = Watch::start(Arc::clone(&acceptor), Duration::from_secs(3600)).unwrap();
    authority.server(&["a.test"]).write(&folder.0, "a");
    let end = Instant::now() + Duration::from_secs(60);
    // It may look between the two files.
    while Arc::ptr_eq(&before, &acceptor.settings()) {
        assert!(Instant::now() < end, "the change was not seen");
        watch.look();
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(watch);
    assert_eq!(Arc::strong_count(&acceptor), 1);
}
