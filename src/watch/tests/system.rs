//! What the system does not give, and what there is too much of.

use std::{
    fs,
    time::{Duration, Instant},
};

use crossbeam_channel::bounded;

use super::{Config, Folder, PATIENCE, Site, Watcher};

/// Looks often, so that tests are not slow.
fn quick(folder: &Folder) -> Config {
    Config { interval: Duration::from_millis(20), ..Config::of([&folder.0]) }
}

/// What is the same whether the system tells or not. Files are renamed into their places: a look finds no part of one.
fn goes_on(site: &mut Site) {
    let write = |folder: &Folder, name: &str, text: &str| {
        folder.write("vendor/next", text);
        folder.rename("vendor/next", name);
    };
    write(&site.folder, "src/x.php", "22");
    site.only_told(&["src/x.php"]);
    site.folder.folder("new/deep");
    write(&site.folder, "new/deep/y.php", "1");
    site.only_told(&["new/deep/y.php"]);
    fs::remove_file(site.folder.path("new/deep/y.php")).unwrap();
    site.only_told(&["new/deep/y.php"]);
    site.folder.write("vendor/x.php", "1");
    write(&site.folder, "src/x.php", "333");
    site.only_told(&["src/x.php"]);
}

#[test]
fn files_are_looked_at_where_the_system_does_not_tell() {
    let mut site = Site::with(|folder| folder.write("src/x.php", "1"), |folder| Config { poll: true, ..quick(folder) });
    goes_on(&mut site);
}

#[test]
fn a_root_that_goes_and_comes_is_looked_at_again() {
    let mut site = Site::with(
        |folder| folder.write("app/x.php", "1"),
        |folder| Config { poll: true, interval: Duration::from_millis(20), ..Config::of([folder.path("app")]) },
    );
    site.folder.rename("app", "away");
    site.folder.write("ready/x.php", "22");
    site.folder.rename("ready", "app");
    site.only_told(&["app/x.php"]);
}

#[test]
fn files_are_looked_at_when_there_are_no_more_watches() {
    let prepare = |folder: &Folder| {
        folder.write("src/x.php", "1");
        folder.write("a/b/c/d/e/f/y.php", "1");
    };
    let mut site = Site::within(3, prepare, quick);
    goes_on(&mut site);
    // Enough at first.
    let mut site = Site::within(6, |folder| folder.write("src/x.php", "1"), quick);
    site.folder.write("src/x.php", "22");
    site.only_told(&["src/x.php"]);
    site.folder.write("a/b/c/d/e/f/y.php", "1");
    site.only_told(&[""]);
    goes_on(&mut site);
}

#[test]
fn more_than_can_be_told_is_a_change_of_everything() {
    let folder = Folder::new();
    let (tell, told) = bounded(1000);
    let (open, gate) = bounded::<()>(0);
    let changed = Box::new(move |paths: Vec<_>| {
        tell.send(paths).unwrap();
        let _ = gate.recv();
    });
    let watcher = Watcher::start(&Config::of([&folder.0]), changed).unwrap();
    folder.write("first.php", "1");
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), [folder.path("first.php")]);
    // Nobody listens now.
    folder.write("hidden/deep/x.php", "1");
    for number in 0..10_000 {
        fs::write(folder.path(&format!("{number}.php")), "1").unwrap();
    }
    folder.write("late/deep/x.php", "1");
    drop(open);
    let end = Instant::now() + PATIENCE;
    let until =
        |path: std::path::PathBuf| while !told.recv_deadline(end).expect("it must be told of").contains(&path) {};
    until(folder.0.clone());
    for name in ["hidden/deep/x.php", "late/deep/x.php"] {
        folder.write(name, "2");
        until(folder.path(name));
    }
    drop(watcher);
}

#[test]
fn thousands_of_folders_are_watched_quickly_and_ignored_ones_cost_nothing() {
    let mut begun = Instant::now();
    let mut site = Site::with(
        |folder| {
            for outer in 0..50 {
                for inner in 0..60 {
                    folder.folder(&format!("src/{outer}/{inner}"));
                    folder.folder(&format!("vendor/{outer}/{inner}"));
                }
            }
            begun = Instant::now();
        },
        |folder| Config::of([&folder.0]),
    );
    eprintln!("3050 folders are watched after {:?}", begun.elapsed());
    let saved = Instant::now();
    site.folder.write("src/49/59/x.php", "1");
    site.told(&["src/49/59/x.php"]);
    eprintln!("a file in one of them is told of after {:?}", saved.elapsed());
    begun = Instant::now();
    fs::remove_dir_all(site.folder.path("src")).unwrap();
    site.folder.write("src/0/0/x.php", "1");
    site.told(&["src/0/0/x.php"]);
    eprintln!("and all of them have gone after {:?}", begun.elapsed());
}

#[test]
fn a_watcher_ends_at_once() {
    for poll in [false, true] {
        let folder = Folder::new();
        let config = Config { poll, interval: Duration::from_hours(1), ..Config::of([&folder.0]) };
        let watcher = Watcher::start(&config, Box::new(|_| {})).unwrap();
        folder.write("x.php", "1");
        drop(watcher);
    }
}
