//! Compressed siblings of files, and which of them a client takes (`Accept-Encoding`, RFC 9110 section 12.5.3).

use http::{HeaderMap, header::ACCEPT_ENCODING};

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
    let (mut any, mut identity) = (None, None);
    let mut said: Vec<(Coding, u16)> = Vec::new();
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for item in values.flat_map(|value| value.split(',')) {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let Some(quality) = parts.next().map_or(Some(1000), quality) else { continue };
        if name == "*" {
            any = Some(quality);
        } else if name.eq_ignore_ascii_case("identity") {
            identity = Some(quality);
        } else {
            let is = |coding: &Coding| {
                name.eq_ignore_ascii_case(coding.as_str())
                    || (*coding == Coding::Gzip && name.eq_ignore_ascii_case("x-gzip"))
            };
            said.extend(Coding::ALL.into_iter().filter(is).map(|coding| (coding, quality)));
        }
    }
    let quality = |coding: &Coding| said.iter().find(|(other, _)| other == coding).map(|(_, quality)| *quality).or(any);
    let mut taken: Vec<_> = Coding::ALL.into_iter().filter_map(|coding| Some((coding, quality(&coding)?))).collect();
    taken.retain(|(_, quality)| *quality > 0 && *quality >= identity.unwrap_or(0));
    taken.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
    taken.into_iter().map(|(coding, _)| coding).collect()
}

/// A weight in thousandths; `None` if it is none.
fn quality(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let value: f32 = value.trim().parse().ok()?;
    let fits = name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&value);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1000")]
    fits.then_some((value * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
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
            ("gzip;level=1", ""),
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
