//! Interim answers that come before the answer.

use std::{sync::Arc, time::Duration};

use crossbeam_channel::bounded;
use http::{HeaderMap, HeaderValue, header::LINK};
use roadrunner::http::Envelope;

use crate::{
    http2::http2,
    support::{
        Builder, Client, Gate, PATIENCE, answer,
        http2::{Connection, run},
        until,
    },
};

fn headers(link: &'static str) -> HeaderMap {
    [(LINK, HeaderValue::from_static(link))].into_iter().collect()
}

fn hint(envelope: &Envelope) -> bool {
    envelope.request.hints.as_ref().is_some_and(|hints| hints.send(&headers("</a.css>")))
}

#[test]
fn hints_are_sent_at_once_and_in_their_order() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let server = Builder::new(move |envelope| {
        assert!(hint(&envelope));
        held.pass();
        let hints = envelope.request.hints.as_ref().unwrap();
        let mut more = headers("</b.css>");
        more.append(LINK, HeaderValue::from_static("</c.css>"));
        // These are about something else than the hint.
        more.append("content-length", 7.into());
        more.append("connection", HeaderValue::from_static("close"));
        assert!(hints.send(&more));
        assert!(hints.send(&HeaderMap::new()));
        envelope.replier.answer(answer("done"));
    })
    .start();
    let mut client = Client::connect(server.address);
    for _ in 0..3 {
        gate.close();
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        let first = client.response();
        assert_eq!((first.status, first.header("link")), (103, Some("</a.css>")));
        gate.open();
        let second = client.response();
        let links: Vec<_> = second.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!((second.status, links), (103, vec![("link", "</b.css>"), ("link", "</c.css>")]));
        assert_eq!(client.response().status, 103);
        let last = client.response();
        assert_eq!((last.status, last.text().as_str()), (200, "done"));
    }
    server.stop();
}

#[test]
fn each_of_many_requests_in_a_row_gets_its_own() {
    let server = Builder::new(move |envelope| {
        let path = envelope.request.head.uri.path().to_owned();
        for _ in 0..2 {
            let own = [(LINK, HeaderValue::from_str(&path).unwrap())].into_iter().collect();
            assert!(envelope.request.hints.as_ref().unwrap().send(&own));
        }
        envelope.replier.answer(answer(path));
    })
    .start();
    let mut client = Client::connect(server.address);
    let requests: String = (0..500).map(|number| format!("GET /{number} HTTP/1.1\r\nHost: test\r\n\r\n")).collect();
    client.send(requests);
    for number in 0..500 {
        let path = format!("/{number}");
        for _ in 0..2 {
            let hint = client.response();
            assert_eq!((hint.status, hint.header("link")), (103, Some(path.as_str())));
        }
        let last = client.response();
        assert_eq!((last.status, last.text()), (200, path));
    }
    server.stop();
}

#[test]
fn they_wait_behind_an_answer_that_is_not_taken_yet() {
    const LENGTH: usize = 16 * 1024 * 1024;
    let (hinted, was_hinted) = bounded(1);
    let server = Builder::new(move |envelope| {
        if envelope.request.head.uri.path() == "/long" {
            envelope.replier.answer(answer(vec![b'x'; LENGTH]));
        } else {
            assert!(hint(&envelope));
            envelope.replier.answer(answer("second"));
            hinted.send(()).unwrap();
        }
    })
    .start();
    let mut client = Client::connect(server.address);
    client.send("GET /long HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n");
    // The first answer fills what is between us, and the second request may be answered or not meanwhile.
    client.take(1);
    let _ = was_hinted.recv_timeout(Duration::from_millis(500));
    let first = client.response();
    assert!(first.status == 200 && first.body == vec![b'x'; LENGTH]);
    assert_eq!(client.response().status, 103);
    assert_eq!(client.response().text(), "second");
    server.stop();
}

#[test]
fn who_knows_none_gets_none() {
    let server = http2(Builder::new(move |envelope| {
        let said = hint(&envelope).to_string();
        envelope.replier.answer(answer(said));
    }))
    .start();
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(client.response().text(), "false");
    run(async {
        let connection = Connection::open(server.address).await;
        assert_eq!(connection.get("/").await.unwrap().body, b"false");
    });
    server.stop();
}

#[test]
fn they_come_before_the_answer_that_tells_of_a_lost_worker() {
    let server = Builder::new(move |envelope| {
        assert!(hint(&envelope));
        // Nobody answers.
        drop(envelope);
    })
    .start();
    let mut client = Client::connect(server.address);
    for _ in 0..3 {
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        assert_eq!((client.response().status, client.response().status), (103, 500));
    }
    server.stop();
}

#[test]
fn a_client_that_has_gone_gets_none() {
    let gate = Arc::new(Gate::default());
    let (held, (said, was_said)) = (Arc::clone(&gate), bounded(1));
    let server = Builder::new(move |envelope| {
        assert!(hint(&envelope));
        held.pass();
        until("the client has gone", || envelope.replier.is_abandoned());
        // Its connection ends in the same step, or a little later.
        until("nothing is sent any more", || !hint(&envelope));
        said.send(()).unwrap();
    })
    .start();
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.response().status, 103);
    drop(client);
    gate.open();
    was_said.recv_timeout(PATIENCE).unwrap();
    server.stop();
}
