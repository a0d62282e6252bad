//! Folders that come and go, and links to them.

use std::fs;

use super::{Config, Folder, Site};

#[test]
fn files_in_new_folders_are_told_of_however_early_they_were_there() {
    let mut site = Site::new(|_| {});
    // Deeper and deeper, faster than anybody can begin to watch.
    for number in 0..20 {
        site.folder.write(&format!("a{number}/b/c/d/x.php"), "1");
    }
    let names: Vec<_> = (0..20).map(|number| format!("a{number}/b/c/d/x.php")).collect();
    site.told(&names.iter().map(String::as_str).collect::<Vec<_>>());
    site.seen.clear();
    // And they are watched from then on.
    site.folder.write("a19/b/c/d/x.php", "2");
    site.only_told(&["a19/b/c/d/x.php"]);
    site.folder.write("a19/b/y.php", "2");
    site.only_told(&["a19/b/y.php"]);
}

#[test]
fn folders_that_are_moved_are_told_of_and_watched_where_they_are() {
    let mut site = Site::new(|folder| {
        folder.write("vendor/ready/deep/x.php", "1");
        folder.write("old/deep/x.php", "1");
    });
    site.folder.rename("vendor/ready", "new");
    site.only_told(&["new/deep/x.php"]);
    site.folder.rename("old", "other");
    site.only_told(&["old", "other/deep/x.php"]);
    for name in ["new/deep/x.php", "other/deep/x.php", "other/y.php"] {
        site.folder.write(name, "2");
        site.only_told(&[name]);
    }
    site.folder.rename("new", "vendor/again");
    site.only_told(&["new"]);
    site.folder.write("vendor/again/deep/fresh.php", "3");
    site.folder.write("last.php", "3");
    site.only_told(&["last.php"]);
}

#[test]
fn a_folder_that_is_removed_and_comes_back_is_watched_again() {
    let mut site = Site::new(|folder| folder.write("src/deep/x.php", "1"));
    for round in 0..5 {
        fs::remove_dir_all(site.folder.path("src")).unwrap();
        site.told(&["src/deep/x.php"]);
        site.seen.clear();
        site.folder.write("src/deep/x.php", &round.to_string());
        site.told(&["src/deep/x.php"]);
        site.seen.clear();
        // Removed and made anew at once, as a checkout does it.
        fs::remove_dir_all(site.folder.path("src")).unwrap();
        site.folder.write("src/deep/y.php", "1");
        site.told(&["src/deep/y.php"]);
        site.seen.clear();
        site.folder.write("src/deep/z.php", "1");
        site.told(&["src/deep/z.php"]);
        fs::remove_file(site.folder.path("src/deep/z.php")).unwrap();
        site.folder.write("src/deep/x.php", "again");
        site.told(&["src/deep/x.php"]);
        site.seen.clear();
        site.folder.write("mark.php", &round.to_string());
        site.told(&["mark.php"]);
        site.seen.clear();
    }
}

#[test]
fn the_watched_folder_itself_may_go_and_come() {
    let config = |folder: &Folder| Config::of([folder.path("app/src"), folder.path("later/on")]);
    let mut site = Site::with(|folder| folder.write("app/src/x.php", "1"), config);
    fs::remove_dir_all(site.folder.path("app")).unwrap();
    site.told(&["app/src/x.php"]);
    site.folder.write("app/src/x.php", "2");
    site.told(&["app/src"]);
    site.seen.clear();
    site.folder.write("app/src/x.php", "3");
    site.told(&["app/src/x.php"]);
    // One that was not there.
    site.folder.write("later/on/x.php", "1");
    site.told(&["later/on"]);
    site.folder.write("later/on/y.php", "1");
    site.told(&["later/on/y.php"]);
    // Moved away, and another one in its place.
    site.seen.clear();
    site.folder.write("app/ready/x.php", "4");
    site.folder.rename("app/src", "app/old");
    site.folder.rename("app/ready", "app/src");
    site.told(&["app/src"]);
    site.seen.clear();
    site.folder.write("app/old/fresh.php", "5");
    site.folder.write("app/src/x.php", "5");
    site.allowed.extend(["app/src", "app/src/x.php"].map(|name| site.folder.path(name)));
    site.only_told(&["app/src/x.php"]);
}

#[test]
fn a_link_to_the_release_is_followed_where_it_leads() {
    let releases = |folder: &Folder| {
        for number in 0..4 {
            folder.write(&format!("releases/{number}/public/x.php"), "1");
        }
        folder.link("releases/0", "current");
    };
    let mut site = Site::with(releases, |folder| Config::of([folder.path("current/public")]));
    site.folder.write("releases/0/public/x.php", "2");
    site.only_told(&["current/public/x.php"]);
    for number in 1..4 {
        if number == 2 {
            fs::remove_file(site.folder.path("current")).unwrap();
            site.folder.link("releases/2", "current");
        } else {
            site.folder.link(format!("releases/{number}"), "next");
            site.folder.rename("next", "current");
        }
        site.only_told(&["current/public"]);
        site.folder.write(&format!("releases/{}/public/old.php", number - 1), "old");
        site.folder.write(&format!("releases/{number}/public/x.php"), "new");
        site.only_told(&["current/public/x.php"]);
    }
}

#[test]
fn links_in_folders_are_followed_and_loops_are_not() {
    let mut site = Site::with(
        |folder| {
            folder.write("app/src/x.php", "1");
            folder.write("shared/lib/y.php", "1");
            folder.write("other/z.php", "1");
            folder.link("..", "app/src/up");
            folder.link(".", "app/self");
            folder.link("nowhere", "app/broken");
            folder.link("round", "app/round");
            folder.link("../shared", "app/shared");
            folder.link("../../app", "shared/lib/back");
        },
        |folder| Config::of([folder.path("app")]),
    );
    site.folder.write("shared/lib/y.php", "2");
    site.only_told(&["app/shared/lib/y.php"]);
    site.folder.write("app/src/x.php", "2");
    site.only_told(&["app/src/x.php"]);
    // A link that is made later, switched, and removed.
    site.folder.link("../other", "app/later");
    site.told(&["app/later/z.php"]);
    site.seen.clear();
    site.folder.write("other/z.php", "2");
    site.only_told(&["app/later/z.php"]);
    fs::remove_file(site.folder.path("app/later")).unwrap();
    site.only_told(&["app/later"]);
    site.folder.write("other/fresh.php", "3");
    site.folder.write("app/src/x.php", "3");
    site.only_told(&["app/src/x.php"]);
}
