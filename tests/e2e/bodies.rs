//! Bodies, byte for byte, through PHP and back.

use std::io::Write;

use crate::support::{Client, Server, client::post, get};

const MEBIBYTE: usize = 1024 * 1024;

fn echo() -> Server {
    Server::with_loop("$worker->respond(200, $request->body(), ['x-length' => strlen($request->body())]);")
        .config("http: {address: {address}, max_request_size: 1, pool: {num_workers: 2}}")
        .start()
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 256) as u8 ^ (index / 256 % 256) as u8).collect()
}

#[test]
fn bodies_of_all_sizes_are_exact_both_ways() {
    let server = echo();
    for length in [0, 1, 2, 255, 256, 4096, 65_535, 65_537, MEBIBYTE - 1, MEBIBYTE] {
        let body = pattern(length);
        let response = post(server.address, "/", &body);
        assert_eq!((response.status, response.header("x-length")), (200, Some(length.to_string().as_str())));
        assert!(response.body == body, "{length} bytes");
    }
    server.stop();
}

#[test]
fn one_byte_more_is_refused_with_a_length_and_without() {
    let server = echo();
    let body = pattern(MEBIBYTE + 1);
    assert_eq!(post(server.address, "/", &body).status, 413);
    for (length, status) in [(MEBIBYTE, 200), (MEBIBYTE + 1, 413)] {
        let mut client = Client::connect(server.address).unwrap();
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        for chunk in pattern(length).chunks(10_000) {
            let mut bytes = format!("{:x}\r\n", chunk.len()).into_bytes();
            bytes.extend_from_slice(chunk);
            bytes.write_all(b"\r\n").unwrap();
            client.send(&bytes).unwrap();
        }
        let _ = client.send(b"0\r\n\r\n");
        let response = client.response(false).unwrap();
        assert_eq!(response.status, status);
        assert!(status == 413 || response.body == pattern(length));
    }
    assert_eq!(get(server.address, "/").status, 200);
    server.stop();
}

#[test]
fn a_client_that_expects_continue_is_told() {
    let server = echo();
    let mut client = Client::connect(server.address).unwrap();
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n").unwrap();
    assert_eq!(client.any_response(false).unwrap().status, 100);
    client.send(b"abc").unwrap();
    assert_eq!(client.response(false).unwrap().text(), "abc");

    let mut client = Client::connect(server.address).unwrap();
    let head =
        format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n", MEBIBYTE + 1);
    client.send(head.as_bytes()).unwrap();
    assert_eq!(client.any_response(false).unwrap().status, 413, "without asking for the body first");
    server.stop();
}

#[test]
fn large_answers_are_exact() {
    let server = Server::with_loop(
        "$worker->respond(200, str_repeat(implode('', array_map('chr', range(0, 255))), (int) $request->query('n')));",
    )
    .workers(2)
    .start();
    for repeats in [1, 4096, 40_960] {
        let response = get(server.address, &format!("/?n={repeats}"));
        let expected: Vec<u8> = (0..=255).collect::<Vec<u8>>().repeat(repeats);
        assert!(response.body == expected, "{} bytes", response.body.len());
    }
    server.stop();
}

#[test]
fn answers_without_a_body_have_none() {
    let server = Server::with_loop(
        "$worker->respond((int) $request->query('s', 200), 'text', ['content-length' => 99, 'transfer-encoding' => 'chunked', 'x' => ['a', 2]]);",
    )
    .workers(1)
    .start();
    let mut client = Client::connect(server.address).unwrap();
    let response = client.get("/").unwrap();
    assert_eq!((response.text().as_str(), response.header("content-length")), ("text", Some("4")));
    assert_eq!(response.headers.iter().filter(|(name, _)| name == "x").count(), 2);
    let head = client.request("HEAD", "/", "", b"").unwrap();
    assert_eq!((head.status, head.header("content-length")), (200, Some("4")));
    for status in [204, 304] {
        assert_eq!(client.get(&format!("/?s={status}")).unwrap().status, status);
    }
    assert_eq!(client.get("/").unwrap().text(), "text", "the connection is still in step");
    server.stop();
}

#[test]
fn arrays_and_objects_become_json() {
    let server = Server::with_loop(
        r#"
    $worker->respond(200, match ($request->path) {
        '/array' => ['a' => 'é/', 'b' => 1.0],
        '/object' => (object) ['x' => [1]],
        '/serializable' => new class implements JsonSerializable { function jsonSerialize(): mixed { return [true, null]; } },
        '/string' => new class { function __toString() { return 'text'; } },
        '/null' => null,
    }, $request->query('type') ? ['Content-Type' => 'application/problem+json'] : []);"#,
    )
    .workers(1)
    .start();
    for (target, text, kind) in [
        ("/array", r#"{"a":"é/","b":1.0}"#, Some("application/json")),
        ("/array?type=1", r#"{"a":"é/","b":1.0}"#, Some("application/problem+json")),
        ("/object", r#"{"x":[1]}"#, Some("application/json")),
        ("/serializable", "[true,null]", Some("application/json")),
        ("/string", "text", None),
        ("/null", "", None),
    ] {
        let response = get(server.address, target);
        assert_eq!((response.text().as_str(), response.header("content-type")), (text, kind), "{target}");
    }
    server.stop();
}

#[test]
fn compressed_bodies_and_forms_are_decompressed() {
    let gzip = |body: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    let server = Server::with_loop(
        r"
        $files = array_map(fn ($file) => file_get_contents($file->path), $request->files());
        $request->respond(200, [$request->body(), $request->form(), $files, $request->header('content-encoding')]);",
    )
    .config(
        "http: {address: {address}, max_request_size: 1, decompress_request: true, pool: {num_workers: 1}, uploads: {dir: .}}",
    )
    .start();
    let post = |kind: &str, body: &[u8]| {
        let headers = format!("Content-Type: {kind}\r\nContent-Encoding: gzip\r\n");
        Client::connect(server.address).unwrap().request("POST", "/", &headers, body).unwrap()
    };
    assert_eq!(post("text/plain", &gzip(b"text")).text(), r#"["text",[],[],null]"#);
    let urlencoded = post("application/x-www-form-urlencoded", &gzip(b"a=1&b[]=2"));
    assert_eq!(urlencoded.text(), r#"["a=1&b[]=2",{"a":"1","b":["2"]},[],null]"#);
    let form = "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n\
        --XX\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\nfile\r\n--XX--\r\n";
    let multipart = post("multipart/form-data; boundary=XX", &gzip(form.as_bytes()));
    assert_eq!(multipart.text(), r#"["",{"a":"1"},{"f":"file"},null]"#);
    assert_eq!(post("text/plain", &gzip(&vec![0; 50 * MEBIBYTE])).status, 413);
    assert_eq!(post("text/plain", b"no gzip").status, 400);
    assert_eq!(get(server.address, "/").status, 200);
    server.stop();
}
