//! Files that PHP sends: `sendFile()`, `Response::file()` and `X-Sendfile`.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
};

use crate::support::{
    Client, Server,
    client::Response,
    get, http2,
    pki::{Authority, replace},
    until,
};

/// More than fits into the sockets between a server and a client that does not read.
const LONG: usize = 32 * 1024 * 1024;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

/// How often the server has a file open.
fn open(server: &Server, name: &str) -> usize {
    let entries = fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().flatten();
    let targets = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
    targets.filter(|target| target.to_string_lossy().contains(&format!("/{name}"))).count()
}

#[track_caller]
fn ask(server: &Server, target: &str, headers: &str) -> Response {
    Client::connect(server.address).and_then(|mut client| client.request("GET", target, headers, b"")).unwrap()
}

#[test]
fn a_file_is_sent_without_the_worker_whatever_becomes_of_its_name() {
    // Of what comes behind the answer, the client gets nothing.
    let script = r#"
    if ($request->path === '/long') {
        $sent = $request->sendFile(__DIR__ . '/long.bin', 'naïve.bin', headers: ['x-mine' => 'yes']);
        rename(__DIR__ . '/long.bin', __DIR__ . '/moved.bin');
        file_put_contents(__DIR__ . '/long.bin', var_export($sent, true));
    } else {
        $worker->respond(200, 'free');
    }"#;
    let server = Server::with_loop(script).workers(1).start();
    fs::write(server.directory.join("long.bin"), pattern(LONG)).unwrap();
    let mut slow = Client::connect(server.address).unwrap();
    slow.send(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    // The only worker is free while nothing is read of the file.
    until("the worker has answered", || fs::read(server.directory.join("long.bin")).is_ok_and(|text| text == b"true"));
    for _ in 0..3 {
        assert_eq!(get(server.address, "/").text(), "free");
    }
    assert_eq!(open(&server, "moved.bin"), 1);
    let response = slow.response(false).unwrap();
    assert!(response.body == pattern(LONG));
    for (name, value) in [
        ("content-disposition", "attachment; filename=\"na_ve.bin\"; filename*=UTF-8''na%C3%AFve.bin"),
        ("content-type", "application/octet-stream"),
        ("accept-ranges", "bytes"),
        ("x-mine", "yes"),
    ] {
        assert_eq!(response.header(name), Some(value));
    }
    assert_eq!(slow.get("/").unwrap().text(), "free", "the connection goes on");
    until("the file is closed", || open(&server, "moved.bin") == 0);
    // A client that leaves.
    fs::rename(server.directory.join("moved.bin"), server.directory.join("long.bin")).unwrap();
    let mut leaver = Client::connect(server.address).unwrap();
    leaver.send(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    leaver.some().unwrap();
    until("the file is open", || open(&server, "moved.bin") == 1);
    drop(leaver);
    until("the file is closed", || open(&server, "moved.bin") == 0);
    server.stop();
}

#[test]
fn what_cannot_be_sent_is_an_exception_and_the_script_answers_otherwise() {
    let script = r#"
    try {
        $sent = $request->sendFile($request->query('path'), $request->query('name'));
    } catch (Throwable $error) {
        $worker->respond(500, $error::class . ': ' . $error->getMessage());
    }"#;
    let builder = Server::with_loop(script).file("a.txt", "contents").file("secret.txt", "secret").workers(1);
    let directory = builder.directory().to_owned();
    Command::new("mkfifo").arg(directory.join("fifo")).status().unwrap();
    fs::create_dir(directory.join("folder")).unwrap();
    fs::write(directory.join("folder/inside.txt"), "inside").unwrap();
    symlink("../secret.txt", directory.join("folder/out.txt")).unwrap();
    let basedir = format!("{}/folder/", directory.display());
    let server = builder.start();
    let at = server.directory.display().to_string();
    let ask = |server: &Server, path: &str| ask(server, &format!("/?path={path}"), "").text();
    let of = |what: &str| format!("RoadRunner\\Exception\\FileException: cannot send {what}");
    assert_eq!(ask(&server, &format!("{at}/a.txt")), "contents");
    assert_eq!(ask(&server, &format!("{at}/none")), of(&format!("{at}/none: No such file or directory (os error 2)")));
    assert_eq!(
        ask(&server, &format!("{at}/folder")),
        of(&format!("{at}/folder: it is a directory, not a regular file"))
    );
    assert_eq!(ask(&server, &format!("{at}/fifo")), of(&format!("{at}/fifo: it is a FIFO, not a regular file")));
    assert_eq!(ask(&server, "/dev/zero"), of("/dev/zero: it is a device, not a regular file"));
    assert_eq!(ask(&server, ""), "ValueError: The path of a file must have from 1 to 4095 bytes");
    assert_eq!(
        ask(&server, &format!("{at}/a.txt&name=a/b")),
        "ValueError: \"a/b\" is no name for a file: UTF-8 without slashes and control characters"
    );

    let confined = Server::with_loop(script).workers(1);
    let own = confined.directory().display().to_string();
    let confined = confined.ini(&format!("open_basedir={basedir}:{own}")).start();
    assert_eq!(ask(&confined, &format!("{basedir}inside.txt")), "inside");
    for (path, real) in [(format!("{at}/a.txt"), "a.txt"), (format!("{basedir}out.txt"), "secret.txt")] {
        assert_eq!(ask(&confined, &path), of(&format!("{at}/{real}: open_basedir does not allow it")));
    }
    confined.stop();
    server.stop();
}

#[test]
fn responses_are_values() {
    let script = r#"
    $response = match ($request->path) {
        '/text' => new RoadRunner\Http\Response(201, 'text', ['x-a' => 'b']),
        '/list' => new RoadRunner\Http\Response(body: ['a', 'b']),
        '/json' => RoadRunner\Http\Response::json('é', 202),
        '/problem' => RoadRunner\Http\Response::json(['x' => 1], 400, ['Content-Type' => 'application/problem+json']),
        '/redirect' => RoadRunner\Http\Response::redirect('/elsewhere', 303),
        '/file' => RoadRunner\Http\Response::file(__DIR__ . '/a.css', 'b.css', inline: true, headers: ['cache-control' => 'no-cache']),
        '/generator' => new RoadRunner\Http\Response(body: (function () { yield 'a'; yield 'b'; })()),
    };
    $request->query('worker') ? $worker->send($response) : $request->send($response);"#;
    let server = Server::with_loop(script).file("a.css", "a {}").workers(1).start();
    for more in ["", "?worker=1"] {
        for (target, status, text, header) in [
            ("/text", 201, "text", ("x-a", "b")),
            ("/list", 200, "[\"a\",\"b\"]", ("content-type", "application/json")),
            ("/json", 202, "\"é\"", ("content-type", "application/json")),
            ("/problem", 400, "{\"x\":1}", ("content-type", "application/problem+json")),
            ("/redirect", 303, "", ("location", "/elsewhere")),
            ("/file", 200, "a {}", ("content-disposition", "inline; filename=\"b.css\"")),
            ("/file", 200, "a {}", ("content-type", "text/css; charset=utf-8")),
            ("/file", 200, "a {}", ("cache-control", "no-cache")),
            ("/generator", 200, "ab", ("transfer-encoding", "chunked")),
        ] {
            let response = get(server.address, &format!("{target}{more}"));
            assert_eq!((response.status, response.text().as_str()), (status, text), "{target}");
            assert_eq!(response.header(header.0), Some(header.1), "{target}");
        }
    }
    server.stop();
}

const X_SENDFILE: &str = r#"
    $headers = ['X-Sendfile' => $request->query('path'), 'x-kept' => 'yes'];
    $body = $request->query('streamed') ? (function () { yield 'PHP'; })() : 'PHP';
    $request->respond((int) $request->query('status', 200), $body, $headers + ($request->query('type') ? ['content-type' => $request->query('type')] : []));"#;

#[test]
fn x_sendfile_is_replaced_by_the_file_that_it_names() {
    let builder = Server::with_loop(X_SENDFILE).file("secret.txt", "secret").file("a.txt", "0123456789");
    for folder in ["public", "public/deep", "shared"] {
        fs::create_dir(builder.directory().join(folder)).unwrap();
    }
    let config = "http: {address: {address}, middleware: [sendfile], sendfile: {roots: [public, shared]}, pool: {num_workers: 1}}\n";
    let server = builder.file("public/a.txt", "0123456789").file("shared/b.txt", "shared").config(config).start();
    let at = server.directory.display().to_string();
    symlink("../../secret.txt", server.directory.join("public/deep/out.txt")).unwrap();
    symlink(server.directory.join("shared/b.txt"), server.directory.join("public/b.txt")).unwrap();
    let response = ask(&server, &format!("/?path={at}/public/a.txt"), "");
    assert_eq!((response.status, response.text().as_str()), (200, "0123456789"));
    assert_eq!((response.header("x-sendfile"), response.header("x-kept")), (None, Some("yes")));
    assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    let response = ask(&server, "/?path=public/a.txt&type=text/x&streamed=1", "Range: bytes=2-3\r\n");
    assert_eq!((response.status, response.text().as_str()), (206, "23"), "relative to the working directory");
    assert_eq!(
        (response.header("content-type"), response.header("content-range")),
        (Some("text/x"), Some("bytes 2-3/10"))
    );
    assert_eq!(ask(&server, "/?path=public/a.txt&status=404", "Range: bytes=2-3\r\n").text(), "0123456789");
    assert_eq!(ask(&server, "/?path=public/b.txt", "").text(), "shared", "a link into another root");
    for path in ["public/../secret.txt", "secret.txt", "public/deep/out.txt", "public/none", "/etc/passwd"] {
        let response = ask(&server, &format!("/?path={path}"), "");
        assert_eq!((response.status, response.text().as_str()), (404, "Not Found\n"), "{path}");
        assert_eq!((response.header("x-sendfile"), response.header("x-kept")), (None, None), "{path}");
    }
    server.wait_for_log("public/../secret.txt");
    server.wait_for_log(
        "X-Sendfile names a file that is refused: it is below none of the directories that files may be sent",
    );
    server.wait_for_log("X-Sendfile names a file that is not there");
    assert_eq!(ask(&server, "/?path=public/deep", "").status, 500);
    server.wait_for_log("X-Sendfile names a file that cannot be sent: it is a directory, not a regular file");
    server.stop();
}

#[test]
fn x_sendfile_means_the_working_directory_by_default_and_nothing_without_the_middleware() {
    for (middleware, expected) in [("[sendfile]", (200, "contents", None)), ("[]", (200, "PHP", Some("a.txt")))] {
        let config = format!("http: {{address: {{address}}, middleware: {middleware}, pool: {{num_workers: 1}}}}\n");
        let server = Server::with_loop(X_SENDFILE).file("a.txt", "contents").config(&config).start();
        let response = ask(&server, "/?path=a.txt", "");
        assert_eq!((response.status, response.text().as_str(), response.header("x-sendfile")), expected);
        if middleware != "[]" {
            assert_eq!(ask(&server, "/?path=/etc/passwd", "").status, 404);
        }
        server.stop();
    }
}

#[test]
fn files_are_exact_over_tls_and_http_2() {
    let builder = Server::with_loop("$request->sendFile(__DIR__ . '/long.bin');");
    let authority = Authority::new("Root");
    authority.server(&["test"]).write(builder.directory(), "test");
    replace(&builder.directory().join("root.pem"), &authority.pem());
    fs::write(builder.directory().join("long.bin"), pattern(LONG)).unwrap();
    let config = "http: {pool: {num_workers: 2}, ssl: {address: {address}, cert: test.crt, key: test.key}}\n";
    let server = builder.config(config).start();
    let address = server.tls_address();
    for version in ["--http1.1", "--http2"] {
        let got = Command::new("curl")
            .current_dir(&server.directory)
            .args(["-sS", "--max-time", "300", "--cacert", "root.pem", version, "-o", "got.bin", "-w", "%{http_code}"])
            .args(["-r", "1-", "--resolve", &format!("test:{}:127.0.0.1", address.port())])
            .arg(format!("https://test:{}/", address.port()))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&got.stdout), "206", "{}", String::from_utf8_lossy(&got.stderr));
        assert!(fs::read(server.directory.join("got.bin")).unwrap() == pattern(LONG)[1..], "{version}");
    }
    until("the file is closed", || open(&server, "long.bin") == 0);
    server.stop();
}

#[test]
fn streams_of_http_2_that_end_close_their_files() {
    let config = "http: {address: {address}, http2: {h2c: true}, pool: {num_workers: 2}}\n";
    let server = Server::with_loop("$request->sendFile(__DIR__ . '/long.bin');").config(config).start();
    fs::write(server.directory.join("long.bin"), pattern(LONG)).unwrap();
    http2::run(async {
        let connection = http2::Connection::open(server.address).await;
        let (one, two) = tokio::join!(connection.get("/"), connection.get("/"));
        for whole in [one.unwrap(), two.unwrap()] {
            assert_eq!((whole.status, whole.headers["content-length"].to_str().unwrap()), (200, "33554432"));
            assert!(whole.body == pattern(LONG));
        }
        // One that is left while its file is sent, on a connection that goes on.
        let response = connection.begin(http2::get("/"), "").await.unwrap().await.unwrap();
        drop(response);
        let mut ranged = http2::get("/");
        ranged.headers_mut().insert("range", "bytes=-4".parse().unwrap());
        assert_eq!(connection.send(ranged, "").await.unwrap().body, pattern(LONG)[LONG - 4..]);
    });
    until("the files are closed", || open(&server, "long.bin") == 0);
    server.stop();
}

#[test]
fn a_file_that_may_not_be_read_is_an_exception() {
    if nix::unistd::geteuid().is_root() {
        println!("root may read every file: not looked at");
        return;
    }
    let script = "try { $request->sendFile(__DIR__ . '/a.txt'); } catch (RoadRunner\\Exception\\FileException $error) { $request->respond(403); }";
    let server = Server::with_loop(script).file("a.txt", "a").workers(1).start();
    fs::set_permissions(server.directory.join("a.txt"), fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(get(server.address, "/").status, 403);
    server.stop();
}
