//! Clients that leave, at every point of an exchange: PHP sees it where it runs, nothing of them stays, and the only
//! worker is free for the next one.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::support::{
    PATIENCE, Server, get,
    http2::{DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, SETTINGS, frame},
    until,
};

/// Each path is one thing that PHP does while its client leaves; what it sees it notes.
const SCRIPT: &str = r"
$note = fn (string $line) => file_put_contents(__DIR__ . '/notes', $line . ' ', FILE_APPEND | LOCK_EX);
$until = function (callable $over) { for ($i = 0; !$over() && $i < 55000; $i++) { usleep(1000); } };
$endless = function (string $piece) use ($note) {
    try { for ($made = 0;; $made++) { yield $piece; file_put_contents(__DIR__ . '/made', $made); } }
    catch (RoadRunner\Exception\ClientGoneException) { $note('gone'); }
    finally { $note('finally'); }
};
if ($request->path !== '/') { $note('began'); }
switch ($request->path) {
    case '/':
        $request->respond(200, 'free');
        break;
    case '/work':
        $until(fn () => $request->isAborted());
        $note($request->isAborted() ? 'aborted' : 'not-aborted');
        $note(var_export($request->respond(200, 'late'), true));
        break;
    case '/late':
        $until(fn () => $request->isAborted());
        $note(var_export($request->respond(200, $endless('late')), true));
        break;
    case '/generator':
        $note(var_export($request->respond(200, $endless(str_repeat('x', 10000))), true));
        break;
    case '/write':
        $stream = $request->startResponse();
        $until(fn () => !$stream->write('piece'));
        $note(var_export([$stream->write('x'), $stream->isOpen()] === [false, false], true));
        break;
    case '/events':
        $events = $request->startEvents();
        $until(fn () => !$events->send('event'));
        $note(var_export($events->isOpen(), true));
        break;
    case '/trailers':
        $stream = $request->startResponse(200, ['trailer' => 'x-sum']);
        $stream->write('all of it');
        $until(fn () => !$stream->isOpen());
        $note(var_export($stream->end(['x-sum' => '1']), true));
        break;
}";

/// How a client speaks, and leaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    /// HTTP/1.1: its connection ends.
    Http1,
    /// HTTP/2: its connection ends.
    Http2,
    /// HTTP/2: its stream is reset, the connection stays.
    Reset,
}

/// What a client has done before it leaves.
enum Point {
    /// It has sent so many bytes of the head.
    Head(usize),
    /// It has sent a whole head, and this of a body.
    Body(Vec<u8>),
    /// It has sent a file of a form, until that is on disk.
    File,
    /// It has sent all, and PHP has begun.
    Working,
    /// This has come of the answer.
    Answer(&'static str),
    /// It has read nothing of an endless answer until PHP was paused.
    Blocked,
}

const FORM: &[u8] = b"--XX\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n";

fn points() -> Vec<(&'static str, Point, &'static str)> {
    vec![
        ("/work", Point::Head(6), ""),
        ("/work", Point::Head(30), ""),
        ("/work", Point::Body(Vec::new()), ""),
        ("/work", Point::Body(vec![b'x'; 5000]), ""),
        ("/work", Point::File, ""),
        ("/work", Point::Working, "began aborted false "),
        // A generator that begins after its client has gone comes to its first value, and no further.
        ("/late", Point::Working, "began gone finally false "),
        ("/generator", Point::Answer("xxxx"), "began gone finally false "),
        ("/generator", Point::Blocked, "began gone finally false "),
        ("/write", Point::Answer("piece"), "began true "),
        ("/events", Point::Answer("data: event"), "began false "),
        ("/trailers", Point::Answer("all of it"), "began false "),
    ]
}

/// The bytes of a request's head, for a body of type form that has not ended, or for none.
fn head(way: Way, path: &str, body: bool) -> Vec<u8> {
    const KIND: &str = "multipart/form-data; boundary=XX";
    if way == Way::Http1 {
        return if body {
            let kind = if path == "/file" { format!("Content-Type: {KIND}\r\n") } else { String::new() };
            format!("POST {path} HTTP/1.1\r\nHost: test\r\n{kind}Content-Length: 1000000\r\n\r\n").into_bytes()
        } else {
            format!("GET {path} HTTP/1.1\r\nHost: test\r\nTE: trailers\r\n\r\n").into_bytes()
        };
    }
    let literal = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let mut fields = vec![if body { 0x83 } else { 0x82 }, 0x86, 0x04];
    fields.extend(literal(path));
    fields.extend([b"\x01".as_slice(), &literal("test")].concat());
    if path == "/file" {
        // `content-type`, entry 31 of the static table.
        fields.extend([b"\x0f\x10".as_slice(), &literal(KIND)].concat());
    }
    if path == "/trailers" {
        fields.extend([b"\x00".as_slice(), &literal("te"), &literal("trailers")].concat());
    }
    let flags = if body { END_HEADERS } else { END_HEADERS | END_STREAM };
    frame(HEADERS, flags, 1, &fields)
}

/// A client that will leave.
struct Visitor {
    way: Way,
    stream: TcpStream,
}

// === impl Visitor ===

impl Visitor {
    fn come(way: Way, server: &Server) -> Self {
        let stream = TcpStream::connect_timeout(&server.address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut visitor = Self { way, stream };
        if way != Way::Http1 {
            visitor.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
            visitor.send(&frame(SETTINGS, 0, 0, b""));
        }
        visitor
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn body(&mut self, bytes: &[u8]) {
        if self.way == Way::Http1 {
            return self.send(bytes);
        }
        bytes.chunks(16_000).for_each(|piece| self.send(&frame(DATA, 0, 1, piece)));
    }

    /// Reads until `text` has come.
    fn until(&mut self, text: &str) {
        let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
        while !seen.windows(text.len()).any(|window| window == text.as_bytes()) {
            let length = self.stream.read(&mut buffer).unwrap();
            assert!(length > 0, "the end comes before {text}: {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&buffer[..length]);
        }
    }

    /// Leaves; returns the connection if that stays.
    fn leave(mut self) -> Option<TcpStream> {
        if self.way != Way::Reset {
            return None;
        }
        // CANCEL
        self.send(&frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]));
        Some(self.stream)
    }
}

fn notes(server: &Server) -> String {
    fs::read_to_string(server.directory.join("notes")).unwrap_or_default()
}

/// Files that uploads have left so far.
fn files(server: &Server) -> usize {
    let entries = fs::read_dir(&server.directory).unwrap().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("rr-uploads-"));
    ours.map(|entry| fs::read_dir(entry.path()).map_or(0, Iterator::count)).sum()
}

/// Waits until an endless answer is made no further for a while.
fn blocked(server: &Server) {
    let (mut last, mut since) = (String::new(), Instant::now());
    until("PHP is paused", || {
        let made = fs::read_to_string(server.directory.join("made")).unwrap_or_default();
        if made != last || made.is_empty() {
            (last, since) = (made, Instant::now());
        }
        since.elapsed() > Duration::from_millis(300)
    });
}

fn visit(server: &Server, way: Way, path: &str, point: &Point) -> Option<TcpStream> {
    let mut visitor = Visitor::come(way, server);
    match point {
        Point::Head(length) => {
            let head = head(way, path, false);
            visitor.send(&head[..*length.min(&(head.len() - 1))]);
        }
        Point::Body(bytes) => {
            visitor.send(&head(way, path, true));
            visitor.body(bytes);
        }
        Point::File => {
            visitor.send(&head(way, "/file", true));
            visitor.body(&[FORM, &[b'x'; 40_000]].concat());
            until("the file is there", || files(server) == 1);
        }
        Point::Working => {
            visitor.send(&head(way, path, false));
            until("PHP has begun", || notes(server) == "began ");
        }
        Point::Answer(text) => {
            visitor.send(&head(way, path, false));
            visitor.until(text);
        }
        Point::Blocked => {
            visitor.send(&head(way, path, false));
            blocked(server);
        }
    }
    visitor.leave()
}

#[track_caller]
fn check(way: Way) {
    let server = Server::with_loop(SCRIPT)
        .config(
            "http: {address: {address}, http2: {h2c: true}, uploads: {dir: .}, pool: {num_workers: 1}}\n\
             logs: {level: debug, channels: {http: {level: info}}}\n",
        )
        .start();
    for (path, point, expected) in points() {
        if way == Way::Reset && matches!(point, Point::Head(_)) {
            // There is no stream yet.
            continue;
        }
        for name in ["notes", "made"] {
            let _ = fs::remove_file(server.directory.join(name));
        }
        let stays = visit(&server, way, path, &point);
        if !expected.is_empty() {
            until(&format!("{way:?}, {path}: PHP has seen it ({expected})"), || notes(&server) == expected);
        }
        until("files are gone", || files(&server) == 0);
        // The only worker has nothing else to do, and was never given what did not arrive.
        assert_eq!(get(server.address, "/").text(), "free");
        assert_eq!(notes(&server), expected, "{way:?}, {path}");
        drop(stays);
    }
    server.stop();
}

#[test]
fn a_client_that_leaves_is_noticed_in_http1() {
    check(Way::Http1);
}

#[test]
fn a_client_that_leaves_is_noticed_in_http2() {
    check(Way::Http2);
}

#[test]
fn a_stream_that_is_reset_is_noticed_in_http2() {
    check(Way::Reset);
}
