//! What stands before a server and its clients: unix sockets, proxies, both protocols.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use libc::{SIGKILL, SIGUSR2};

use crate::support::{Client, Server, get, server::Builder, signal, until};

/// Answers who the client is.
const WHO: &str = "$worker->respond(200, \"$request->remoteAddress:$request->remotePort\");";

/// A server with one listener of its own besides a TCP port.
fn listening(listener: &str) -> Builder {
    let builder = Server::with_loop(WHO);
    let folder = builder.directory().display().to_string();
    let listener = listener.replace("{folder}", &folder);
    builder.config(&format!(
        "http: {{address: '{{address}}', listeners: [{listener}], pool: {{num_workers: 1}}}}\nlogs: {{level: debug}}\n"
    ))
}

/// Asks over a unix socket; `None`: there is no answer.
fn ask(socket: &Path) -> Option<String> {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "20", "--unix-socket"]).arg(socket).arg("http://localhost/");
    let output = curl.output().expect("curl must be there: run make setup");
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_unix_socket_lives_as_long_as_the_server() {
    for parent in [false, true] {
        let builder = listening("{address: 'unix:{folder}/app.sock', mode: '0600'}");
        let builder = if parent { builder.parent() } else { builder };
        let socket = builder.directory().join("app.sock");
        let server = builder.start();
        server.wait_for_log("Serving HTTP on unix:");
        let file = fs::metadata(&socket).unwrap();
        assert_eq!((file.permissions().mode() & 0o777, file.uid()), (0o600, fs::metadata("/proc/self").unwrap().uid()));
        assert_eq!(ask(&socket).as_deref(), Some("unix::0"));
        let first = server.processes();
        server.signal(SIGUSR2);
        until("the next generation serves alone", || {
            assert!(ask(&socket).is_some(), "nobody is refused meanwhile");
            let now = server.processes();
            now.len() == 1 && now != first
        });
        assert_eq!(ask(&socket).as_deref(), Some("unix::0"));
        if parent {
            server.stop();
        } else {
            signal(server.processes()[0], libc::SIGTERM);
            server.wait_for_end();
        }
        assert!(!socket.exists(), "parent: {parent}");
    }
}

#[test]
fn a_unix_socket_that_a_crash_has_left_is_replaced() {
    let folder = std::env::temp_dir().join(format!("rr-e2e-stale-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let socket = folder.join("app.sock");
    let listener = format!("{{address: 'unix:{}'}}", socket.display());
    let mut server = listening(&listener).start();
    let (code, output) = listening(&listener).run();
    assert_eq!(code, Some(255));
    assert!(output.contains("app.sock: Address already in use"), "{output}");
    server.signal(SIGKILL);
    server.wait();
    assert!(socket.exists() && ask(&socket).is_none());
    let server = listening(&listener).start();
    server.wait_for_log("Socket of a server that is gone is replaced");
    assert!(ask(&socket).is_some());
    server.stop();
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn both_protocols_are_served_on_the_same_port() {
    if TcpListener::bind("[::1]:0").is_err() {
        return println!("left out: no IPv6 here");
    }
    let port = free_port();
    let server = Server::with_loop(WHO)
        .config(&format!(
            "http: {{address: '0.0.0.0:{port}', listeners: [{{address: '[::]:{port}'}}], pool: {{num_workers: 1}}}}"
        ))
        .start();
    server.wait_for_log("Serving http://[::]:");
    assert!(get(([127, 0, 0, 1], port).into(), "/").text().starts_with("127.0.0.1:"));
    assert!(get(SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port)), "/").text().starts_with("::1:"));
    server.stop();
}

// === proxies ===

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A proxy in front of a server, which ends with this value.
struct Proxy {
    child: Child,
    address: SocketAddr,
}

impl Proxy {
    /// Starts `command`, which is to listen on `port`.
    fn start(mut command: Command, port: u16, folder: &Path) -> Self {
        let log = fs::File::create(folder.join("proxy.log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().expect("the proxy must be there: run make setup");
        let mut proxy = Self { child, address: ([127, 0, 0, 1], port).into() };
        until("the proxy listens", || {
            let ended = proxy.child.try_wait().unwrap();
            assert!(ended.is_none(), "{}", fs::read_to_string(folder.join("proxy.log")).unwrap());
            TcpStream::connect(proxy.address).is_ok()
        });
        proxy
    }

    fn haproxy(folder: &Path, to: &str) -> Self {
        let (port, file) = (free_port(), folder.join("haproxy.cfg"));
        let config = format!(
            "defaults\n mode tcp\n timeout connect 10s\n timeout client 60s\n timeout server 60s\n\
             listen front\n bind 127.0.0.1:{port}\n server app {to}\n"
        );
        fs::write(&file, config).unwrap();
        let mut command = Command::new(program("haproxy"));
        command.arg("-db").arg("-f").arg(file);
        Self::start(command, port, folder)
    }

    fn nginx(folder: &Path, to: &str) -> Self {
        let (port, file, folder_name) = (free_port(), folder.join("nginx.conf"), folder.display());
        let config = format!(
            "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\ndaemon off;\nmaster_process off;\n\
             pid {folder_name}/nginx.pid;\nerror_log {folder_name}/nginx.log;\nevents {{}}\n\
             stream {{ server {{ listen 127.0.0.1:{port}; proxy_pass {to}; proxy_protocol on; }} }}\n"
        );
        fs::write(&file, config).unwrap();
        let mut command = Command::new(program("nginx"));
        command.arg("-c").arg(file);
        Self::start(command, port, folder)
    }

    /// Checks that the server sees the client, not the proxy.
    #[track_caller]
    fn check(self) {
        for _ in 0..2 {
            let mut client = Client::connect(self.address).unwrap();
            let own = client.local();
            assert_eq!(client.get("/").unwrap().text(), own.to_string());
            assert_eq!(client.get("/").unwrap().text(), own.to_string());
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of a program that Debian keeps where only root looks.
fn program(name: &str) -> PathBuf {
    let path = Path::new("/usr/sbin").join(name);
    if path.exists() { path } else { name.into() }
}

#[test]
fn haproxy_says_whose_connection_it_is() {
    for version in ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options unique-id"] {
        let server = listening(
            "{address: 'unix:{folder}/app.sock', proxy_protocol: true}, {address: '127.0.0.1:0', proxy_protocol: true}",
        )
        .start();
        let tcp = server.addresses(2)[1];
        for to in [tcp.to_string(), format!("unix@{}/app.sock", server.directory.display())] {
            Proxy::haproxy(&server.directory, &format!("{to} {version}")).check();
        }
        server.stop();
    }
}

#[test]
fn haproxy_checks_whether_the_server_lives() {
    // Checks say LOCAL in version 2.
    let server = listening("{address: '127.0.0.1:0', proxy_protocol: true}").start();
    let to = format!("{} send-proxy-v2 check inter 100ms", server.addresses(2)[1]);
    Proxy::haproxy(&server.directory, &to).check();
    server.stop();
}

#[test]
fn nginx_says_whose_connection_it_is() {
    let server = listening(
        "{address: 'unix:{folder}/app.sock', proxy_protocol: true}, {address: '127.0.0.1:0', proxy_protocol: true}",
    )
    .start();
    let tcp = server.addresses(2)[1];
    for to in [tcp.to_string(), format!("unix:{}/app.sock", server.directory.display())] {
        Proxy::nginx(&server.directory, &to).check();
    }
    server.stop();
}
