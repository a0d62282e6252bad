//! Servers that ours is measured beside.

use std::{
    convert::Infallible,
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    pin::Pin,
    process::{Child, Command, Stdio},
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::{
    Request, Response,
    body::{Body, Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;

/// The argument by which this program serves as plain hyper.
pub const PLAIN: &str = "--plain-hyper";

/// Chunks of 8 KiB that are still to be sent.
struct Chunks(usize);

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 8192] = [b'x'; 8192];
        if self.0 == 0 {
            return Poll::Ready(None);
        }
        self.0 -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&CHUNK)))))
    }
}

/// Serves 1 MiB in chunks until it is killed.
pub fn plain() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let _ = stream.set_nodelay(true);
            let answer = |_: Request<Incoming>| async { Ok::<_, Infallible>(Response::new(Chunks(128))) };
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    });
}

/// This program as plain hyper.
pub struct Plain {
    child: Child,
    pub address: SocketAddr,
}

impl Plain {
    pub fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg(PLAIN).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, address: line.trim().parse().unwrap() }
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// nginx, which writes bodies to files and answers 200.
pub struct Nginx {
    child: Child,
    pub address: SocketAddr,
}

impl Nginx {
    /// Starts it in a folder; `None`: it is not installed.
    pub fn start(directory: &Path) -> Option<Self> {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (address, behind, at) = (free(), free(), directory.join("nginx"));
        fs::create_dir_all(&at).unwrap();
        let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|name| format!("{name}_temp_path {}/{name};\n", at.display()))
            .collect();
        let user = if nix::unistd::geteuid().is_root() { "user root;\n" } else { "" };
        let config = format!(
            "{user}daemon off;\nmaster_process off;\npid {0}/pid;\nerror_log {0}/log;\nevents {{}}\n\
             http {{\naccess_log off;\n{paths}client_max_body_size 1g;\n\
             server {{ listen {behind}; location / {{ return 200; }} }}\n\
             server {{ listen {address}; location / {{ client_body_in_file_only clean; \
             proxy_pass_request_body off; proxy_set_header Content-Length ''; \
             proxy_pass http://{behind}; }} }}\n}}\n",
            at.display()
        );
        fs::write(at.join("conf"), config).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-c").arg(at.join("conf")).stdout(Stdio::null()).stderr(Stdio::null());
        Some(Self { child: command.spawn().ok()?, address })
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
