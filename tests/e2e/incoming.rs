//! Bodies of requests: on disk, and while they arrive.

use std::fs;

use bytes::Bytes;

use crate::support::{
    Client, Server,
    http2::{Connection, post, run, whole},
    until,
};

/// What a worker does with a request, by its path. `$note` leaves a line for the test, `$wait` waits for a file of it.
const WORK: &str = r"
    $note = fn (string $line) => file_put_contents(__DIR__ . '/notes', $line . PHP_EOL, FILE_APPEND | LOCK_EX);
    $wait = function (string $name) { while (!file_exists(__DIR__ . '/' . $name)) { usleep(1000); } };
    if ($request->header('x-note')) { $note('begun'); }
    try { match ($request->path) {
        '/quick' => $request->respond(200, 'quick'),
        '/body' => $request->respond(200, strlen($request->body()) . ' ' . sha1($request->body()) . ' ' . json_encode($request->trailers())),
        '/stream' => (function () use ($request) {
            $stream = $request->bodyStream();
            $hash = hash_init('sha1');
            $length = hash_update_stream($hash, $stream);
            $request->respond(200, $length . ' ' . hash_final($hash) . ' ' . json_encode($request->trailers()));
        })(),
        '/twice' => (function () use ($request) {
            $one = $request->bodyStream();
            $two = $request->bodyStream();
            fseek($two, -3, SEEK_END);
            $tail = stream_get_contents($two);
            rewind($two);
            $request->respond(200, [fread($one, 3), $tail, fread($two, 3), fstat($one)['size'], stream_get_meta_data($one)['seekable'], fseek($one, 1 << 40)]);
        })(),
        '/json' => $request->respond(200, ['count' => count($request->json())]),
        '/form' => $request->respond(200, ['form' => array_map('strlen', $request->form()), 'files' => array_map(fn ($file) => $file->size, $request->files()), 'body' => strlen($request->body())]),
        '/lines' => (function () use ($request) {
            $stream = $request->bodyStream();
            $answer = $request->startResponse(200, ['content-type' => 'text/plain']);
            while (($line = fgets($stream)) !== false) { $answer->write('<' . rtrim($line) . '>'); }
            $answer->end();
        })(),
        '/first' => (function () use ($request, $note) {
            $stream = $request->bodyStream();
            $note('first ' . fread($stream, 100));
            $note('rest ' . stream_get_contents($stream) . ' ' . var_export(feof($stream), true));
            $request->respond(200, 'done');
        })(),
        '/upper' => (function () use ($request) {
            $stream = $request->bodyStream();
            stream_filter_append($stream, 'string.toupper', STREAM_FILTER_READ);
            $copy = fopen('php://temp', 'w+');
            $length = stream_copy_to_stream($stream, $copy);
            rewind($copy);
            $request->respond(200, $length . stream_get_contents($copy));
        })(),
        '/mixed' => (function () use ($request) {
            $request->bodyStream();
            $errors = [];
            foreach ([fn () => $request->body(), fn () => $request->bodyStream()] as $call) {
                try { $call(); } catch (RoadRunner\Exception\LogicException $e) { $errors[] = $e->getMessage(); }
            }
            $request->respond(200, $errors);
        })(),
        '/patience' => (function () use ($request, $note) {
            $stream = $request->bodyStream();
            stream_set_timeout($stream, 0, 1000);
            $empty = fread($stream, 10);
            $meta = stream_get_meta_data($stream);
            stream_set_blocking($stream, false);
            $also = fread($stream, 10);
            $note('waited');
            stream_set_blocking($stream, true);
            stream_set_timeout($stream, 60);
            $request->respond(200, [$empty, $meta['timed_out'], $meta['seekable'], $meta['eof'], $also, fread($stream, 10)]);
        })(),
        '/keep' => (function () use ($request) { $GLOBALS['kept'] = $request->bodyStream(); $request->respond(200, 'kept'); })(),
        '/kept' => (function () use ($request) {
            try { $read = fread($GLOBALS['kept'], 10); } catch (RoadRunner\Exception\LogicException $e) { $read = $e->getMessage(); }
            $request->respond(200, [$read, feof($GLOBALS['kept'])]);
        })(),
        '/parts' => (function () use ($request, $note) {
            $seen = [];
            foreach ($request->parts() as $number => $part) {
                $note('part ' . $part->name);
                $seen[] = [$number, $part->name, $part->fileName, $part->type, $part->headers['x-more'] ?? null, match ($part->name) {
                    'skipped' => null,
                    'file' => strlen(fread($in = $part->stream(), 10)) + strlen(stream_get_contents($in)),
                    default => $part->read(),
                }];
                $last ??= $part;
            }
            try { $last->read(); } catch (RoadRunner\Exception\LogicException $e) { $seen[] = $e->getMessage(); }
            $request->respond(200, $seen);
        })(),
        '/exit' => (function () use ($request) { fread($request->bodyStream(), 10); exit; })(),
        '/echo' => $request->respond(200, $request->bodyStream()),
    }; } catch (RoadRunner\Exception\BadRequestException $e) {
        $note('bad ' . $e->statusCode . ' ' . $e->getMessage());
        $request->respond($e->statusCode, $e->getMessage());
    } catch (RoadRunner\Exception\ClientGoneException $e) {
        $note('gone ' . $e->getMessage());
    }";

fn server(settings: &str) -> Server {
    let settings = format!("{{address: {{address}}, uploads: {{dir: .}}, {settings} pool: {{num_workers: 1}}}}");
    Server::with_loop(WORK).config(&format!("http: {settings}")).start()
}

const STREAMED: &str = "stream_request_body: true,";
const BUFFERED: &str = "body_buffer_size: 64,";

fn notes(server: &Server) -> String {
    fs::read_to_string(server.directory.join("notes")).unwrap_or_default()
}

/// Bodies on disk: files without a name that the server has open.
fn spooled(server: &Server) -> usize {
    let place = server.directory.join("rr-uploads-").to_string_lossy().into_owned();
    let open = fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().flatten();
    let targets = open.filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned()));
    targets.filter(|target| target.starts_with(&place) && target.contains("(deleted)")).count()
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|number| (number ^ number >> 8 ^ number >> 16) as u8).collect()
}

fn sha1(bytes: &[u8]) -> String {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };
    let mut child = Command::new("sha1sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()[..40].to_owned()
}

fn begin(server: &Server, target: &str, headers: &str) -> Client {
    let mut client = Client::connect(server.address).unwrap();
    client.send(format!("POST {target} HTTP/1.1\r\nHost: test\r\n{headers}\r\n").as_bytes()).unwrap();
    client
}

fn chunked(server: &Server, target: &str) -> Client {
    begin(server, target, "Transfer-Encoding: chunked\r\n")
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

#[test]
fn bodies_of_every_size_are_the_same_in_memory_on_disk_and_while_they_arrive() {
    for settings in [BUFFERED, STREAMED, "stream_request_body: true, body_buffer_size: 1,"] {
        let server = server(settings);
        let mut client = Client::connect(server.address).unwrap();
        for length in [0, 1, 1000, 65_536, 65_537, 300_000, 5_000_000] {
            let body = bytes(length);
            let expected = format!("{length} {} ", sha1(&body));
            for target in ["/body", "/stream"] {
                assert_eq!(
                    client.request("POST", target, "", &body).unwrap().text(),
                    expected.clone() + "[]",
                    "{settings}"
                );
                let head = format!("POST {target} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
                let chunks: Vec<u8> = body.chunks(100_000).flat_map(chunk).collect();
                let end = b"0\r\nX-Sum: 1\r\nHost: other\r\nX-Sum: 2\r\n\r\n";
                client.send(&[head.as_bytes(), &chunks, end].concat()).unwrap();
                let text = client.response(false).unwrap().text();
                assert_eq!(text, expected.clone() + r#"{"x-sum":["1","2"]}"#, "{settings} {target} {length}");
            }
        }
        let body = bytes(200_000);
        assert!(client.request("POST", "/echo", "", &body).unwrap().body == body);
        until("no file is left", || spooled(&server) == 0);
        server.stop();
    }
}

#[test]
fn a_body_on_disk_is_read_again_and_sought_in() {
    let server = server(BUFFERED);
    let mut client = Client::connect(server.address).unwrap();
    for length in [100, 100_000] {
        let body = [b"abc", vec![b'.'; length].as_slice(), b"xyz"].concat();
        let response = client.request("POST", "/twice", "", &body).unwrap();
        assert_eq!(response.text(), format!(r#"["abc","xyz","abc",{},true,-1]"#, length + 6));
    }
    let json = format!("[{}0]", "0,".repeat(99_999));
    assert_eq!(client.request("POST", "/json", "", json.as_bytes()).unwrap().text(), r#"{"count":100000}"#);
    let form = format!("a={}&b=1", "x".repeat(100_000));
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    let response = client.request("POST", "/form", kind, form.as_bytes()).unwrap();
    assert_eq!(response.text(), r#"{"form":{"a":100000,"b":1},"files":[],"body":100006}"#);
    server.stop();
}

#[test]
fn forms_are_taken_apart_for_those_who_ask_for_them() {
    let kind = "Content-Type: multipart/form-data; boundary=XX\r\n";
    let part = |head: &str, length| {
        format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{}\r\n", "x".repeat(length))
    };
    let body = [part("name=a", 5), part("name=f; filename=f", 600_000)].concat() + "--XX--\r\n";
    for settings in [BUFFERED, STREAMED] {
        let server = server(settings);
        let mut client = Client::connect(server.address).unwrap();
        let response = client.request("POST", "/form", kind, body.as_bytes()).unwrap();
        assert_eq!(response.text(), r#"{"form":{"a":5},"files":{"f":600000},"body":0}"#, "{settings}");
        let url = "Content-Type: application/x-www-form-urlencoded\r\n";
        let mut slow = begin(&server, "/form", &format!("{url}Content-Length: 7\r\n"));
        slow.send(b"a=1&").unwrap();
        slow.send(b"b=2").unwrap();
        assert_eq!(slow.response(false).unwrap().text(), r#"{"form":{"a":1,"b":1},"files":[],"body":7}"#);
        let broken = client.request("POST", "/form", "Content-Type: multipart/form-data\r\n", body.as_bytes()).unwrap();
        assert_eq!(broken.status, 400, "{settings}");
        server.stop();
    }
    // The bytes themselves, for those who read them.
    let server = server(STREAMED);
    let mut client = Client::connect(server.address).unwrap();
    assert!(client.request("POST", "/echo", kind, body.as_bytes()).unwrap().text() == body);
    server.stop();
}

#[test]
fn a_body_is_seen_before_it_has_ended() {
    let server = server(STREAMED);
    for mut client in [begin(&server, "/first", "Content-Length: 7\r\n"), chunked(&server, "/first")] {
        let framed = notes(&server).is_empty();
        client.send(&if framed { b"one".to_vec() } else { chunk(b"one") }).unwrap();
        until("the first bytes were read", || notes(&server).ends_with("first one\n"));
        client.send(&if framed { b"more".to_vec() } else { [chunk(b"more"), b"0\r\n\r\n".to_vec()].concat() }).unwrap();
        assert_eq!(client.response(false).unwrap().text(), "done");
        assert!(notes(&server).ends_with("rest more true\n"));
    }
    let mut client = Client::connect(server.address).unwrap();
    assert_eq!(client.request("POST", "/upper", "", b"some text").unwrap().text(), "9SOME TEXT");
    server.stop();
}

#[test]
fn a_line_is_answered_when_it_has_come() {
    let server = server(STREAMED);
    let mut client = chunked(&server, "/lines");
    for number in 0..5 {
        client.send(&chunk(format!("line {number}\nha").as_bytes())).unwrap();
        client.until(&format!("line {number}>")).unwrap();
        client.send(&chunk(b"lf\n")).unwrap();
        client.until("<half>").unwrap();
    }
    client.send(b"0\r\n\r\n").unwrap();
    client.until("\r\n0\r\n\r\n").unwrap();
    assert_eq!(client.get("/quick").unwrap().text(), "quick", "the connection goes on");
    server.stop();
}

#[test]
fn a_line_is_answered_when_it_has_come_over_http2() {
    let server = Server::with_loop(WORK)
        .config("http: {address: {address}, http2: {h2c: true}, stream_request_body: true, pool: {num_workers: 1}}")
        .start();
    run(async {
        let connection = Connection::open(server.address).await;
        let mut requests = connection.requests.clone().ready().await.unwrap();
        let (response, mut lines) = requests.send_request(post("/lines"), false).unwrap();
        let mut answer = None;
        let mut response = Some(response);
        for number in 0..5 {
            lines.send_data(Bytes::from(format!("line {number}\n")), false).unwrap();
            if let Some(response) = response.take() {
                answer = Some(response.await.unwrap().into_body());
            }
            let answer = answer.as_mut().unwrap();
            let piece = answer.data().await.unwrap().unwrap();
            assert_eq!(piece, format!("<line {number}>"));
            answer.flow_control().release_capacity(piece.len()).unwrap();
        }
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-sum", "1".parse().unwrap());
        lines.send_trailers(trailers.clone()).unwrap();
        assert!(answer.unwrap().data().await.is_none_or(|last| last.unwrap().is_empty()));
        // Trailers reach PHP.
        let (response, mut body) = requests.ready().await.unwrap().send_request(post("/stream"), false).unwrap();
        body.send_data(Bytes::from_static(b"abc"), false).unwrap();
        body.send_trailers(trailers).unwrap();
        let answer = whole(response.await.unwrap()).await.unwrap();
        assert!(String::from_utf8_lossy(&answer.body).ends_with(r#"{"x-sum":["1"]}"#), "{answer:?}");
    });
    server.stop();
}

#[test]
fn a_body_that_nobody_reads_does_not_end_the_connection_unless_it_is_long() {
    let server = server(STREAMED);
    let mut client = Client::connect(server.address).unwrap();
    for length in [10, 300_000, 900_000] {
        assert_eq!(client.request("POST", "/quick", "", &bytes(length)).unwrap().text(), "quick");
        assert_eq!(client.get("/quick").unwrap().text(), "quick");
    }
    // The answer comes while the client still sends; then the connection ends.
    let mut long = begin(&server, "/quick", "Content-Length: 20000000\r\n");
    assert_eq!(long.response(false).unwrap().text(), "quick");
    let _ = long.send(&bytes(20_000_000));
    let _ = long.read_to_end();
    // Not told to go on, the client sends nothing, and there is no way to go on.
    let mut asks = begin(&server, "/quick", "Expect: 100-continue\r\nContent-Length: 5\r\n");
    assert_eq!(asks.any_response(false).unwrap().status, 200);
    assert_eq!(asks.read_to_end().unwrap(), b"");
    let mut asks = begin(&server, "/body", "Expect: 100-continue\r\nContent-Length: 5\r\n");
    assert_eq!(asks.any_response(false).unwrap().status, 100);
    asks.send(b"12345").unwrap();
    assert!(asks.response(false).unwrap().text().starts_with("5 "));
    server.stop();
}

#[test]
fn a_body_is_bounded_in_size_and_time_while_it_arrives() {
    let server = server("stream_request_body: true, max_request_size: 1, limits: {body_timeout: 300ms},");
    let mut client = begin(&server, "/body", "Content-Length: 1048577\r\n");
    assert_eq!(client.response(false).unwrap().status, 413);
    assert_eq!(notes(&server), "", "no worker has seen it");
    for target in ["/body", "/stream"] {
        let mut client = chunked(&server, target);
        client.send(&chunk(&bytes(500_000))).unwrap();
        client.send(&chunk(&bytes(600_000))).unwrap();
        let response = client.response(false).unwrap();
        assert_eq!((response.status, response.text().as_str()), (413, "the request body is too large"), "{target}");
        let mut slow = begin(&server, target, "Content-Length: 10\r\n");
        slow.send(b"12345").unwrap();
        let response = slow.response(false).unwrap();
        assert_eq!((response.status, response.text().as_str()), (408, "the request body did not arrive in time"));
    }
    server.stop();
}

#[test]
fn a_client_that_leaves_while_it_sends_is_seen() {
    for settings in [BUFFERED, STREAMED] {
        let server = server(settings);
        for target in ["/body", "/stream", "/form"] {
            for head in ["Content-Length: 1000000\r\n", "Transfer-Encoding: chunked\r\n"] {
                let kind = if target == "/form" { "Content-Type: multipart/form-data; boundary=XX\r\n" } else { "" };
                let mut client = begin(&server, target, &format!("{kind}X-Note: 1\r\n{head}"));
                let part = b"--XX\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n";
                let sent = [part, bytes(400_000).as_slice()].concat();
                client.send(&if head.starts_with('T') { chunk(&sent) } else { sent }).unwrap();
                if settings == STREAMED {
                    until("the worker has it", || notes(&server).contains("begun"));
                }
                drop(client);
                if settings == STREAMED {
                    until("the worker was told", || notes(&server).contains("gone "));
                    fs::remove_file(server.directory.join("notes")).unwrap();
                }
            }
        }
        let mut client = Client::connect(server.address).unwrap();
        assert_eq!(client.get("/quick").unwrap().text(), "quick", "the worker is free again");
        until("nothing is left", || spooled(&server) == 0);
        let kept = fs::read_dir(&server.directory).unwrap().flatten().map(|entry| entry.path());
        for directory in kept.filter(|path| path.to_string_lossy().contains("rr-uploads-")) {
            until("no file is left", || fs::read_dir(&directory).unwrap().next().is_none());
        }
        server.stop();
    }
}

#[test]
fn a_body_that_arrives_is_read_once_and_not_beyond_its_request() {
    let server = server(STREAMED);
    let mut client = chunked(&server, "/mixed");
    let text = client.response(false).unwrap().text();
    assert_eq!(text.matches("can be read once while it arrives").count(), 2, "{text}");
    let mut client = chunked(&server, "/patience");
    until("the worker has waited", || notes(&server) == "waited\n");
    client.send(&[chunk(b"late"), b"0\r\n\r\n".to_vec()].concat()).unwrap();
    assert_eq!(client.response(false).unwrap().text(), r#"["",true,false,false,"","late"]"#);
    for _ in 0..2 {
        let mut client = chunked(&server, "/keep");
        assert_eq!(client.response(false).unwrap().text(), "kept");
        client.send(&[chunk(b"abc"), b"0\r\n\r\n".to_vec()].concat()).unwrap();
        assert_eq!(
            client.get("/kept").unwrap().text(),
            r#"["the request is over: waitRequest() was called since",true]"#
        );
    }
    assert_eq!(client.request("POST", "/keep", "", b"whole").unwrap().text(), "kept");
    assert_eq!(client.get("/kept").unwrap().text(), r#"["the request is over: waitRequest() was called since",true]"#);
    server.stop();
}

#[test]
fn a_worker_that_ends_while_it_reads_answers_and_frees_everything() {
    let server = server(STREAMED);
    for _ in 0..5 {
        let mut client = chunked(&server, "/exit");
        client.send(&chunk(b"abc")).unwrap();
        assert_eq!(client.response(false).unwrap().status, 500);
    }
    let mut client = Client::connect(server.address).unwrap();
    assert_eq!(client.get("/quick").unwrap().text(), "quick");
    server.stop();
}

#[test]
fn a_form_is_read_part_by_part() {
    let kind = "Content-Type: multipart/form-data; boundary=XX\r\n";
    let part = |head: &str, contents: &str| {
        format!("--XX\r\nContent-Disposition: form-data; {head}\r\nX-More: 1\r\n\r\n{contents}\r\n")
    };
    let parts = [
        part("name=a", "one"),
        part("name=skipped; filename=s", &"s".repeat(500_000)),
        part("name=file; filename=\"dir/f\"", &"f".repeat(500_000)),
        part("name=empty", ""),
    ];
    let seen = r#"[[0,"a",null,"","1","one"],[1,"skipped","s","","1",null],[2,"file","dir/f","","1",500000],[3,"empty",null,"","1",""],"the part is over: the next one was asked for"]"#;
    for settings in [STREAMED, "raw_body: true,", "stream_request_body: true, raw_body: true,"] {
        let server = server(settings);
        let mut client = Client::connect(server.address).unwrap();
        let body = parts.concat() + "--XX--\r\n";
        for _ in 0..2 {
            assert_eq!(client.request("POST", "/parts", kind, body.as_bytes()).unwrap().text(), seen, "{settings}");
        }
        let response = client.request("POST", "/parts", kind, parts[0].as_bytes()).unwrap();
        assert_eq!(
            (response.status, response.text().as_str()),
            (400, "the form is malformed: the body ended within a part")
        );
        assert_eq!(client.request("POST", "/parts", "", b"text").unwrap().status, 415);
        assert_eq!(
            client.request("POST", "/parts", "Content-Type: multipart/form-data\r\n", b"x").unwrap().status,
            400
        );
        // Nothing went to disk but a raw body.
        if settings == STREAMED {
            let entries = fs::read_dir(&server.directory).unwrap().flatten();
            assert!(!entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("rr-uploads-")));
        }
        server.stop();
    }
    let server = server(STREAMED);
    let mut client = begin(&server, "/parts", &format!("{kind}Transfer-Encoding: chunked\r\n"));
    for (contents, name) in parts[..2].iter().zip(["a", "skipped"]) {
        client.send(&chunk(contents.as_bytes())).unwrap();
        until("the part was seen while others are still to come", || {
            notes(&server).contains(&format!("part {name}\n"))
        });
    }
    client.send(&[chunk((parts[2..].concat() + "--XX--\r\n").as_bytes()), b"0\r\n\r\n".to_vec()].concat()).unwrap();
    assert_eq!(client.response(false).unwrap().text(), seen);
    server.stop();
}
