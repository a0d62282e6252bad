//! HTTP/2 over TLS, which is agreed upon by ALPN.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::client;
use tokio_rustls::TlsConnector;

use super::{Authority, Builder, Folder, answer};
use crate::support::{
    Server,
    http2::{Connection, ask_until_told, get, post, run},
};

/// A bound that a test comes to.
const SHORT: Duration = Duration::from_millis(400);

/// A server that answers with its own body, or with as many MiB as the target says.
fn server(adjust: impl FnOnce(&mut Builder)) -> (Server, Authority, Folder) {
    let (folder, authority) = (Folder::new(), Authority::new("Root"));
    authority.server(&["test"]).write(&folder.0, "test");
    let mut builder = Builder::new(|envelope| {
        let size = envelope.request.head.uri.path()[1..].parse::<usize>();
        let body = size.map_or_else(|_| envelope.request.body.clone(), |size| Bytes::from(vec![b'x'; size << 20]));
        envelope.replier.answer(answer(body));
    })
    .tls(vec![folder.pair("test")]);
    adjust(&mut builder);
    (builder.start(), authority, folder)
}

/// A connector that offers HTTP/2.
fn connector(authority: &Authority) -> TlsConnector {
    let mut config = super::trusting(authority, None, rustls::ALL_VERSIONS);
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config).into()
}

async fn open(address: SocketAddr, connector: &TlsConnector) -> Connection {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let stream = connector.connect("test".try_into().unwrap(), stream).await.unwrap();
    Connection::over(stream, &client::Builder::new()).await
}

#[test]
fn requests_and_large_bodies_pass() {
    let (server, authority, _folder) = server(|_| {});
    run(async {
        let connection = open(server.address, &connector(&authority)).await;
        let body = Bytes::from(vec![b'y'; 900_000]);
        let (small, large, down) =
            tokio::join!(connection.get("/"), connection.send(post("/"), body.clone()), connection.get("/8"));
        assert_eq!(small.unwrap().status, 200);
        assert!(large.unwrap().body == body);
        assert_eq!(down.unwrap().body.len(), 8 << 20);
    });
    server.stop();
}

#[test]
fn an_idle_connection_is_told_and_ends_well() {
    let (server, authority, _folder) = server(|builder| builder.config.http.limits.keep_alive_timeout = SHORT);
    run(async {
        let connection = open(server.address, &connector(&authority)).await;
        assert_eq!(connection.get("/").await.unwrap().status, 200);
        // An end without `close_notify` would be an error.
        connection.driven.await.unwrap().unwrap();
    });
    server.stop();
}

#[test]
fn an_answer_that_is_not_taken_ends_the_connection() {
    let (server, authority, _folder) = server(|builder| builder.config.http.limits.write_timeout = SHORT);
    run(async {
        let connection = open(server.address, &connector(&authority)).await;
        let begun = Instant::now();
        let response = connection.begin(get("/8"), "").await.unwrap().await.unwrap();
        let _ = connection.driven.await.unwrap();
        assert!(begun.elapsed() >= SHORT && begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
        drop(response);
    });
    server.stop();
}

#[test]
fn no_request_is_cut_at_the_end_of_a_server_under_load() {
    const CLIENTS: usize = 64;
    let (server, authority, _folder) = server(|_| {});
    let (served, ending) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (address, connector) = (server.address, connector(&authority));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (served, ending, connector) = (Arc::clone(&served), Arc::clone(&ending), connector.clone());
            thread::spawn(move || {
                run(async { ask_until_told(open(address, &connector).await, &served, &ending).await });
            })
        })
        .collect();
    while served.load(Ordering::Relaxed) < CLIENTS * 20 {
        thread::yield_now();
    }
    ending.store(true, Ordering::SeqCst);
    server.shut_down();
    for client in clients {
        client.join().unwrap();
    }
    server.outcome();
}
