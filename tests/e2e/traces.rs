//! Traces: what PHP is told of them, and a collector that speaks TLS.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::Value as Json;

use crate::support::{Client, Server, pki::Authority};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// Answers with where it is in a trace.
const TELLS: &str = "$worker->respond(200, $request->header('traceparent') . ' ' . $request->header('tracestate') . ' '
    . ($request->headers()['baggage'][0] ?? '-'));";

#[test]
fn php_goes_on_with_the_span_that_it_runs_in() {
    let config = "http: {address: {address}, middleware: [otel], pool: {num_workers: 1}}\notel: {exporter: stderr}\n";
    let server = Server::with_loop(TELLS).config(config).start();
    let mut client = Client::connect(server.address).unwrap();
    let lines = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\ntracestate: a=1\r\nbaggage: b=2\r\n");
    let told = client.request("GET", "/x", &lines, b"").unwrap().text();
    let (parent, rest) = told.split_once(' ').unwrap();
    assert_eq!(rest, "a=1 b=2");
    server.wait_for_log("\"resourceSpans\"");
    let log = server.stop();
    let line = log.lines().find(|line| line.starts_with("{\"resourceSpans\"")).unwrap();
    let json: Json = serde_json::from_str(line).unwrap();
    let spans = json["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    let named = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("{name}: {line}"));
    let (of_server, of_php) = (named("GET"), named("php"));
    assert_eq!(parent, format!("00-{TRACE}-{}-01", of_php["spanId"].as_str().unwrap()));
    assert_eq!(of_php["parentSpanId"], of_server["spanId"]);
    assert_eq!(of_server["parentSpanId"], "00f067aa0ba902b7");
    assert!(line.contains("rr-php-http-0"), "{line}");
}

/// A collector that takes one request for export over TLS, and gives its head.
fn collector(authority: &Authority) -> (u16, thread::JoinHandle<String>) {
    let issued = authority.server(&["localhost", "127.0.0.1"]);
    let chain = vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
        let mut text = Vec::new();
        while !text.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            text.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8(text).unwrap()
    });
    (port, thread)
}

#[test]
fn a_collector_is_spoken_to_by_tls_if_an_authority_vouches_for_it() {
    let authority = Authority::new("an authority");
    let (port, taken) = collector(&authority);
    let config = format!(
        "http: {{address: {{address}}, middleware: [otel], pool: {{num_workers: 1}}}}\n\
         otel: {{endpoint: 'localhost:{port}', compress: true}}\n"
    );
    let path = std::env::temp_dir().join(format!("rr-e2e-authority-{}.pem", std::process::id()));
    fs::write(&path, authority.pem()).unwrap();
    let server = Server::with_loop(TELLS).config(&config).env("SSL_CERT_FILE", path.to_str().unwrap()).start();
    Client::connect(server.address).unwrap().get("/").unwrap();
    let head = taken.join().unwrap();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("content-encoding: gzip\r\n"), "{head}");
    server.stop();
    fs::remove_file(path).unwrap();
}
