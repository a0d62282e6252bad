//! Answers beside those that nginx gives for the same files.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::support::{PATIENCE, until};

/// What nginx says of files; its own table has names that were given up since.
const TYPES: &str = "types { text/plain txt; text/html html; text/css css; text/javascript js; text/csv csv; \
    application/json json; image/svg+xml svg; image/png png; image/jpeg jpg; image/webp webp; font/woff2 woff2; \
    application/wasm wasm; application/pdf pdf; video/mp4 mp4; application/zip zip; } \
    default_type application/octet-stream;";

/// How an answer compares with nginx's.
pub enum Expected {
    /// Alike, with this status.
    Same(u16),
    /// This status, and why.
    Differs(u16, &'static str),
}

use Expected::{Differs, Same};

/// File, method, headers (`{etag}` is the server's own) and what comes of it.
pub type Row = (&'static str, &'static str, &'static [(&'static str, &'static str)], Expected);

/// What came over the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Bytes of the body, whatever was made of it since.
    length: usize,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
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

    /// What is compared. Refusals and redirects have pages of nginx's own, which says that it takes ranges where it has sent
    /// none, and does not say so of a compressed file.
    fn compared(&self) -> (u16, [Option<&str>; 7], &[u8]) {
        let names = [
            "content-range",
            "location",
            "last-modified",
            "content-length",
            "content-type",
            "content-encoding",
            "accept-ranges",
        ];
        let compared = match self.status {
            200 if self.header("content-encoding").is_none() => 7,
            200..300 => 6,
            300..304 => 2,
            304 => 6,
            _ => 1,
        };
        let mut headers = names.map(|name| self.header(name));
        headers[compared..].fill(None);
        let body: &[u8] = if compared > 2 { &self.body } else { &[] };
        (self.status, headers, body)
    }
}

/// One request on a connection of its own.
pub fn ask(mut stream: impl Read + Write, file: &str, method: &str, headers: &[(&str, &str)], etag: &str) -> Answer {
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
pub struct Nginx {
    child: Child,
    socket: PathBuf,
}

impl Nginx {
    /// Serves `root`, with further directives; `None` if there is none. What it needs goes to `folder`.
    pub fn start(folder: &Path, root: &Path, more: &str) -> Option<Self> {
        Command::new("nginx").arg("-v").stderr(Stdio::null()).status().ok()?;
        let (folder, socket) = (folder.join("nginx"), folder.join("nginx.sock"));
        fs::create_dir(&folder).unwrap();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", folder.join(kind).display()))
            .concat();
        // Of its rules for dates, `before` is that of the RFC.
        let configuration = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n\
             http {{ access_log off; {temporary} {TYPES}\n\
             server {{ listen unix:{socket}; root {root}; if_modified_since before; {more} }} }}\n",
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

/// Holds the answers of the server at `address` against the rows, and against nginx's.
pub fn compare(rows: &[Row], address: SocketAddr, nginx: Option<&Nginx>) {
    let ours = |file, method, headers: &[(&str, &str)], etag: &str| {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        ask(stream, file, method, headers, etag)
    };
    let etag = |answer: Answer| answer.header("etag").unwrap_or_default().to_owned();
    if nginx.is_none() {
        println!("nginx is not installed: the statuses alone are looked at");
    }
    let (mut compared, mut wrong) = (0, Vec::new());
    for (file, method, headers, expected) in rows {
        let coding: Vec<_> = headers.iter().filter(|(name, _)| *name == "Accept-Encoding").copied().collect();
        let own = etag(ours(file, "HEAD", &coding, ""));
        let answer = ours(file, method, headers, &own);
        let (Same(status) | Differs(status, _)) = expected;
        assert_eq!(answer.status, *status, "{method} {file} {headers:?}: {answer:?}");
        let tagged = matches!(answer.status, 200..300 | 304);
        assert!(!tagged || answer.header("etag").unwrap_or_default() == own, "{headers:?}: {answer:?}");
        if *method == "GET" {
            let length: Option<usize> = answer.header("content-length").and_then(|length| length.parse().ok());
            assert_eq!(length.unwrap_or_default(), answer.length, "{headers:?}");
        }
        let Some(nginx) = nginx else { continue };
        let own = etag(ask(nginx.connect().unwrap(), file, "HEAD", &coding, ""));
        let theirs = ask(nginx.connect().unwrap(), file, method, headers, &own);
        match expected {
            Same(_) if answer.compared() == theirs.compared() => compared += 1,
            Differs(..) if answer.status != theirs.status => compared += 1,
            Same(_) => wrong.push(format!("{method} {file} {headers:?}: {answer:?}, nginx: {theirs:?}")),
            Differs(_, reason) => wrong.push(format!("{method} {file} {headers:?} does not differ: {reason}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{compared} of {} answers were compared with nginx's", rows.len());
}
