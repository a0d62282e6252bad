//! The names of layers, and in which order they stand.

/// A layer that `http.middleware` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Asks for a name and a password.
    BasicAuth,
    /// Compresses answers.
    Gzip,
    /// Answers again what workers have answered.
    Cache,
    /// Sets headers of requests and responses.
    Headers,
    /// Counts requests.
    HttpMetrics,
    /// Bounds how many requests are under way.
    Limit,
    /// Bounds how many requests come in a time.
    RateLimit,
    /// Names requests.
    RequestId,
    /// Answers with files.
    Static,
    /// Answers for slow workers.
    Timeout,
}

/// What the order of the names in `http.middleware` means (`http.middleware_order`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// Each is put around those before it, so that the last one sees a request first: RoadRunner 2025.1.
    #[default]
    Listed,
    /// The first one sees a request first: RoadRunner 6.
    Reversed,
}

/// Words of `http.middleware`. What is not here either has no place in the chain or is refused by the table of keys.
const NAMES: &[(&str, Name)] = &[
    ("basic_auth", Name::BasicAuth),
    ("gzip", Name::Gzip),
    ("cache", Name::Cache),
    ("headers", Name::Headers),
    ("http_metrics", Name::HttpMetrics),
    ("limit", Name::Limit),
    ("rate_limit", Name::RateLimit),
    ("request_id", Name::RequestId),
    ("static", Name::Static),
    ("timeout", Name::Timeout),
];

// === impl Name ===

impl Name {
    /// The layer of that name.
    pub(super) fn parse(word: &str) -> Option<Self> {
        NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, name)| *name)
    }

    /// As it is written in `http.middleware`.
    pub(super) fn as_str(self) -> &'static str {
        NAMES.iter().find(|(_, name)| *name == self).map_or("", |(word, _)| word)
    }
}

// === impl Order ===

impl Order {
    /// Words of `http.middleware_order`.
    pub(super) const WORDS: &[(&str, Self)] = &[("listed", Self::Listed), ("reversed", Self::Reversed)];

    /// The names as a request meets them, from the outermost one on.
    pub(super) fn outermost_first(self, names: &[Name]) -> Vec<Name> {
        match self {
            Self::Listed => names.iter().rev().copied().collect(),
            Self::Reversed => names.to_vec(),
        }
    }
}
