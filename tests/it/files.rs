//! Files that are sent while nobody works on their requests any more.

use std::{fs, io::Write, path::PathBuf, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use roadrunner::http::{Answer, Opened};

use crate::{
    http2::http2,
    support::{
        Builder, Client, Folder,
        http2::{Connection, get, run},
        until,
    },
};

/// More than fits into the sockets between server and client.
const LONG: usize = 32 * 1024 * 1024;
/// A limit that is waited for.
const SHORT: Duration = Duration::from_millis(400);

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

/// A long file, and workers that answer each request with it.
fn sending() -> (Builder, Folder, PathBuf) {
    let folder = Folder::new();
    let path = folder.0.join("long");
    fs::write(&path, pattern(LONG)).unwrap();
    let sent = path.clone();
    let builder = Builder::new(move |envelope| {
        let answer = Answer::new(StatusCode::OK, Bytes::new());
        let answer = Opened::open(&sent).unwrap().reply(&envelope.request.head, answer).unwrap();
        envelope.replier.answer(answer);
    });
    (builder, folder, path)
}

/// How often this process has a file open.
fn open(path: &PathBuf) -> usize {
    let entries = fs::read_dir("/proc/self/fd").unwrap().flatten();
    entries.filter(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == *path)).count()
}

#[test]
fn a_file_is_exact_between_other_answers_of_its_connection() {
    let (builder, _folder, path) = sending();
    let server = builder.start();
    let mut client = Client::connect(server.address);
    client.send(
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nRange: bytes=1-200000,-1\r\n\r\n\
         GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nRange: bytes=7-7\r\nConnection: close\r\n\r\n",
    );
    let head = client.response_without_body();
    assert_eq!((head.status, head.header("content-length")), (200, Some("33554432")));
    assert!(client.response().body == pattern(LONG));
    let parts = client.response();
    assert_eq!(parts.status, 206);
    let first = &pattern(LONG)[1..=200_000];
    assert!(parts.body.windows(first.len()).take(200).any(|window| window == first));
    assert!(String::from_utf8_lossy(&parts.body).contains("Content-Range: bytes 33554431-33554431/33554432\r\n\r\n"));
    assert_eq!(client.response_without_body().status, 304);
    assert_eq!(client.response().body, [7]);
    client.expect_end();
    until("the files are closed", || open(&path) == 0);
    server.stop();
}

#[test]
fn a_client_that_takes_nothing_is_cut_off_and_the_file_closed() {
    let (mut builder, _folder, path) = sending();
    builder.config.http.limits.write_timeout = SHORT;
    let server = http2(builder).start();
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.some().unwrap();
    until("the file is closed", || open(&path) == 0);
    run(async {
        let connection = Connection::open(server.address).await;
        let response = connection.begin(get("/"), "").await.unwrap().await.unwrap();
        let (closed, closing) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            until("the file is closed", || open(&path) == 0);
            closed.send(()).unwrap();
        });
        closing.await.unwrap();
        drop(response);
    });
    server.stop();
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_cut_off() {
    let (builder, _folder, path) = sending();
    let server = http2(builder).start();
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    // Nothing more than what fits into the sockets is on its way.
    client.some().unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(1).unwrap();
    let rest = std::iter::from_fn(|| client.some().ok().filter(|rest| !rest.is_empty())).collect::<Vec<_>>().concat();
    assert!(rest.len() < LONG, "{}", rest.len());
    assert!(rest.windows(2).all(|pair| pair != [0, 0]), "no garbage");
    until("the file is closed", || open(&path) == 0);

    let mut file = fs::File::create(&path).unwrap();
    file.write_all(&pattern(LONG)).unwrap();
    run(async {
        let connection = Connection::open(server.address).await;
        let (head, mut body) = connection.begin(get("/"), "").await.unwrap().await.unwrap().into_parts();
        assert_eq!(head.headers["content-length"].to_str().unwrap(), LONG.to_string());
        file.set_len(1).unwrap();
        let reset = loop {
            match body.data().await.expect("a reset comes before the end") {
                Ok(data) => body.flow_control().release_capacity(data.len()).unwrap(),
                Err(reset) => break reset,
            }
        };
        assert!(reset.is_reset());
    });
    drop(file);
    until("the file is closed", || open(&path) == 0);
    server.stop();
}
