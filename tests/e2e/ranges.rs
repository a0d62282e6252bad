//! Conditions and ranges of requests for a file, beside what nginx answers for the same one.

use std::{
    fs,
    time::{Duration, UNIX_EPOCH},
};

use crate::{
    beside_nginx::{
        Expected::{Differs, Same},
        Nginx, Row, compare,
    },
    support::Server,
};

/// When the files were last changed.
pub const CHANGED: u64 = 784_111_777;
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

/// File, method, headers (`{etag}` is the server's own) and what comes of it. The file `data.txt` has 1000 bytes.
pub const ROWS: &[Row] = &[
    ("data.txt", "GET", &[], Same(200)),
    ("data.txt", "HEAD", &[], Same(200)),
    ("empty.txt", "GET", &[], Same(200)),
    ("empty.txt", "HEAD", &[], Same(200)),
    // Single parts.
    ("data.txt", "GET", &[("Range", "bytes=0-0")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=0-499")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=500-999")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=0-999")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=500-")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=999-")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=0-")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=-1")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=-1000")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=-2000")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=990-2000")], Same(206)),
    ("data.txt", "GET", &[("Range", "Bytes=0-1")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes= 0-1")], Same(206)),
    // What the file does not have, or nobody can read.
    ("data.txt", "GET", &[("Range", "bytes=1000-")], Same(416)),
    ("data.txt", "GET", &[("Range", "bytes=1000-2000")], Same(416)),
    ("data.txt", "GET", &[("Range", "bytes=-0")], Same(416)),
    ("data.txt", "GET", &[("Range", "bytes=5-2")], Same(416)),
    (
        "data.txt",
        "GET",
        &[("Range", "bytes=")],
        Differs(
            416,
            "a set of no ranges is malformed as others are (RFC 9110 section 14.1.1); nginx ignores it for its length",
        ),
    ),
    ("data.txt", "GET", &[("Range", "bytes=a-b")], Same(416)),
    ("data.txt", "GET", &[("Range", "bytes=5")], Same(416)),
    ("data.txt", "GET", &[("Range", "bytes=0-1,x")], Same(416)),
    ("data.txt", "GET", &[("Range", "lines=0-1")], Same(200)),
    ("data.txt", "GET", &[("Range", "0-1")], Same(200)),
    (
        "data.txt",
        "GET",
        &[("Range", "bytes=0-99999999999999999999")],
        Differs(206, "an end beyond the file is its end (RFC 9110 section 14.1.2), however far beyond"),
    ),
    (
        "data.txt",
        "GET",
        &[("Range", "bytes=0 - 1")],
        Differs(416, "no space may be inside a range (RFC 9110 section 14.1.1)"),
    ),
    // Several parts.
    ("data.txt", "GET", &[("Range", "bytes=0-0,999-999")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=500-600, 0-10, -5")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=0-1,2-3")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=0-499,100-200")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=0-1,5000-6000")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=5-2,0-1")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=0-999,0-0")], Same(200)),
    ("data.txt", "GET", &[("Range", "bytes=0-,0-,0-")], Same(200)),
    (
        "data.txt",
        "GET",
        &[("Range", "bytes=0-1,,4-5")],
        Differs(206, "items of a list may be empty (RFC 9110 section 5.6.1.2)"),
    ),
    // Empty files.
    ("empty.txt", "GET", &[("Range", "bytes=0-")], Same(200)),
    ("empty.txt", "GET", &[("Range", "bytes=-5")], Same(200)),
    (
        "empty.txt",
        "GET",
        &[("Range", "bytes=5-")],
        Differs(200, "all of an empty file is what a client can get of it, whatever it asks for"),
    ),
    // HEAD.
    (
        "data.txt",
        "HEAD",
        &[("Range", "bytes=0-1")],
        Differs(200, "ranges are defined for GET alone (RFC 9110 section 14.2)"),
    ),
    ("data.txt", "HEAD", &[("If-None-Match", "{etag}")], Same(304)),
    ("data.txt", "HEAD", &[("If-Match", "\"other\"")], Same(412)),
    // What the client has.
    ("data.txt", "GET", &[("If-None-Match", "{etag}")], Same(304)),
    ("data.txt", "GET", &[("If-None-Match", "W/{etag}")], Same(304)),
    ("data.txt", "GET", &[("If-None-Match", "\"other\", {etag}")], Same(304)),
    ("data.txt", "GET", &[("If-None-Match", "*")], Same(304)),
    ("data.txt", "GET", &[("If-None-Match", "\"other\"")], Same(200)),
    ("data.txt", "GET", &[("If-Modified-Since", DATE)], Same(304)),
    ("data.txt", "GET", &[("If-Modified-Since", LATER)], Same(304)),
    ("data.txt", "GET", &[("If-Modified-Since", BEFORE)], Same(200)),
    ("data.txt", "GET", &[("If-Modified-Since", "yesterday")], Same(200)),
    ("data.txt", "GET", &[("If-None-Match", "\"other\""), ("If-Modified-Since", DATE)], Same(200)),
    (
        "data.txt",
        "GET",
        &[("If-None-Match", "{etag}"), ("If-Modified-Since", BEFORE)],
        Differs(304, "a date is ignored beside a tag (RFC 9110 section 13.1.3)"),
    ),
    ("data.txt", "GET", &[("If-None-Match", "{etag}"), ("Range", "bytes=0-1")], Same(304)),
    // What the client wants it to be.
    ("data.txt", "GET", &[("If-Match", "{etag}")], Same(200)),
    ("data.txt", "GET", &[("If-Match", "*")], Same(200)),
    ("data.txt", "GET", &[("If-Match", "\"other\"")], Same(412)),
    ("data.txt", "GET", &[("If-Match", "W/{etag}")], Same(412)),
    ("data.txt", "GET", &[("If-Match", "\"other\""), ("If-None-Match", "{etag}")], Same(412)),
    ("data.txt", "GET", &[("If-Unmodified-Since", DATE)], Same(200)),
    ("data.txt", "GET", &[("If-Unmodified-Since", LATER)], Same(200)),
    ("data.txt", "GET", &[("If-Unmodified-Since", BEFORE)], Same(412)),
    (
        "data.txt",
        "GET",
        &[("If-Unmodified-Since", "yesterday")],
        Differs(200, "a date that cannot be read is ignored (RFC 9110 section 13.1.4)"),
    ),
    (
        "data.txt",
        "GET",
        &[("If-Match", "{etag}"), ("If-Unmodified-Since", BEFORE)],
        Differs(200, "a date is ignored beside a tag (RFC 9110 section 13.1.4)"),
    ),
    // Parts of what the client has.
    ("data.txt", "GET", &[("Range", "bytes=0-1"), ("If-Range", "{etag}")], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=0-1"), ("If-Range", "\"other\"")], Same(200)),
    ("data.txt", "GET", &[("Range", "bytes=0-1"), ("If-Range", "W/{etag}")], Same(200)),
    ("data.txt", "GET", &[("Range", "bytes=0-1"), ("If-Range", DATE)], Same(206)),
    ("data.txt", "GET", &[("Range", "bytes=0-1"), ("If-Range", BEFORE)], Same(200)),
    ("data.txt", "GET", &[("Range", "bytes=0-1"), ("If-Range", LATER)], Same(200)),
    ("data.txt", "GET", &[("Range", "bytes=0-1"), ("If-Range", "yesterday")], Same(200)),
    ("data.txt", "GET", &[("Range", "bytes=5000-"), ("If-Range", "\"other\"")], Same(200)),
    ("data.txt", "GET", &[("Range", "bytes=5000-"), ("If-Range", "{etag}")], Same(416)),
    ("data.txt", "GET", &[("Range", "bytes=0-1"), ("If-Match", "\"other\"")], Same(412)),
];

#[test]
fn answers_are_those_of_nginx_or_differ_for_a_reason() {
    let script = "$worker->sendFile(__DIR__ . $request->path, headers: ['content-type' => 'text/plain']);";
    let data = data();
    let server = Server::with_loop(script).file("data.txt", &data).file("empty.txt", "").workers(2).start();
    assert_eq!(data.len(), 1000);
    for name in ["data.txt", "empty.txt"] {
        let file = fs::File::options().write(true).open(server.directory.join(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(CHANGED)).unwrap();
    }
    let nginx = Nginx::start(&server.directory, &server.directory, "");
    compare(ROWS, server.address, nginx.as_ref());
    server.stop();
}

/// What is in `data.txt`.
pub fn data() -> String {
    (0..100).map(|number| format!("line {number:03}\n\n")).collect()
}
