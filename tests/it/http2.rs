//! HTTP/2, as clients speak it that behave.

mod drain;
mod floods;

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use crossbeam_channel::unbounded;
use h2::{Reason, client};
use http::{HeaderMap, Method, Request, StatusCode};

use crate::support::{
    Builder, Client, Gate, PATIENCE, Server, answer,
    http2::{Connection, GOAWAY, Raw, get, post, request, run, whole},
    until,
};

/// Takes HTTP/2 from clients that begin with it.
pub fn http2(mut builder: Builder) -> Builder {
    builder.config.http.http2.h2c = true;
    builder
}

/// Answers each request with its own body.
pub fn echo() -> Builder {
    http2(Builder::new(|envelope| {
        envelope.replier.answer(answer(envelope.request.body.clone()));
    }))
}

/// Answers each request with what came of its head.
fn heads() -> Server {
    http2(Builder::new(|envelope| {
        let head = &envelope.request.head;
        let host = head.headers.get_all("host").iter().map(|host| host.to_str().unwrap()).collect::<Vec<_>>().join(" ");
        envelope.replier.answer(answer(format!("{:?} {} {} {host}", head.version, head.method, head.uri)));
    }))
    .start()
}

#[test]
fn requests_of_one_connection_are_with_workers_at_the_same_time() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let server = http2(Builder::new(move |envelope| {
        held.pass();
        envelope.replier.answer(answer(envelope.request.head.uri.path().to_owned()));
    }))
    .workers(8)
    .start();
    run(async {
        let connection = Connection::open(server.address).await;
        let mut responses = Vec::new();
        for number in 0..20 {
            responses.push(connection.begin(get(&format!("/{number}")), "").await.unwrap());
        }
        tokio::task::spawn_blocking({
            let gate = Arc::clone(&gate);
            move || gate.wait_for(8)
        })
        .await
        .unwrap();
        gate.open();
        for (number, response) in responses.into_iter().enumerate() {
            assert_eq!(whole(response.await.unwrap()).await.unwrap().body, format!("/{number}").into_bytes());
        }
    });
    assert_eq!(server.calls(), 20);
    server.stop();
}

#[test]
fn a_request_is_for_workers_what_it_is_in_http_1() {
    let server = heads();
    run(async {
        let connection = Connection::open(server.address).await;
        for (sent, seen) in [
            (get("/a/b?c=d"), "HTTP/2.0 GET /a/b?c=d test"),
            (get(""), "HTTP/2.0 GET / test"),
            (Request::get("https://test:81/").body(()).unwrap(), "HTTP/2.0 GET / test:81"),
            (Request::options("http://test/*").body(()).unwrap(), "HTTP/2.0 OPTIONS /* test"),
            (Request::get("http://Test/").header("host", "test").body(()).unwrap(), "HTTP/2.0 GET / Test"),
        ] {
            let response = connection.send(sent, "").await.unwrap();
            assert_eq!((response.status, String::from_utf8_lossy(&response.body).as_ref()), (200, seen));
            assert!(response.headers.contains_key("date"));
        }
    });
    server.stop();
}

#[test]
fn heads_that_mean_two_things_are_refused() {
    let server = heads();
    run(async {
        let connection = Connection::open(server.address).await;
        let request = |request: http::request::Builder| request.body(()).unwrap();
        for (sent, status) in [
            (request(Request::get("http://test/").header("host", "other")), 400),
            (request(Request::get("http://test/").header("host", "test").header("host", "test")), 200),
            (request(Request::get("http://user@test/")), 400),
            (request(Request::get("ftp://test/")), 400),
            (request(Request::connect("test:80")), 501),
            (get(&format!("/{}", "a".repeat(32 * 1024))), 414),
        ] {
            let what = format!("{sent:?}");
            assert_eq!(connection.send(sent, "").await.unwrap().status, status, "{what}");
        }
        let mut many = get("/");
        many.headers_mut().extend((0..101).map(|number| {
            (http::HeaderName::try_from(format!("x-{number}")).unwrap(), http::HeaderValue::from_static("a"))
        }));
        assert_eq!(connection.send(many, "").await.unwrap().status, 431);
        let mut large = get("/");
        for number in 0..5 {
            let name = http::HeaderName::try_from(format!("x-{number}")).unwrap();
            large.headers_mut().insert(name, http::HeaderValue::try_from("a".repeat(16_000)).unwrap());
        }
        assert_eq!(connection.send(large, "").await.unwrap().status, 431);
        assert_eq!(connection.get("/").await.unwrap().status, 200);
    });
    assert_eq!(server.calls(), 2);
    server.stop();
}

#[test]
fn bodies_are_whole_in_both_directions() {
    let mut builder = echo();
    builder.config.http.max_request_bytes = 8 << 20;
    let server = builder.start();
    run(async {
        let connection = Connection::open(server.address).await;
        let exchange = async |number: u8| {
            let body: Bytes = (0..5_000_000_usize).map(|at| number.wrapping_add((at % 251) as u8)).collect();
            let response = connection.send(post("/"), body.clone()).await.unwrap();
            assert_eq!(response.headers["content-length"], body.len().to_string());
            assert!(response.body == body, "{} bytes", response.body.len());
        };
        tokio::join!(exchange(0), exchange(1), exchange(2), exchange(3));
        let small = connection.send(post("/"), "small").await.unwrap();
        assert_eq!(small.body, b"small");
        assert_eq!(connection.send(post("/"), "").await.unwrap().body, b"");
    });
    server.stop();
}

#[test]
fn trailers_and_empty_ends_of_bodies_are_taken() {
    let server = echo().start();
    run(async {
        let connection = Connection::open(server.address).await;
        let mut requests = connection.requests.clone().ready().await.unwrap();
        let (response, mut body) = requests.send_request(post("/"), false).unwrap();
        body.send_data(Bytes::from_static(b"one "), false).unwrap();
        body.send_data(Bytes::from_static(b"two"), false).unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "1".parse().unwrap());
        body.send_trailers(trailers).unwrap();
        assert_eq!(whole(response.await.unwrap()).await.unwrap().body, b"one two");

        let (response, mut body) = requests.send_request(post("/"), false).unwrap();
        body.send_data(Bytes::from_static(b"three"), false).unwrap();
        body.send_data(Bytes::new(), true).unwrap();
        assert_eq!(whole(response.await.unwrap()).await.unwrap().body, b"three");
    });
    server.stop();
}

#[test]
fn a_body_that_is_too_long_is_refused_and_the_connection_goes_on() {
    let server = echo().start();
    run(async {
        let connection = Connection::open(server.address).await;
        let mut announced = post("/");
        announced.headers_mut().insert("content-length", "2000000".parse().unwrap());
        for sent in [announced, post("/")] {
            let mut requests = connection.requests.clone().ready().await.unwrap();
            let (response, mut body) = requests.send_request(sent, false).unwrap();
            // The server may have given it up already.
            let _ = body.send_data(Bytes::from(vec![0; 2_000_000]), true);
            assert_eq!(response.await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
        }
        assert_eq!(connection.send(post("/"), "small").await.unwrap().body, b"small");
    });
    server.stop();
}

#[test]
fn answers_without_a_body_have_none() {
    let server = http2(Builder::new(|envelope| {
        let status = envelope.request.head.uri.path()[1..].parse().unwrap();
        envelope
            .replier
            .answer(roadrunner::http::Answer::new(StatusCode::from_u16(status).unwrap(), bytes::Bytes::from("body")));
    }))
    .start();
    run(async {
        let connection = Connection::open(server.address).await;
        for (method, status, length, body) in [
            (Method::GET, 200, Some("4"), "body"),
            (Method::HEAD, 200, Some("4"), ""),
            (Method::GET, 204, None, ""),
            (Method::GET, 304, None, ""),
            (Method::GET, 404, Some("4"), "body"),
        ] {
            let request = Request::builder().method(method).uri(format!("http://test/{status}")).body(()).unwrap();
            let response = connection.send(request, "").await.unwrap();
            let announced = response.headers.get("content-length").map(|length| length.to_str().unwrap());
            assert_eq!((response.status, announced, response.body.as_slice()), (status, length, body.as_bytes()));
        }
    });
    server.stop();
}

#[test]
fn a_worker_learns_that_its_stream_was_reset_and_the_others_go_on() {
    let ((begin, begun), (tell, told)) = (unbounded(), unbounded());
    let server = http2(Builder::new(move |envelope| {
        if envelope.request.head.uri.path() == "/stays" {
            envelope.replier.answer(answer("stays"));
            return;
        }
        begin.send(()).unwrap();
        until("the client has gone", || envelope.replier.is_abandoned());
        tell.send(envelope.replier.answer(answer("too late"))).unwrap();
    }))
    .start();
    run(async {
        let connection = Connection::open(server.address).await;
        let mut requests = connection.requests.clone().ready().await.unwrap();
        let (response, mut stream) = requests.send_request(get("/goes"), true).unwrap();
        let begun = tokio::task::spawn_blocking(move || begun.recv_timeout(PATIENCE));
        begun.await.unwrap().unwrap();
        stream.send_reset(Reason::CANCEL);
        assert!(response.await.is_err());
        let told = tokio::task::spawn_blocking(move || told.recv_timeout(PATIENCE));
        assert!(!told.await.unwrap().unwrap(), "the answer has nowhere to go");
        assert_eq!(connection.get("/stays").await.unwrap().body, b"stays");
    });
    server.stop();
}

#[test]
fn a_full_queue_refuses_streams_and_not_the_connection() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let server = http2(Builder::new(move |envelope| {
        held.pass();
        envelope.replier.answer(answer("served"));
    }))
    .workers(1)
    .queue(2)
    .start();
    run(async {
        let connection = Connection::open(server.address).await;
        let mut responses = Vec::new();
        for _ in 0..10 {
            responses.push(Box::pin(connection.begin(get("/"), "").await.unwrap()));
        }
        let (mut served, mut refused) = (0, 0);
        let begun = Instant::now();
        for response in responses.drain(..).rev() {
            let response = response.await.unwrap();
            match response.status().as_u16() {
                503 => {
                    assert_eq!(response.headers()["retry-after"], "1");
                    refused += 1;
                    if refused == 7 {
                        gate.open();
                    }
                }
                status => {
                    assert_eq!(status, 200);
                    served += 1;
                }
            }
        }
        assert_eq!((served, refused), (3, 7), "{:?}", begun.elapsed());
    });
    server.stop();
}

#[test]
fn more_streams_than_may_be_open_are_refused_and_known_beforehand() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let mut builder = http2(Builder::new(move |envelope| {
        held.pass();
        envelope.replier.answer(answer("served"));
    }));
    builder.config.http.http2.max_concurrent_streams = 3;
    let server = builder.start();
    let mut raw = Raw::connect(server.address);
    let settings = raw.until(4).payload;
    assert!(settings.chunks(6).any(|setting| setting == [0, 3, 0, 0, 0, 3]), "{settings:?}");
    for stream in [1, 3, 5, 7] {
        raw.request(stream, 5);
    }
    let refused = raw.until(3);
    assert_eq!((refused.stream, refused.payload.as_slice()), (7, [0, 0, 0, 7].as_slice()));
    gate.open();
    drop(raw);
    server.stop();
}

#[test]
fn both_protocols_are_spoken_on_one_listener_however_the_first_bytes_come() {
    let server = echo().start();
    assert_eq!(Client::connect(server.address).get("/").status, 200);
    // Every byte of it could be the preface's.
    let mut propfind = Client::connect(server.address);
    for byte in b"PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n" {
        propfind.send([*byte]);
    }
    assert_eq!(propfind.response().status, 200);
    let mut broken = Client::connect(server.address);
    broken.send("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n");
    let response = broken.response();
    assert!(response.status == 400 || response.status == 505, "{response:?}");

    let mut raw = Raw::silent(server.address);
    for byte in [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".as_slice(), &request(1, 5)].concat() {
        raw.send(&[byte]);
    }
    assert_eq!(raw.until(1).stream, 1);
    drop(raw);
    server.stop();
}

#[test]
fn without_the_setting_there_is_no_http_2() {
    let server = Server::echo();
    let mut client = Client::connect(server.address);
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let responses = client.responses().unwrap();
    assert!(responses.iter().all(|response| response.closes() && response.status >= 400), "{responses:?}");
    // An upgrade is an offer; who does not take it answers as if it were not there.
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
    assert_eq!(client.response().status, 200);
    server.stop();
}

#[test]
fn what_is_no_http_2_ends_the_connection_with_a_reason() {
    let server = echo().start();
    let mut raw = Raw::connect(server.address);
    // DATA of the connection itself.
    raw.frame(0, 0, 0, b"data");
    let goaway = raw.until(GOAWAY);
    assert_eq!(goaway.payload[4..8], 1_u32.to_be_bytes());
    assert_eq!(raw.end().unwrap(), None);
    server.stop();
}

#[test]
fn clients_with_small_windows_get_whole_answers() {
    let server = echo().start();
    run(async {
        let mut builder = client::Builder::new();
        builder.initial_window_size(1000).initial_connection_window_size(70_000);
        let connection = Connection::open_as(server.address, &builder).await;
        let body: Bytes = (0..200_000_usize).map(|at| (at % 251) as u8).collect();
        let response = connection.send(post("/"), body.clone()).await.unwrap();
        assert!(response.body == body);
    });
    server.stop();
}
