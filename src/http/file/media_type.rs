//! What a file holds, by the ending of its name.

use std::path::Path;

use http::HeaderValue;

/// What is said of a file whose ending says nothing.
const UNKNOWN: &str = "application/octet-stream";

/// Value of `content-type` for a file of that name. Text is said to be UTF-8.
pub fn media_type(path: &Path) -> HeaderValue {
    let essence = mime_guess::from_path(path).first_raw().unwrap_or(UNKNOWN);
    if essence.starts_with("text/") || essence == "application/javascript" {
        return HeaderValue::try_from(format!("{essence}; charset=utf-8")).unwrap_or(HeaderValue::from_static(UNKNOWN));
    }
    HeaderValue::from_static(essence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_what_a_file_holds() {
        for (name, expected) in [
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.HTML", "text/html; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.csv", "text/csv; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.pdf", "application/pdf"),
            ("a.png", "image/png"),
            ("a.svg", "image/svg+xml"),
            ("a.webp", "image/webp"),
            ("a.mp4", "video/mp4"),
            ("a.wasm", "application/wasm"),
            ("a.woff2", "font/woff2"),
            ("a.zip", "application/zip"),
            ("a.tar.gz", "application/gzip"),
            ("a.what", UNKNOWN),
            ("a", UNKNOWN),
            (".txt", UNKNOWN),
        ] {
            assert_eq!(media_type(Path::new(name)), expected, "{name}");
        }
    }
}
