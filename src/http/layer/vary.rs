//! `Vary`: which headers of a request its answer depends on (RFC 9110 section 12.5.5).

use http::{HeaderMap, HeaderName, HeaderValue, header::VARY};

/// Adds a name, unless it is there or all are (`*`).
pub(super) fn add(headers: &mut HeaderMap, name: &HeaderName) {
    let known = headers.get_all(VARY).iter().any(|names| {
        names
            .as_bytes()
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii)
            .any(|known| known == b"*" || known.eq_ignore_ascii_case(name.as_str().as_bytes()))
    });
    if !known {
        headers.append(VARY, name.clone().into());
    }
}

/// Several names in one value.
pub(super) fn joined(names: &[HeaderName]) -> HeaderValue {
    let names: Vec<_> = names.iter().map(HeaderName::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("*"))
}

#[cfg(test)]
mod tests {
    use http::header::ORIGIN;

    use super::*;

    #[test]
    fn names_are_added_once() {
        for (own, after) in [
            (&[][..], "origin"),
            (&["Origin"][..], "Origin"),
            (&["Accept-Encoding,  ORIGIN "][..], "Accept-Encoding,  ORIGIN "),
            (&["*"][..], "*"),
            (&["Accept", "Cookie"][..], "Accept|Cookie|origin"),
            (&["X-Origin"][..], "X-Origin|origin"),
        ] {
            let mut headers = HeaderMap::new();
            for value in own {
                headers.append(VARY, HeaderValue::from_static(value));
            }
            add(&mut headers, &ORIGIN);
            let values: Vec<_> = headers.get_all(VARY).iter().map(|value| value.to_str().unwrap()).collect();
            assert_eq!(values.join("|"), after);
        }
    }
}
