//! Bad request lines, targets and hosts.

use super::{Row, SILENT, row};

/// A request with this request line.
fn line(what: &'static str, line: &str, statuses: &'static [u16]) -> Row {
    row(what, format!("{line}\r\nHost: test\r\n\r\n"), statuses)
}

/// A request with these bytes after `GET `.
fn target(what: &'static str, target: &str) -> Row {
    line(what, &format!("GET {target} HTTP/1.1"), &[400])
}

/// A request whose `Host` lines are `hosts`.
fn host(what: &'static str, hosts: &[u8]) -> Row {
    row(what, [b"GET / HTTP/1.1\r\n", hosts, b"\r\n"].concat(), &[400])
}

pub fn malformed_request_lines() -> Vec<Row> {
    vec![
        line("garbage", "\u{1}\u{2}\u{3}", &[400]),
        row("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", &[400]),
        line("a lone word", "GET", &[400]),
        line("no target", "GET HTTP/1.1", &[400]),
        line("no version", "GET /", &[400]),
        row("HTTP/0.9", "GET /\r\n\r\n", &[400]),
        line("an extra word", "GET / a HTTP/1.1", &[400]),
        line("words after the version", "GET / HTTP/1.1 a", &[400]),
        line("a space after the version", "GET / HTTP/1.1 ", &[400]),
        line("a space before the method", " GET / HTTP/1.1", &[400]),
        line("two spaces before the target", "GET  / HTTP/1.1", &[400]),
        line("two spaces before the version", "GET /  HTTP/1.1", &[400]),
        line("a tab for a space", "GET\t/ HTTP/1.1", &[400]),
        line("an unknown minor version", "GET / HTTP/1.2", &[400, 505]),
        line("HTTP/2.0", "GET / HTTP/2.0", &[400, 505]),
        line("HTTP/3", "GET / HTTP/3", &[400, 505]),
        line("a version of two digits", "GET / HTTP/1.10", &[400, 505]),
        line("a version without a dot", "GET / HTTP/11", &[400, 505]),
        line("a lower-case version", "GET / http/1.1", &[400, 505]),
        line("another protocol", "GET / ICAP/1.1", &[400, 505]),
        line("a slash too many", "GET / HTTP//1.1", &[400, 505]),
        row("the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[400, 505, SILENT]),
        line("no method", "/ HTTP/1.1", &[400]),
        line("a delimiter in the method", "G(T / HTTP/1.1", &[400]),
        line("a NUL in the method", "G\0T / HTTP/1.1", &[400]),
        line("a letter beyond ASCII in the method", "GÉT / HTTP/1.1", &[400]),
        row("a bare CR in the request line", "GET /\ra HTTP/1.1\r\nHost: test\r\n\r\n", &[400]),
        row("a doubled CR", "GET / HTTP/1.1\r\r\nHost: test\r\n\r\n", &[400]),
        row("a bare LF after the request line", "GET / HTTP/1.1\nHost: test\r\n\r\n", &[400]),
        row("a bare LF before the request line", "\nGET / HTTP/1.1\r\nHost: test\r\n\r\n", &[400]),
        row("a bare CR before the request line", "\rGET / HTTP/1.1\r\nHost: test\r\n\r\n", &[400]),
        row("bare LFs throughout", "GET / HTTP/1.1\nHost: test\n\n", &[400]),
    ]
}

pub fn targets_that_name_no_resource_of_ours() -> Vec<Row> {
    vec![
        target("a relative path", "a/b"),
        target("a word", "a"),
        target("an authority", "test:80"),
        target("an asterisk for another method than OPTIONS", "*"),
        line("an asterisk with a path", "OPTIONS */a HTTP/1.1", &[400]),
        target("a lone query", "?a=b"),
        target("a fragment", "/a#b"),
        target("a fragment alone", "#b"),
        target("a scheme that is not HTTP", "ftp://test/"),
        target("a file", "file:///etc/passwd"),
        target("a script", "javascript://test/%0aalert(1)"),
        target("an absolute target without a host", "http:///a"),
        target("an absolute target without anything", "http://"),
        target("an absolute target with a port only", "http://:80/"),
        target("credentials in an absolute target", "http://user:secret@test/"),
        target("a space in the host of an absolute target", "http://te st/"),
        target("a port that is no number in an absolute target", "http://test:a/"),
        target("a NUL", "/a\0b"),
        target("a control character", "/a\u{1}b"),
        target("a DEL", "/a\u{7f}b"),
        target("a vertical tab", "/a\u{b}b"),
        line("CONNECT to an authority", "CONNECT test:443 HTTP/1.1", &[501]),
        line("CONNECT to a path", "CONNECT / HTTP/1.1", &[400, 501]),
        line("a target beyond its bound", &format!("GET /{} HTTP/1.1", "a".repeat(33_000)), &[414]),
        line("a query beyond its bound", &format!("GET /?{} HTTP/1.1", "a".repeat(33_000)), &[414]),
        line("a target beyond the bound of heads", &format!("GET /{} HTTP/1.1", "a".repeat(70_000)), &[414, 431]),
    ]
}

pub fn doubtful_hosts() -> Vec<Row> {
    vec![
        host("none", b""),
        row("none beside an absolute target", "GET http://test/ HTTP/1.1\r\n\r\n", &[400]),
        host("two equal ones", b"Host: test\r\nHost: test\r\n"),
        host("two different ones", b"Host: test\r\nHost: other\r\n"),
        row("two in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", &[400]),
        host("two in one line", b"Host: test, other\r\n"),
        host("a space", b"Host: te st\r\n"),
        host("a path", b"Host: test/a\r\n"),
        host("a query", b"Host: test?a\r\n"),
        host("credentials", b"Host: user@test\r\n"),
        host("a scheme", b"Host: http://test\r\n"),
        host("a port that is no number", b"Host: test:a\r\n"),
        host("two ports", b"Host: test:80:80\r\n"),
        host("a backslash", b"Host: test\\a\r\n"),
        host("a quote", b"Host: \"test\"\r\n"),
        host("an open bracket", b"Host: [::1\r\n"),
        host("no address in brackets", b"Host: [test]\r\n"),
        host("words behind brackets", b"Host: [::1]test\r\n"),
        host("a percent sign without digits", b"Host: te%st\r\n"),
        host("bytes beyond ASCII", b"Host: t\xc3\xa9st\r\n"),
        host("a tab", b"Host: te\tst\r\n"),
    ]
}
