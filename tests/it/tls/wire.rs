//! What passes over the wire.

use std::{
    io::Write,
    net::{Shutdown, SocketAddr, TcpStream},
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rustls::{
    HandshakeKind, NamedGroup,
    crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs, aws_lc_rs::kx_group},
    version::{TLS12, TLS13},
};

use super::{client, telling};
use crate::support::{Builder, Client, Gate, PATIENCE, TlsClient, answer, trusting, trusting_by, until};

#[test]
fn a_worker_knows_what_was_agreed_upon() {
    let (builder, authority, _folder) = telling();
    let server = builder.start();
    for (version, said) in
        [(&TLS12, "TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), (&TLS13, "TLSv1.3 TLS_AES_256_GCM_SHA384")]
    {
        let mut config = trusting(&authority, None, &[version]);
        config.alpn_protocols = vec![b"spdy".to_vec(), b"http/1.1".to_vec()];
        let mut client = TlsClient::connect(server.address, "test", &Arc::new(config)).unwrap();
        assert_eq!(client.get("/").unwrap(), format!("{said} test http/1.1 new -"));
        assert_eq!(client.get("/").unwrap(), format!("{said} test http/1.1 new -"));
    }
    // A client that speaks nothing that the server does is told so.
    let mut config = trusting(&authority, None, rustls::ALL_VERSIONS);
    config.alpn_protocols = vec![b"spdy".to_vec()];
    let error = TlsClient::connect(server.address, "test", &Arc::new(config)).err().unwrap();
    assert_eq!(error.to_string(), "received fatal alert: NoApplicationProtocol");
    server.stop();
}

#[test]
fn the_key_exchange_that_lasts_longest_goes_first() {
    let (builder, authority, _folder) = telling();
    let server = builder.start();
    let groups = |shown: &[&'static dyn SupportedKxGroup]| {
        let provider = CryptoProvider { kx_groups: shown.to_vec(), ..aws_lc_rs::default_provider() };
        let config = trusting_by(provider, &authority, None, rustls::ALL_VERSIONS);
        let client = TlsClient::connect(server.address, "test", &Arc::new(config)).unwrap();
        let conn = &client.0.conn;
        (conn.negotiated_key_exchange_group().unwrap().name(), conn.handshake_kind().unwrap())
    };
    use kx_group::{SECP384R1, X25519, X25519MLKEM768};
    assert_eq!(groups(&[X25519MLKEM768, X25519]), (NamedGroup::X25519MLKEM768, HandshakeKind::Full));
    // Nobody is sent back for it who has not offered a share.
    assert_eq!(groups(&[X25519, X25519MLKEM768]), (NamedGroup::X25519, HandshakeKind::Full));
    assert_eq!(groups(&[SECP384R1]).0, NamedGroup::secp384r1);
    server.stop();
}

#[test]
fn a_client_that_speaks_http_is_told_to_speak_tls() {
    let (builder, _authority, _folder) = telling();
    let server = builder.start();
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.0 400 Bad Request\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\nThis port speaks HTTPS\n"), "{text}");
    server.stop();
}

#[test]
fn what_is_no_handshake_ends() {
    let (builder, _authority, _folder) = telling();
    let server = builder.start();
    for bytes in [&b"\0\0\0\0\0\0\0\0"[..], b"\x16\x03\x01\0\x05hello", b"\x80\x2e\x01\0\x02", b"\x16\x03\x01\xff\xff"]
    {
        let mut client = Client::connect(server.address);
        client.send(bytes);
        client.end_sending();
        let mut rest = Vec::new();
        let _ = client.read_to_end(&mut rest);
        assert!(rest.len() <= 7, "at most an alert: {rest:?}");
    }
    assert_eq!(server.calls(), 0);
    server.stop();
}

#[test]
fn half_a_handshake_ends_after_a_while() {
    let (mut builder, _authority, _folder) = telling();
    builder.config.http.limits.header_timeout = Duration::from_millis(500);
    let server = builder.start();
    let start = Instant::now();
    let mut clients = [&b""[..], b"\x16\x03\x01"].map(|bytes| {
        let mut client = Client::connect(server.address);
        client.send(bytes);
        client
    });
    for client in &mut clients {
        client.expect_end();
    }
    assert!(start.elapsed() >= Duration::from_millis(450), "{:?}", start.elapsed());
    server.stop();
}

/// Workers that hold each request, and a count of clients that were gone when they were answered.
fn holding(gate: &Arc<Gate>) -> (Builder, Arc<AtomicUsize>) {
    let gone = Arc::new(AtomicUsize::new(0));
    let (gate, counted) = (Arc::clone(gate), Arc::clone(&gone));
    let builder = Builder::new(move |envelope| {
        gate.pass();
        if !envelope.replier.answer(answer("late")) {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (builder, gone)
}

#[test]
fn a_client_that_leaves_before_its_answer_is_seen() {
    let (telling, authority, folder) = telling();
    drop(telling);
    let (took, taken) = crossbeam_channel::bounded(1);
    let (saw, seen) = crossbeam_channel::bounded(1);
    let builder = Builder::new(move |envelope| {
        took.send(()).unwrap();
        until("the client has gone", || envelope.replier.is_abandoned());
        saw.send(()).unwrap();
    });
    let server = builder.workers(1).tls(vec![folder.pair("test")]).start();
    let config = client(&authority);
    let ends: [&dyn Fn(&mut TlsClient); 3] = [
        &|client| {
            client.say_end();
            // Answered by an end alone, as its own.
            client.expect_end();
        },
        &|client| client.0.sock.shutdown(Shutdown::Write).unwrap(),
        &|client| socket2::SockRef::from(&client.0.sock).set_linger(Some(Duration::ZERO)).unwrap(),
    ];
    for end in ends {
        let mut client = TlsClient::connect(server.address, "test", &config).unwrap();
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
        taken.recv_timeout(PATIENCE).expect("a worker takes the request");
        end(&mut client);
        drop(client);
        seen.recv_timeout(PATIENCE).expect("a worker sees that the client has gone");
    }
    server.stop();
}

#[test]
fn a_request_that_was_sent_ahead_is_no_end() {
    let gate = Arc::new(Gate::default());
    let (builder, gone) = holding(&gate);
    let (telling, authority, folder) = telling();
    drop(telling);
    let server = builder.tls(vec![folder.pair("test")]).start();
    let config = client(&authority);
    for together in [true, false] {
        gate.close();
        let mut client = TlsClient::connect(server.address, "test", &config).unwrap();
        let request = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
        if together {
            client.send(request.repeat(3)).unwrap();
            gate.wait_for(1);
        } else {
            client.send(request).unwrap();
            gate.wait_for(1);
            client.send(request).unwrap();
            client.send(request).unwrap();
        }
        gate.open();
        for _ in 0..3 {
            assert_eq!(client.response().unwrap(), "late");
        }
    }
    assert_eq!(gone.load(Ordering::SeqCst), 0);
    server.stop();
}

#[test]
fn large_bodies_pass_in_both_directions() {
    let (telling, authority, folder) = telling();
    drop(telling);
    let echo = Builder::new(|envelope| {
        envelope.replier.answer(answer(envelope.request.body.clone()));
    });
    let server = echo.tls(vec![folder.pair("test")]).start();
    let mut client = TlsClient::connect(server.address, "test", &client(&authority)).unwrap();
    let body = "0123456789abcdef".repeat(50_000);
    client.send(format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{body}", body.len())).unwrap();
    assert!(client.response().unwrap() == body);
    server.stop();
}

#[test]
fn an_end_is_said() {
    let (builder, authority, _folder) = telling();
    let server = builder.start();
    let config = client(&authority);
    let mut closed = TlsClient::connect(server.address, "test", &config).unwrap();
    closed.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").unwrap();
    closed.response().unwrap();
    closed.expect_end();
    let mut refused = TlsClient::connect(server.address, "test", &config).unwrap();
    refused.send("nonsense\r\n\r\n").unwrap();
    assert!(refused.response().unwrap_err().to_string().starts_with("http/1.1 400"));
    refused.expect_end();
    // At the end of the server.
    let mut idle = TlsClient::connect(server.address, "test", &config).unwrap();
    idle.get("/").unwrap();
    let mut mute = Client::connect(server.address);
    server.shut_down();
    idle.expect_end();
    mute.expect_end();
    server.stop();
}

#[test]
fn plain_text_and_tls_are_served_side_by_side() {
    let (builder, authority, folder) = telling();
    drop(builder);
    for redirect in [false, true] {
        let (mut builder, _authority, _folder) = telling();
        builder = builder.tls(vec![folder.pair("test")]);
        builder.config.http.listeners.insert(0, SocketAddr::from(([127, 0, 0, 1], 0)).into());
        builder.config.http.redirect = redirect;
        let server = builder.start();
        let [plain, encrypted] = [0, 1].map(|listener| server.addresses[listener].tcp().unwrap());
        let mut client = Client::connect(plain);
        let response = client.get("/path?query");
        if redirect {
            assert_eq!((response.status, response.header("strict-transport-security").is_some()), (308, true));
            let location = response.header("location").unwrap();
            assert_eq!(location, format!("https://test:{}/path?query", encrypted.port()));
            // What is sent with such a request is not taken for another one.
            client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 37\r\n\r\nGET /inner HTTP/1.1\r\nHost: test\r\n\r\n  ");
            assert_eq!(client.response().status, 308);
            assert!(client.get("/next").header("location").unwrap().ends_with("/next"));
        } else {
            assert_eq!((response.status, response.body.as_slice()), (200, &b"plain"[..]));
        }
        let config = super::client(&authority);
        let told = TlsClient::connect(encrypted, "test", &config).unwrap().get("/").unwrap();
        assert!(told.starts_with("TLSv1.3 "), "{told}");
        server.stop();
    }
}

#[test]
fn a_client_for_which_there_is_no_room_is_told_by_an_alert() {
    let (mut builder, authority, _folder) = telling();
    builder.config.http.connections.most = NonZeroUsize::new(1);
    let server = builder.start();
    let config = client(&authority);
    let mut first = TlsClient::connect(server.address, "test", &config).unwrap();
    assert!(first.get("/").is_ok());
    let error = TlsClient::connect(server.address, "test", &config).err().unwrap();
    assert_eq!(error.to_string(), "received fatal alert: InternalError");
    assert!(first.get("/").is_ok());
    server.stop();
}

#[test]
fn files_that_cannot_be_used_end_the_start() {
    let (builder, _, folder) = telling();
    let builder = builder.tls(vec![folder.pair("missing")]);
    let error = builder.run().unwrap_err().to_string();
    assert_eq!(error, format!("http.ssl: {}/missing.crt: No such file or directory (os error 2)", folder.0.display()));
}

#[test]
fn a_proxy_says_whose_handshake_follows() {
    let (mut builder, authority, _folder) = telling();
    builder.config.http.listeners[0].endpoint.terms.proxy_protocol = true;
    let server = builder.start();
    for header in [b"PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n".as_slice(), b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(header).unwrap();
        let mut client = TlsClient::over(stream, "test", &client(&authority)).unwrap();
        assert!(client.get("/").unwrap().ends_with(" new -"));
    }
    // Without a header, not even the beginning of a handshake is understood.
    assert!(TlsClient::connect(server.address, "test", &client(&authority)).is_err());
    server.stop();
}
