//! Files that are written, and how editors do it.

use std::{fs, io::Write};

use super::Site;

#[test]
fn files_that_come_change_and_go_are_told_of() {
    let mut site = Site::new(|folder| folder.write("src/old.php", "1"));
    site.folder.write("src/new.php", "1");
    site.only_told(&["src/new.php"]);
    site.folder.write("src/old.php", "2");
    site.only_told(&["src/old.php"]);
    let mut file = fs::OpenOptions::new().append(true).open(site.folder.path("src/old.php")).unwrap();
    file.write_all(b"3").unwrap();
    drop(file);
    site.only_told(&["src/old.php"]);
    fs::remove_file(site.folder.path("src/old.php")).unwrap();
    site.only_told(&["src/old.php"]);
    site.folder.rename("src/new.php", "src/other.php");
    site.only_told(&["src/new.php", "src/other.php"]);
    let times = fs::FileTimes::new().set_modified(std::time::SystemTime::UNIX_EPOCH);
    fs::File::open(site.folder.path("src/other.php")).unwrap().set_times(times).unwrap();
    site.only_told(&["src/other.php"]);
}

#[test]
fn what_does_not_count_is_not_told_of() {
    let mut site = Site::new(|folder| {
        for name in ["vendor", "a/vendor", "node_modules", ".git", "var/cache", "storage", "bootstrap/cache", "src"] {
            folder.folder(name);
        }
    });
    for name in [
        "vendor/a.php",
        "a/vendor/a.php",
        "node_modules/a.php",
        ".git/a.php",
        "var/cache/a.php",
        "storage/a.php",
        "bootstrap/cache/a.php",
        "src/a.php~",
        "src/.a.php.swp",
        "src/.#a.php",
        "src/a.log",
        "src/a.js",
        "vendor/new/deep.php",
    ] {
        site.folder.write(name, "1");
    }
    let _ = fs::read(site.folder.path("src/a.js"));
    site.folder.write("src/storage/a.php", "1");
    site.folder.write(".env.local", "1");
    site.folder.write("config/packages/a.yaml", "1");
    site.only_told(&["src/storage/a.php", ".env.local", "config/packages/a.yaml"]);
}

/// What editors do to save `a.php`, beside writing it where it is.
#[test]
fn saves_by_way_of_other_files_are_told_of_by_the_name_of_the_file() {
    let mut site = Site::new(|folder| folder.write("src/a.php", "0"));
    let folder = &site.folder;
    let remove = |name: &str| fs::remove_file(folder.path(name)).unwrap();
    // Vim looks whether it may create files, then renames the old one.
    folder.write("src/4913", "");
    remove("src/4913");
    folder.rename("src/a.php", "src/a.php~");
    folder.write("src/a.php", "1");
    remove("src/a.php~");
    site.only_told(&["src/a.php"]);
    // PhpStorm writes a new one, and renames both.
    let folder = &site.folder;
    folder.write("src/a.php___jb_tmp___", "2");
    folder.rename("src/a.php", "src/a.php___jb_old___");
    folder.rename("src/a.php___jb_tmp___", "src/a.php");
    fs::remove_file(folder.path("src/a.php___jb_old___")).unwrap();
    site.only_told(&["src/a.php"]);
    // VS Code and others rename over it; Emacs locks it by a link.
    let folder = &site.folder;
    folder.link("user@host.1:2", "src/.#a.php");
    folder.write("src/.a.php.tmp", "3");
    folder.rename("src/.a.php.tmp", "src/a.php");
    fs::remove_file(folder.path("src/.#a.php")).unwrap();
    site.only_told(&["src/a.php"]);
    // From another file system's point of view: it comes from a folder that nobody watches.
    let folder = &site.folder;
    folder.write("vendor/a.php", "4");
    folder.rename("vendor/a.php", "src/a.php");
    site.only_told(&["src/a.php"]);
}

#[test]
fn single_files_are_watched_whatever_they_are_called() {
    let section = "watch: {dirs: [DIR/one.txt, DIR/link.txt]}";
    let mut site = Site::configured(section, |folder| {
        folder.write("one.txt", "1");
        folder.write("other/target.txt", "1");
        folder.link("other/target.txt", "link.txt");
    });
    site.folder.write("two.txt", "1");
    site.folder.write("one.txt", "2");
    site.only_told(&["one.txt"]);
    site.folder.write("other/target.txt", "2");
    site.only_told(&["link.txt"]);
    site.folder.write("new.txt", "3");
    site.folder.rename("new.txt", "one.txt");
    site.only_told(&["one.txt"]);
    site.folder.write("one.txt", "4");
    site.only_told(&["one.txt"]);
}
