//! Answers that are sent while PHP makes them.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::support::{Client, Server, get, until};

/// A server whose answers stream; `$note` leaves a line for the test.
fn server(body: &str) -> Server {
    let note =
        "$note = fn (string $line) => file_put_contents(__DIR__ . '/notes', \"$line\\n\", FILE_APPEND | LOCK_EX);";
    Server::with_loop(&format!("{note}\n{body}")).pool("num_workers: 1").start()
}

fn notes(server: &Server) -> String {
    fs::read_to_string(server.directory.join("notes")).unwrap_or_default()
}

fn start(server: &Server, target: &str) -> Client {
    let mut client = Client::connect(server.address).unwrap();
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n").as_bytes()).unwrap();
    client
}

#[test]
fn each_piece_arrives_when_it_is_made() {
    let server = server(
        r"
        $wait = function (string $name) { while (!file_exists(__DIR__ . $name)) { usleep(1000); } };
        $make = function () use ($wait) { yield 'one'; $wait('/two'); yield 'two'; $wait('/three'); yield 3; };
        $note(var_export($request->respond(200, $make(), ['content-type' => 'text/plain']), true));",
    );
    let mut client = start(&server, "/");
    let head = client.until("3\r\none\r\n").unwrap();
    assert!(head.contains("content-type: text/plain") && head.contains("transfer-encoding: chunked"), "{head}");
    fs::write(server.directory.join("two"), "").unwrap();
    client.until("3\r\ntwo\r\n").unwrap();
    fs::write(server.directory.join("three"), "").unwrap();
    client.until("1\r\n3\r\n0\r\n\r\n").unwrap();
    assert_eq!(client.get("/").unwrap().text(), "onetwo3", "the connection goes on");
    until("both were answered", || notes(&server) == "true\ntrue\n");
    server.stop();
}

#[test]
fn bodies_that_stream_are_those_that_yield_and_streams_of_php() {
    let server = server(
        r#"
        $pair = new class implements IteratorAggregate { function getIterator(): Iterator { return new ArrayIterator(['a', 1, 1.5]); } };
        $text = new class implements IteratorAggregate { function getIterator(): Iterator { yield 'no'; } function __toString() { return 'text'; } };
        $json = new class extends ArrayObject implements JsonSerializable { function jsonSerialize(): mixed { return [1]; } };
        $memory = fopen('php://memory', 'w+');
        fwrite($memory, str_repeat('m', 200000));
        rewind($memory);
        $request->respond(200, match ($request->path) {
            '/generator' => (function () { yield 'x'; yield ''; yield 'y'; })(),
            '/aggregate' => $pair, '/empty' => new EmptyIterator(), '/text' => $text, '/json' => $json, '/memory' => $memory,
        }, $request->path === '/memory' ? ['content-length' => 200000] : []);"#,
    );
    for (target, body) in
        [("/generator", "xy"), ("/aggregate", "a11.5"), ("/empty", ""), ("/text", "text"), ("/json", "[1]")]
    {
        let response = get(server.address, target);
        assert_eq!((response.status, response.text().as_str()), (200, body), "{target}");
    }
    let response = get(server.address, "/memory");
    assert_eq!(response.header("content-length"), Some("200000"));
    assert!(response.body == vec![b'm'; 200_000]);
    server.stop();
}

#[test]
fn what_goes_wrong_before_the_first_piece_can_be_answered_and_later_cuts_off() {
    let server = server(
        r"
        $path = $request->path;
        $make = function () use ($path) {
            if ($path === '/early') { throw new Exception('early'); }
            yield 'begun';
            match ($path) { '/late' => throw new Exception('late'), '/exit' => exit(1), '/type' => yield [], '/ok' => yield 'ed' };
        };
        try {
            $request->respond(200, $make());
        } catch (Exception | TypeError $error) {
            if ($path === '/early') { $request->respond(418, $error->getMessage()); }
            $note($error->getMessage());
        }",
    );
    let early = get(server.address, "/early");
    assert_eq!((early.status, early.text().as_str()), (418, "early"));
    for target in ["/late", "/exit", "/type"] {
        let mut client = start(&server, target);
        client.until("5\r\nbegun\r\n").unwrap();
        assert!(!client.read_to_end().unwrap().ends_with(b"0\r\n\r\n"), "{target}");
    }
    let notes = notes(&server);
    assert!(notes.starts_with("early\nlate\nA streamed body must be made of strings"), "{notes}");
    assert_eq!(get(server.address, "/ok").text(), "beguned");
    server.stop();
}

#[test]
fn a_generator_is_told_that_its_client_has_gone() {
    let server = server(
        r"
        if ($request->path === '/') { $request->respond(200, 'free'); continue; }
        $make = function () use ($note) {
            try { while (true) { yield str_repeat('x', 10000); } }
            catch (RoadRunner\Exception\ClientGoneException $gone) { $note($gone->getMessage()); }
            finally { $note('finally'); }
        };
        $note(var_export($request->respond(200, $make()), true));",
    );
    let mut client = start(&server, "/endless");
    client.until("xxxxx").unwrap();
    drop(client);
    until("it was told", || notes(&server) == "the client has gone\nfinally\nfalse\n");
    assert_eq!(get(server.address, "/").text(), "free");
    server.stop();
}

#[test]
fn a_reader_that_is_slow_pauses_the_generator() {
    const LENGTH: usize = 64 * 1024 * 1024;
    let server = server(
        r"
        $made = 0;
        $make = function () use (&$made) {
            for (; $made < 64 << 20; $made += 8192) {
                yield str_repeat('x', 8192);
                if ($made % (1 << 18) === 0) { file_put_contents(__DIR__ . '/made', $made); }
            }
        };
        $request->respond(200, $make(), ['content-length' => 64 << 20]);",
    );
    let before = server.resident();
    let mut client = start(&server, "/");
    let head = client.until("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {LENGTH}")), "{head}");
    let made =
        || fs::read_to_string(server.directory.join("made")).ok().and_then(|made| made.parse().ok()).unwrap_or(0);
    // Once it stands still for long, it waits.
    let (mut last, mut since) = (0, Instant::now());
    until("the generator is paused", || {
        let now: usize = made();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        since.elapsed() > Duration::from_millis(500)
    });
    // The kernel's buffers take some megabytes.
    assert!(last < 16 * 1024 * 1024, "{last} bytes were made for a client that reads nothing");
    assert!(server.resident() < before + 8 * 1024 * 1024, "memory grew from {before} to {}", server.resident());
    let mut body = 0;
    while body < LENGTH {
        body += client.some().unwrap().len();
    }
    assert_eq!(body, LENGTH);
    server.stop();
}

#[test]
fn a_response_stream_is_written_piece_by_piece() {
    let server = server(
        r"
        if ($request->path === '/open') { $request->startResponse()->write('left open'); continue; }
        $stream = $request->startResponse(201, ['x-a' => ['1', '2'], 'trailer' => 'x-sum']);
        $note(var_export([$stream->write('one'), $stream->write(''), $stream->tryWrite('two'), $stream->isOpen()], true));
        $note(var_export([$stream->end(['x-sum' => 6]), $stream->isOpen(), $stream->end()], true));
        foreach ([fn () => $stream->write('x'), fn () => $request->respond(200), fn () => $request->startEvents()] as $late) {
            try { $late(); } catch (RoadRunner\Exception\LogicException $error) { $note($error->getMessage()); }
        }",
    );
    let mut client = start(&server, "/");
    let text = client.until("x-sum: 6\r\n\r\n").unwrap();
    assert!(text.starts_with("HTTP/1.1 201 Created\r\nx-a: 1\r\nx-a: 2\r\ntrailer: x-sum\r\n"), "{text}");
    assert!(text.contains("3\r\none\r\n3\r\ntwo\r\n0\r\nx-sum: 6"), "{text}");
    assert_eq!(client.get("/open").unwrap().text(), "left open");
    let shown: String = notes(&server).split_whitespace().collect();
    assert!(shown.starts_with("array(0=>true,1=>true,2=>true,3=>true,)array(0=>true,1=>false,2=>false,)"), "{shown}");
    assert!(shown.ends_with("theanswerhasendedtherequestwasalreadyansweredtherequestwasalreadyanswered"), "{shown}");
    server.stop();
}

#[test]
fn events_are_sent_in_their_format() {
    let server = server(
        r#"
        $events = $request->startEvents(['cache-control' => 'no-cache']);
        $events->send("two\r\nlines\n", 'greeting', 'id 7', 1500);
        $events->send(['a' => 1]);
        $events->send('');
        $events->comment("ping\npong");
        foreach ([fn () => $events->send('', "a\nb"), fn () => $events->send('', null, "\0"), fn () => $events->send('', null, null, -1)] as $wrong) {
            try { $wrong(); } catch (ValueError $error) { $note($error->getMessage()); }
        }
        $events->end();"#,
    );
    let response = get(server.address, "/");
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert_eq!(response.header("cache-control"), Some("no-cache"));
    assert_eq!(response.header("x-accel-buffering"), Some("no"));
    assert_eq!(
        response.text(),
        "event: greeting\nid: id 7\nretry: 1500\ndata: two\ndata: lines\ndata: \n\ndata: {\"a\":1}\n\ndata: \n\n: ping\n: pong\n\n"
    );
    assert_eq!(notes(&server).lines().count(), 3, "{}", notes(&server));
    server.stop();
}

#[test]
fn nothing_is_made_for_who_reads_no_body() {
    let server = server(
        r"
        $make = function () use ($note) { $note('made'); yield 'first'; $note('more'); yield 'second'; };
        $note(var_export($request->respond($request->path === '/' ? 200 : 304, $make(), ['content-length' => 11]), true));",
    );
    let mut client = Client::connect(server.address).unwrap();
    let head = client.request("HEAD", "/", "", b"").unwrap();
    assert_eq!((head.status, head.header("content-length")), (200, Some("11")));
    assert_eq!(client.get("/not-modified").unwrap().status, 304);
    until("both are done", || notes(&server) == "made\ntrue\nmade\ntrue\n");
    assert_eq!(client.get("/").unwrap().text(), "firstsecond");
    server.stop();
}
