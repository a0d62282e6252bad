//! Conditions and ranges of requests for a file, beside what nginx answers for the same one.

use std::{
    fs,
    io::{self, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, UNIX_EPOCH},
};

use crate::support::{PATIENCE, Server, until};

/// When the files were last changed.
const CHANGED: u64 = 784_111_777;
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

/// How an answer compares with nginx's.
enum Expected {
    /// Alike, with this status.
    Same(u16),
    /// This status, and why.
    Differs(u16, &'static str),
}

use Expected::{Differs, Same};

/// File, method, headers, and what comes of it.
type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], Expected);

/// File, method, headers (`{etag}` is the server's own) and what comes of it. The file `data.txt` has 1000 bytes.
const ROWS: &[Row] = &[
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

/// What came over the wire.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Bytes of the body, whatever was made of it since.
    length: usize,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The same with a boundary that all servers share.
    fn with_boundary(mut self) -> Self {
        let boundary =
            self.header("content-type").and_then(|kind| kind.strip_prefix("multipart/byteranges; boundary="));
        if let Some(boundary) = boundary.map(str::to_owned) {
            self.body = String::from_utf8(self.body).unwrap().replace(&boundary, "B").into_bytes();
            for (_, value) in &mut self.headers {
                *value = value.replace(&boundary, "B");
            }
        }
        self
    }

    /// What is compared. Refusals have pages of nginx's own, which says that it takes ranges where it has sent none.
    fn compared(&self) -> (u16, [Option<&str>; 5], &[u8]) {
        let refused = self.status >= 400;
        let names = ["content-range", "last-modified", "content-length", "content-type", "accept-ranges"];
        let header = |index: usize| {
            self.header(names[index]).filter(|_| (!refused || index == 0) && (self.status == 200 || index < 4))
        };
        let body: &[u8] = if refused { &[] } else { &self.body };
        (self.status, [0, 1, 2, 3, 4].map(header), body)
    }
}

/// One request on a connection of its own.
fn ask(mut stream: impl Read + Write, file: &str, method: &str, headers: &[(&str, &str)], etag: &str) -> Answer {
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.replace("{etag}", etag))).collect();
    let request = format!("{method} /{file} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
    let headers = head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let body = bytes[end + 4..].to_vec();
    Answer { status, headers, length: body.len(), body }.with_boundary()
}

/// An nginx, ended with this value.
struct Nginx {
    child: Child,
    socket: PathBuf,
}

impl Nginx {
    /// Serves `root`; `None` if there is none.
    fn start(root: &Path) -> Option<Self> {
        Command::new("nginx").arg("-v").stderr(Stdio::null()).status().ok()?;
        let (folder, socket) = (root.join("nginx"), root.join("nginx.sock"));
        fs::create_dir(&folder).unwrap();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", folder.join(kind).display()))
            .concat();
        // Of its rules for dates, `before` is that of the RFC.
        let configuration = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n\
             http {{ access_log off; {temporary} types {{ text/plain txt; }}\n\
             server {{ listen unix:{socket}; root {root}; if_modified_since before; }} }}\n",
            folder = folder.display(),
            socket = socket.display(),
            root = root.display(),
        );
        fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let child = Command::new("nginx")
            .args(["-p", folder.to_str().unwrap(), "-c", "nginx.conf", "-e", "error.log"])
            .current_dir(&folder)
            .spawn()
            .unwrap();
        let nginx = Self { child, socket };
        until("nginx listens", || nginx.connect().is_ok());
        Some(nginx)
    }

    fn connect(&self) -> io::Result<UnixStream> {
        let stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn answers_are_those_of_nginx_or_differ_for_a_reason() {
    let script = "$worker->sendFile(__DIR__ . $request->path, headers: ['content-type' => 'text/plain']);";
    let data: String = (0..100).map(|number| format!("line {number:03}\n\n")).collect();
    let server = Server::with_loop(script).file("data.txt", &data).file("empty.txt", "").workers(2).start();
    assert_eq!(data.len(), 1000);
    for name in ["data.txt", "empty.txt"] {
        let file = fs::File::options().write(true).open(server.directory.join(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(CHANGED)).unwrap();
    }
    let ours = |file, method, headers, etag: &str| {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        ask(stream, file, method, headers, etag)
    };
    let etag = |answer: Answer| answer.header("etag").expect("a tag").to_owned();
    let nginx = Nginx::start(&server.directory);
    if nginx.is_none() {
        println!("nginx is not installed: the statuses alone are looked at");
    }
    let (mut compared, mut wrong) = (0, Vec::new());
    for (file, method, headers, expected) in ROWS {
        let own = etag(ours(file, "HEAD", &[], ""));
        let answer = ours(file, method, headers, &own);
        let (Same(status) | Differs(status, _)) = expected;
        assert_eq!(answer.status, *status, "{method} {file} {headers:?}: {answer:?}");
        assert!(answer.status >= 400 || answer.header("etag") == Some(&own), "{headers:?}: {answer:?}");
        if *method == "GET" {
            let length: Option<usize> = answer.header("content-length").and_then(|length| length.parse().ok());
            assert_eq!(length.unwrap_or_default(), answer.length, "{headers:?}");
        }
        let Some(nginx) = &nginx else { continue };
        let own = etag(ask(nginx.connect().unwrap(), file, "HEAD", &[], ""));
        let theirs = ask(nginx.connect().unwrap(), file, method, headers, &own);
        match expected {
            Same(_) if answer.compared() == theirs.compared() => compared += 1,
            Differs(..) if answer.status != theirs.status => compared += 1,
            Same(_) => wrong.push(format!("{method} {file} {headers:?}: {answer:?}, nginx: {theirs:?}")),
            Differs(_, reason) => wrong.push(format!("{method} {file} {headers:?} does not differ: {reason}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{compared} of {} answers were compared with nginx's", ROWS.len());
    server.stop();
}
