use std::{fs, net::SocketAddr, path::PathBuf, time::Duration};

use http_body_util::BodyExt;
use hyper::body::Body as _;
use serde_json::{Value, json};

use super::*;
use crate::{config, log::Log};

/// Bound of every wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// The text that is logged while `inside` runs, with these settings of section `http.access_log`, and `rest` in the file.
fn logged(settings: &str, rest: &str, inside: impl FnOnce(&Arc<Access>)) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!("rr-access-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let file: PathBuf = std::env::temp_dir().join(name);
    let settings = settings.replace("{file}", &file.display().to_string());
    let rest = rest.replace("{file}", &file.display().to_string());
    let text = format!("http: {{access_logs: true, access_log: {{{settings}}}}}\n{rest}");
    let config = config::Config::parse(&text).unwrap();
    let log = Log::open(&config.logs).unwrap();
    log.start().unwrap();
    tracing::subscriber::with_default(log.subscriber(), || {
        inside(&Access::of(&config.http.access_log).expect("a log that is heard"));
    });
    log.stop(Instant::now() + PATIENCE);
    let text = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    text
}

/// The objects that are logged to a file of its own.
fn objects(settings: &str, inside: impl FnOnce(&Arc<Access>)) -> Vec<Value> {
    let text = logged(&format!("output: '{{file}}', {settings}"), "logs: {channels: {http: {mode: none}}}", inside);
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn peer(remote: &str) -> Peer {
    Peer { remote: remote.parse::<SocketAddr>().ok(), local: None }
}

fn head(target: &str, headers: &[(&str, &[u8])]) -> Parts {
    let mut request = http::Request::builder().method("POST").uri(target);
    for (name, value) in headers {
        request = request.header(*name, HeaderValue::from_bytes(value).unwrap());
    }
    request.body(()).unwrap().into_parts().0
}

/// A request and its answer.
fn exchange(access: &Arc<Access>, head: &Parts, status: u16, body: &'static str) {
    let record = access.begin(head, &SizeHint::with_exact(9), peer("192.0.2.1:4711"), Instant::now());
    record.read().unwrap().store(9, Ordering::Relaxed);
    let mut response = Response::new(Body::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let mut logged = Logged { answering: std::future::ready(Ok(response)), record: Some(record), trace: None };
    let Poll::Ready(Ok(response)) = Pin::new(&mut logged).poll(&mut Context::from_waker(std::task::Waker::noop()))
    else {
        unreachable!("the answer must be there")
    };
    let collecting = std::pin::pin!(response.into_body().collect());
    let collected = collecting.poll(&mut Context::from_waker(std::task::Waker::noop()));
    let Poll::Ready(Ok(collected)) = collected else { unreachable!("the body must be there") };
    assert_eq!(collected.to_bytes(), body);
}

#[test]
fn an_entry_has_the_fields_of_roadrunner() {
    let head = head(
        "/a%20b?c=d&e",
        &[("host", b"test:80"), ("user-agent", b"agent \"1\" \xff"), ("referer", b"http://from/")],
    );
    let entries = objects("", |access| exchange(access, &head, 201, "hello"));
    let [entry] = &*entries else { panic!("{entries:?}") };
    let number = |name: &str| entry[name].as_u64().unwrap_or_else(|| panic!("{name} in {entry}"));
    let start = number("start");
    assert!(start > 1_600_000_000_000_000_000 && number("request_time") >= start && number("ts") >= start, "{entry}");
    let local = entry["time_local"].as_str().unwrap();
    assert!(local.len() == "02/Jan/06:15:04:05 -0700".len() && local.ends_with(" +0000"), "{local}");
    assert_eq!(
        *entry,
        json!({
            "level": "info", "ts": entry["ts"], "logger": "http", "msg": "http access log", "read_bytes": 9,
            "write_bytes": 5, "status": 201, "method": "POST", "URI": "/a%20b?c=d&e", "URL": "/a%20b?c=d&e",
            "remote_address": "192.0.2.1:4711", "query": "c=d&e", "content_len": 9, "host": "test:80",
            "user_agent": "agent \"1\" \u{fffd}", "referer": "http://from/", "time_local": local,
            "request_time": entry["request_time"], "start": start, "elapsed": entry["elapsed"],
        })
    );
    assert!(number("elapsed") < 60_000);
}

#[test]
fn the_short_entry_is_what_octane_reads() {
    let entries = objects("format: short", |access| exchange(access, &head("/a?b", &[("host", b"test")]), 200, "x"));
    let [entry] = &*entries else { panic!("{entries:?}") };
    assert_eq!(
        *entry,
        json!({
            "level": "info", "ts": entry["ts"], "logger": "http", "msg": "http log", "status": 200, "method": "POST",
            "URI": "/a?b", "URL": "/a?b", "remote_address": "192.0.2.1:4711", "read_bytes": 9, "write_bytes": 1,
            "start": entry["start"], "elapsed": entry["elapsed"],
        })
    );
    assert!(entry["elapsed"].is_u64() && entry["start"].is_u64());
}

#[test]
fn targets_and_hosts_are_those_of_the_request() {
    let entries = objects("", |access| {
        exchange(access, &head("http://a:81/b?c", &[("host", b"a:81")]), 200, "");
        exchange(access, &head("*", &[]), 200, "");
        let mut second = head("http://a/b?c", &[]);
        second.version = Version::HTTP_2;
        exchange(access, &second, 200, "");
    });
    let seen: Vec<_> = entries.iter().map(|entry| (&entry["URI"], &entry["host"], &entry["query"])).collect();
    assert_eq!(json!(seen), json!([["http://a:81/b?c", "a:81", "c"], ["*", "", ""], ["/b?c", "a", "c"]]));
}

#[test]
fn requests_without_an_answer_have_an_entry() {
    let entries = objects("", |access| {
        drop(access.begin(&head("/gone", &[]), &SizeHint::default(), peer("192.0.2.1:0"), Instant::now()));
        access.refused(peer("[2001:db8::1]:1"), StatusCode::BAD_REQUEST);
        access.refused(peer("unix"), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    });
    let seen: Vec<_> = entries
        .iter()
        .map(|entry| {
            (&entry["status"], &entry["method"], &entry["URI"], &entry["remote_address"], &entry["content_len"])
        })
        .collect();
    assert_eq!(
        json!(seen),
        json!([
            [499, "POST", "/gone", "192.0.2.1", -1],
            [400, "", "", "[2001:db8::1]:1", 0],
            [431, "", "", "unix:", 0],
        ])
    );
}

#[test]
fn a_body_that_is_not_taken_to_its_end_counts_as_far_as_it_was() {
    let entries = objects("", |access| {
        let record = access.begin(&head("/", &[]), &SizeHint::with_exact(0), peer("192.0.2.1:1"), Instant::now());
        let mut body = Body::new(Bytes::from_static(b"hello"));
        body.record = Some(record);
        assert!(!body.is_end_stream());
        drop(body);
    });
    assert_eq!((&entries[0]["write_bytes"], &entries[0]["read_bytes"]), (&json!(0), &json!(0)));
}

#[test]
fn without_a_record_a_body_ends_with_its_last_byte() {
    let mut body = Body::new(Bytes::from_static(b"hello"));
    assert_eq!(body.size_hint().exact(), Some(5));
    let frame = Pin::new(&mut body).poll_frame(&mut Context::from_waker(std::task::Waker::noop()));
    assert!(matches!(frame, Poll::Ready(Some(Ok(_)))) && body.is_end_stream());
    assert!(Body::new(Bytes::new()).is_end_stream());
}

#[test]
fn lines_are_those_of_apache_and_nginx() {
    let request = |access: &Arc<Access>| {
        exchange(
            access,
            &head("/a\"b?c", &[("referer", b"http://\"x\"/"), ("user-agent", b"a\\b\t\xe9")]),
            404,
            "gone",
        );
        access.refused(peer("[::ffff:192.0.2.7]:1"), StatusCode::BAD_REQUEST);
    };
    let text = logged("format: combined, output: '{file}'", "", request);
    let line = regex_lite::Regex::new(r"^(\S+) - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] (.*)$").unwrap();
    let rest = |line_text: &str| {
        let found = line.captures(line_text).unwrap_or_else(|| panic!("{line_text}"));
        format!("{} {}", &found[1], &found[2])
    };
    let lines: Vec<_> = text.lines().map(rest).collect();
    assert_eq!(
        lines,
        [r#"192.0.2.1 "POST /a\"b?c HTTP/1.1" 404 4 "http://\"x\"/" "a\\b\x09\xe9""#, r#"192.0.2.7 "-" 400 0 "-" "-""#]
    );
    let text = logged("format: common, output: '{file}'", "", request);
    let lines: Vec<_> = text.lines().map(rest).collect();
    assert_eq!(lines, [r#"192.0.2.1 "POST /a\"b?c HTTP/1.1" 404 4"#, r#"192.0.2.7 "-" 400 0"#]);
}

#[test]
fn without_an_output_entries_go_where_those_of_the_channel_go() {
    let head = head("/", &[("user-agent", b"a b")]);
    let rest = "logs: {level: warn, channels: {http: {level: info, output: '{file}', time_format: '2006'}}}";
    let text = logged("", rest, |access| exchange(access, &head, 200, ""));
    let year = &text[..4];
    assert!(text.starts_with(&format!("{year} INFO  http   http access log read_bytes=9 write_bytes=0 ")), "{text}");
    assert!(text.contains(" user_agent=\"a b\" referer=\"\" time_local=\""), "{text}");
    assert!(text.contains(&format!(" request_time={year} start={year} elapsed=")), "{text}");
}

#[test]
fn what_is_not_heard_costs_nothing() {
    let of = |text: &str| {
        let config = config::Config::parse(text).unwrap();
        let log = Log::open(&config.logs).unwrap();
        tracing::subscriber::with_default(log.subscriber(), || {
            Access::of(&config.http.access_log).map(|access| access.format)
        })
    };
    assert_eq!(of(""), None);
    assert_eq!(of("http: {access_logs: true}"), Some(Format::RoadRunner));
    assert_eq!(of("http: {access_logs: true}\nlogs: {level: warn}"), None);
    assert_eq!(of("http: {access_logs: true}\nlogs: {channels: {http: {mode: none}}}"), None);
    assert_eq!(of("http: {access_logs: true, access_log: {format: common}}\nlogs: {mode: none}"), Some(Format::Common));
    // As RoadRunner's, but at the level that is for looking closely.
    assert_eq!(of("logs: {level: debug}"), Some(Format::Short));
    assert_eq!(of("logs: {channels: {http: {level: debug}}}"), Some(Format::Short));
    assert_eq!(of("http: {access_log: {output: stdout}}"), None);
}

#[test]
fn a_sample_has_its_share_and_all_failures() {
    let count = |sample: &str, status: u16| {
        let settings = format!("sample: {sample}");
        objects(&settings, |access| (0..1000).for_each(|_| exchange(access, &head("/", &[]), status, ""))).len()
    };
    assert_eq!(count("1", 200), 1000);
    assert!((50..200).contains(&count("0.1", 200)));
    assert_eq!(count("0", 499), 0);
    assert_eq!(count("0", 500), 1000);
    assert_eq!(count("0.1", 599), 1000);
}
