//! Patterns for files and folders.

use std::{os::unix::ffi::OsStrExt, path::Path};

/// A pattern for names, or for paths below the folder that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    glob: String,
    /// Whether it is about the path, and not about the name alone.
    whole: bool,
}

/// Several of them, any of which may match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Patterns(pub(super) Vec<Pattern>);

// === impl Pattern ===

impl Pattern {
    /// Reads a pattern: with a slash that is not its last character it is about paths, else about names at any depth. `None`
    /// if it has brackets or braces that are not closed, or nothing at all.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("./").unwrap_or(text);
        let trimmed = text.trim_end_matches('/');
        let (glob, whole) = (trimmed.trim_start_matches('/'), trimmed.contains('/'));
        let usable = !glob.is_empty() && !glob.starts_with('!') && fast_glob::validate(glob).is_ok();
        usable.then(|| Self { glob: glob.to_owned(), whole })
    }

    /// One for names that have this text in them, whatever its characters mean in patterns.
    pub(super) fn part(text: &str) -> Self {
        let mut glob = "*".to_owned();
        for letter in text.chars() {
            if "*?[]{}!\\,".contains(letter) {
                glob.push('\\');
            }
            glob.push(letter);
        }
        glob.push('*');
        Self { glob, whole: false }
    }

    fn matches(&self, relative: &Path) -> bool {
        let subject = if self.whole { Some(relative.as_os_str()) } else { relative.file_name() };
        subject.is_some_and(|subject| fast_glob::glob_match(&self.glob, subject.as_bytes()))
    }
}

// === impl Patterns ===

impl Patterns {
    /// Reads patterns that are known to be right.
    pub(super) fn of(texts: &[&str]) -> Self {
        Self(texts.iter().filter_map(|text| Pattern::parse(text)).collect())
    }

    /// Whether one of them is about this path, which is relative to the folder that is watched.
    pub(super) fn match_any(&self, relative: &Path) -> bool {
        self.0.iter().any(|pattern| pattern.matches(relative))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_about_names_or_paths() {
        for (pattern, path, expected) in [
            ("*.php", "a.php", true),
            ("*.php", "src/deep/a.php", true),
            ("*.php", "a.php~", false),
            ("*.php", "a.PHP", false),
            ("*.{php,phtml}", "src/a.phtml", true),
            ("[ab].php", "b.php", true),
            ("?.php", "ab.php", false),
            (".env.*", ".env.local", true),
            (".env.*", ".env", false),
            ("vendor", "vendor", true),
            ("vendor/", "a/vendor", true),
            ("vendor", "a/vendors", false),
            ("/var", "var", true),
            ("/var", "src/var", false),
            ("./var", "src/var", true),
            ("bootstrap/cache", "bootstrap/cache", true),
            ("bootstrap/cache", "a/bootstrap/cache", false),
            ("config/*.yaml", "config/a.yaml", true),
            ("config/*.yaml", "config/deep/a.yaml", false),
            ("config/**/*.yaml", "config/deep/er/a.yaml", true),
            ("config/**/*.yaml", "config/a.yaml", true),
            ("**/cache", "a/b/cache", true),
        ] {
            assert_eq!(Patterns::of(&[pattern]).match_any(Path::new(path)), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn patterns_that_mean_nothing_are_refused() {
        for pattern in ["", "/", "./", "[a", "{a,b", "!a", "a\\"] {
            assert_eq!(Pattern::parse(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn parts_of_names_are_taken_as_they_are() {
        for (part, name, expected) in [
            (".php", "a.php", true),
            (".php", "a.php.bak", true),
            (".php", "aphp", false),
            ("[x]", "a[x].php", true),
            ("[x]", "x.php", false),
            ("*", "a.php", false),
            ("{a,b}!", "{a,b}!", true),
            ("", "any", true),
        ] {
            assert_eq!(Patterns(vec![Pattern::part(part)]).match_any(Path::new(name)), expected, "{part} {name}");
        }
    }
}
