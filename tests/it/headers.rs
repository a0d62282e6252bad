//! Headers that are not what they seem: some are dropped, some say who the client is, if a proxy wrote them.

use roadrunner::http::Proxies;

use crate::support::{Builder, Client, Server, answer};

/// A server that answers with the names of the headers, and the client's address.
fn mirror(configure: impl FnOnce(&mut roadrunner::http::Config)) -> Server {
    let mut builder = Builder::new(|envelope| {
        let request = envelope.request;
        let mut names: Vec<_> = request.head.headers.keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        let remote = request.peer.remote.map_or("unix:".to_owned(), |remote| remote.to_string());
        envelope.replier.answer(answer(format!("{} {remote}", names.join(","))));
    });
    configure(&mut builder.config.http);
    builder.start()
}

/// What a worker sees of a request with these header lines.
#[track_caller]
fn seen(server: &Server, lines: &str) -> String {
    let mut client = Client::connect(server.address);
    client.send(format!("GET / HTTP/1.1\r\nHost: test\r\n{lines}\r\n"));
    let response = client.response();
    assert_eq!(response.status, 200, "{lines}");
    String::from_utf8(response.body).unwrap()
}

#[track_caller]
fn names(server: &Server, lines: &str) -> String {
    seen(server, lines).split(' ').next().unwrap().to_owned()
}

#[track_caller]
fn remote(server: &Server, lines: &str) -> String {
    seen(server, lines).split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn headers_that_could_be_taken_for_others_never_reach_a_worker() {
    let server = mirror(|_| {});
    assert_eq!(names(&server, "Proxy: http://evil/\r\nproxy: x\r\nProxy-Connection: a\r\n"), "host,proxy-connection");
    assert_eq!(names(&server, "X_Forwarded_For: a\r\n_: b\r\nContent_Length: 7\r\nX-A: c\r\n"), "host,x-a");
    server.stop();
    let server = mirror(|config| config.underscores_in_headers = true);
    assert_eq!(names(&server, "X_Forwarded_For: a\r\nPROXY: b\r\n"), "host,x_forwarded_for");
    server.stop();
}

#[test]
fn forwarded_addresses_count_if_they_are_wanted_and_the_peer_is_trusted() {
    let lines = "X-Forwarded-For: 198.51.100.1, 192.0.2.1\r\n";
    let server = mirror(|_| {});
    assert!(remote(&server, lines).starts_with("127.0.0.1:"));
    server.stop();
    let server = mirror(|config| config.proxy_ip_parser = true);
    assert_eq!(remote(&server, lines), "192.0.2.1:0");
    assert_eq!(remote(&server, "Forwarded: for=\"[2001:db8::1]:7\"\r\n"), "[2001:db8::1]:7");
    assert!(remote(&server, "").starts_with("127.0.0.1:"));
    server.stop();
    let server = mirror(|config| {
        config.proxy_ip_parser = true;
        config.proxies = Proxies { subnets: vec!["10.0.0.0/8".parse().unwrap()], ..Proxies::default() };
    });
    assert!(remote(&server, lines).starts_with("127.0.0.1:"));
    server.stop();
}

#[test]
fn a_malformed_forwarded_header_of_a_proxy_is_refused() {
    let server = mirror(|config| config.proxy_ip_parser = true);
    let mut client = Client::connect(server.address);
    client.send("GET / HTTP/1.1\r\nHost: test\r\nForwarded: for=\"a, for=192.0.2.1\r\n\r\n");
    assert_eq!(client.response().status, 400);
    client.expect_end();
    assert_eq!(server.calls(), 0);
    server.stop();
}
