//! What is scraped at `metrics.address`, and what others change over RPC.

use std::{collections::BTreeMap, fs, net::TcpStream, sync::Arc};

use roadrunner::{
    config::Config,
    metrics::{Declaration, Format, Kind, Registry, page, register},
    net::Address,
    rpc::{self, Bound, Limits, Methods},
    server::metrics as own,
};

use crate::{
    rpc::{ERROR, JSON, Wire, call},
    support::{Builder, Client, Gate, PATIENCE, Response, Server, answer, until},
};

const GOB: u8 = 0x20;
const MESSAGE_PACK: u8 = 0x10;

/// A server with this text for section `metrics` beside `http`.
fn server(builder: Builder, http: &str, metrics: &str) -> Server {
    let mut builder = builder;
    let text = format!(
        "{{version: '3', http: {{address: '127.0.0.1:0', {http}}}, metrics: {{address: '127.0.0.1:0', {metrics}}}}}"
    );
    let config = Config::parse(&text).unwrap();
    let pool = builder.config.http.pool.clone();
    builder.config.metrics = config.metrics;
    builder.config.http = config.http;
    builder.config.http.pool = pool;
    builder.start()
}

fn hello() -> Builder {
    Builder::new(|envelope| {
        envelope.replier.answer(answer("hello"));
    })
}

fn ask(server: &Server, request: &str) -> Response {
    let address = server.addresses.last().unwrap().tcp().unwrap();
    let mut client = Client::connect(address);
    client.send(request);
    client.response()
}

fn scrape(server: &Server) -> String {
    let response = ask(server, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    String::from_utf8(response.body).unwrap()
}

/// The value of a sample.
#[track_caller]
fn value(text: &str, sample: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in\n{text}")).parse().unwrap()
}

fn get(server: &Server, path: &str) -> Response {
    let mut client = Client::connect(server.address);
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.response()
}

#[test]
fn every_metric_of_the_server_is_shown_once_and_documented() {
    let server = server(hello(), "middleware: [http_metrics]", "");
    get(&server, "/");
    // Its answer is out before it is counted.
    until("the request is counted", || scrape(&server).contains("rr_http_request_total{status=\"200\"} 1\n"));
    let text = scrape(&server);
    let shown: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md")).unwrap();
    for metric in own() {
        // No PHP, no opcache.
        let expected = usize::from(metric.name != "rr_opcache_used_ratio");
        assert_eq!(shown.iter().filter(|name| **name == metric.name).count(), expected, "{}", metric.name);
        let row = format!("| `{}` | {} |", metric.name, metric.kind.as_str());
        assert!(docs.contains(&row), "docs/metrics.md has no row {row}");
        assert!(text.contains(&format!("# HELP {} {}\n", metric.name, metric.help)) || expected == 0);
    }
    assert_eq!(shown.len() + 1, own().count(), "{text}");
    server.stop();
}

#[test]
fn values_are_right_after_a_known_load() {
    let mut builder = Builder::new(|envelope| {
        if envelope.request.head.uri.path() == "/lost" {
            return;
        }
        envelope.replier.answer(answer("hello"));
    });
    builder = builder.workers(3);
    let server = server(builder, "middleware: [http_metrics]", "");
    for _ in 0..7 {
        get(&server, "/");
    }
    get(&server, "/lost");
    until("all are counted", || value(&scrape(&server), "rr_http_requests_queue") == 0.0);
    until("answers are fetched", || value(&scrape(&server), "rr_handoff_answer_wait_seconds_count") == 8.0);
    until("workers wait again", || value(&scrape(&server), "rr_http_workers_ready") == 3.0);
    let text = scrape(&server);
    for (sample, expected) in [
        ("rr_http_total_workers", 3.0),
        ("rr_http_workers_working", 0.0),
        ("rr_http_workers_invalid", 0.0),
        ("rr_http_workers_busy_ratio", 0.0),
        ("rr_http_worker_requests_total", 8.0),
        ("rr_handoff_requests_total", 8.0),
        ("rr_http_request_total{status=\"200\"}", 7.0),
        ("rr_http_request_total{status=\"500\"}", 1.0),
        ("rr_http_request_duration_seconds_count{status=\"200\"}", 7.0),
        ("rr_http_request_duration_seconds_bucket{status=\"200\",le=\"+Inf\"}", 7.0),
        ("rr_http_queue_wait_seconds_count", 8.0),
        ("rr_http_requests_refused_total", 0.0),
        ("rr_http_worker_recycles_total{reason=\"max_jobs\"}", 0.0),
        ("rr_http_reloads_total{result=\"done\"}", 0.0),
    ] {
        assert_eq!(value(&text, sample), expected, "{sample}\n{text}");
    }
    assert!(value(&text, "rr_http_workers_busy_seconds_total") > 0.0);
    assert!(value(&text, "process_resident_memory_bytes") > 1e6 && value(&text, "process_threads") > 3.0);
    server.reload();
    until("it is reloaded", || value(&scrape(&server), "rr_http_reloads_total{result=\"done\"}") == 1.0);
    until("the old ones have left", || {
        value(&scrape(&server), "rr_http_worker_recycles_total{reason=\"reload\"}") == 3.0
    });
    server.stop();
}

#[test]
fn what_is_refused_waits_and_leaves_is_counted() {
    let gate = Arc::new(Gate::default());
    let waits = Arc::clone(&gate);
    let builder = Builder::new(move |envelope| {
        waits.pass();
        envelope.replier.answer(answer("hello"));
    });
    let server = server(builder.workers(1).queue(1), "middleware: [http_metrics]", "");
    let send = || {
        let mut client = Client::connect(server.address);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client
    };
    let mut first = send();
    until("it works", || value(&scrape(&server), "rr_http_workers_working") == 1.0);
    let second = send();
    until("one waits", || value(&scrape(&server), "rr_http_requests_waiting") == 1.0);
    let text = scrape(&server);
    assert_eq!(value(&text, "rr_http_workers_busy_ratio"), 1.0);
    assert_eq!(value(&text, "rr_http_requests_queue"), 2.0);
    assert_eq!(value(&text, "rr_http_connections"), 2.0);
    assert_eq!(send().response().status, 503);
    until("it is refused", || value(&scrape(&server), "rr_http_requests_refused_total") == 1.0);
    assert_eq!(value(&scrape(&server), "rr_http_no_free_workers_total"), 1.0);
    drop(second);
    until("its leave is seen", || scrape(&server).contains("rr_http_request_total{status=\"499\"} 1\n"));
    gate.open();
    assert_eq!(first.response().status, 200);
    until("it was thrown away", || value(&scrape(&server), "rr_http_requests_abandoned_total") == 1.0);
    server.stop();
}

#[test]
fn other_paths_and_methods_are_refused_and_the_format_is_negotiated() {
    let server = server(hello(), "pool: {}", "");
    assert_eq!(ask(&server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
    assert_eq!(ask(&server, "GET /metrics/ HTTP/1.1\r\nHost: a\r\n\r\n").status, 404);
    let mut client = Client::connect(server.addresses.last().unwrap().tcp().unwrap());
    client.send("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.response_without_body();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/plain; version=0.0.4; charset=utf-8")));
    let posted = ask(&server, "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));
    let open = ask(
        &server,
        "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n\r\n",
    );
    assert_eq!(open.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    assert!(open.body.ends_with(b"\n# EOF\n"));
    let text = String::from_utf8(open.body).unwrap();
    assert!(text.contains("# TYPE rr_handoff_wakes counter\nrr_handoff_wakes_total "), "{text}");
    assert!(!text.contains("rr_http_request_total"), "the middleware is off");
    server.stop();
}

#[test]
fn several_pools_have_labels() {
    let builder = hello();
    let server = server(builder, "pools: {api: {num_workers: 2}}, routes: [{prefix: /api, pool: api}]", "");
    get(&server, "/api");
    get(&server, "/api");
    get(&server, "/");
    let text = scrape(&server);
    assert_eq!(value(&text, "rr_http_worker_requests_total{pool=\"api\"}"), 2.0);
    assert_eq!(value(&text, "rr_http_worker_requests_total{pool=\"http\"}"), 1.0);
    assert_eq!(text.matches("rr_http_worker_state{pool=\"api\",state=\"").count(), 2);
    server.stop();
}

#[test]
fn metrics_of_the_configuration_are_there_from_the_start() {
    let server = server(
        hello(),
        "pool: {}",
        "collect: {orders: {type: counter, namespace: shop, subsystem: web, help: Orders}, \
         sizes: {type: histogram, buckets: [1, 2.5]}, times: {type: summary, objectives: {0.5: 0.05}}, \
         by: {type: gauge, labels: [a, b]}}",
    );
    let text = scrape(&server);
    for lines in [
        "# HELP shop_web_orders Orders\n# TYPE shop_web_orders counter\nshop_web_orders 0\n",
        "sizes_bucket{le=\"2.5\"} 0\nsizes_bucket{le=\"+Inf\"} 0\n",
        "times{quantile=\"0.5\"} NaN\ntimes_sum 0\n",
        "# TYPE by gauge\n",
    ] {
        assert!(text.contains(lines), "{lines}\n{text}");
    }
    server.stop();
}

#[test]
fn what_cannot_be_collected_is_an_error_of_the_configuration() {
    for (collect, message) in [
        ("a: {type: counter, labels: [le-x]}", "cannot have the label \"le-x\""),
        ("a: {type: thing}", "is counter, gauge, histogram or summary"),
        ("a: {help: x}", "metrics.collect.a.type"),
        ("a: {type: histogram, buckets: [2, 1]}", "buckets must be numbers that grow"),
        ("a: {type: histogram, buckets: [x]}", "is not a number"),
        ("a: {type: summary, objectives: {0.5: x}}", "which are not two numbers"),
        ("a: {type: counter}, a_total: {type: counter}", "is shown under the same name"),
    ] {
        let error = Config::parse(&format!("{{version: '3', metrics: {{collect: {{{collect}}}}}}}")).unwrap_err();
        assert!(error.to_string().contains(message), "{collect}: {error}");
    }
    let config = Config::parse("{version: '3', metrics: {}}").unwrap().metrics.unwrap();
    assert_eq!((config.addresses[0].to_string(), config.max_series), ("127.0.0.1:2112".to_owned(), 10_000));
}

/// A registry that is changed over RPC.
fn answering(registry: &Arc<Registry>) -> (rpc::Server, Wire) {
    let mut methods = Methods::new();
    register(registry, &mut methods);
    let address = Address::Tcp("127.0.0.1:0".parse().unwrap());
    let config = rpc::Config { listen: Some(vec![address]), ..Default::default() };
    let bound = Bound::new(&config, false).unwrap();
    let server = rpc::Server::start(bound, methods, Limits::default()).unwrap();
    let stream = TcpStream::connect(server.addresses()[0].tcp().unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    (server, Wire(stream))
}

fn shown(registry: &Registry) -> BTreeMap<String, String> {
    let text = page(&registry.gather(), Format::Text);
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_calls_of_roadrunners_package_work() {
    let registry = Registry::new(2);
    let (_server, mut wire) = answering(&registry);
    let declare = |name: &str, collector: &str| {
        format!(
            r#"{{"name":"{name}","collector":{{"namespace":"","subsystem":"","help":"","labels":[],"buckets":[],{collector}}}}}"#
        )
    };
    let ok = Ok("true".to_owned());
    for (name, collector) in [
        ("orders", r#""type":"counter""#),
        ("orders", r#""type":"counter""#),
        ("level", r#""type":"gauge""#),
        ("times", r#""type":"summary","objectives":{"0.5":0.05}"#),
    ] {
        assert_eq!(wire.call("metrics.Declare", &declare(name, collector)), ok, "{name}");
    }
    let shops = r#"{"name":"shops","collector":{"namespace":"app","subsystem":"web","type":"counter","help":"Shops","labels":["shop"],"buckets":null}}"#;
    assert_eq!(wire.call("metrics.Declare", shops), ok);
    let sizes = r#"{"name":"sizes","collector":{"type":"histogram","help":"","labels":[],"buckets":[1,2]}}"#;
    assert_eq!(wire.call("metrics.Declare", sizes), ok);
    for (method, argument) in [
        ("metrics.Add", r#"{"name":"orders","value":1.5,"labels":[]}"#),
        ("metrics.Add", r#"{"name":"orders","value":2}"#),
        ("metrics.Add", r#"{"name":"shops","value":1,"labels":["eu"]}"#),
        ("metrics.Set", r#"{"name":"level","value":10,"labels":null}"#),
        ("metrics.Sub", r#"{"name":"level","value":2.5,"labels":[]}"#),
        ("metrics.Observe", r#"{"name":"sizes","value":1.5,"labels":[]}"#),
        ("metrics.Observe", r#"{"name":"times","value":3,"labels":[]}"#),
    ] {
        assert_eq!(wire.call(method, argument), ok, "{method} {argument}");
    }
    let shown = shown(&registry);
    for (name, value) in [
        ("orders", "3.5"),
        ("app_web_shops{shop=\"eu\"}", "1"),
        ("level", "7.5"),
        ("sizes_bucket{le=\"1\"}", "0"),
        ("sizes_bucket{le=\"2\"}", "1"),
        ("times{quantile=\"0.5\"}", "3"),
    ] {
        assert_eq!(shown.get(name).map(String::as_str), Some(value), "{name}: {shown:?}");
    }
    for (method, argument, error) in [
        ("metrics.Add", r#"{"name":"none","value":1}"#, "there is no metric \"none\""),
        ("metrics.Add", r#"{"name":"orders","value":-1}"#, "cannot take -1"),
        ("metrics.Add", r#"{"name":"shops","value":1,"labels":[]}"#, "has the labels shop; values given: 0"),
        ("metrics.Sub", r#"{"name":"orders","value":1}"#, "has no operation \"sub\""),
        ("metrics.Declare", &declare("orders", r#""type":"gauge""#), "it is a counter already"),
        ("metrics.Declare", &declare("new", r#""type":"thing""#), "is counter, gauge, histogram or summary"),
        ("metrics.Unregister", "\"none\"", "there is no metric \"none\""),
        ("metrics.Add", "5", "the argument cannot be read"),
    ] {
        let fault = wire.call(method, argument).unwrap_err();
        assert!(fault.contains(error), "{method} {argument}: {fault}");
    }
    for shop in ["us", "as"] {
        let _ = wire.call("metrics.Add", &format!(r#"{{"name":"shops","value":1,"labels":["{shop}"]}}"#));
    }
    assert_eq!(self::shown(&registry)["rr_metrics_refused_total"], "1");
    assert_eq!(wire.call("metrics.Unregister", "\"orders\""), ok);
    assert!(!self::shown(&registry).contains_key("orders"));
}

#[test]
fn go_clients_and_messagepack_are_understood() {
    let registry = Registry::new(10);
    let (_server, mut wire) = answering(&registry);
    let mut send = |method: &str, flags: u8, body: &[u8]| {
        wire.send(&call(1, flags, method, body));
        let answer = wire.answer().unwrap();
        assert_eq!(answer.flags & ERROR, 0, "{}", String::from_utf8_lossy(&answer.body));
    };
    // What Go makes of NamedCollector{"size", Collector{Namespace: "n", Type: "summary", Help: "h", Labels: {"l"},
    // Buckets: {0.5, 1}, Objectives: {0.5: 0.05}}} and of Metric{"a", 1.5, {"x", "yz"}}.
    let named = "34ff830301010e4e616d6564436f6c6c6563746f7201ff8400010201044e616d65010c000109436f6c6c6563746f7201ff86000000\
        6eff8503010109436f6c6c6563746f7201ff8600010701094e616d657370616365010c00010953756273797374656d010c0001045479\
        7065010c00010448656c70010c0001064c6162656c7301ff820001074275636b65747301ff8800010a4f626a6563746976657301ff8a\
        00000016ff81020101085b5d737472696e6701ff8200010c000017ff87020101095b5d666c6f6174363401ff88000108000023ff8904\
        0101136d61705b666c6f617436345d666c6f6174363401ff8a0001080108000034ff84010473697a650101016e020773756d6d617279\
        0101680101016c0102fee03ffef03f0101fee03ff89a9999999999a93f0000";
    send("metrics.Declare", GOB, &hex(named));
    registry.declare(Declaration::new("a", "", Kind::Counter).with_labels(&["one", "two"])).unwrap();
    let metric = "327f030101064d657472696301ff8000010301044e616d65010c00010556616c756501080001064c6162656c7301ff820000\
        0016ff81020101085b5d737472696e6701ff8200010c000011ff8001016101fef83f0102017802797a00";
    send("metrics.Add", GOB, &hex(metric));
    // {"name": "a", "value": 1.5, "labels": ["x", "yz"]}
    let packed = "83a46e616d65a161a576616c7565cb3ff8000000000000a66c6162656c7392a178a2797a";
    send("metrics.Add", MESSAGE_PACK, &hex(packed));
    send("metrics.Add", JSON, br#"{"name":"a","value":1,"labels":["x","yz"]}"#);
    let shown = shown(&registry);
    assert_eq!(shown["a{one=\"x\",two=\"yz\"}"], "4");
    assert_eq!(registry.find("size").unwrap().full_name(), "n_size");
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/grafana.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let queries: Vec<_> = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    assert!(queries.len() > 20);
    let mut asked = 0;
    for query in &queries {
        for word in query.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
            if !word.starts_with("rr_") && !word.starts_with("process_") {
                continue;
            }
            let name = word.strip_suffix("_bucket").unwrap_or(word);
            assert!(own().any(|metric| metric.name == name), "{word} in {query}");
            asked += 1;
        }
    }
    assert!(asked >= queries.len(), "each query asks for something");
    let mut numbers: Vec<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), panels.len());
}
