//! Headers that tell browsers to be careful: presets of the middleware `headers` (key `http.headers.security`).
//!
//! What the application has set stays, and what would contradict it is left out.

use http::{
    HeaderMap, HeaderValue,
    header::{CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_FRAME_OPTIONS},
};

/// How careful.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Security {
    /// Nothing is added.
    #[default]
    Off,
    /// What hardly any application needs otherwise.
    Basic,
    /// What keeps other sites away altogether.
    Strict,
}

/// What [`Security::Basic`] adds.
const BASIC: &[(&str, &str)] =
    &[("x-content-type-options", "nosniff"), ("referrer-policy", "strict-origin-when-cross-origin")];
/// What [`Security::Strict`] adds.
const STRICT: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-permitted-cross-domain-policies", "none"),
];
/// A year, as those who collect such hosts ask for. Subdomains are left to them who know what is there.
const TLS_ONLY: &str = "max-age=31536000";

// === impl Security ===

impl Security {
    /// Words of `security`.
    pub(super) const WORDS: &[(&str, Self)] = &[("off", Self::Off), ("basic", Self::Basic), ("strict", Self::Strict)];

    /// Adds what is not there to a response; `encrypted`: whether it goes over TLS.
    pub(super) fn add(self, headers: &mut HeaderMap, encrypted: bool) {
        let (wanted, frames, policy) = match self {
            Self::Off => return,
            Self::Basic => (BASIC, "SAMEORIGIN", "frame-ancestors 'self'"),
            Self::Strict => (STRICT, "DENY", "frame-ancestors 'none'"),
        };
        for (name, value) in wanted {
            headers.entry(*name).or_insert(HeaderValue::from_static(value));
        }
        // Who may frame a page is said in one of two ways; what the application says in either counts.
        if !headers.contains_key(X_FRAME_OPTIONS) && !has_frame_ancestors(headers) {
            headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static(frames));
            headers.append(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        }
        if self == Self::Strict && encrypted {
            headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static(TLS_ONLY));
        }
    }
}

/// Whether a policy of the application says who may frame a page.
fn has_frame_ancestors(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_SECURITY_POLICY).iter().any(|policy| {
        policy.as_bytes().split(|byte| matches!(byte, b';' | b',')).any(|directive| {
            let name = directive.trim_ascii_start().split(u8::is_ascii_whitespace).next();
            name.is_some_and(|name| name.eq_ignore_ascii_case(b"frame-ancestors"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(security: Security, encrypted: bool, own: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in own {
            headers.append(*name, HeaderValue::from_static(value));
        }
        security.add(&mut headers, encrypted);
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn presets_add_what_is_not_there() {
        assert_eq!(added(Security::Off, true, &[]), [""; 0]);
        let basic = [
            "content-security-policy: frame-ancestors 'self'",
            "referrer-policy: strict-origin-when-cross-origin",
            "x-content-type-options: nosniff",
            "x-frame-options: SAMEORIGIN",
        ];
        assert_eq!(added(Security::Basic, true, &[]), basic);
        let strict = added(Security::Strict, false, &[]);
        assert!(strict.len() == 7 && !strict.iter().any(|line| line.starts_with("strict-transport")), "{strict:?}");
        assert!(added(Security::Strict, true, &[]).contains(&"strict-transport-security: max-age=31536000".to_owned()));
    }

    #[test]
    fn what_the_application_says_stays_and_is_not_contradicted() {
        let own = [
            ("content-security-policy", "default-src 'self'; Frame-Ancestors https://a.test"),
            ("referrer-policy", "origin"),
        ];
        let lines = added(Security::Strict, true, &own);
        assert!(lines.contains(&"referrer-policy: origin".to_owned()), "{lines:?}");
        assert!(!lines.iter().any(|line| line.starts_with("x-frame-options")), "{lines:?}");
        assert_eq!(lines.iter().filter(|line| line.starts_with("content-security-policy")).count(), 1);
        let lines = added(Security::Basic, false, &[("x-frame-options", "DENY")]);
        assert!(!lines.iter().any(|line| line.starts_with("content-security-policy")), "{lines:?}");
        // A policy about other things is kept beside ours; browsers obey both.
        let lines = added(Security::Basic, false, &[("content-security-policy", "default-src 'self'")]);
        assert_eq!(lines.iter().filter(|line| line.starts_with("content-security-policy")).count(), 2);
    }
}
