//! Traces: what a collector is sent of the requests to a server.

mod collector;
mod tree;

use std::{
    collections::HashMap,
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use roadrunner::{
    config::Config,
    handoff::{Sealed, Written},
    http::{Answer, trace_id},
    pool::Ended,
};

use self::{
    collector::{Collector, Deed},
    tree::{Tree, hex, text, trees},
};
use crate::support::{Builder, Client, Gate, PATIENCE, Server, answer, first_answered};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// What workers were told of requests, by path.
type Seen = Arc<Mutex<HashMap<String, HeaderMap>>>;

/// A server whose workers answer as the path asks for.
fn server(http: &str, otel: &str, gate: &Arc<Gate>) -> (Server, Seen) {
    let seen = Seen::default();
    let (seen_by_workers, gate) = (Arc::clone(&seen), Arc::clone(gate));
    let mut builder = Builder::scripted(move |worker| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let path = envelope.request.head.uri.path().to_owned();
            let mut headers = envelope.request.head.headers.clone();
            if let Some(trace) = trace_id(&envelope.request.head.extensions) {
                headers.insert("x-trace", trace.to_string().parse().unwrap());
            }
            seen_by_workers.lock().insert(path.clone(), headers);
            if path.starts_with("/held") {
                gate.pass();
            }
            if path.starts_with("/slow") {
                while !envelope.replier.is_abandoned() {
                    std::thread::yield_now();
                }
            }
            if path.starts_with("/fail") {
                continue;
            }
            if path.starts_with("/stream") || path.starts_with("/cut") {
                let (sink, source) = worker.flow(64 * 1024);
                envelope.replier.answer(Answer::new(StatusCode::OK, source));
                assert_eq!(worker.write(&sink, b"a piece", PATIENCE), Written::Yes);
                if path.starts_with("/stream") {
                    sink.end(None);
                }
                continue;
            }
            envelope.replier.answer(answer(envelope.request.body.clone()));
        }
        Ended::Exit(0)
    });
    let text = format!("{{version: '3', http: {{address: '127.0.0.1:0', {http}}}, otel: {{{otel}}}}}");
    let config = Config::parse(&text).unwrap();
    (builder.config.http, builder.config.otel) = (config.http, config.otel);
    (builder.start(), seen)
}

fn plainly(http: &str, otel: &str) -> (Server, Seen) {
    server(&format!("middleware: [otel], {http}"), otel, &Arc::default())
}

fn insecure(collector: &Collector) -> String {
    format!("endpoint: '{}', insecure: true", collector.address)
}

/// 200 requests of many kinds, one after the other on two connections.
fn mixed(address: std::net::SocketAddr) {
    let mut clients = [Client::connect(address), Client::connect(address)];
    for number in 0..200 {
        let client = &mut clients[number % 2];
        let parent =
            |flags: &str| format!("traceparent: 00-{TRACE}-{PARENT}-{flags}\r\ntracestate: a=1\r\nbaggage: b=2\r\n");
        let (method, path, lines) = match number % 10 {
            0 => ("GET", "plain", String::new()),
            1 => ("GET", "child", parent("01")),
            2 => ("GET", "unwanted", parent("00")),
            3 => ("GET", "stream", String::new()),
            4 => ("GET", "fail", parent("01")),
            5 => ("POST", "body", parent("01")),
            6 => ("GET", "malformed", parent("0g")),
            7 => ("HEAD", "head", String::new()),
            8 => ("GET", "off", String::new()),
            _ => ("GET", "cut", String::new()),
        };
        let (length, body) = if method == "POST" { ("Content-Length: 5\r\n", "hello") } else { ("", "") };
        client.send(format!(
            "{method} /{path}/{number} HTTP/1.1\r\nHost: shop.test:8080\r\nUser-Agent: probe\r\n{lines}{length}\r\n{body}"
        ));
        match path {
            "head" => drop(client.response_without_body()),
            "cut" => {
                client.expect_cut();
                *client = Client::connect(address);
            }
            "fail" => assert_eq!(client.response().status, 500),
            _ => assert_eq!(client.response().status, 200, "{path}"),
        }
    }
}

/// What must be known of each of them.
fn check_mixed(trees: &HashMap<String, Tree>, seen: &HashMap<String, HeaderMap>) {
    for number in 0..200 {
        let (path, children, error, has_parent) = match number % 10 {
            0 => ("plain", vec!["inbox", "php"], None, false),
            1 => ("child", vec!["inbox", "php"], None, true),
            3 => ("stream", vec!["body", "inbox", "php"], None, false),
            4 => ("fail", vec!["inbox", "php"], Some("500"), true),
            5 => ("body", vec!["inbox", "php"], None, true),
            6 => ("malformed", vec!["inbox", "php"], None, false),
            7 => ("head", vec!["inbox", "php"], None, false),
            9 => ("cut", vec!["body", "inbox", "php"], Some("cut_off"), false),
            unrecorded => {
                let path = if unrecorded == 2 { "unwanted" } else { "off" };
                assert!(!trees.contains_key(&format!("/{path}/{number}")), "{path}");
                let parent = seen[&format!("/{path}/{number}")].get("traceparent").map(|value| value.to_str().unwrap());
                assert!(!seen[&format!("/{path}/{number}")].contains_key("x-trace"), "{path}");
                assert_eq!(parent, (path == "unwanted").then_some(&*format!("00-{TRACE}-{PARENT}-00")));
                continue;
            }
        };
        let path = format!("/{path}/{number}");
        let tree = &trees[&path];
        assert_eq!((tree.names(), tree.error().as_deref()), (children, error), "{path}");
        assert_eq!(tree.status(), Some(if path.starts_with("/fail") { 500 } else { 200 }), "{path}");
        let (trace, parent) = (hex(&tree.server.trace_id), hex(&tree.server.parent_span_id));
        assert_eq!((trace == TRACE, parent == PARENT), (has_parent, has_parent), "{path}");
        assert_eq!(tree.server.trace_state, if has_parent { "a=1" } else { "" }, "{path}");
        let php = &tree.children["php"];
        let told = &seen[&path];
        assert_eq!(told["traceparent"], format!("00-{trace}-{}-01", hex(&php.span_id)), "{path}");
        assert_eq!(told["x-trace"], trace, "{path}");
        assert_eq!(told.contains_key("tracestate"), has_parent, "{path}");
        assert_eq!(text(php, "rr.pool").as_deref(), Some("http"));
        assert!(text(php, "rr.worker").unwrap().starts_with("rr-php-http-"), "{path}");
        let lost = path.starts_with("/fail").then(|| "worker_lost".to_owned());
        assert_eq!(text(php, "error.type"), lost, "{path}");
        // The first requests of their connections: those of the beginning, and behind each that was cut off.
        let first = number < 2 || (number >= 11 && (number - 11) % 10 == 0);
        assert_eq!(tree.children.contains_key("connection"), first, "{path}");
    }
    let server = &trees["/body/5"].server;
    for (key, value) in [
        ("http.request.method", "POST"),
        ("url.scheme", "http"),
        ("server.address", "shop.test"),
        ("user_agent.original", "probe"),
        ("client.address", "127.0.0.1"),
        ("network.protocol.version", "1.1"),
    ] {
        assert_eq!(text(server, key).as_deref(), Some(value), "{key}");
    }
    assert_eq!((server.name.as_str(), tree::number(server, "server.port")), ("POST", Some(8080)));
    assert_eq!(trees.len(), 160);
}

fn two_hundred(grpc: bool, otel: &str) {
    let collector = Collector::start(grpc, &[]);
    let (server, seen) = plainly(
        "pool: {num_workers: 2}, routes: [{prefix: /off, middleware: []}]",
        &format!("{}, headers: {{X-Key: secret}}, resource: {{service_name: shop}}, {otel}", insecure(&collector)),
    );
    mixed(server.address);
    server.stop();
    let taken = collector.taken();
    let seen = seen.lock();
    check_mixed(&trees(&taken), &seen);
    assert!(seen["/malformed/6"].contains_key("baggage"), "baggage is none of ours");
    for taken in &taken {
        assert_eq!(taken.headers["x-key"], "secret");
        let resource = taken.request.resource_spans[0].resource.as_ref().unwrap();
        assert!(resource.attributes.iter().any(|pair| pair.key == "service.name"), "{resource:?}");
        if !grpc {
            assert_eq!(taken.path, "/in/traces");
        }
    }
}

#[test]
fn a_collector_sees_the_tree_of_each_request_over_http() {
    two_hundred(false, "custom_url: in/traces");
}

#[test]
fn a_collector_sees_the_tree_of_each_request_over_grpc_compressed() {
    two_hundred(true, "client: grpc, compress: true");
}

#[test]
fn requests_that_are_refused_or_given_up_say_so() {
    let collector = Collector::start(false, &[]);
    let gate = Arc::new(Gate::default());
    let (server, _) = server(
        "middleware: [otel], pool: {num_workers: 1, max_queue_size: 1}, \
         routes: [{prefix: /slow, middleware: [timeout, otel], timeout: {after: 100ms}}]",
        &format!("{}, compress: true", insecure(&collector)),
        &gate,
    );
    let begin = |path: &str| {
        let mut client = Client::connect(server.address);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        client
    };
    let mut slow = begin("/slow");
    assert_eq!(slow.response().status, 504);
    let mut held = begin("/held");
    gate.wait_for(1);
    let mut others: Vec<_> = ["/one", "/other"].map(begin).into();
    assert_eq!(first_answered(&mut others).response().status, 503);
    gate.open();
    assert_eq!((held.response().status, others[0].response().status), (200, 200));
    drop(others);
    gate.close();
    let left = begin("/held/left");
    gate.wait_for(1);
    drop(left);
    // Nobody waits for this one, which its worker learns by itself.
    let mut trees = trees(&[collector.next()]);
    while !trees.contains_key("/held/left") {
        trees.extend(tree::trees(&[collector.next()]));
    }
    gate.open();
    server.stop();
    trees.extend(tree::trees(&collector.taken()));
    let slow = &trees["/slow"];
    assert_eq!((slow.status(), slow.error().as_deref()), (Some(504), Some("504")));
    assert_eq!(text(&slow.children["php"], "error.type").as_deref(), Some("given_up"));
    let left = &trees["/held/left"];
    assert_eq!((left.status(), left.error().as_deref()), (None, Some("client_left")));
    assert_eq!(text(&left.children["php"], "error.type").as_deref(), Some("given_up"));
    let (refused, waited) = if trees["/one"].status() == Some(503) { ("/one", "/other") } else { ("/other", "/one") };
    assert_eq!((trees[refused].error().as_deref(), trees[refused].names()), (Some("503"), vec![]));
    assert_eq!((trees[waited].status(), trees[waited].names()), (Some(200), vec!["inbox", "php"]));
}

#[test]
fn a_share_of_the_traces_is_recorded_and_php_knows_of_all() {
    let collector = Collector::start(false, &[]);
    let (server, seen) = plainly("", &format!("{}, sampler: 0.5", insecure(&collector)));
    let mut client = Client::connect(server.address);
    for number in 0..200 {
        client.get(&format!("/{number}"));
    }
    client.send(format!("GET /wanted HTTP/1.1\r\nHost: test\r\ntraceparent: 00-{TRACE}-{PARENT}-01\r\n\r\n"));
    client.response();
    server.stop();
    let trees = trees(&collector.taken());
    assert!((50..150).contains(&trees.len()), "{}", trees.len());
    assert!(trees.contains_key("/wanted"), "the client has decided");
    for (path, headers) in seen.lock().iter() {
        let sampled = headers["traceparent"].to_str().unwrap().ends_with("-01");
        assert_eq!(sampled, trees.contains_key(path), "{path}");
    }
}

#[test]
fn requests_over_http2_are_traced() {
    use crate::support::http2;
    let collector = Collector::start(true, &[]);
    let (server, _) = plainly("http2: {h2c: true}", &format!("{}, client: grpc", insecure(&collector)));
    http2::run(async {
        let connection = http2::Connection::open(server.address).await;
        for path in ["/one", "/stream"] {
            assert_eq!(connection.get(path).await.unwrap().status, 200);
        }
    });
    server.stop();
    let trees = trees(&collector.taken());
    for (path, names) in [("/one", vec!["inbox", "php"]), ("/stream", vec!["body", "inbox", "php"])] {
        let tree = &trees[path];
        assert_eq!((tree.names(), tree.error()), (names, None), "{path}");
        assert_eq!(text(&tree.server, "network.protocol.version").as_deref(), Some("2"));
        assert_eq!(tree.children.contains_key("connection"), path == "/one");
    }
}

#[test]
fn what_a_collector_does_not_take_is_sent_again() {
    for grpc in [false, true] {
        let collector = Collector::start(grpc, &[Deed::Close, Deed::Later]);
        let client = if grpc { "grpc" } else { "http" };
        let (server, _) = plainly("", &format!("{}, client: {client}", insecure(&collector)));
        Client::connect(server.address).get("/");
        assert_eq!(trees(&[collector.next()]).len(), 1);
        assert_eq!(collector.asked(), 3);
        server.stop();
    }
}

#[test]
fn what_a_collector_rejects_is_not_sent_again() {
    for grpc in [false, true] {
        let collector = Collector::start(grpc, &[Deed::Never]);
        let client = if grpc { "grpc" } else { "http" };
        let (server, _) = plainly("", &format!("{}, client: {client}", insecure(&collector)));
        let mut client = Client::connect(server.address);
        client.get("/lost");
        crate::support::until("the collector was asked", || collector.asked() == 1);
        client.get("/kept");
        assert!(trees(&[collector.next()]).contains_key("/kept"));
        server.stop();
        assert_eq!((collector.asked(), collector.taken().len()), (2, 0));
    }
}

#[test]
fn a_collector_that_is_away_holds_nobody_up() {
    // Bound, but nobody takes what comes.
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = silent.local_addr().unwrap();
    let (server, _) = plainly("", &format!("endpoint: '{address}', insecure: true"));
    let mut client = Client::connect(server.address);
    for _ in 0..20 {
        assert_eq!(client.get("/").status, 200);
    }
    drop(client);
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
