//! Patterns for paths.

/// A pattern, in which `*` stands for any number of characters, slashes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(String);

// === impl Pattern ===

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        // `build/*` means what `/build/*` does, `*.woff2` what it says.
        let anchored = text.starts_with(['/', '*']);
        Self(if anchored { text.to_owned() } else { format!("/{text}") })
    }

    /// Whether all of `path`, which begins with a slash, is of this form.
    pub(super) fn matches(&self, path: &str) -> bool {
        let Some((begin, rest)) = self.0.split_once('*') else { return self.0 == path };
        let Some(mut path) = path.strip_prefix(begin) else { return false };
        let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in middle.split('*').filter(|part| !part.is_empty()) {
            match path.find(part) {
                Some(at) => path = &path[at + part.len()..],
                None => return false,
            }
        }
        path.ends_with(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, path, expected) in [
            ("/build/*", "/build/a/b.js", true),
            ("build/*", "/build/a.js", true),
            ("/build/*", "/other/build/a.js", false),
            ("*.woff2", "/fonts/a.woff2", true),
            ("*.woff2", "/fonts/a.woff", false),
            ("/a.js", "/a.js", true),
            ("/a.js", "/b/a.js", false),
            ("*.*.js", "/app.4f3a.js", true),
            ("*.*.js", "/app.js", false),
            ("/a*a", "/a", false),
            ("/a*b*c", "/abc", true),
            ("/a*b*c", "/acb", false),
            ("*", "/", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(path), expected, "{pattern} {path}");
        }
    }
}
