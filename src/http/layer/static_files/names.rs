//! Names of files that are never served, whatever the configuration says: sources, settings and what editors leave behind.

/// Endings, in small letters.
const ENDINGS: &[&str] = &[
    ".php", ".php3", ".php4", ".php5", ".php7", ".php8", ".phtml", ".phar", ".phps", ".phpt", ".pht", ".inc", ".twig",
    ".latte", ".neon", ".env", ".ini", ".conf", ".lock", ".log", ".sql", ".sqlite", ".sqlite3", ".db", ".bak",
    ".backup", ".old", ".orig", ".rej", ".save", ".swp", ".swo", ".dist", ".key", ".pem", ".p12", ".pfx", "~",
];
/// Whole names, in small letters.
const NAMES: &[&str] = &[
    "composer.json",
    "auth.json",
    "package.json",
    "package-lock.json",
    "rr.yaml",
    "rr.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "phpunit.xml",
    "symfony.lock",
    "web.config",
];

/// Whether a name begins with a dot.
pub(super) fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// Whether a file or directory of that name is kept back. Letters count as small, and dots and spaces at the end as none.
pub(super) fn is_never_served(name: &str) -> bool {
    let name = name.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    let parts_of_env = name.starts_with("env.") || name.contains(".env.");
    parts_of_env || NAMES.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether none of the names in a path is kept back, hidden ones included.
pub(super) fn may_be_served(path: &std::path::Path) -> bool {
    path.iter().enumerate().all(|(place, name)| {
        let name = name.to_string_lossy();
        !is_never_served(&name) && (!is_hidden(&name) || place == 0 && name == ".well-known")
    })
}

/// Whether a name has an ending.
pub(super) fn has_ending(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && !ending.is_empty())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn sources_and_settings_are_kept_back() {
        for name in [
            "a.php",
            "A.PHP",
            "a.php.",
            "a.php ",
            "a.phtml",
            "a.phar",
            "composer.json",
            "composer.lock",
            "yarn.lock",
            "a.txt~",
            "a.js.bak",
            "dump.sql",
            "prod.env",
            "a.env.local",
            "server.key",
            "rr.yaml",
        ] {
            assert!(is_never_served(name), "{name}");
        }
        for name in
            ["a.txt", "php", "a.phpx", "a.json", "manifest.json", "openapi.yaml", "lock", "a.js.map", "catalog.html"]
        {
            assert!(!is_never_served(name), "{name}");
        }
    }

    #[test]
    fn every_name_of_a_path_counts() {
        for (path, may) in [
            ("a/b.txt", true),
            (".well-known/a", true),
            ("a/.well-known/b", false),
            (".git/a.txt", false),
            ("a.php/b.png", false),
            ("", true),
        ] {
            assert_eq!(may_be_served(Path::new(path)), may, "{path}");
        }
    }

    #[test]
    fn endings_stand_behind_something() {
        for (name, has) in
            [("a.txt", true), ("a", false), (".txt", false), ("a.", false), ("", false), ("a.tar.gz", true)]
        {
            assert_eq!(has_ending(name), has, "{name}");
        }
    }
}
