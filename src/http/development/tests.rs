use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONTENT_SECURITY_POLICY};

use super::{
    Development, LONGEST,
    html::{element, insert, page_of},
};

#[test]
fn the_element_stands_at_the_end_of_the_body() {
    for (page, expected) in [
        ("<body>a</body></html>", "<body>aX</body></html>"),
        ("<BODY>a</BODY\n></HTML>", "<BODY>aX</BODY\n></HTML>"),
        ("<script>'</body>'</script>b</body>", "<script>'</body>'</script>bX</body>"),
        ("a</bodywork></body", "a</bodywork></bodyX"),
        ("<h1>a</h1>", "<h1>a</h1>X"),
        ("", "X"),
        ("<", "<X"),
    ] {
        assert_eq!(insert(page.as_bytes(), "X"), expected, "{page}");
    }
    assert_eq!(page_of(b"a <b> & c", "X"), "<!doctype html><meta charset=\"utf-8\"><pre>a &lt;b> &amp; c</pre>\nX");
}

#[test]
fn the_element_has_the_nonce_by_which_scripts_may_run() {
    for (policies, nonce) in [
        (&[][..], None),
        (&["default-src 'self'"][..], None),
        (&["script-src 'nonce-aB+/-_=' 'strict-dynamic'"][..], Some("aB+/-_=")),
        (&["default-src 'nonce-one'; script-src 'self' 'nonce-two'"][..], Some("two")),
        (&["style-src 'nonce-one'; Script-Src-Elem 'nonce-three'; script-src 'nonce-two'"][..], Some("three")),
        (&["img-src *", "default-src 'nonce-one'"][..], Some("one")),
        (&["script-src 'nonce-a\"b'"][..], None),
    ] {
        let mut headers = HeaderMap::new();
        for policy in policies {
            headers.append(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        }
        let nonce = nonce.map(|nonce| format!(" nonce=\"{nonce}\"")).unwrap_or_default();
        let expected = format!("<script src=\"/.roadrunner/reload.js\" data-version=\"v-1\" async{nonce}></script>");
        assert_eq!(element("v-1", &headers), expected, "{policies:?}");
    }
}

#[test]
fn versions_differ_by_reload_and_process() {
    let (one, other) = (Development::new(), Development::new());
    let first = one.version();
    assert_ne!(first, other.version());
    one.failed("why");
    assert_eq!(one.version(), first);
    one.clone().reloaded();
    assert_ne!(one.version(), first);
    assert_eq!(one.0.state.borrow().failure, None);
}

#[test]
fn texts_of_failures_are_bounded() {
    let development = Development::new();
    development.failed(&"ü".repeat(LONGEST));
    let state = development.0.state.borrow();
    assert_eq!(state.failure.as_ref().unwrap().len(), LONGEST);
    assert_eq!(Bytes::from_static(include_bytes!("reload.js")).iter().filter(|byte| !byte.is_ascii()).count(), 0);
}
