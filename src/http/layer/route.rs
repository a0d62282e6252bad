//! Which requests a route takes.

use http::{header::HOST, request::Parts};

use crate::config::{Problems, Section};

/// Which requests a route takes: those below a path, and to a host if one is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Matcher {
    /// In small letters, without a port; `*.` in front stands for any number of labels.
    host: Option<String>,
    /// Without a slash at its end.
    prefix: String,
}

// === impl Matcher ===

impl Matcher {
    pub(super) fn read(section: &mut Section<'_>, problems: &mut Problems) -> Self {
        let prefix = section.text("prefix", problems).map(|(prefix, _)| prefix);
        match &prefix {
            None => section.missing("prefix", problems),
            Some(prefix) if !prefix.starts_with('/') => {
                section.report("prefix", "must begin with a slash", problems);
            }
            Some(_) => {}
        }
        let host = section.text("host", problems).map(|(host, _)| host.to_ascii_lowercase());
        if host.as_ref().is_some_and(|host| host.is_empty() || host.trim_start_matches("*.").contains(['*', '/', ':']))
        {
            section.report("host", "must be the name of a host without a port, or `*.` and one", problems);
        }
        let prefix = prefix.unwrap_or_default().trim_end_matches('/').to_owned();
        Self { host, prefix }
    }

    /// For people.
    pub(super) fn as_text(&self) -> String {
        format!("{}{}", self.host.as_deref().unwrap_or_default(), self.prefix)
    }

    /// Returns whether the route takes this request: by its path as it is written, or by `plain`, what [`plain_path`] makes
    /// of it. PHP may read it either way, and what a route forbids must not be reached by spelling.
    pub(super) fn takes(&self, head: &Parts, plain: &str) -> bool {
        let below =
            |path: &str| path.strip_prefix(&*self.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        (below(plain) || below(head.uri.path())) && self.host.as_ref().is_none_or(|host| is_host(host, head))
    }
}

fn is_host(host: &str, head: &Parts) -> bool {
    let Some(asked) = head.headers.get(HOST).and_then(|asked| asked.to_str().ok()) else { return false };
    let asked = if asked.ends_with(']') { asked } else { asked.rsplit_once(':').map_or(asked, |(name, _)| name) };
    let asked = asked.trim_end_matches('.');
    match host.strip_prefix("*.") {
        None => asked.eq_ignore_ascii_case(host),
        Some(parent) => asked.len().checked_sub(parent.len() + 1).is_some_and(|dot| {
            asked.is_char_boundary(dot)
                && asked.as_bytes()[dot] == b'.'
                && asked[dot + 1..].eq_ignore_ascii_case(parent)
        }),
    }
}

/// The path for comparing: escapes of letters and the like decoded, `.` and empty segments left out, `..` resolved
/// (RFC 3986 section 6.2.2). PHP gets the path as it was.
pub(super) fn plain_path(path: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut plain = String::with_capacity(decoded.len() + 1);
    for segment in &segments {
        plain.push('/');
        plain.push_str(segment);
    }
    if plain.is_empty() || (decoded.ends_with('/') && !plain.ends_with('/')) {
        plain.push('/');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(host: &str, path: &str) -> Parts {
        http::Request::builder().uri(path).header(HOST, host).body(()).unwrap().into_parts().0
    }

    #[test]
    fn paths_are_compared_by_segments() {
        let api = Matcher { host: None, prefix: "/api".to_owned() };
        for (path, taken) in [
            ("/api", true),
            ("/api/", true),
            ("/api/x", true),
            ("/apix", false),
            ("/", false),
            ("//api//x", true),
            ("/./api", true),
            ("/x/../api/y", true),
            ("/api/../x", true),
            ("/%61pi/x", true),
            ("/API", false),
            ("/../../api", true),
        ] {
            assert_eq!(api.takes(&head("h", path), &plain_path(path)), taken, "{path}");
        }
        assert!(Matcher::default().takes(&head("h", "/"), "/"));
    }

    #[test]
    fn hosts_are_compared_without_port_and_case() {
        let matcher = |host: &str| Matcher { host: Some(host.to_owned()), prefix: String::new() };
        for (host, asked, taken) in [
            ("a.test", "a.test", true),
            ("a.test", "A.TEST:8080", true),
            ("a.test", "a.test.", true),
            ("a.test", "b.a.test", false),
            ("*.a.test", "b.a.test:1", true),
            ("*.a.test", "c.b.a.test", true),
            ("*.a.test", "a.test", false),
            ("*.a.test", "xa.test", false),
            ("*.a.test", "é.test", false),
        ] {
            assert_eq!(matcher(host).takes(&head(asked, "/"), "/"), taken, "{host} {asked}");
        }
    }

    #[test]
    fn plain_paths_keep_their_last_slash() {
        for (path, plain) in [("/", "/"), ("", "/"), ("/a/", "/a/"), ("/a/..", "/"), ("/a/b/../", "/a/"), ("*", "/*")] {
            assert_eq!(plain_path(path), plain, "{path}");
        }
    }
}
