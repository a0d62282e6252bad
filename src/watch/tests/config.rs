//! What the sections `watch` and `reload` mean.

use super::{Site, read};
use crate::config::Config;

fn problems(text: &str) -> String {
    Config::parse(text).expect_err("the configuration must be refused").to_string()
}

#[test]
fn files_are_watched_where_the_section_is() {
    for text in ["", "http: {}", "watch: {enabled: false, dirs: [a]}"] {
        assert_eq!(Config::parse(text).unwrap().watch, None, "{text}");
    }
    for text in ["watch:", "watch: {}", "watch: {dirs: .}", "watch: {enabled: true}"] {
        assert_eq!(read(text), super::Config::default(), "{text}");
    }
}

#[test]
fn patterns_replace_the_usual_ones_and_what_is_ignored_adds_to_them() {
    let section =
        "watch: {dirs: DIR, patterns: '*.tpl, config/*.json', ignore: [generated, src/old/*, '!vendor', '!/var']}";
    let mut site = Site::configured(section, |folder| {
        for name in ["vendor/a", "var", "storage", "src/generated", "src/old", "config/deep"] {
            folder.folder(name);
        }
    });
    for name in ["src/generated/a.tpl", "src/old/a.tpl", "storage/a.tpl", "a.php", "config/deep/a.json", "src/a.json"] {
        site.folder.write(name, "1");
    }
    for name in ["vendor/a/a.tpl", "var/a.tpl", "config/a.json"] {
        site.folder.write(name, "1");
    }
    site.only_told(&["vendor/a/a.tpl", "var/a.tpl", "config/a.json"]);
}

#[test]
fn reload_is_read_as_roadrunner_2_did() {
    let section = "reload: {interval: 1s, patterns: [.php], services: {\
                   http: {dirs: [DIR/src], recursive: true, ignore: [DIR/src/not], patterns: [.md]}, \
                   jobs: {dirs: [DIR/jobs]}}}";
    let mut site = Site::configured(section, |folder| {
        for name in ["src/deep", "src/not", "jobs/deep", "src/var"] {
            folder.folder(name);
        }
    });
    for name in ["src/not/a.php", "jobs/deep/a.php", "jobs/a.md", "src/a.txt"] {
        site.folder.write(name, "1");
    }
    for name in ["src/deep/a.php", "src/a.md", "src/a.php.bak", "jobs/a.php"] {
        site.folder.write(name, "1");
    }
    site.only_told(&["src/deep/a.php", "src/a.md", "src/a.php.bak", "jobs/a.php"]);
}

#[test]
fn what_cannot_be_is_said() {
    for (text, problem) in [
        ("watch: {patterns: ['[a']}", "  line 1: watch.patterns has \"[a\", which is not a pattern: "),
        ("watch: {ignore: ['!src']}", "  line 1: watch.ignore has \"!src\", which is not a pattern: "),
        ("watch: {dirs: []}", "  line 1: watch.dirs must name folders; `.` is the working directory"),
        ("watch: {interval: 0}", "  line 1: watch.interval must be 10ms or more"),
        ("watch: {dir: a}", "  line 1: watch.dir is not a known key; did you mean watch.dirs?"),
        ("reload: {interval: 1s}", "  line 1: reload.services is required here"),
        ("reload: {services: {http: {recursive: true}}}", "  line 1: reload.services.http.dirs is required here"),
        (
            "watch: {}\nreload: {services: {http: {dirs: a}}}",
            "  line 2: reload means the same as section watch; one of them is to go",
        ),
    ] {
        assert!(problems(text).starts_with(problem), "{text}: {}", problems(text));
    }
}
