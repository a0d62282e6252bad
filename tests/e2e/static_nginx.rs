//! Middleware `static` beside nginx: the same files, the same answers.

use std::{
    fs,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use crate::{
    beside_nginx::{
        Expected::{Differs, Same},
        Nginx, Row, compare,
    },
    ranges::{CHANGED, ROWS, data},
    support::Server,
};

const GZIP: (&str, &str) = ("Accept-Encoding", "gzip");
const TO_PHP: &str = "what is no file, and every other method, is for PHP, which answers 404 here";

const PARTS: &str = "the compressed file has parts as any other (RFC 9110 section 14); nginx sends it whole";

/// Beside the conditions and ranges of [`ROWS`].
const MORE: &[Row] = &[
    // Types.
    ("page.html", "GET", &[], Same(200)),
    ("style.css", "GET", &[], Same(200)),
    ("app.js", "GET", &[], Same(200)),
    ("table.csv", "GET", &[], Same(200)),
    ("data.json", "GET", &[], Same(200)),
    ("image.svg", "GET", &[], Same(200)),
    ("image.png", "GET", &[], Same(200)),
    ("image.jpg", "GET", &[], Same(200)),
    ("image.webp", "GET", &[], Same(200)),
    ("font.woff2", "GET", &[], Same(200)),
    ("app.wasm", "GET", &[], Same(200)),
    ("doc.pdf", "GET", &[], Same(200)),
    ("video.mp4", "GET", &[], Same(200)),
    ("archive.zip", "GET", &[], Same(200)),
    ("unknown.what", "GET", &[], Same(200)),
    ("image.png", "HEAD", &[], Same(200)),
    ("video.mp4", "GET", &[("Range", "bytes=1-2,4-5")], Same(206)),
    // Spellings.
    ("with%20space.txt", "GET", &[], Same(200)),
    ("%C3%BC.txt", "GET", &[], Same(200)),
    ("ü.txt", "GET", &[], Same(200)),
    ("data.txt?version=1", "GET", &[], Same(200)),
    ("./data.txt", "GET", &[], Same(200)),
    ("/data.txt", "GET", &[], Same(200)),
    ("docs//index.html", "GET", &[], Same(200)),
    ("d%61ta.txt", "GET", &[], Same(200)),
    ("../data.txt", "GET", &[], Same(400)),
    ("data.txt%00", "GET", &[], Same(400)),
    ("docs/../data.txt", "GET", &[], Differs(400, "no client sends this by itself")),
    ("none.txt", "GET", &[], Same(404)),
    ("data.txt/", "GET", &[], Same(404)),
    ("DATA.TXT", "GET", &[], Same(404)),
    ("data.txt%20", "GET", &[], Same(404)),
    ("data.txt", "POST", &[("Content-Length", "0")], Differs(404, TO_PHP)),
    ("data.txt", "PUT", &[("Content-Length", "0")], Differs(404, TO_PHP)),
    // What is never served.
    (".env", "GET", &[], Differs(404, "a hidden file")),
    ("index.php", "GET", &[], Differs(404, "a source is for PHP")),
    ("plain", "GET", &[], Differs(404, "names without an ending are for PHP, as in RoadRunner")),
    // Directories.
    ("docs/", "GET", &[], Same(200)),
    ("docs/", "HEAD", &[], Same(200)),
    ("docs/", "GET", &[("If-None-Match", "{etag}")], Same(304)),
    ("docs", "GET", &[], Same(301)),
    ("docs?a=b", "GET", &[], Same(301)),
    ("docs", "HEAD", &[], Same(301)),
    ("bare/", "GET", &[], Differs(404, "a directory without an index is for PHP, nginx forbids it")),
    // Compressed siblings.
    ("app.js", "GET", &[GZIP], Same(200)),
    ("app.js", "HEAD", &[GZIP], Same(200)),
    ("app.js", "GET", &[("Accept-Encoding", "gzip, deflate, br")], Same(200)),
    ("app.js", "GET", &[("Accept-Encoding", "gzip;q=0")], Same(200)),
    ("app.js", "GET", &[("Accept-Encoding", "gzip;q=0.1")], Same(200)),
    ("app.js", "GET", &[("Accept-Encoding", "deflate")], Same(200)),
    ("app.js", "GET", &[("Accept-Encoding", "identity")], Same(200)),
    ("app.js", "GET", &[GZIP, ("If-None-Match", "{etag}")], Same(304)),
    ("app.js", "GET", &[GZIP, ("If-None-Match", "\"other\"")], Same(200)),
    ("app.js", "GET", &[GZIP, ("Range", "bytes=0-3")], Differs(206, PARTS)),
    ("app.js", "GET", &[GZIP, ("Range", "bytes=-2")], Differs(206, PARTS)),
    ("app.js", "GET", &[GZIP, ("Range", "bytes=9999-")], Differs(416, PARTS)),
    ("style.css", "GET", &[GZIP], Same(200)),
];

const FILES: &[(&str, &str)] = &[
    ("page.html", "<p>page"),
    ("style.css", "p {}"),
    ("app.js", "let a = 'something that is longer than what it is compressed to';"),
    ("app.js.gz", "it is said to be compressed"),
    ("table.csv", "a,b"),
    ("data.json", "{}"),
    ("image.svg", "<svg/>"),
    ("image.png", "png"),
    ("image.jpg", "jpg"),
    ("image.webp", "webp"),
    ("font.woff2", "woff2"),
    ("app.wasm", "wasm"),
    ("doc.pdf", "pdf"),
    ("video.mp4", "0123456789"),
    ("archive.zip", "zip"),
    ("unknown.what", "what"),
    ("with space.txt", "space"),
    ("ü.txt", "umlaut"),
    (".env", "SECRET=1"),
    ("index.php", "<?php"),
    ("plain", "plain"),
    ("docs/index.html", "<p>docs"),
    ("bare/a.txt", "bare"),
    ("empty.txt", ""),
];

fn write(root: &Path, name: &str, contents: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, contents).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(CHANGED)).unwrap();
}

#[test]
fn files_are_served_as_nginx_does_or_otherwise_for_a_reason() {
    let builder = Server::with_loop("$request->respond(404, 'none');").workers(2);
    let root = builder.directory().join("site");
    let config = format!(
        "http: {{address: {{address}}, middleware: [static], pool: {{num_workers: 2}}, \
         static: {{dir: '{}', index: [index.html], precompressed: true}}}}\nlogs: {{level: info}}",
        root.display()
    );
    FILES.iter().for_each(|(name, contents)| write(&root, name, contents));
    write(&root, "data.txt", &data());
    let server = builder.config(&config).start();
    let more = "charset utf-8; charset_types text/plain text/css text/javascript text/csv; index index.html; \
                gzip_static on; absolute_redirect off;";
    let nginx = Nginx::start(&server.directory, &root, more);
    compare(ROWS, server.address, nginx.as_ref());
    compare(MORE, server.address, nginx.as_ref());
    server.stop();
}
