//! Compressed siblings of files, and which of them a client takes.

use http::HeaderMap;

use crate::http::layer::compress_accept::Accepted;

/// How a sibling is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Zstandard,
    Gzip,
}

// === impl Coding ===

impl Coding {
    /// All, the one that is liked best first.
    const ALL: [Self; 3] = [Self::Brotli, Self::Zstandard, Self::Gzip];

    /// As it is written in headers.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What is put behind the file's name.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstandard => ".zst",
            Self::Gzip => ".gz",
        }
    }
}

/// The codings that a client takes at least as gladly as none, the best first; of equal ones that which is liked best here.
pub(super) fn accepted(headers: &HeaderMap) -> Vec<Coding> {
    Accepted::of(headers).best_first(&Coding::ALL, Coding::as_str)
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT_ENCODING;

    use super::*;

    #[test]
    fn the_best_that_the_client_takes_comes_first() {
        for (value, expected) in [
            ("", ""),
            ("gzip", "gzip"),
            ("gzip, deflate, br", "br gzip"),
            ("gzip, deflate, br, zstd", "br zstd gzip"),
            ("br;q=0.5, gzip", "gzip br"),
            ("br;q=0, gzip", "gzip"),
            ("*", "br zstd gzip"),
            ("*;q=0", ""),
            ("br;q=0, *", "zstd gzip"),
            ("identity", ""),
            ("identity;q=0.5, gzip;q=0.4", ""),
            ("identity;q=0.5, gzip;q=0.6", "gzip"),
            ("GZIP ; Q=1.000", "gzip"),
            ("x-gzip", "gzip"),
            ("gzip;q=2", ""),
            ("gzip;level=1", "gzip"),
            ("br;q=0.1;x=y, gzip;x=y;q=0.2", "gzip br"),
            ("deflate", ""),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
            let names: Vec<_> = accepted(&headers).into_iter().map(Coding::as_str).collect();
            assert_eq!(names.join(" "), expected, "{value}");
        }
        assert!(accepted(&HeaderMap::new()).is_empty());
    }
}
