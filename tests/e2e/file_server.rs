//! Section `fileserver`: files at an address of their own, beside PHP.

use std::{fs, net::SocketAddr};

use libc::{SIGTERM, SIGUSR2};

use crate::support::{Client, Server, get, server::Builder, signal, until};

const SCRIPT: &str = "<?php\n$worker = new RoadRunner\\Worker();\n\
                      while ($request = $worker->waitRequest()) { $worker->respond(200, \"php:$request->path\"); }\n";

/// A server with a file `public/a.txt`, and a PHP file beside it.
fn server() -> Builder {
    let builder = Server::of(SCRIPT).config(
        "http: {address: {address}, pool: {num_workers: 1}, access_logs: true}\n\
         fileserver: {address: {address}, serve: [{prefix: /files, root: public, max_age: 60}]}\n",
    );
    fs::create_dir(builder.directory().join("public")).unwrap();
    builder.file("public/a.txt", "text").file("public/index.php", "<?php secret")
}

/// Waits until it is known where the files are.
fn files(server: &Server) -> SocketAddr {
    const SAID: &str = "Serving files on ";
    server.wait_for_log(SAID);
    let log = server.log();
    let rest = log.split_once(SAID).unwrap().1;
    rest.split(|c: char| c.is_whitespace() || c == '"').next().unwrap().parse().unwrap()
}

/// Both answer, each at its own address.
#[track_caller]
fn both_answer(server: &Server, files: SocketAddr) {
    assert_eq!(get(server.address, "/files/a.txt").text(), "php:/files/a.txt");
    let response = get(files, "/files/a.txt");
    assert_eq!((response.status, response.text().as_str()), (200, "text"));
    assert_eq!(response.header("cache-control"), Some("public, max-age=60"));
    for path in ["/files/index.php", "/files/none.txt", "/a.txt", "/"] {
        assert_eq!(get(files, path).status, 404, "{path}");
    }
}

#[test]
fn files_are_served_beside_php_and_logged() {
    let server = server().start();
    both_answer(&server, files(&server));
    let log = server.stop();
    for entry in ["status=404 method=GET URI=/files/index.php ", "status=404 method=GET URI=/files/none.txt "] {
        assert!(log.contains(entry), "no {entry} in the log:\n{log}");
    }
    assert_eq!(log.matches("status=200 method=GET URI=/files/a.txt ").count(), 2, "{log}");
}

#[test]
fn they_are_served_without_a_break_while_the_generation_changes() {
    for parent in [false, true] {
        let builder = if parent { server().parent() } else { server() };
        let mut server = builder.start();
        let files = files(&server);
        let before = server.processes();
        let mut kept = Client::connect(files).unwrap();
        assert_eq!(kept.get("/files/a.txt").unwrap().text(), "text");
        fs::write(server.directory.join("public/a.txt"), "text").unwrap();
        server.signal(SIGUSR2);
        // Whoever asks, is answered, by one generation or the other.
        until("the generation has changed", || {
            both_answer(&server, files);
            server.log().contains("Generation changed")
        });
        let last = kept.get("/files/a.txt").unwrap();
        assert_eq!((last.text().as_str(), last.header("connection")), ("text", Some("close")));
        until("the last generation is alone", || {
            let now = server.processes();
            now.len() == 1 && now != before
        });
        both_answer(&server, files);
        if parent {
            server.stop();
        } else {
            assert_eq!(server.wait().code(), Some(0), "{}", server.log());
            signal(server.processes()[0], SIGTERM);
            until("the last generation has ended", || server.processes().is_empty());
        }
    }
}

#[test]
fn a_directory_that_is_not_there_is_an_error_before_anything_starts() {
    let config = "http: {address: {address}}\nfileserver: {address: {address}, serve: [{prefix: /, root: none}]}\n";
    let message = "fileserver.serve.root is \"none\", but there is no such directory";
    let (code, output) = Server::of(SCRIPT).config(config).run();
    assert!(code == Some(255) && output.contains(message), "{code:?}: {output}");
    let (code, output) = Server::of(SCRIPT).config(config).parent().run();
    assert!(code == Some(78) && output.contains(message), "{code:?}: {output}");
}
