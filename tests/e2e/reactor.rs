//! Who drives the reactor: workers while requests are short, the reactor's own thread otherwise, and nobody has to wait for it.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    Client, Server, get,
    handoff::{Counters, counted},
    http2::{self, Connection, run, whole},
    until,
};

const HELLO: &str = "$worker->respond(200, $request->path);";
/// How long handlers are slow. What must not wait for them has half of it.
const SLOW: Duration = Duration::from_secs(2);

fn server(keys: &str, body: &str) -> Server {
    let config = format!(
        "http: {{address: {{address}}, {keys} pool: {{num_workers: 2}}}}\n\
         metrics: {{address: '127.0.0.1:0'}}\nlogs: {{level: info, channels: {{server: {{level: debug}}}}}}"
    );
    Server::with_loop(body).config(&config).start()
}

/// Short requests until a worker drives.
fn calm(server: &Server, client: &mut Client) {
    let gives = Counters::of(server).get("gives");
    // What was slow before is forgotten.
    let slow = Instant::now();
    until("a worker drives", || {
        (0..50).for_each(|_| assert_eq!(client.get("/").unwrap().status, 200));
        let now = Counters::of(server);
        let (given, back) = (now.get("gives"), now.get("retires") + now.get("steals"));
        slow.elapsed() > Duration::from_millis(300) && given > back && (gives == 0 || given > gives)
    });
}

#[test]
fn a_worker_that_drives_wakes_nobody() {
    let server = server("", HELLO);
    let mut client = Client::connect(server.address).unwrap();
    calm(&server, &mut client);
    let costs = || {
        let now = Counters::of(&server);
        now.get("wakes") + now.get("kicks")
    };
    let before = costs();
    (0..1000).for_each(|_| assert_eq!(client.get("/some").unwrap().text(), "/some"));
    let costs = costs() - before;
    assert!(costs < 200, "{costs} wakes in 1000 requests");
    let log = server.stop();
    assert!(counted(&log, "gives") > 0);
}

#[test]
fn with_handoff_no_worker_drives() {
    let server = server("reactor: handoff,", HELLO);
    let mut client = Client::connect(server.address).unwrap();
    (0..500).for_each(|_| assert_eq!(client.get("/some").unwrap().text(), "/some"));
    assert_eq!(Counters::of(&server).get("gives"), 0);
    server.stop();
}

#[test]
fn workers_drive_http2_too() {
    let server = server("http2: {h2c: true},", HELLO);
    run(async {
        let connection = Connection::open(server.address).await;
        for _ in 0..50 {
            let mut answers = Vec::new();
            for _ in 0..16 {
                answers.push(connection.begin(http2::get("/h2"), "").await.unwrap());
            }
            for answer in answers {
                assert_eq!(whole(answer.await.unwrap()).await.unwrap().body, b"/h2");
            }
        }
    });
    assert!(Counters::of(&server).get("gives") > 0);
    server.stop();
}

#[test]
fn no_answer_waits_for_the_work_behind_it() {
    let slow = SLOW.as_micros();
    let server = server("", &format!("{HELLO} if ($request->path === '/works') {{ usleep({slow}); }}"));
    for _ in 0..2 {
        let mut client = Client::connect(server.address).unwrap();
        calm(&server, &mut client);
        let start = Instant::now();
        assert_eq!(client.get("/works").unwrap().text(), "/works");
        assert!(start.elapsed() < SLOW / 2, "{:?}", start.elapsed());
    }
    server.stop();
}

#[test]
fn a_slow_request_holds_up_no_other() {
    let slow = SLOW.as_micros();
    let server = server("", &format!("if ($request->path === '/slow') {{ usleep({slow}); }} {HELLO}"));
    let mut client = Client::connect(server.address).unwrap();
    calm(&server, &mut client);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(get(server.address, "/slow").text(), "/slow");
            over.store(true, Ordering::SeqCst);
        });
        let mut answers = 0;
        while !over.load(Ordering::SeqCst) {
            let start = Instant::now();
            assert_eq!(client.get("/").unwrap().status, 200);
            assert!(start.elapsed() < SLOW / 2, "{:?} after {answers} answers", start.elapsed());
            answers += 1;
        }
        assert!(answers > 100, "{answers} answers");
    });
    assert!(Counters::of(&server).get("steals") > 0);
    server.stop();
}

#[test]
fn pieces_of_an_answer_go_out_as_they_are_written() {
    let slow = SLOW.as_micros();
    let server = server(
        "",
        &format!(
            "if ($request->path !== '/pieces') {{ {HELLO} continue; }}
             $stream = $request->startResponse(200); $stream->write('first'); usleep({slow}); $stream->write('last'); $stream->end();"
        ),
    );
    let mut client = Client::connect(server.address).unwrap();
    calm(&server, &mut client);
    let start = Instant::now();
    client.send(b"GET /pieces HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    client.until("first").unwrap();
    assert!(start.elapsed() < SLOW / 2, "{:?}", start.elapsed());
    client.until("last").unwrap();
    server.stop();
}
