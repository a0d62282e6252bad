//! What the path of a request means: the name of a file below the directory, or something else.

use percent_encoding::percent_decode;

use super::names::{is_hidden, is_never_served};

/// Longest path that is looked for, in bytes: what Linux takes.
const LONGEST: usize = 4095;
/// Longest name in it.
const LONGEST_NAME: usize = 255;
/// The one directory whose name begins with a dot and that is served (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// What a path means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// Perhaps a file.
    File(Target),
    /// No file that could be served: what PHP makes of it is PHP's business.
    Another,
    /// A name that begins with a dot: 404, whether there is such a file or not.
    Hidden,
    /// A path that leads upwards, or has a NUL: 400.
    Attack,
}

/// Where a file would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Relative to the directory, in plain names with one slash between them; empty: the directory itself.
    pub(super) path: String,
    /// Whether the path ends with a slash.
    slash: bool,
}

// === impl Target ===

impl Target {
    /// Whether it can be nothing but a directory.
    pub(super) fn is_directory(&self) -> bool {
        self.slash
    }

    /// What it is below the directory that paths with `prefix` are relative to; `None`: it is another's.
    pub(super) fn below(&self, prefix: &str) -> Option<Self> {
        if prefix.is_empty() {
            return Some(self.clone());
        }
        let rest = self.path.strip_prefix(prefix)?;
        let path = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
        Some(Self { path: path.to_owned(), slash: self.slash })
    }

    /// The path of a file within this directory.
    pub(super) fn within(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}/{name}", self.path) }
    }

    /// The last name of the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it is below `/.well-known/`, where files have no endings.
    pub(super) fn is_well_known(&self) -> bool {
        self.path.strip_prefix(WELL_KNOWN).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// Reads the path of a request, which is decoded once.
pub(super) fn meant(path: &str) -> Meant {
    let Some(path) = path.strip_prefix('/') else { return Meant::Another };
    let mut names: Vec<String> = Vec::new();
    let mut another = path.len() > 3 * LONGEST || has_broken_escape(path.as_bytes());
    let mut hidden = false;
    for segment in path.split('/') {
        let decoded: Vec<u8> = percent_decode(segment.as_bytes()).collect();
        if decoded.contains(&0) || leads_upwards(&decoded) {
            return Meant::Attack;
        }
        let Ok(name) = String::from_utf8(decoded) else {
            another = true;
            continue;
        };
        if matches!(name.as_str(), "" | ".") {
            continue;
        }
        hidden |= is_hidden(&name) && !(names.is_empty() && name == WELL_KNOWN);
        another |= name.len() > LONGEST_NAME
            || name.chars().any(|character| character.is_control() || matches!(character, '/' | '\\'))
            || is_never_served(&name);
        names.push(name);
    }
    let slash = matches!(path.rsplit('/').next(), Some("" | "."));
    let path = names.join("/");
    match (hidden, another || path.len() > LONGEST) {
        (true, _) => Meant::Hidden,
        (false, true) => Meant::Another,
        (false, false) => Meant::File(Target { path, slash }),
    }
}

/// Whether a segment is, or holds, two dots between slashes of either kind, spaces and further dots at their end left out.
fn leads_upwards(segment: &[u8]) -> bool {
    segment.split(|byte| matches!(byte, b'/' | b'\\')).any(|name| {
        let end = name.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
        &name[..end] == b".."
    })
}

fn has_broken_escape(path: &[u8]) -> bool {
    let mut rest = path;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        rest = &rest[at + 1..];
        if rest.len() < 2 || !rest[..2].iter().all(u8::is_ascii_hexdigit) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, slash: bool) -> Meant {
        Meant::File(Target { path: path.to_owned(), slash })
    }

    #[test]
    fn paths_are_names_of_files_if_nothing_speaks_against_it() {
        for (path, expected) in [
            ("/", file("", true)),
            ("/a.txt", file("a.txt", false)),
            ("//a//b.txt", file("a/b.txt", false)),
            ("/./a/./b.txt", file("a/b.txt", false)),
            ("/a/", file("a", true)),
            ("/a/.", file("a", true)),
            ("/%61%20b.txt", file("a b.txt", false)),
            ("/%C3%A9.txt", file("é.txt", false)),
            ("/a%252fb.txt", file("a%2fb.txt", false)),
            ("/.well-known/acme-challenge/x", file(".well-known/acme-challenge/x", false)),
            ("/a...txt", file("a...txt", false)),
            ("/../a", Meant::Attack),
            ("/a/..", Meant::Attack),
            ("/a/../b", Meant::Attack),
            ("/%2e%2E/a", Meant::Attack),
            ("/.%2e/a", Meant::Attack),
            ("/..%2fa", Meant::Attack),
            ("/..%5ca", Meant::Attack),
            ("/a%2f..", Meant::Attack),
            ("/..%20/a", Meant::Attack),
            ("/a%00.txt", Meant::Attack),
            ("/.env", Meant::Hidden),
            ("/a/.git/config", Meant::Hidden),
            ("/a/.well-known/b", Meant::Hidden),
            ("/.well-known/.x", Meant::Hidden),
            ("/%2eenv", Meant::Hidden),
            ("/...", Meant::Hidden),
            ("/.php", Meant::Hidden),
            ("/index.php", Meant::Another),
            ("/index.php/a.png", Meant::Another),
            ("/INDEX.PhP", Meant::Another),
            ("/index.php.", Meant::Another),
            ("/index.php%20", Meant::Another),
            ("/a%2fb.txt", Meant::Another),
            ("/a%5cb.txt", Meant::Another),
            ("/a\\b.txt", Meant::Another),
            ("/a%0a.txt", Meant::Another),
            ("/%ff.txt", Meant::Another),
            ("/%c0%af.txt", Meant::Another),
            ("/%.txt", Meant::Another),
            ("/%4", Meant::Another),
            ("/%zz.txt", Meant::Another),
            ("*", Meant::Another),
            ("", Meant::Another),
        ] {
            assert_eq!(meant(path), expected, "{path}");
        }
        assert_eq!(meant(&format!("/{}.txt", "x".repeat(255))), Meant::Another);
        assert_eq!(meant(&format!("/{}", "x/".repeat(2100))), Meant::Another);
    }

    #[test]
    fn prefixes_are_whole_names() {
        let below = |path: &str, prefix: &str| {
            let Meant::File(target) = meant(path) else { panic!("{path}") };
            target.below(prefix).map(|Target { path, slash }| (path, slash))
        };
        for (path, prefix, expected) in [
            ("/a/b.txt", "", Some(("a/b.txt", false))),
            ("/a/b.txt", "a", Some(("b.txt", false))),
            ("//a/./b.txt", "a", Some(("b.txt", false))),
            ("/a/b/", "a/b", Some(("", true))),
            ("/a/b", "a/b", Some(("", false))),
            ("/ab.txt", "a", None),
            ("/b/a.txt", "a", None),
            ("/a", "a/b", None),
        ] {
            assert_eq!(below(path, prefix), expected.map(|(path, slash)| (path.to_owned(), slash)), "{path} {prefix}");
        }
    }
}
