//! What PHP answers with, compressed on its way, whatever it is made by.

use std::{fmt::Write as _, fs, io::Read};

use http::Request;

use crate::support::{
    Client, Server,
    http2::{Connection, run},
};

const CODINGS: [&str; 3] = ["br", "zstd", "gzip"];
const LINES: usize = 20_000;

/// What every answer says once it is decoded.
fn text() -> String {
    (0..LINES).fold(String::new(), |mut text, number| {
        writeln!(text, "line {number} {:x}", number * 7919).unwrap();
        text
    })
}

fn server() -> Server {
    let builder = Server::with_loop(
        r"
        $line = fn (int $number) => sprintf('line %d %x', $number, $number * 7919) . PHP_EOL;
        $type = ['content-type' => 'text/plain; charset=utf-8'];
        match ($request->path) {
            '/string' => $request->respond(200, implode(array_map($line, range(0, 19_999))), $type),
            '/generator' => $request->respond(200, (function () use ($line) {
                for ($number = 0; $number < 20_000; $number++) { yield $line($number); }
            })(), $type),
            '/stream' => (function () use ($request, $line, $type) {
                $stream = $request->startResponse(200, $type);
                for ($number = 0; $number < 20_000; $number += 500) {
                    $stream->write(implode(array_map($line, range($number, $number + 499))));
                }
                $stream->end();
            })(),
            '/file' => $request->sendFile(__DIR__ . '/page.txt'),
            '/named' => $request->respond(200, '', ['x-sendfile' => __DIR__ . '/page.txt'] + $type),
            '/events' => (function () use ($request) {
                $events = $request->startEvents();
                for ($number = 0; $number < 100; $number++) { $events->send(str_repeat('x', 100)); }
                $events->end();
            })(),
        };",
    );
    fs::create_dir(builder.directory().join("public")).unwrap();
    builder
        .file("page.txt", &text())
        .file("public/page.txt", &text())
        .config(
            "http: {address: '{address}', pool: {num_workers: 2}, http2: {h2c: true}, \
             middleware: [static, gzip, sendfile], static: {dir: public}}\nlogs: {level: info}\n",
        )
        .start()
}

fn decoded(coding: &str, body: &[u8]) -> String {
    let mut plain = String::new();
    match coding {
        "br" => brotli::Decompressor::new(body, 4096).read_to_string(&mut plain),
        "zstd" => zstd::stream::read::Decoder::new(body).unwrap().read_to_string(&mut plain),
        _ => flate2::read::GzDecoder::new(body).read_to_string(&mut plain),
    }
    .unwrap();
    plain
}

const TARGETS: [&str; 6] = ["/string", "/generator", "/stream", "/file", "/named", "/page.txt"];

#[test]
fn what_php_makes_is_decoded_to_what_it_was() {
    let server = server();
    let mut client = Client::connect(server.address).unwrap();
    for coding in CODINGS {
        for target in TARGETS {
            let accept = format!("Accept-Encoding: {coding}\r\n");
            let whole = client.request("GET", target, &accept, b"").unwrap();
            assert_eq!((whole.status, whole.header("content-encoding")), (200, Some(coding)), "{target}");
            assert!(decoded(coding, &whole.body) == text(), "{coding} {target}");
            assert!(whole.header("vary").unwrap().eq_ignore_ascii_case("accept-encoding"), "{target}");
            let head = client.request("HEAD", target, &accept, b"").unwrap();
            assert_eq!((head.status, head.header("content-encoding")), (200, Some(coding)), "{target}");
            assert_eq!(head.header("etag"), whole.header("etag"), "{target}");
            let Some(tag) = whole.header("etag") else { continue };
            let known = client.request("GET", target, &format!("{accept}If-None-Match: {tag}\r\n"), b"").unwrap();
            assert_eq!((known.status, known.header("content-encoding")), (304, None), "{target}");
            let part = client.request("GET", target, &format!("{accept}Range: bytes=5-5004\r\n"), b"").unwrap();
            assert_eq!((part.status, part.header("content-encoding")), (206, None), "{target}");
            assert_eq!(part.text(), text()[5..5005], "{target}");
        }
        let events = client.request("GET", "/events", &format!("Accept-Encoding: {coding}\r\n"), b"").unwrap();
        assert_eq!((events.header("content-encoding"), events.header("vary")), (None, None), "{coding}");
        assert_eq!(events.text(), format!("data: {}\n\n", "x".repeat(100)).repeat(100));
    }
    server.stop();
}

#[test]
fn it_is_the_same_over_http_2() {
    let server = server();
    run(async {
        let connection = Connection::open(server.address).await;
        for coding in CODINGS {
            for target in TARGETS {
                let request = Request::get(format!("http://test{target}")).header("accept-encoding", coding);
                let whole = connection.send(request.body(()).unwrap(), "").await.unwrap();
                assert_eq!(
                    (whole.status, whole.headers["content-encoding"].to_str().unwrap()),
                    (200, coding),
                    "{target}"
                );
                assert!(decoded(coding, &whole.body) == text(), "{coding} {target}");
            }
        }
    });
    server.stop();
}
