//! Which format a client wants.

use http::{HeaderMap, header::ACCEPT};

use super::Format;

/// The format that a client likes best, by its `Accept`. Without one, and for what is not there, it is the older one.
pub(super) fn wanted(headers: &HeaderMap) -> Format {
    let (mut best, mut format) = (0, Format::Text);
    for range in
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','))
    {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let (mut version, mut quality) = (None, 1000);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.to_ascii_lowercase().as_str() {
                "version" => version = Some(value.trim_matches('"')),
                "q" => quality = thousandths(value),
                _ => {}
            }
        }
        let offered = if media_type.eq_ignore_ascii_case("application/openmetrics-text") {
            version.is_none_or(|version| version == "1.0.0").then_some(Format::OpenMetrics)
        } else if media_type.eq_ignore_ascii_case("text/plain") {
            version.is_none_or(|version| version == "0.0.4").then_some(Format::Text)
        } else {
            matches!(media_type, "*/*" | "text/*").then_some(Format::Text)
        };
        if let Some(offered) = offered.filter(|_| quality > best) {
            (best, format) = (quality, offered);
        }
    }
    format
}

/// A quality, which has three decimals at most.
fn thousandths(quality: &str) -> u32 {
    let quality: f64 = quality.parse().unwrap_or(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 1000")]
    let whole = (quality.clamp(0.0, 1.0) * 1000.0).round() as u32;
    whole
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_best_that_there_is_is_chosen() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                          text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accept, open) in [
            (prometheus, true),
            ("", false),
            ("*/*", false),
            ("text/html, */*;q=0.1", false),
            ("application/openmetrics-text", true),
            ("application/openmetrics-text; version=\"1.0.0\"; charset=utf-8", true),
            ("application/openmetrics-text;version=2.0.0", false),
            ("application/openmetrics-text;q=0", false),
            ("text/plain;q=0.9, application/openmetrics-text;q=0.8", false),
            ("application/vnd.google.protobuf;q=1, Application/OpenMetrics-Text;q=0.1", true),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(wanted(&headers) == Format::OpenMetrics, open, "{accept}");
        }
        assert_eq!(wanted(&HeaderMap::new()), Format::Text);
    }
}
