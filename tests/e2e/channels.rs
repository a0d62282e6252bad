//! Answers that are handed over to channels, and hints ahead of answers.

use std::{fs, process::Command};

use crate::support::{Browser, Client, Server, get, until};

/// One worker. `/publish/<channel>`, `/count/<channel>` and `/close/<channel>` do that; the rest is for `$body`.
fn server(body: &str) -> crate::support::server::Builder {
    let script = format!(
        r"
        $note = fn (string $line) => file_put_contents(__DIR__ . '/notes', $line . PHP_EOL, FILE_APPEND | LOCK_EX);
        $words = explode('/', $request->path);
        $done = match ($words[1]) {{
            'publish' => RoadRunner\Channel::publish($words[2], $request->query('data', ''), id: $request->query('id')),
            'count' => RoadRunner\Channel::count($words[2]),
            'close' => RoadRunner\Channel::close($words[2]),
            default => null,
        }};
        if ($done !== null) {{ $request->respond(200, (string) $done); continue; }}
        {body}"
    );
    Server::with_loop(&script).config(
        "http: {address: '{address}', pool: {num_workers: 1}, sse: {history: 10}}\nlogs: {level: debug, channels: {http: {level: info}}}\n",
    )
}

fn notes(server: &Server) -> String {
    fs::read_to_string(server.directory.join("notes")).unwrap_or_default()
}

fn ask(server: &Server, target: &str) -> String {
    get(server.address, target).text()
}

fn begin(server: &Server, target: &str, headers: &str) -> Client {
    let mut client = Client::connect(server.address).unwrap();
    client.send(format!("GET {target} HTTP/1.1\r\nHost: a\r\n{headers}\r\n").as_bytes()).unwrap();
    client
}

#[test]
fn a_detached_stream_is_fed_by_other_requests_and_the_worker_is_free() {
    let server = server(
        r"
        $events = $request->startEvents();
        $events->send('welcome');
        $note(var_export([$events->detach('room'), $events->isOpen(), $events->detach('room')], true));
        try { $events->send('late'); } catch (RoadRunner\Exception\LogicException $error) { $note($error->getMessage()); }",
    )
    .start();
    let mut clients: Vec<_> = (0..3).map(|_| begin(&server, "/events", "")).collect();
    for client in &mut clients {
        client.until("data: welcome\n\n").unwrap();
    }
    until("all listen", || ask(&server, "/count/room") == "3");
    assert_eq!(ask(&server, "/publish/room?data=a%0Ab&id=7"), "3");
    for client in &mut clients {
        client.until("id: 7\ndata: a\ndata: b\n\n").unwrap();
    }
    let gone = clients.pop().unwrap();
    drop(gone);
    until("it is forgotten", || ask(&server, "/count/room") == "2");
    assert_eq!(ask(&server, "/close/room"), "2");
    for client in &mut clients {
        client.until("0\r\n\r\n").unwrap();
        assert_eq!(client.get("/count/room").unwrap().text(), "0");
    }
    let shown: String = notes(&server).split_whitespace().collect();
    assert!(shown.starts_with("array(0=>true,1=>false,2=>false,)theanswerhasended"), "{shown}");
    server.stop();
}

#[test]
fn an_answer_that_is_no_stream_of_events_gets_the_data_as_they_are() {
    let server = server(
        r"
        if ($request->path === '/both') {
            $note(RoadRunner\Channel::publish(['a', 'b', 'b'], ['json' => true], 'kind', retry: 5));
            $request->respond(200, '');
            continue;
        }
        $stream = $request->path === '/events' ? $request->startEvents() : $request->startResponse(200, ['content-type' => 'text/plain']);
        $stream->detach(['a', 'b']);",
    )
    .start();
    let (mut plain, mut events) = (begin(&server, "/plain", ""), begin(&server, "/events", ""));
    until("both listen", || ask(&server, "/count/b") == "2" && ask(&server, "/count/a") == "2");
    ask(&server, "/both");
    plain.until("D\r\n{\"json\":true}\r\n").unwrap();
    events.until("event: kind\nretry: 5\ndata: {\"json\":true}\n\n").unwrap();
    assert_eq!(notes(&server), "2\n");
    server.stop();
}

#[test]
fn what_cannot_be_is_said() {
    let server = server(
        r#"
        $events = $request->startEvents();
        $long = str_repeat('x', 256);
        foreach ([
            fn () => $events->detach(''), fn () => $events->detach([]), fn () => $events->detach([1]), fn () => $events->detach($long),
            fn () => RoadRunner\Channel::publish('a', '', "b\nc"), fn () => RoadRunner\Channel::publish('a', '', null, "\0"),
            fn () => RoadRunner\Channel::publish('a', '', retry: -1), fn () => RoadRunner\Channel::publish('a', [NAN]),
            fn () => RoadRunner\Channel::count(''), fn () => RoadRunner\Channel::close($long),
        ] as $wrong) {
            try { $wrong(); $note('nothing'); } catch (Throwable $error) { $note($error::class . ': ' . $error->getMessage()); }
        }
        $note(var_export([$events->isOpen(), $events->detach(['a', 'a', str_repeat('x', 255)]), RoadRunner\Channel::count('a')], true));"#,
    )
    .start();
    let client = begin(&server, "/", "");
    until("it listens", || ask(&server, "/count/a") == "1");
    let text = notes(&server);
    let lines: Vec<_> = text.lines().collect();
    let expected = [
        "ValueError: The name of a channel must not be empty",
        "ValueError: The name of a channel must not be empty",
        "TypeError: The name of a channel must be a string, int given",
        "ValueError: The name of a channel has at most 255 bytes, one of 256 given",
        "ValueError: The event \"b\\nc\" has a line break or a NUL",
        "ValueError: The id \"\\x00\" has a line break or a NUL",
        "ValueError: RoadRunner\\Channel::publish(): Argument #5 ($retry) must be greater than or equal to 0",
        "JsonException: Inf and NaN cannot be JSON encoded",
        "ValueError: The name of a channel must not be empty",
        "ValueError: The name of a channel has at most 255 bytes, one of 256 given",
    ];
    assert_eq!(lines[..expected.len()], expected);
    let rest: String = lines[expected.len()..].concat().split_whitespace().collect();
    assert_eq!(rest, "array(0=>true,1=>true,2=>1,)");
    drop(client);
    server.stop();
}

#[test]
fn detached_streams_outlive_their_worker_and_end_with_the_server() {
    let mut server = server(
        r"
        $request->startEvents()->detach('room');
        if ($request->path === '/exit') { exit(1); }
        $worker->stop();",
    )
    .start();
    let mut clients = [begin(&server, "/stop", ""), begin(&server, "/exit", "")];
    until("both listen", || ask(&server, "/count/room") == "2");
    assert_eq!(ask(&server, "/publish/room?data=there"), "2");
    for client in &mut clients {
        client.until("data: there\n\n").unwrap();
    }
    // Nothing to send to, nothing to wait for.
    let mut head = Client::connect(server.address).unwrap();
    assert_eq!(head.request("HEAD", "/stop", "", b"").unwrap().status, 200);
    assert_eq!(ask(&server, "/count/room"), "2");
    server.signal(libc::SIGTERM);
    for client in &mut clients {
        assert!(client.read_to_end().unwrap().ends_with(b"0\r\n\r\n"), "a clean end");
    }
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn hints_are_sent_ahead_of_the_answer() {
    let server = server(
        r#"
        $gate = function (string $name) { while (!file_exists(__DIR__ . $name)) { usleep(1000); } };
        $said = [$request->earlyHints(['link' => ['</a.css>; rel=preload', '</b.js>; rel=preload'], 'x-a' => 1])];
        if ($request->path === '/wait') { $gate('/go'); }
        $said[] = $request->earlyHints(['link' => '</c.css>']);
        try { $request->earlyHints(["a b" => 1]); } catch (ValueError $error) { $said[] = $error->getMessage(); }
        $request->respond(200, $said);
        try { $request->earlyHints([]); } catch (RoadRunner\Exception\LogicException $error) { $note($error->getMessage()); }"#,
    );
    let server = server.config("http: {address: '{address}', pool: {num_workers: 1}, http2: {h2c: true}}\n").start();
    let mut client = begin(&server, "/wait", "");
    let first = client.any_response(false).unwrap();
    let links: Vec<_> = first.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(first.status, 103);
    assert_eq!(links, ["link: </a.css>; rel=preload", "link: </b.js>; rel=preload", "x-a: 1"]);
    fs::write(server.directory.join("go"), "").unwrap();
    let second = client.any_response(false).unwrap();
    assert_eq!((second.status, second.header("link")), (103, Some("</c.css>")));
    let last = client.any_response(false).unwrap();
    assert_eq!(last.text(), r#"[true,true,"\"a b\" is not a header name"]"#);
    let curl = |arguments: &[&str]| {
        let url = format!("http://{}/", server.address);
        let output = Command::new("curl").args(["-sSi", "--max-time", "60"]).args(arguments).arg(url).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let text = curl(&[]);
    assert!(text.starts_with("HTTP/1.1 103 Early Hints\r\nlink: </a.css>"), "{text}");
    assert!(text.contains("\r\n\r\nHTTP/1.1 200 OK\r\n") && text.contains("[true,true,"), "{text}");
    for older in ["--http1.0", "--http2-prior-knowledge"] {
        let text = curl(&[older]);
        assert!(!text.contains(" 103") && text.contains("[false,false,"), "{text}");
    }
    until("each was answered", || notes(&server) == "the request was already answered\n".repeat(4));
    server.stop();
}

#[test]
fn a_browser_comes_again_and_misses_nothing() {
    let server = server(
        r#"
        switch ($request->path) {
            case '/':
                $request->respond(200, "<!doctype html><title>t</title><script>
                    const seen = [], source = new EventSource('/events');
                    source.onmessage = event => {
                        seen.push(event.lastEventId + event.data);
                        if (event.data === 'end') {
                            source.close();
                            fetch('/seen', {method: 'POST', body: seen.join(' ')});
                        }
                    };
                </script>", ['content-type' => 'text/html']);
                break;
            case '/events':
                $last = $request->header('last-event-id');
                $note('from ' . var_export($last, true));
                $events = $request->startEvents();
                if ($last === null) { $events->send('begin', id: '0', retry: 200); }
                $events->detach('room', $last);
                break;
            case '/seen':
                $note('seen ' . $request->body());
            default:
                $request->respond(200);
        }"#,
    )
    .start();
    let Some(browser) = Browser::open(server.address) else { return };
    until("the page listens", || ask(&server, "/count/room") == "1");
    assert_eq!(ask(&server, "/publish/room?data=one&id=1"), "1");
    assert_eq!(ask(&server, "/close/room"), "1");
    // It may be back already, or not yet: it gets this once.
    ask(&server, "/publish/room?data=two&id=2");
    until("the page listens again", || ask(&server, "/count/room") == "1");
    assert_eq!(ask(&server, "/publish/room?data=end&id=3"), "1");
    until("the page has said what it saw", || notes(&server).contains("seen"));
    drop(browser);
    assert_eq!(notes(&server), "from NULL\nfrom '1'\nseen 0begin 1one 2two 3end\n");
    server.stop();
}
