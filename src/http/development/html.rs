//! What is put into pages.

use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_SECURITY_POLICY};

use super::SCRIPT;

/// Directives that say which scripts run, the one that counts first.
const SCRIPTS: [&str; 3] = ["script-src-elem", "script-src", "default-src"];

/// The element that loads the script, for a page of this version.
pub(super) fn element(version: &str, headers: &HeaderMap) -> String {
    let nonce = nonce(headers).map(|nonce| format!(" nonce=\"{nonce}\"")).unwrap_or_default();
    format!("<script src=\"{SCRIPT}\" data-version=\"{version}\" async{nonce}></script>")
}

/// The word by which the page's policy lets scripts run, if it has one.
fn nonce(headers: &HeaderMap) -> Option<&str> {
    let policies = headers.get_all(CONTENT_SECURITY_POLICY).iter().filter_map(|policy| policy.to_str().ok());
    let directives: Vec<_> = policies.flat_map(|policy| policy.split([';', ','])).map(str::trim).collect();
    SCRIPTS.iter().find_map(|name| {
        let sources = directives.iter().find_map(|directive| {
            let (first, sources) = directive.split_once(' ')?;
            first.eq_ignore_ascii_case(name).then_some(sources)
        })?;
        sources.split_ascii_whitespace().find_map(|source| {
            let nonce = source.strip_prefix("'nonce-")?.strip_suffix('\'')?;
            let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
            nonce.bytes().all(safe).then_some(nonce)
        })
    })
}

/// Puts the element into a page: at the end of its body, or at its end if it does not say where the body ends.
pub(super) fn insert(page: &[u8], element: &str) -> Bytes {
    let end = memchr::memrchr_iter(b'<', page).find(|at| {
        let rest = &page[*at..];
        rest.get(..6).is_some_and(|tag| tag.eq_ignore_ascii_case(b"</body"))
            && rest.get(6).is_some_and(|next| *next == b'>' || next.is_ascii_whitespace())
    });
    let (before, behind) = page.split_at(end.unwrap_or(page.len()));
    [before, element.as_bytes(), behind].concat().into()
}

/// Makes a page of plain text.
pub(super) fn page_of(text: &[u8], element: &str) -> Bytes {
    let mut page = b"<!doctype html><meta charset=\"utf-8\"><pre>".to_vec();
    for byte in text {
        match byte {
            b'<' => page.extend_from_slice(b"&lt;"),
            b'&' => page.extend_from_slice(b"&amp;"),
            byte => page.push(*byte),
        }
    }
    page.extend_from_slice(b"</pre>\n");
    page.extend_from_slice(element.as_bytes());
    page.into()
}
