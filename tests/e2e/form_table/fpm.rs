//! php-fpm, and a FastCGI client for it.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::rows::{Limits, Row};
use crate::support::{PATIENCE, until};

/// Debian's, whose answers are recorded.
const PROGRAM: &str = "/usr/sbin/php-fpm8.2";

/// Types of FastCGI records.
const BEGIN: u8 = 1;
const END: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;

/// A running php-fpm with two pools: one with PHP's usual limits, one with narrow ones.
pub struct Fpm {
    child: Child,
    directory: PathBuf,
}

// === impl Fpm ===

impl Fpm {
    /// Starts it with a script; `None` where it is not installed.
    pub fn start(script: &str, narrow: &[(&str, &str)]) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            return None;
        }
        let directory = std::env::temp_dir().join(format!("rr-e2e-fpm-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("form.php"), script).unwrap();
        let at = directory.display();
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap();
        let pool = |name: &str| {
            format!(
                "[{name}]\nuser = {}\nlisten = {at}/{name}.sock\npm = static\npm.max_children = 1\n\
                 php_admin_value[upload_tmp_dir] = {at}\nphp_admin_value[display_errors] = 0\n",
                user.name
            )
        };
        let narrow: String =
            narrow.iter().map(|(name, value)| format!("php_admin_value[{name}] = {value}\n")).collect();
        let config = format!("[global]\nerror_log = {at}/log\n{}{}{narrow}", pool("usual"), pool("narrow"));
        fs::write(directory.join("fpm.conf"), config).unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["--nodaemonize", "--allow-to-run-as-root", "-n", "-y"]).arg(directory.join("fpm.conf"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let fpm = Self { child, directory };
        until("php-fpm listens", || [Limits::Usual, Limits::Narrow].iter().all(|limits| fpm.connect(*limits).is_ok()));
        Some(fpm)
    }

    fn connect(&self, limits: Limits) -> std::io::Result<UnixStream> {
        let name = if limits == Limits::Usual { "usual.sock" } else { "narrow.sock" };
        UnixStream::connect(self.directory.join(name))
    }

    /// What it answers to a form.
    pub fn ask(&self, row: &Row) -> String {
        let mut stream = self.connect(row.limits).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (script, length) = (self.directory.join("form.php"), row.body.len().to_string());
        let params = [
            ("SCRIPT_FILENAME", script.to_str().unwrap()),
            ("REQUEST_METHOD", "POST"),
            ("CONTENT_TYPE", row.kind.as_str()),
            ("CONTENT_LENGTH", length.as_str()),
        ];
        let params: Vec<u8> = params.iter().flat_map(|(name, value)| pair(name, value)).collect();
        let mut request = record(BEGIN, &[0, 1, 0, 0, 0, 0, 0, 0]);
        for (kind, content) in [(PARAMS, params.as_slice()), (STDIN, &row.body)] {
            content.chunks(65_000).for_each(|piece| request.extend(record(kind, piece)));
            request.extend(record(kind, b""));
        }
        // It may answer, and close, without having read all.
        let mut writing = stream.try_clone().unwrap();
        let writer = std::thread::spawn(move || drop(writing.write_all(&request)));
        let answer = read(&mut stream);
        drop(stream.shutdown(std::net::Shutdown::Both));
        writer.join().unwrap();
        answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{}: {answer}", row.name)).1.to_owned()
    }
}

impl Drop for Fpm {
    fn drop(&mut self) {
        // It ends its children.
        crate::support::signal(self.child.id(), libc::SIGTERM);
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[1, kind, 0, 1, high, low, 0, 0], content].concat()
}

fn pair(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| (u32::try_from(text.len()).unwrap() | 1 << 31).to_be_bytes();
    [&length(name)[..], &length(value), name.as_bytes(), value.as_bytes()].concat()
}

/// Reads records until the last one, and returns what PHP has printed.
fn read(stream: &mut UnixStream) -> String {
    let mut printed = Vec::new();
    loop {
        let mut head = [0; 8];
        stream.read_exact(&mut head).unwrap();
        let length = usize::from(u16::from_be_bytes([head[4], head[5]])) + usize::from(head[6]);
        let mut content = vec![0; length];
        stream.read_exact(&mut content).unwrap();
        match head[1] {
            STDOUT => printed.extend_from_slice(&content[..length - usize::from(head[6])]),
            END => return String::from_utf8_lossy(&printed).into_owned(),
            _ => {}
        }
    }
}
