//! Health checks, in each state of a server.

use std::{
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use roadrunner::{
    dashboard,
    handoff::Sealed,
    net::Address,
    pool::Ended,
    rpc::{CallError, Client as Rpc, Pool},
    server::Outcome,
    status::{Code, Config, Load},
};

use crate::support::{Builder, Client, Gate, PATIENCE, Server, answer, until};

const WELL: &str = r#"[{"plugin_name":"http","error_message":"","status_code":200}]"#;

/// Adds health checks, with so much patience for workers.
fn checked(mut builder: Builder, patience: Duration) -> Builder {
    let addresses = vec![Address::Tcp("127.0.0.1:0".parse().unwrap())];
    builder.config.status = Some(Config { addresses, patience, ..Config::default() });
    builder
}

fn site(server: &Server) -> SocketAddr {
    server.addresses[1].tcp().unwrap()
}

/// Status and body of a check.
#[track_caller]
fn ask(server: &Server, target: &str) -> (u16, String) {
    let response = Client::connect(site(server)).get(target);
    (response.status, response.text())
}

#[track_caller]
fn expect(server: &Server, health: u16, ready: u16, state: &str) {
    let (health_now, ready_now) = (ask(server, "/health"), ask(server, "/ready"));
    assert_eq!((health_now.0, ready_now.0), (health, ready), "{state}: {health_now:?} {ready_now:?}");
}

/// Serves until it is told to leave.
fn serve(worker: &roadrunner::pool::Worker<roadrunner::http::Request, roadrunner::http::Answer>) -> Ended {
    while let Some(envelope) = worker.wait().map(Sealed::open) {
        envelope.replier.answer(answer("worked"));
    }
    Ended::Exit(0)
}

#[test]
fn a_server_is_asked_in_the_shapes_of_roadrunner() {
    let mut builder = checked(Builder::new(|envelope| _ = envelope.replier.answer(answer("worked"))), PATIENCE);
    builder.config.status.as_mut().unwrap().unavailable = StatusCode::IM_A_TEAPOT;
    let server = builder.start();
    for (target, status, body) in [
        ("/health", 200, WELL),
        ("/ready", 200, WELL),
        ("/ready?plugin=http", 200, WELL),
        ("/ready?plugin=http&plugin=grpc", 200, WELL),
        ("/health?plugin=%68ttp&x=y", 200, WELL),
        ("/health?plugin=grpc", 200, "[]"),
        ("/ready?plugin=grpc", 200, "[]"),
        ("/jobs", 418, "jobs plugin not found\n"),
        ("/", 404, "there is no such page, only /health, /ready and /jobs\n"),
        ("/healthy", 404, "there is no such page, only /health, /ready and /jobs\n"),
    ] {
        assert_eq!(ask(&server, target), (status, body.to_owned()), "{target}");
    }
    let mut client = Client::connect(site(&server));
    assert_eq!(client.get("/health").header("content-type"), Some("application/json"));
    client.send("HEAD /ready HTTP/1.1\r\nHost: test\r\n\r\n");
    let head = client.response_without_body();
    assert_eq!((head.status, head.header("content-length")), (200, Some(&*WELL.len().to_string())));
    client.send("POST /ready HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
    let refused = client.response();
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
    server.stop();
}

#[test]
fn a_server_that_starts_lives_but_is_not_ready() {
    let (gate, booted) = (Arc::new(Gate::default()), Arc::new(Gate::default()));
    let (held, opened) = (Arc::clone(&gate), Arc::clone(&booted));
    let builder = Builder::scripted(move |worker| {
        opened.open();
        held.pass();
        serve(worker)
    });
    let server = checked(builder, PATIENCE).begin();
    booted.pass();
    expect(&server, 200, 503, "starting");
    let expected = r#"[{"plugin_name":"http","error_message":"the server is starting","status_code":503}]"#;
    assert_eq!(ask(&server, "/ready").1, expected);
    assert!(TcpStream::connect(server.address).is_err(), "the application is not served yet");
    gate.open();
    let server = server.serving();
    expect(&server, 200, 200, "running");
    server.stop();
}

#[test]
fn a_server_that_cannot_start_or_is_told_to_end_before_leaves_no_site_behind() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let builder = Builder::scripted(move |_| {
        held.pass();
        Ended::Fatal("no such file".into())
    });
    let server = checked(builder.workers(1), PATIENCE).begin();
    gate.wait_for(1);
    expect(&server, 200, 503, "booting");
    gate.open();
    until("the site is gone", || TcpStream::connect(site(&server)).is_err());

    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let builder = Builder::scripted(move |worker| {
        held.pass();
        serve(worker)
    });
    let server = checked(builder.workers(1), PATIENCE).begin();
    gate.wait_for(1);
    server.shut_down();
    gate.open();
    assert!(matches!(server.outcome(), Outcome::Clean));
    assert!(TcpStream::connect(site(&server)).is_err());
}

#[test]
fn a_pool_whose_workers_all_hang_does_not_live() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let builder = Builder::new(move |envelope| {
        held.pass();
        envelope.replier.answer(answer("worked"));
    });
    let patience = Duration::from_millis(1500);
    let server = checked(builder, patience).workers(2).start();
    let mut clients: Vec<_> = (0..2).map(|_| Client::connect(server.address)).collect();
    clients[0].send("GET /one HTTP/1.1\r\nHost: test\r\n\r\n");
    gate.wait_for(1);
    std::thread::sleep(patience);
    expect(&server, 200, 200, "one hangs, the other one turns round");
    clients[1].send("GET /two HTTP/1.1\r\nHost: test\r\n\r\n");
    gate.wait_for(2);
    expect(&server, 200, 200, "one hangs, the other one is busy");
    until("both hang", || ask(&server, "/health").0 == 503);
    expect(&server, 503, 503, "all hang");
    let expected = "all workers hang: none has shown life within check_timeout";
    assert!(ask(&server, "/health").1.contains(expected), "{:?}", ask(&server, "/health"));
    gate.open();
    for client in &mut clients {
        assert_eq!(client.response().status, 200);
    }
    expect(&server, 200, 200, "they came back");
    server.stop();
}

#[test]
fn a_reload_does_not_show() {
    let (gate, boots) = (Arc::new(Gate::default()), Arc::new(AtomicUsize::new(0)));
    let (held, count) = (Arc::clone(&gate), Arc::clone(&boots));
    let builder = Builder::scripted(move |worker| {
        if count.fetch_add(1, Ordering::SeqCst) > 0 {
            held.pass();
        }
        serve(worker)
    });
    let server = checked(builder.workers(1), PATIENCE).start();
    server.reload();
    gate.wait_for(1);
    expect(&server, 200, 200, "the next worker boots, the old one serves");
    gate.open();
    expect(&server, 200, 200, "one or the other");
    server.stop();
}

#[test]
fn a_server_whose_workers_do_not_boot_any_more_lives_but_is_not_ready() {
    let broken = Arc::new(AtomicBool::new(false));
    let looked = Arc::clone(&broken);
    let builder = Builder::scripted(move |worker| {
        if looked.load(Ordering::SeqCst) {
            return Ended::Fatal("Parse error".into());
        }
        if let Some(envelope) = worker.wait().map(Sealed::open) {
            looked.store(true, Ordering::SeqCst);
            envelope.replier.answer(answer("worked"));
        }
        Ended::Exit(0)
    });
    let server = checked(builder.workers(1), Duration::from_millis(100)).start();
    assert_eq!(Client::connect(server.address).get("/").status, 200);
    until("it is not ready", || ask(&server, "/ready").0 == 503);
    assert!(ask(&server, "/ready").1.contains("no worker is ready"));
    std::thread::sleep(Duration::from_millis(200));
    expect(&server, 200, 503, "no worker boots");
    server.shut_down();
    assert!(matches!(server.outcome(), Outcome::Clean));
}

#[test]
fn a_server_that_is_told_to_end_is_not_ready_from_the_first_moment() {
    let mut builder = checked(Builder::new(|envelope| _ = envelope.replier.answer(answer("worked"))), PATIENCE);
    builder.config.life.shutdown_delay = Duration::from_secs(2);
    let server = builder.start();
    let mut kept = Client::connect(site(&server));
    assert_eq!(kept.get("/ready").status, 200);
    server.shut_down();
    until("it is not ready", || ask(&server, "/ready").0 == 503);
    assert_eq!(Client::connect(server.address).get("/").status, 200, "it still serves");
    let ending = "service is shutting down\n".to_owned();
    assert_eq!(ask(&server, "/ready?plugin=http"), (503, ending.clone()));
    assert_eq!(ask(&server, "/health"), (200, ending.clone()));
    assert_eq!(ask(&server, "/jobs"), (503, ending));
    let last = kept.get("/ready");
    assert!(last.status == 503 && last.closes());
    kept.expect_end();
    assert!(matches!(server.outcome(), Outcome::Clean));
    assert!(TcpStream::connect(site(&server)).is_err());
}

/// A socket that is removed in the end.
struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn other_processes_are_told_the_same_and_which_request_each_worker_has() {
    let socket = Socket(std::env::temp_dir().join(format!("rr-it-status-{}.sock", std::process::id())));
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let mut builder = Builder::scripted(move |worker| {
        while let Some(envelope) = worker.wait().map(Sealed::open) {
            let head = &envelope.request.head;
            worker.shows(head.method.as_str(), &head.uri.to_string());
            held.pass();
            envelope.replier.answer(answer("worked"));
        }
        Ended::Exit(0)
    });
    builder.config.rpc.listen = Some(vec![Address::Unix(socket.0.clone())]);
    let mut server = checked(builder.workers(1), PATIENCE);
    // It shows latencies, so they are measured.
    let addresses = vec![Address::Tcp("127.0.0.1:0".parse().unwrap())];
    server.config.dashboard = Some(dashboard::Config { addresses, ..dashboard::Config::default() });
    let server = server.start();
    let mut rpc = Rpc::connect(&Address::Unix(socket.0.clone()), PATIENCE).unwrap();
    let well = Code { code: 200, message: String::new() };
    for method in ["status.Status", "status.Ready"] {
        assert_eq!(rpc.call::<_, Code>(method, "http").unwrap(), well);
        let message = std::collections::BTreeMap::from([("plugin", "http")]);
        assert_eq!(rpc.call::<_, Code>(method, &message).unwrap(), well, "as RoadRunner's clients ask");
        let unknown = rpc.call::<_, Code>(method, "grpc").unwrap_err();
        assert!(matches!(&unknown, CallError::Fault(reason) if reason == "no such plugin: grpc"), "{unknown}");
    }
    let mut client = Client::connect(server.address);
    client.send("PUT /reports?year=2026 HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
    gate.wait_for(1);
    let load: Load = rpc.call("status.Load", &true).unwrap();
    assert_eq!((load.process, load.stage.as_str()), (std::process::id(), "running"));
    let pool = &load.pools[0];
    assert_eq!((pool.name.as_str(), pool.requests, pool.room), ("http", 1, 1024));
    assert_eq!(pool.latency.as_deref(), Some(&[][..]), "measured, but there is none yet");
    let worker = &pool.workers[0];
    assert_eq!((worker.method.as_str(), worker.uri.as_str()), ("PUT", "/reports?year=2026"));
    assert_eq!(worker.state, "working");
    let workers: Pool = rpc.call("informer.Workers", "http").unwrap();
    assert_eq!(workers.workers[0].uri, "/reports?year=2026");
    gate.open();
    assert_eq!(client.response().status, 200);
    until("the worker has nothing in hand", || {
        let load: Load = rpc.call("status.Load", &true).unwrap();
        let worker = &load.pools[0].workers[0];
        let counted: u64 = load.pools[0].latency.iter().flatten().map(|bucket| bucket.count).sum();
        worker.state == "ready" && worker.uri.is_empty() && counted == 1
    });
    server.stop();
}
