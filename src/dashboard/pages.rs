//! The parts of the page, and the rules under which a browser shows them.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::web::{self, Body};

const PAGE: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/app.js");
const ICON: &str = include_str!("page/icon.svg");

/// Where the page is told the word that only it knows.
const PLACE: &str = "{{token}}";

/// The browser runs and shows what comes from here alone, and lets no other page show it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a path stands for.
pub(super) fn page(path: &str, token: &str) -> Option<Response<Body>> {
    let (kind, text) = match path {
        "/" => ("text/html; charset=utf-8", Bytes::from(PAGE.replace(PLACE, token))),
        "/style.css" => ("text/css; charset=utf-8", Bytes::from_static(STYLE.as_bytes())),
        "/app.js" => ("text/javascript; charset=utf-8", Bytes::from_static(SCRIPT.as_bytes())),
        "/icon.svg" => ("image/svg+xml", Bytes::from_static(ICON.as_bytes())),
        _ => return None,
    };
    Some(guarded(web::whole(StatusCode::OK, HeaderValue::from_static(kind), text)))
}

/// Adds the rules.
pub(super) fn guarded(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in
        [("cross-origin-resource-policy", "same-origin"), ("cross-origin-opener-policy", "same-origin")]
    {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small_whole_and_without_code_in_its_text() {
        let size = PAGE.len() + STYLE.len() + SCRIPT.len() + ICON.len();
        assert!(size <= 150 * 1024, "{size} bytes");
        assert_eq!(PAGE.matches(PLACE).count(), 1);
        for text in [PAGE, STYLE, SCRIPT] {
            let foreign = text.match_indices("://").filter(|(at, _)| !text[at + 3..].starts_with("www.w3.org/"));
            assert_eq!(foreign.count(), 0, "nothing is fetched from elsewhere");
        }
        for forbidden in ["style=", "onclick", "<style", "javascript:", "innerHTML", "eval("] {
            assert!(!PAGE.contains(forbidden) && !SCRIPT.contains(forbidden), "{forbidden}");
        }
    }
}
