//! Forms with files.

use std::fs;

use crate::support::{Client, Server, get, until};

/// What PHP sees, as JSON.
const SEEN: &str = r#"
    $walk = function ($file) use (&$walk) {
        return is_array($file) ? array_map($walk, $file)
            : [$file->clientName, $file->clientPath, $file->type, $file->size, $file->error, $file->error ? null : file_get_contents($file->path)];
    };
    $paths = [];
    $files = $request->files();
    array_walk_recursive($files, function ($file) use (&$paths) { $paths[] = $file->path; });
    file_put_contents(__DIR__ . '/paths', implode("\n", $paths));
    $request->respond(200, ['form' => $request->form(), 'files' => array_map($walk, $files), 'body' => strlen($request->body())]);"#;

fn part(disposition: &str, contents: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: text/plain\r\n\r\n{contents}\r\n")
}

#[track_caller]
fn post(server: &Server, target: &str, parts: &[String]) -> String {
    let body = parts.concat() + "--XX--\r\n";
    let mut client = Client::connect(server.address).unwrap();
    let response =
        client.request("POST", target, "Content-Type: multipart/form-data; boundary=XX\r\n", body.as_bytes()).unwrap();
    assert_eq!(response.status, 200, "{}", server.log());
    response.text()
}

/// A server with its uploads in a folder of its own.
fn server(body: &str, settings: &str) -> Server {
    let builder = Server::with_loop(body);
    builder
        .config(&format!("http: {{address: {{address}}, uploads: {{dir: .}}, {settings} pool: {{num_workers: 1}}}}"))
        .start()
}

fn directories(server: &Server) -> Vec<String> {
    let entries = fs::read_dir(&server.directory).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("rr-uploads-")).collect()
}

#[test]
fn fields_and_files_have_the_shapes_of_php() {
    let server = server(SEEN, "");
    let text = post(
        &server,
        "/",
        &[
            part("name=\"a\"", "1"),
            part("name=\"list[]\"", "x"),
            part("name=\"list[]\"", "y"),
            part("name=\"tree[k][l]\"", "z"),
            part("name=\"one\"; filename=\"dir/one.txt\"", "contents"),
            part("name=\"many[]\"; filename=\"C:\\\\a.txt\"", "a"),
            part("name=\"many[]\"; filename=\"b.txt\"", "b"),
            part("name=\"none\"; filename=\"\"", ""),
            part("name=\"a\"", "last"),
        ],
    );
    assert_eq!(
        text,
        r#"{"form":{"a":"last","list":["x","y"],"tree":{"k":{"l":"z"}}},"files":{"one":["one.txt","dir/one.txt","text/plain",8,0,"contents"],"many":[["a.txt","C:\\a.txt","text/plain",1,0,"a"],["b.txt","b.txt","text/plain",1,0,"b"]],"none":["","","",0,4,null]},"body":0}"#
    );
    // Gone with their request, which ends with the next wait.
    assert_eq!(get(server.address, "/").text(), r#"{"form":[],"files":[],"body":0}"#);
    server.stop();
}

#[test]
fn files_go_with_their_request_and_their_directory_with_the_server() {
    let mut server = server(SEEN, "");
    post(&server, "/", &[part("name=f; filename=f", "x")]);
    let path = fs::read_to_string(server.directory.join("paths")).unwrap();
    let path = server.directory.join(&path);
    until("the file is removed", || !path.exists());
    assert_eq!(directories(&server).len(), 1);
    let directory = server.directory.clone();
    assert!(path.starts_with(directory.join(&directories(&server)[0])));
    server.signal(15);
    assert_eq!(server.wait().code(), Some(0));
    assert!(directories(&server).is_empty());
}

#[test]
fn files_are_moved_but_once_and_with_the_mode_of_new_files() {
    let server = server(
        r#"
        chdir(__DIR__);
        $file = $request->files()['f'];
        $said = [];
        foreach (['moved', 'again', ''] as $target) {
            try { $file->moveTo($target); $said[] = file_get_contents(__DIR__ . "/$target"); }
            catch (RoadRunner\Exception\UploadException | ValueError $error) { $said[] = $error::class; }
        }
        try { $request->files()['none']->moveTo('x'); } catch (RoadRunner\Exception\LogicException $error) { $said[] = $error->getMessage(); }
        $request->respond(200, implode("|", $said) . sprintf('|%o', fileperms(__DIR__ . '/moved') & 0777 | umask()));"#,
        "",
    );
    let text = post(&server, "/", &[part("name=f; filename=f", "contents"), part("name=none; filename=\"\"", "")]);
    assert_eq!(
        text,
        "contents|RoadRunner\\Exception\\UploadException|ValueError|there is no file to move: the upload has an error|666"
    );
    server.stop();
}

#[test]
fn a_worker_that_dies_leaves_no_file() {
    let server = server(
        r"
        file_put_contents(__DIR__ . '/paths', $request->files()['f']->path);
        exit(1);",
        "",
    );
    let body = part("name=f; filename=f", "x") + "--XX--";
    let mut client = Client::connect(server.address).unwrap();
    let kind = "Content-Type: multipart/form-data; boundary=XX\r\n";
    assert_eq!(client.request("POST", "/", kind, body.as_bytes()).unwrap().status, 500);
    let path = server.directory.join(fs::read_to_string(server.directory.join("paths")).unwrap());
    until("the file is removed", || !path.exists());
    server.stop();
}

#[test]
fn what_is_too_large_forbidden_or_malformed_is_said() {
    let builder = Server::with_loop(SEEN).ini("upload_max_filesize=1K").ini("max_file_uploads=2");
    let server =
        builder.config("http: {address: {address}, uploads: {dir: ., forbid: [.php]}, pool: {num_workers: 1}}").start();
    let text = post(
        &server,
        "/",
        &[
            part("name=a; filename=a.PHP", "<?php"),
            part("name=b; filename=b", &"x".repeat(1025)),
            part("name=c; filename=c", "one too many"),
        ],
    );
    assert!(text.contains(r#""files":{"a":["a.PHP","a.PHP","",0,8,null],"b":["b","b","",0,1,null]}"#), "{text}");
    let mut client = Client::connect(server.address).unwrap();
    let response = client.request("POST", "/", "Content-Type: multipart/form-data\r\n", b"--XX--").unwrap();
    assert_eq!((response.status, response.text().as_str()), (400, "The form is malformed\n"));
    server.stop();
}

#[test]
fn a_raw_body_is_passed_on_as_it_is() {
    let server = server(SEEN, "raw_body: true,");
    let text = post(&server, "/", &[part("name=a", "1")]);
    let length = part("name=a", "1").len() + "--XX--\r\n".len();
    assert_eq!(text, format!(r#"{{"form":[],"files":[],"body":{length}}}"#));
    server.stop();
}

#[test]
fn a_large_file_costs_little_memory() {
    const LENGTH: usize = 100 * 1024 * 1024;
    let server = server("$request->respond(200, (string) $request->files()['f']->size);", "max_request_size: 200,");
    get(server.address, "/warm");
    let before = server.resident();
    let head = part("name=f; filename=f", "");
    let head = &head[..head.len() - 2];
    let tail = "\r\n--XX--\r\n";
    let mut client = Client::connect(server.address).unwrap();
    client
        .send(
            format!(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: {}\r\n\r\n{head}",
                head.len() + LENGTH + tail.len()
            )
            .as_bytes(),
        )
        .unwrap();
    let piece = vec![b'x'; 1024 * 1024];
    let mut most = 0;
    for _ in 0..LENGTH / piece.len() {
        client.send(&piece).unwrap();
        most = most.max(server.resident());
    }
    client.send(tail.as_bytes()).unwrap();
    assert_eq!(client.response(false).unwrap().text(), LENGTH.to_string());
    assert!(most < before + 4 * 1024 * 1024, "memory grew from {before} to {most}");
    server.stop();
}
