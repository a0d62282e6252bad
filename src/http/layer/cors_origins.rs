//! Whose pages may read answers: the origins that `http.headers.cors` names.

use regex_lite::Regex;

/// An origin that cannot be: whoever allows it allows any.
const ANYBODY: &str = "https://anybody.invalid";
/// What pages without an origin say in its place: those from files, or in frames without rights.
const NONE: &str = "null";

/// Which origins are allowed.
#[derive(Clone, Debug, Default)]
pub(super) enum Origins {
    /// `*`: all, and pages without an origin.
    #[default]
    All,
    /// Those that are listed.
    Listed(Vec<Pattern>),
    /// Those that an expression takes as a whole, with the expression as it was written.
    Taken(Regex, String),
}

/// An origin in small letters, or its begin and its end, with any text between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    begin: String,
    end: Option<String>,
}

// === impl Origins ===

impl Origins {
    /// Those of a list; all if `*` is among them.
    pub(super) fn listed(list: &[String]) -> Self {
        if list.iter().any(|origin| origin == "*") {
            return Self::All;
        }
        Self::Listed(list.iter().filter(|origin| !origin.is_empty()).map(|origin| Pattern::new(origin)).collect())
    }

    /// Those that a regular expression takes.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub(super) fn taken(expression: &str) -> Result<Self, regex_lite::Error> {
        // On its own first, so that no parenthesis of it can close ours.
        Regex::new(expression)?;
        Ok(Self::Taken(Regex::new(&format!("^(?:{expression})$"))?, expression.to_owned()))
    }

    /// Returns whether an origin is among them. Their case is looked past, as browsers write it in small letters.
    pub(super) fn allow(&self, origin: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(patterns) => {
                let origin = origin.to_ascii_lowercase();
                patterns.iter().any(|pattern| pattern.takes(&origin))
            }
            Self::Taken(expression, _) => origin != NONE && expression.is_match(origin),
        }
    }

    /// Returns whether nobody is refused.
    pub(super) fn are_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Returns whether they are so many that it is hardly meant: an origin that cannot be is among them.
    pub(super) fn take_anybody(&self) -> bool {
        self.allow(ANYBODY)
    }
}

impl PartialEq for Origins {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, Self::All) => true,
            (Self::Listed(one), Self::Listed(other)) => one == other,
            (Self::Taken(_, one), Self::Taken(_, other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Origins {}

// === impl Pattern ===

impl Pattern {
    fn new(origin: &str) -> Self {
        let origin = origin.to_ascii_lowercase();
        match origin.split_once('*') {
            Some((begin, end)) => Self { begin: begin.to_owned(), end: Some(end.to_owned()) },
            None => Self { begin: origin, end: None },
        }
    }

    fn takes(&self, origin: &str) -> bool {
        let Some(end) = &self.end else { return origin == self.begin };
        // What begins and ends right must not do so with the same letters.
        origin != NONE && origin.strip_prefix(&*self.begin).is_some_and(|rest| rest.ends_with(&**end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_origins_are_compared_as_a_whole() {
        let listed =
            |text: &str| Origins::listed(&text.split(',').map(|text| text.trim().to_owned()).collect::<Vec<_>>());
        for (list, origin, allowed) in [
            ("https://a.test", "https://a.test", true),
            ("https://A.test", "https://a.TEST", true),
            ("https://a.test", "http://a.test", false),
            ("https://a.test", "https://a.test:8443", false),
            ("https://a.test", "https://a.test.evil", false),
            ("https://a.test", "https://b.a.test", false),
            ("https://a.test, http://b.test:81", "http://b.test:81", true),
            ("https://*.a.test", "https://b.a.test", true),
            ("https://*.a.test", "https://c.b.a.test", true),
            ("https://*.a.test", "https://a.test", false),
            ("https://*.a.test", "https://b.a.test.evil", false),
            ("http://localhost:*", "http://localhost:5173", true),
            ("http://aba*aba", "http://aba", false),
            ("*", "null", true),
            ("https://a.test, *", "https://b.test", true),
            ("null", "null", true),
            ("n*l", "null", false),
            ("https://a.test", "null", false),
            ("https://a.test", "", false),
            ("", "", false),
        ] {
            assert_eq!(listed(list).allow(origin), allowed, "{list}: {origin}");
        }
        assert!(listed("https://*").take_anybody() && !listed("https://*.test").take_anybody());
    }

    #[test]
    fn an_expression_takes_whole_origins_only() {
        for (expression, origin, allowed) in [
            (r"https://[a-z]+\.a\.test", "https://b.a.test", true),
            (r"^https://[a-z]+\.a\.test$", "https://b.a.test", true),
            (r"https://b\.test", "https://b.test.evil", false),
            (r"https://b\.test", "https://evil/https://b.test", false),
            (r"https://b\.test|https://c\.test", "https://c.test.evil", false),
            (r"https://b\.test|https://c\.test", "https://c.test", true),
            (".*", "https://anything.test", true),
            (".*", "null", false),
        ] {
            assert_eq!(Origins::taken(expression).unwrap().allow(origin), allowed, "{expression}: {origin}");
        }
        assert!(Origins::taken(".*").unwrap().take_anybody());
        for wrong in ["(", "a)|(?:b", "[", r"\d{"] {
            assert!(Origins::taken(wrong).is_err(), "{wrong}");
        }
    }
}
