//! Pages that reload themselves.

mod browser;
mod pages;

use std::{
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
};

use http::{HeaderName, HeaderValue, StatusCode};
use roadrunner::{
    config::Config,
    handoff::{Monitor, Received},
    http::{Answer, Development, Envelope, Inbox, Pass, Payload, Port, Request, Seat, Service, serve_connection},
    net::{Bound, Front, Limits, Reactors},
};

use crate::support::{
    Builder, Client, PATIENCE, Response,
    http2::{Connection, get, run},
    until,
};

/// What a browser sends when somebody opens a page.
const BROWSER: &str = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nSec-Fetch-Dest: document\r\n";

/// A server of one worker, without a supervisor, whose pages are told what the test says.
struct Site {
    address: SocketAddr,
    development: Development,
    inbox: Arc<Inbox>,
    monitor: Arc<Monitor<Request, Answer>>,
    reactors: Option<Reactors>,
    threads: Vec<JoinHandle<()>>,
}

impl Site {
    /// `http`: keys of the section of that name.
    fn new(http: &str, work: impl Fn(&Seat, Envelope) + Send + 'static) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), http, work)
    }

    fn at(address: SocketAddr, http: &str, work: impl Fn(&Seat, Envelope) + Send + 'static) -> Self {
        let config = Config::parse(&format!("{{version: '3', http: {{address: '{address}', {http}}}}}")).unwrap().http;
        let bound = Bound::new(&config.endpoints(), 1).unwrap();
        let address = bound.addresses()[0].tcp().unwrap();
        let inbox = Inbox::new(1, 8, 1);
        let development = Development::new();
        let service =
            Service::new(vec![Arc::clone(&inbox)], &config, bound.addresses(), None, Some(&development), None);
        let service = Arc::new(service);
        let port = Port::new(16);
        let pass = Pass::new(&[Arc::clone(&inbox)], &port);
        let serve = move |accepted, drain, pass: &Arc<Pass>| {
            serve_connection(accepted, Arc::clone(&service), drain, Arc::clone(pass))
        };
        let listeners = bound.listen().unwrap().into_iter().map(|listeners| (listeners, Arc::clone(&pass))).collect();
        let front = Front::new(Limits { connections: 100, per_address: 0 }, None);
        let reactors = Some(Reactors::start("rr-io", listeners, &front, serve).unwrap());
        let monitor = Monitor::new(vec![Arc::clone(&inbox)], vec![port]);
        let (looking, seat) = (Arc::clone(&monitor), inbox.seat(0));
        let work = move || {
            while let Received::Request(sealed) = seat.wait() {
                work(&seat, sealed.open());
            }
        };
        let threads = vec![thread::spawn(move || looking.run()), thread::spawn(work)];
        Self { address, development, inbox, monitor, reactors, threads }
    }

    /// A server that answers with this page and these headers.
    fn page(http: &str, page: &'static str, headers: &'static [(&str, &str)]) -> Self {
        Self::new(http, move |_, envelope| {
            envelope.replier.answer(html(bytes::Bytes::from_static(page.as_bytes()), headers));
        })
    }

    /// What comes back for a request with these header lines.
    #[track_caller]
    fn get(&self, path: &str, lines: &str) -> Response {
        let mut client = Client::connect(self.address);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n{lines}\r\n"));
        client.response()
    }

    /// A client that listens, and what it was told first.
    #[track_caller]
    fn listen(&self) -> (Client, String) {
        let mut client = Client::connect(self.address);
        client.send("GET /.roadrunner/reload HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n\r\n");
        let told = client.read_until("\n\n\r\n");
        (client, told)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.development.end();
        let reactors = self.reactors.take().unwrap();
        reactors.drain();
        let drained = reactors.drained().recv_timeout(PATIENCE);
        self.inbox.close();
        self.monitor.stop();
        reactors.abort();
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        let timed_out = matches!(drained, Err(crossbeam_channel::RecvTimeoutError::Timeout));
        assert!(thread::panicking() || !timed_out, "connections are left");
    }
}

/// A page as a worker answers it.
fn html(page: impl Into<Payload>, headers: &[(&'static str, &'static str)]) -> Answer {
    with(StatusCode::OK, page, headers)
}

fn with(status: StatusCode, body: impl Into<Payload>, headers: &[(&'static str, &'static str)]) -> Answer {
    let mut answer = Answer::new(status, body);
    let has_type = headers.iter().any(|(name, _)| *name == "content-type");
    let usual = (!has_type).then_some(("content-type", "text/html; charset=UTF-8"));
    for (name, value) in usual.iter().chain(headers) {
        answer.append(HeaderName::from_static(name), HeaderValue::from_static(value)).unwrap();
    }
    answer
}

/// The version in an element or an event.
#[track_caller]
fn version(text: &str) -> String {
    let (_, rest) = text.split_once("version").unwrap_or_else(|| panic!("no version in {text}"));
    rest.trim_start_matches(['"', ':', '=']).split('"').next().unwrap().to_owned()
}

#[test]
fn who_listens_is_told_of_each_change() {
    let site = Site::page("", "<body></body>", &[]);
    let page = site.get("/", BROWSER).text();
    let (mut client, first) = site.listen();
    assert!(first.contains("content-type: text/event-stream") && first.contains("cache-control: no-store"), "{first}");
    assert!(first.contains("retry: 500\ndata: {"), "{first}");
    assert_eq!(version(&first), version(&page));
    assert!(first.contains("\"failure\":null"), "{first}");
    site.development.failed("Parse error in \"a.php\"\non line 3 </script>");
    let failed = client.read_until("\n\n");
    assert!(failed.contains(r#""failure":"Parse error in \"a.php\"\non line 3 </script>""#), "{failed}");
    assert_eq!(version(&failed), version(&page));
    // Who comes now hears of it, too.
    let (mut other, late) = site.listen();
    assert!(late.contains("on line 3"), "{late}");
    site.development.reloaded();
    for client in [&mut client, &mut other] {
        let reloaded = client.read_until("\n\n");
        assert!(reloaded.contains("\"failure\":null"), "{reloaded}");
        assert_ne!(version(&reloaded), version(&page));
        assert_eq!(version(&reloaded), version(&site.get("/", BROWSER).text()));
    }
    assert_eq!(site.development.listeners(), 2);
    drop(other);
    until("who has gone is forgotten", || site.development.listeners() == 1);
}

#[test]
fn many_changes_are_one_for_who_is_slow() {
    let site = Site::page("", "", &[]);
    let (mut client, _) = site.listen();
    for _ in 0..100_000 {
        site.development.reloaded();
    }
    let last = format!("-{}\"", 100_000);
    client.read_until(&last);
}

#[test]
fn the_script_is_there() {
    let site = Site::page("", "", &[]);
    let script = site.get("/.roadrunner/reload.js", "");
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(script.text().contains("new EventSource('/.roadrunner/reload')"));
    let mut client = Client::connect(site.address);
    for path in ["/.roadrunner/reload.js", "/.roadrunner/reload"] {
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        assert_eq!(client.response_without_body().status, 200, "{path}");
    }
}

#[test]
fn without_the_setting_everything_is_php_s() {
    let server = Builder::new(|envelope| {
        let path = envelope.request.head.uri.path().to_owned();
        envelope.replier.answer(html(bytes::Bytes::from(path), &[("etag", "\"a\"")]));
    })
    .start();
    for path in ["/", "/.roadrunner/reload", "/.roadrunner/reload.js"] {
        let mut client = Client::connect(server.address);
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n{BROWSER}\r\n"));
        let response = client.response();
        assert_eq!((response.text().as_str(), response.header("etag")), (path, Some("\"a\"")));
    }
    server.stop();
}

/// Open pages listen for ever; the server ends nevertheless, and at once.
#[test]
fn listeners_do_not_keep_a_server() {
    let mut builder = Builder::new(|envelope| {
        envelope.replier.answer(html(bytes::Bytes::new(), &[]));
    });
    builder.config.watch = Some(roadrunner::watch::Config::default());
    let server = builder.start();
    let mut clients: Vec<_> = (0..10)
        .map(|_| {
            let mut client = Client::connect(server.address);
            client.send("GET /.roadrunner/reload HTTP/1.1\r\nHost: test\r\n\r\n");
            client.read_until("data: ");
            client
        })
        .collect();
    server.shut_down();
    for client in &mut clients {
        client.read_until("0\r\n\r\n");
    }
    assert!(matches!(server.outcome(), roadrunner::server::Outcome::Clean));
}

#[test]
fn listeners_by_http2_are_told_and_do_not_keep_a_server() {
    let site = Site::page("http2: {h2c: true}", "", &[]);
    run(async {
        let connection = Connection::open(site.address).await;
        let response = connection.begin(get("/.roadrunner/reload"), "").await.unwrap().await.unwrap();
        let mut body = response.into_body();
        let mut told = String::new();
        let mut more = async |text: &str| {
            while !told.contains(text) {
                let piece = body.data().await.expect("the stream must not end").unwrap();
                told += str::from_utf8(&piece).unwrap();
            }
        };
        more("-0\"").await;
        site.development.reloaded();
        more("-1\"").await;
        site.development.end();
        while let Some(piece) = body.data().await {
            piece.unwrap();
        }
    });
}
