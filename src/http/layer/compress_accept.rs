//! Which codings a client would like (`Accept-Encoding`, RFC 9110 section 12.5.3).

use http::{HeaderMap, header::ACCEPT_ENCODING};

use super::compress_codec::Coding;

/// A quality in thousandths.
type Quality = u16;

/// What a client says of codings.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    /// By their names, in small letters.
    named: Vec<(String, Quality)>,
    /// `*`.
    others: Option<Quality>,
    /// Of contents as they are.
    identity: Option<Quality>,
}

/// The coding that the client likes best of those offered; of several that it likes as much, the first. `None`: it wants
/// the contents as they are, or takes nothing that there is, which is best answered in the same way.
pub(super) fn choose(headers: &HeaderMap, offered: &[Coding]) -> Option<Coding> {
    Accepted::of(headers).best_first(offered, Coding::as_str).first().copied()
}

// === impl Accepted ===

impl Accepted {
    /// Reads the headers of a request.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut accepted = Self::default();
        for value in headers.get_all(ACCEPT_ENCODING) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let mut parts = item.split(';').map(str::trim);
                let name = parts.next().unwrap_or_default().to_ascii_lowercase();
                let Some(quality) = parts.try_fold(1000, |quality, part| parameter(part, quality)) else { continue };
                match name.as_str() {
                    "*" => accepted.others = Some(quality),
                    "identity" => accepted.identity = Some(quality),
                    "x-gzip" => accepted.named.push(("gzip".to_owned(), quality)),
                    _ => accepted.named.push((name, quality)),
                }
            }
        }
        accepted
    }

    /// Those of `offered` that the client takes at least as gladly as contents as they are, the one that it likes best first;
    /// of several that it likes as much, in their order. `name` gives the name of each.
    pub(super) fn best_first<T: Copy>(&self, offered: &[T], name: impl Fn(T) -> &'static str) -> Vec<T> {
        let liked = |coding: T| {
            let own = self.named.iter().find(|(other, _)| other == name(coding)).map(|(_, quality)| *quality);
            own.or(self.others).unwrap_or(0)
        };
        let mut taken: Vec<_> = offered.iter().map(|coding| (*coding, liked(*coding))).collect();
        taken.retain(|(_, quality)| *quality > 0 && *quality >= self.identity.unwrap_or(0));
        taken.sort_by_key(|(_, quality)| std::cmp::Reverse(*quality));
        taken.into_iter().map(|(coding, _)| coding).collect()
    }
}

/// The quality after a parameter; `None` if the parameter is a quality and not a number from 0 to 1.
fn parameter(part: &str, quality: Quality) -> Option<Quality> {
    let Some((name, value)) = part.split_once('=') else { return Some(quality) };
    if !name.trim_end().eq_ignore_ascii_case("q") {
        return Some(quality);
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse::<Quality>().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_client_decides_and_then_the_order() {
        let usual = [Coding::Brotli, Coding::Zstd, Coding::Gzip];
        for (accepted, chosen) in [
            (&[][..], ""),
            (&[""], ""),
            (&["gzip"], "gzip"),
            (&["x-gzip"], "gzip"),
            (&["GZIP"], "gzip"),
            (&["deflate"], ""),
            (&["gzip, deflate, br, zstd"], "br"),
            (&["zstd, gzip"], "zstd"),
            (&["gzip", "br"], "br"),
            (&["br;q=0.5, gzip;q=0.8"], "gzip"),
            (&["br;q=0.5, gzip;q=0.501"], "gzip"),
            (&["br;q=0, gzip"], "gzip"),
            (&["br;q=0.000, gzip;q=0.001"], "gzip"),
            (&["gzip;q=0"], ""),
            (&["*"], "br"),
            (&["*;q=0"], ""),
            (&["*;q=0, gzip"], "gzip"),
            (&["br;q=0, *"], "zstd"),
            (&["gzip;q=0.5, *;q=0.1"], "gzip"),
            (&["identity"], ""),
            (&["identity;q=0"], ""),
            (&["identity;q=0, gzip;q=0.1"], "gzip"),
            (&["identity;q=1, gzip;q=0.5"], ""),
            (&["identity;q=0.5, gzip;q=1.0"], "gzip"),
            (&["identity, gzip"], "gzip"),
            (&[" \tgzip\t; \tq = 0.5 , br;Q=0.4"], "gzip"),
            (&[",, gzip,"], "gzip"),
            (&["gzip;q=2"], ""),
            (&["gzip;q=1.001"], ""),
            (&["gzip;q=0.0001"], ""),
            (&["gzip;q=-1"], ""),
            (&["gzip;q=x, br;q=0.1"], "br"),
            (&["gzip;q="], ""),
            (&["gzip;q=1."], "gzip"),
            (&["gzip;level=9"], "gzip"),
            (&["gzipped"], ""),
        ] {
            let mut headers = HeaderMap::new();
            for value in accepted {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(choose(&headers, &usual).map_or("", Coding::as_str), chosen, "{accepted:?}");
        }
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT_ENCODING, HeaderValue::from_static("br, gzip"));
        assert_eq!(choose(&headers, &[Coding::Gzip, Coding::Brotli]), Some(Coding::Gzip));
        assert_eq!(choose(&headers, &[Coding::Zstd]), None);
    }
}
