//! Requests hidden in others, where two readers of the same bytes could find different requests.
//!
//! Each row says what must come of it: `refused` (nothing reaches a worker, the connection is closed), `refused_after`
//! (so many requests before it are answered), `taken` (so many requests reach a worker, and the connection lives on in
//! step), `parted` (so many are answered, the last with the end of the connection).

use super::{Row, SILENT, row as refused, taken};

/// What a smuggler wants to have taken for a request of its own, or for none.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: test\r\n\r\n";
const GOOD: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
const BAD: &[u16] = &[400];
/// Codings that the server does not have may be called bad or not implemented.
const CODING: &[u16] = &[400, 501];

fn refused_after(workers: usize, what: &'static str, bytes: impl Into<Vec<u8>>, statuses: &'static [u16]) -> Row {
    Row { workers, ..refused(what, bytes, statuses) }
}

fn parted(workers: usize, what: &'static str, bytes: impl Into<Vec<u8>>) -> Row {
    Row { workers, ..refused(what, bytes, &[SILENT]) }
}

/// A POST request with these header lines and this body.
fn post(headers: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: test\r\n{headers}\r\n{body}")
}

/// A chunked request with this body.
fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked\r\n", body)
}

/// The hidden request as one chunk.
fn chunk() -> String {
    format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len())
}

/// One of these lines and the length of the whole body: who believes the line sees the end of the body before the hidden
/// request, who believes the length sees it behind.
fn doubled(line: &str) -> String {
    let body = format!("0\r\n\r\n{HIDDEN}");
    post(&format!("Content-Length: {}\r\n{line}", body.len()), &body)
}

pub fn length_and_encoding() -> Vec<Row> {
    let end = format!("0\r\n\r\n{HIDDEN}");
    vec![
        refused("CL.TE", doubled("Transfer-Encoding: chunked\r\n"), BAD),
        refused("CL.TE, a length of zero", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", &chunk()), BAD),
        refused("CL.TE, three lines", doubled("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), BAD),
        refused("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &chunk()), BAD),
        refused(
            "TE.CL, a line between",
            post("Transfer-Encoding: chunked\r\nA: b\r\nContent-Length: 4\r\n", &chunk()),
            BAD,
        ),
        refused("CL.TE, identity", doubled("Transfer-Encoding: identity\r\n"), BAD),
        refused("CL.TE, no coding", doubled("Transfer-Encoding:\r\n"), BAD),
        refused(
            "TE.TE, a second line of another coding",
            doubled("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"),
            BAD,
        ),
        refused(
            "TE.TE, a first line of another coding",
            doubled("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n"),
            BAD,
        ),
        refused("TE.TE, twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", &end), BAD),
        refused("TE.TE, a list with identity", post("Transfer-Encoding: chunked, identity\r\n", &end), CODING),
        refused("TE.TE, a list of two", post("Transfer-Encoding: chunked, chunked\r\n", &end), CODING),
        refused("TE.TE, a list with gzip", post("Transfer-Encoding: gzip, chunked\r\n", &end), CODING),
        refused("TE.TE, a list with nothing", post("Transfer-Encoding: ,chunked\r\n", &end), CODING),
        refused("TE.TE, letters before", doubled("Transfer-Encoding: xchunked\r\n"), BAD),
        refused("TE.TE, quotes", doubled("Transfer-Encoding: \"chunked\"\r\n"), BAD),
        refused("TE.TE, a parameter", post("Transfer-Encoding: chunked;q=1\r\n", &end), CODING),
        refused("TE.TE, a space before the colon", doubled("Transfer-Encoding : chunked\r\n"), BAD),
        refused("TE.TE, a tab before the colon", doubled("Transfer-Encoding\t: chunked\r\n"), BAD),
        refused("TE.TE, a space before the name", doubled(" Transfer-Encoding: chunked\r\n"), BAD),
        refused("TE.TE, a fold before the name", doubled("X: y\r\n Transfer-Encoding: chunked\r\n"), BAD),
        refused("TE.TE, a folded value", doubled("Transfer-Encoding:\r\n chunked\r\n"), BAD),
        refused("TE.TE, a bare LF", doubled("X: y\nTransfer-Encoding: chunked\r\n"), BAD),
        refused("TE.TE, a bare CR", doubled("X: y\rTransfer-Encoding: chunked\r\n"), BAD),
        refused("TE.TE, a vertical tab", doubled("Transfer-Encoding: \u{b}chunked\r\n"), BAD),
        refused("TE.TE, a NUL", doubled("Transfer-Encoding: chunked\0\r\n"), BAD),
        refused("TE.TE, a NUL in the name", doubled("Transfer-Enc\0oding: chunked\r\n"), BAD),
        refused("TE.TE, a byte beyond ASCII in the name", doubled("Transfer-Encod\u{ed}ng: chunked\r\n"), BAD),
        refused("TE.TE, a bare LF in the name", doubled("Transfer-Encoding\n: chunked\r\n"), BAD),
        refused(
            "TE.0 in HTTP/1.0",
            format!("POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n{end}"),
            BAD,
        ),
        taken("a name that only looks like it", doubled("X-Transfer-Encoding: chunked\r\n"), 1),
        taken("a name with an underscore", doubled("Transfer_Encoding: chunked\r\n"), 1),
        taken(
            "a coding named as an option of the connection",
            post("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", &chunk()),
            1,
        ),
        taken("capital letters", post("TRANSFER-ENCODING: CHUNKED\r\n", &chunk()), 1),
        taken("no space behind the colon", post("Transfer-Encoding:chunked\r\n", &chunk()), 1),
        taken("white space around the coding", post("Transfer-Encoding: \t chunked \t\r\n", &chunk()), 1),
    ]
}

pub fn lengths() -> Vec<Row> {
    let length = HIDDEN.len();
    let one = |value: &str| post(&format!("Content-Length: {value}\r\n"), HIDDEN);
    let lines = |lines: &str| post(lines, HIDDEN);
    vec![
        refused(
            "two lines of zero and another",
            lines(&format!("Content-Length: 0\r\nContent-Length: {length}\r\n")),
            BAD,
        ),
        refused(
            "two lines of another and zero",
            lines(&format!("Content-Length: {length}\r\nContent-Length: 0\r\n")),
            BAD,
        ),
        refused("two equal lines", lines(&format!("Content-Length: {length}\r\nContent-Length: {length}\r\n")), BAD),
        refused("a list of zero and another", one(&format!("0, {length}")), BAD),
        refused("a list of two equal ones", one(&format!("{length}, {length}")), BAD),
        refused("a plus sign", one(&format!("+{length}")), BAD),
        refused("a minus sign", one("-1"), BAD),
        refused("minus zero", one("-0"), BAD),
        refused("hexadecimal", one(&format!("0x{length:x}")), BAD),
        refused("a space within", one("3 6"), BAD),
        refused("letters behind", one(&format!("{length}abc")), BAD),
        refused("a fraction", one(&format!("{length}.0")), BAD),
        refused("an exponent", one("1e1"), BAD),
        refused("an underscore", one("3_6"), BAD),
        refused("nothing", one(""), BAD),
        refused("2^64 and the length", one("18446744073709551653"), BAD),
        refused("a vertical tab", one(&format!("\u{b}{length}")), BAD),
        refused("a NUL behind", one(&format!("{length}\0")), BAD),
        refused("a folded value", one(&format!("\r\n {length}")), BAD),
        refused("a folded second number", one(&format!("0\r\n {length}")), BAD),
        refused("a bare CR behind", one(&format!("0\rContent-Length: {length}")), BAD),
        refused("a bare LF behind", one(&format!("0\nContent-Length: {length}")), BAD),
        refused("digits of another script", one("٣٦"), BAD),
        refused("a space before the colon", lines(&format!("Content-Length : {length}\r\n")), BAD),
        refused("too long a body", lines("Content-Length: 2000000\r\n"), &[413]),
        refused(
            "too long a body that is asked for",
            lines("Content-Length: 2000000\r\nExpect: 100-continue\r\n"),
            &[413],
        ),
        taken("a body that looks like a request", one(&length.to_string()), 1),
        taken("zeros in front", one(&format!("000{length}")), 1),
        taken("white space around", one(&format!("\t {length} \t")), 1),
        taken("no body, and another request", one("0"), 2),
        taken("no length, and another request", lines(""), 2),
        taken("a name with an underscore, and another request", lines(&format!("Content_Length: {length}\r\n")), 2),
        taken(
            "a length named as an option of the connection",
            lines(&format!("Connection: Content-Length\r\nContent-Length: {length}\r\n")),
            1,
        ),
        taken(
            "GET with a body",
            format!("GET / HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
            1,
        ),
        taken(
            "DELETE with a body",
            format!("DELETE / HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{HIDDEN}"),
            1,
        ),
    ]
}

pub fn chunks() -> Vec<Row> {
    let hidden = format!("0\r\n\r\n{HIDDEN}");
    vec![
        refused("a size with a minus sign", chunked(&format!("-2\r\nxx\r\n{hidden}")), BAD),
        refused("a size with a plus sign", chunked(&format!("+2\r\nxx\r\n{hidden}")), BAD),
        refused("a size with a prefix", chunked(&format!("0x2\r\nxx\r\n{hidden}")), BAD),
        refused("a size with a space in front", chunked(&format!(" 2\r\nxx\r\n{hidden}")), BAD),
        refused("a size with an underscore", chunked(&format!("0_2\r\nxx\r\n{hidden}")), BAD),
        refused("two sizes", chunked(&format!("2 2\r\nxx\r\n{hidden}")), BAD),
        refused("no size", chunked(&format!("\r\nxx\r\n{hidden}")), BAD),
        refused("a size that is no number", chunked(&format!("x\r\n\r\n{hidden}")), BAD),
        refused("a size of 2^64, which wraps to zero", chunked(&format!("10000000000000000\r\n\r\n{HIDDEN}")), BAD),
        refused("a size of 2^64 + 2", chunked(&format!("10000000000000002\r\nxx\r\n{hidden}")), BAD),
        refused("the largest size, and its line end", chunked(&format!("ffffffffffffffff\r\n\n{hidden}")), &[400, 413]),
        refused("a bare LF behind a size", chunked(&format!("2\nxx\r\n{hidden}")), BAD),
        refused("a bare CR behind a size", chunked(&format!("2\rxx\r\n{hidden}")), BAD),
        refused("a bare LF behind the last size", chunked(&format!("0\n\r\n{HIDDEN}")), BAD),
        refused("a bare LF for an extension", chunked(&format!("2;\nxx\r\n24\r\n{hidden}\r\n0\r\n\r\n")), BAD),
        refused("a bare LF in an extension", chunked(&format!("2;a\nxx\r\n{hidden}")), BAD),
        refused("a bare CR in an extension", chunked(&format!("2;\rxx\r\n{hidden}")), BAD),
        refused("a NUL in an extension", chunked(&format!("2;a\0\r\nxx\r\n{hidden}")), BAD),
        refused("no line end behind the data", chunked(&format!("2\r\nxx{hidden}")), BAD),
        refused("two other bytes behind the data", chunked(&format!("2\r\nxxXX24\r\n{hidden}")), BAD),
        refused("a bare LF behind the data", chunked(&format!("2\r\nxx\n{hidden}")), BAD),
        refused("a bare CR behind the data", chunked(&format!("2\r\nxx\r{hidden}")), BAD),
        refused("more data than its size", chunked(&format!("2\r\nxxx\r\n{hidden}")), BAD),
        refused("a bare LF at the end", chunked(&format!("0\r\n\n{HIDDEN}")), BAD),
        refused("a bare LF behind a trailer", chunked(&format!("0\r\nContent-Length: 36\n\r\n{HIDDEN}")), BAD),
        refused("a bare CR in a trailer", chunked(&format!("0\r\nA: b\rC: d\r\n\r\n{HIDDEN}")), BAD),
        refused("a folded trailer", chunked(&format!("0\r\nA: b\r\n c\r\n\r\n{HIDDEN}")), BAD),
        refused("a request in place of trailers", chunked(&format!("0\r\n{HIDDEN}")), BAD),
        refused("a trailer without a name", chunked(&format!("0\r\n: a\r\n\r\n{HIDDEN}")), BAD),
        taken("a chunk that looks like a request", chunked(&chunk()), 1),
        taken("zeros before the size", chunked(&format!("000{}", chunk())), 1),
        taken("an extension", chunked("2;a=b\r\nxx\r\n0;c\r\n\r\n"), 1),
        taken("an extension with quotes", chunked("2;a=\"b;c\"\r\nxx\r\n0\r\n\r\n"), 1),
        taken("a trailer of framing", chunked("2\r\nxx\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: x\r\n\r\n"), 1),
        taken("an empty body, and another request", chunked(&hidden), 2),
    ]
}

pub fn heads() -> Vec<Row> {
    let with = |lines: &str| format!("GET / HTTP/1.1\r\nHost: test\r\n{lines}\r\n{HIDDEN}");
    let line = |line: &str| format!("{line}\r\nHost: test\r\n\r\n{HIDDEN}");
    vec![
        refused("a name of no length", with(": a\r\n"), BAD),
        refused("a line without a colon", with("a\r\n"), BAD),
        refused("a NUL in a name", with("a\0: b\r\n"), BAD),
        refused("a NUL in a value", with("a: b\0c\r\n"), BAD),
        refused("a bare CR in a value", with("a: b\rc\r\n"), BAD),
        refused("a bare LF between lines", with("a: b\nc: d\r\n"), BAD),
        refused("a bare LF at the end of the head", format!("GET / HTTP/1.1\r\nHost: test\r\n\n{HIDDEN}"), BAD),
        refused(
            "a bare LF that ends the head for one",
            format!("GET / HTTP/1.1\r\nHost: test\r\na: b\n\n{HIDDEN}"),
            BAD,
        ),
        refused("a folded line", with("a: b\r\n c: d\r\n"), BAD),
        refused("a space before a colon", with("a : b\r\n"), BAD),
        refused("HTTP/0.9", format!("GET /\r\n{HIDDEN}"), BAD),
        refused("a version of another protocol", line("GET / ICAP/1.1"), BAD),
        refused("a minor version of two digits", line("GET / HTTP/1.10"), BAD),
        refused("an unknown minor version", line("GET / HTTP/1.2"), BAD),
        refused("an unknown major version", line("GET / HTTP/3.0"), BAD),
        refused("a version and more", line("GET / HTTP/1.1 a"), BAD),
        refused("a lower-case version", line("GET / http/1.1"), BAD),
        refused("a space in the target", line("GET /a b HTTP/1.1"), BAD),
        refused("a tab for a space", line("GET\t/ HTTP/1.1"), BAD),
        refused("a bare CR in the request line", line("GET /a\rb HTTP/1.1"), BAD),
        refused("a fragment", line("GET /a#b HTTP/1.1"), BAD),
        refused("a bad target", line("GET * HTTP/1.1"), BAD),
        refused("too long a target", line(&format!("GET /{} HTTP/1.1", "a".repeat(40_000))), &[414]),
        refused("too many headers", with(&"a: b\r\n".repeat(200)), &[431]),
        refused("CONNECT", line("CONNECT test:80 HTTP/1.1"), &[501]),
        refused("no host", format!("GET / HTTP/1.1\r\n\r\n{HIDDEN}"), BAD),
        refused("no host beside an absolute target", format!("GET http://test/ HTTP/1.1\r\n\r\n{HIDDEN}"), BAD),
        refused("two hosts", with("Host: other\r\n"), BAD),
        refused("two hosts, one folded", with("a: b\r\n Host: other\r\n"), BAD),
        refused("two hosts in one line", format!("GET / HTTP/1.1\r\nHost: test, other\r\n\r\n{HIDDEN}"), BAD),
        refused("a host with credentials", format!("GET / HTTP/1.1\r\nHost: a@test\r\n\r\n{HIDDEN}"), BAD),
        refused("a target with credentials", line("GET http://a@test/ HTTP/1.1"), BAD),
        taken("an absolute target and another host", "GET http://other/a HTTP/1.1\r\nHost: test\r\n\r\n", 1),
        taken("empty lines before a request", format!("\r\n\r\n{GOOD}"), 1),
        taken(
            "an upgrade that is not done",
            "GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
            1,
        ),
    ]
}

pub fn rows_of_requests() -> Vec<Row> {
    vec![
        taken("two requests", format!("{GOOD}{HIDDEN}"), 2),
        refused_after(2, "a bad request line", format!("{GOOD}{GOOD}garbage\r\n\r\n{HIDDEN}"), BAD),
        refused_after(1, "a bad header", format!("{GOOD}GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n{HIDDEN}"), BAD),
        refused_after(1, "two lengths", format!("{GOOD}{}", doubled("Transfer-Encoding: chunked\r\n")), BAD),
        refused_after(1, "a bad chunk", format!("{GOOD}{}", chunked("4\r\nbody0\r\n\r\n")), BAD),
        refused_after(1, "a bad target", format!("{GOOD}GET a HTTP/1.1\r\nHost: a\r\n\r\n{HIDDEN}"), BAD),
        refused_after(
            1,
            "more body than announced",
            post("Content-Length: 4\r\n", &format!("body0\r\n\r\n{HIDDEN}")),
            BAD,
        ),
        refused_after(
            1,
            "less body than announced",
            post("Content-Length: 38\r\n", &format!("{HIDDEN}XXGET / HTTP/1.1\r\n\r\n")),
            BAD,
        ),
        refused_after(1, "a bare LF between requests", format!("{GOOD}\n{HIDDEN}"), BAD),
        refused_after(1, "a line of space between requests", format!("{GOOD} \r\n{HIDDEN}"), BAD),
        refused_after(1, "a NUL between requests", format!("{GOOD}\0{HIDDEN}"), BAD),
        refused_after(1, "a body that nobody announced", format!("{GOOD}body\r\n{HIDDEN}"), BAD),
        parted(
            1,
            "behind a connection that closes",
            format!("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n{HIDDEN}"),
        ),
        parted(1, "behind HTTP/1.0", format!("GET / HTTP/1.0\r\nHost: test\r\n\r\n{HIDDEN}")),
    ]
}
