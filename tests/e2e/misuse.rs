//! Wrong uses of the API fail clearly and harm nobody.

use crate::support::{Client, Server, get, until};

/// Answers with the class and message of what `code` throws.
fn thrown(code: &str) -> String {
    let server = Server::with_loop(&format!(
        r#"try {{
            {code}
            $request->respond(200, 'nothing was thrown');
        }} catch (Throwable $e) {{
            $text = get_class($e) . ': ' . $e->getMessage();
            try {{ $request->respond(200, $text); }} catch (Throwable) {{ error_log("thrown: $text"); }}
        }}"#
    ))
    .workers(1)
    .start();
    let text = get(server.address, "/").text();
    let log = server.stop();
    log.split_once("thrown: ").map_or(text, |(_, rest)| rest.split_once(" worker=").unwrap_or((rest, "")).0.to_owned())
}

#[test]
fn wrong_arguments_are_refused() {
    for (code, expected) in [
        ("$worker->respond(99);", "ValueError: The status must be from 200 to 599, 99 given"),
        ("$worker->respond(600);", "ValueError: The status must be from 200 to 599, 600 given"),
        ("$worker->respond(103);", "ValueError: The status must be from 200 to 599, 103 given"),
        ("$worker->respond(-1);", "ValueError: The status must be from 200 to 599, -1 given"),
        (r#"$worker->respond(200, '', ["a\r\nb" => 'c']);"#, r#"ValueError: "a\r\nb" is not a header name"#),
        (r#"$worker->respond(200, '', ["a b" => 'c']);"#, r#"ValueError: "a b" is not a header name"#),
        (r#"$worker->respond(200, '', ["" => 'c']);"#, r#"ValueError: "" is not a header name"#),
        (
            r#"$worker->respond(200, '', ['c']);"#,
            "ValueError: Headers must be an array of name => value, but 0 is not a name",
        ),
        (
            r#"$worker->respond(200, '', ['a' => "b\r\nset-cookie: x"]);"#,
            r#"ValueError: The value "b\r\nset-cookie: x" of header "a" has a control character"#,
        ),
        (
            r#"$worker->respond(200, '', ['a' => "b\0"]);"#,
            r#"ValueError: The value "b\x00" of header "a" has a control character"#,
        ),
        (
            r#"$worker->respond(200, '', ['a' => ['b', "c\n"]]);"#,
            r#"ValueError: The value "c\n" of header "a" has a control character"#,
        ),
        (
            r#"$worker->respond(200, '', ['a' => null]);"#,
            r#"TypeError: The value of header "a" must be a string, an integer or a list of them, null given"#,
        ),
        (
            "$worker->respond(200, 1.5);",
            "TypeError: The body must be a string, an array, a Traversable, a stream, a Stringable, a JsonSerializable, a stdClass or null, float given",
        ),
        (
            "$worker->respond(200, stream_context_create());",
            "TypeError: RoadRunner\\Worker::respond(): supplied resource is not a valid stream resource",
        ),
        (
            r#"$worker->respond(200, ["\xff"]);"#,
            "JsonException: Malformed UTF-8 characters, possibly incorrectly encoded",
        ),
        (
            "$worker->respond('ok');",
            r#"TypeError: RoadRunner\Worker::respond(): Argument #1 ($status) must be of type int, string given"#,
        ),
        (
            "$worker->respond(200, new class { function __toString() { throw new DomainException('from user code'); } });",
            "DomainException: from user code",
        ),
        (
            "$worker->respond(200); $worker->respond(200);",
            r"RoadRunner\Exception\LogicException: the request was already answered",
        ),
        (
            "$worker->respond(200); $request->respond(200);",
            r"RoadRunner\Exception\LogicException: the request was already answered",
        ),
        ("clone $request;", r"Error: Trying to clone an uncloneable object of class RoadRunner\Http\Request"),
    ] {
        assert_eq!(thrown(code), expected, "{code}");
    }
}

#[test]
fn a_finished_request_cannot_be_used() {
    let server = Server::of(
        r#"<?php
$worker = new RoadRunner\Worker();
try { $worker->respond(200); } catch (RoadRunner\Exception\LogicException $e) { $errors[] = $e->getMessage(); }
$before = null;
while ($request = $worker->waitRequest()) {
    foreach ($before ? ['method', 'body', 'headers', 'respond'] : [] as $use) {
        try {
            $use === 'method' ? $before->method : $before->$use(200);
            $errors[] = "$use worked";
        } catch (Throwable $e) {
            $errors[] = "$use: " . $e->getMessage();
        }
    }
    $worker->respond(200, $errors);
    $before = $request;
}
"#,
    )
    .workers(1)
    .start();
    let over = "the request is over: waitRequest() was called since";
    assert_eq!(get(server.address, "/").text(), r#"["there is no request to answer: call waitRequest() first"]"#);
    assert_eq!(
        get(server.address, "/").text(),
        format!(
            r#"["there is no request to answer: call waitRequest() first","method: {over}","body: RoadRunner\\Http\\Request::body() expects exactly 0 arguments, 1 given","headers: RoadRunner\\Http\\Request::headers() expects exactly 0 arguments, 1 given","respond: {over}"]"#
        )
    );
    server.stop();
}

#[test]
fn a_finished_request_that_is_kept_never_becomes_a_later_one() {
    let server = Server::of(
        r#"<?php
$worker = new RoadRunner\Worker();
$kept = [];
while ($request = $worker->waitRequest()) {
    $over = 0;
    foreach ($kept as $one) {
        try { $one->path; } catch (RoadRunner\Exception\LogicException) { $over++; }
    }
    $worker->respond(200, count($kept) . " $over $request->path");
    if (strlen($request->path) % 3) $kept[] = $request;
}
"#,
    )
    .workers(1)
    .start();
    let mut kept = 0;
    for length in 1..40 {
        let path = format!("/{}", "a".repeat(length));
        assert_eq!(get(server.address, &path).text(), format!("{kept} {kept} {path}"));
        kept += usize::from(path.len() % 3 > 0);
    }
    server.stop();
}

#[test]
fn a_wait_with_an_unanswered_request_answers_500_and_names_the_line() {
    let server = Server::with_loop("if ($request->path !== '/forgotten') $worker->respond(200);").workers(1).start();
    assert_eq!(get(server.address, "/forgotten").status, 500);
    assert_eq!(get(server.address, "/").status, 200);
    let log = server.stop();
    assert!(log.contains("The request was not answered before the next wait at "), "{log}");
    assert!(log.contains("worker.php:3 worker=rr-php-http-0 method=GET uri=/forgotten"), "{log}");
}

#[test]
fn internal_error_code_is_honoured() {
    let server = Server::with_loop("exit;").config("http: {address: {address}, internal_error_code: 599}").start();
    assert_eq!(get(server.address, "/").status, 599);
    server.stop();
}

#[test]
fn answering_a_client_that_has_gone_is_told() {
    let server = Server::with_loop(
        r#"
    if ($request->path === '/leave') {
        touch(__DIR__ . '/taken');
        for ($i = 0; $i < 6000 && !$request->isAborted(); $i++) {
            usleep(5000);
        }
        $sent = $worker->respond(200, 'too late');
        file_put_contents(__DIR__ . '/sent.new', var_export($sent, true));
        rename(__DIR__ . '/sent.new', __DIR__ . '/sent');
    } else {
        $worker->respond(200, var_export($request->isAborted(), true));
    }"#,
    )
    .workers(1)
    .start();
    let mut client = Client::connect(server.address).unwrap();
    client.send(b"GET /leave HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    until("the request is taken", || server.directory.join("taken").exists());
    drop(client);
    until("the worker has noticed", || server.directory.join("sent").exists());
    assert_eq!(std::fs::read_to_string(server.directory.join("sent")).unwrap(), "false");
    assert_eq!(get(server.address, "/").text(), "false");
    server.stop();
}

#[test]
fn stop_recycles_the_worker_and_hands_an_unanswered_request_on() {
    let server = Server::of(
        r#"<?php
$boot = bin2hex(random_bytes(8));
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    if ($request->path === '/stop') {
        $worker->respond(200, $boot);
        $worker->stop();
    } elseif ($request->path === '/retry' && !file_exists(__DIR__ . '/tried')) {
        touch(__DIR__ . '/tried');
        $worker->stop();
    } else {
        $worker->respond(200, $boot . var_export($worker->isStopping(), true));
    }
}
"#,
    )
    .workers(1)
    .start();
    let first = get(server.address, "/stop").text();
    let second = get(server.address, "/").text();
    assert!(second.ends_with("false") && !second.starts_with(&first), "{first} {second}");
    let third = get(server.address, "/retry");
    assert_eq!(third.status, 200);
    assert_ne!(third.text(), second);
    server.stop();
}

#[test]
fn a_request_is_handed_on_once_and_then_given_up() {
    let server = Server::of(
        r#"<?php
$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $worker->stop();
}
"#,
    )
    .workers(2)
    .start();
    for _ in 0..5 {
        assert_eq!(get(server.address, "/").status, 500);
    }
    let log = server.stop();
    assert_eq!(log.matches("The request was not answered before the next wait").count(), 5, "{log}");
}

#[test]
fn a_worker_of_another_server_does_not_serve() {
    let (code, output) = Server::with_loop("").env("RR_RELAY", "pipes").run();
    assert_eq!(code, Some(255));
    assert!(output.contains("LogicException: RR_RELAY is set"), "{output}");
}
