//! Side processes and the log, as callers of the RPC act on them.

use roadrunner::{
    net::Address,
    program,
    rpc::{Bound, Client, Config, Limits, Methods, Server},
    service::Services,
};
use serde_json::{Value, json};

use super::{connect, serve};
use crate::support::PATIENCE;

const ARGUMENT: &str = r#"{"name":"one","command":"sh -c 'exec sleep 1000'","process_num":2,"env":{"key":"value"}}"#;

fn methods(services: &Services) -> Methods {
    let mut methods = Methods::new();
    methods.service(&services.remote());
    methods.app();
    methods
}

fn started() -> Services {
    let services = Services::new(program::environment());
    services.start(&[]).unwrap();
    services
}

#[test]
fn programs_are_started_over_tcp_only_where_that_is_allowed() {
    let services = started();
    let server = serve(methods(&services), Limits::default());
    let mut wire = connect(&server);
    assert_eq!(
        wire.call("service.Create", ARGUMENT).unwrap_err(),
        "service.Create may not be called over TCP: name it in rpc.allow, or use a unix socket"
    );
    assert_eq!(wire.call("service.List", "{}").unwrap(), r#"{"services":[]}"#);
    let mut methods = methods(&services);
    methods.allow(&["service.Create".to_owned()]);
    let server = serve(methods, Limits::default());
    assert_eq!(connect(&server).call("service.Create", ARGUMENT).unwrap(), r#"{"message":"","ok":true}"#);
    assert_eq!(services.list().len(), 2);
}

#[test]
fn a_service_is_created_shown_and_ended_over_a_unix_socket() {
    let services = started();
    let folder = std::env::temp_dir().join(format!("rr-rpc-services-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let address = Address::Unix(folder.join("rpc.sock"));
    let config = Config { listen: Some(vec![address.clone()]), ..Config::default() };
    let server = Server::start(Bound::new(&config, false).unwrap(), methods(&services), Limits::default()).unwrap();
    let mut client = Client::connect(&address, PATIENCE).unwrap();
    let argument: Value = serde_json::from_str(ARGUMENT).unwrap();
    let mut ask = |method: &str, argument: &Value| client.call::<_, Value>(method, argument);
    assert_eq!(ask("service.Create", &argument).unwrap()["ok"], true);
    let error = ask("service.Create", &argument).unwrap_err().to_string();
    assert!(error.contains("service already exists: one"), "{error}");
    assert_eq!(ask("service.List", &json!({})).unwrap(), json!({"services": ["one"]}));
    let name = json!({"name": "one"});
    let statuses = ask("service.Statuses", &name).unwrap();
    let processes: Vec<_> = statuses["status"].as_array().unwrap().iter().map(|one| one["pid"].as_u64()).collect();
    let running: Vec<_> = services.list().iter().map(|status| status.pid.map(u64::from)).collect();
    assert_eq!(processes, running);
    assert_eq!(statuses["status"][0]["command"], "sh -c exec sleep 1000");
    assert!(statuses["status"][0]["memory_usage"].as_u64().unwrap() > 0);
    assert_eq!(ask("service.Status", &name).unwrap()["pid"].as_u64(), running[1]);
    assert_eq!(ask("service.Restart", &name).unwrap()["ok"], true);
    assert_ne!(services.list()[0].pid.map(u64::from), running[0]);
    assert_eq!(ask("service.Terminate", &name).unwrap()["ok"], true);
    for method in ["service.Terminate", "service.Restart", "service.Status", "service.Statuses"] {
        let error = ask(method, &name).unwrap_err().to_string();
        assert!(error.contains("no such service: one"), "{error}");
    }
    for (argument, error) in [
        (json!({}), "a service must have a name"),
        (json!({"name": "a", "process_num": 1}), "service a: its command must be words"),
        (json!({"name": "a", "command": "true"}), "service a: process_num must be 1 to 1000, 0 given"),
        (json!({"name": "a", "command": "/no/such", "process_num": 1}), "service a cannot be started: "),
    ] {
        let said = ask("service.Create", &argument).unwrap_err().to_string();
        assert!(said.contains(error), "{said}");
    }
    drop(server);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn whoever_calls_writes_to_the_log() {
    let services = started();
    let server = serve(methods(&services), Limits::default());
    let mut wire = connect(&server);
    for method in ["app.Error", "app.Warning", "app.Info", "app.Debug", "app.Log"] {
        assert_eq!(wire.call(method, "\"said\"").unwrap(), "true", "{method}");
        let entry = r#"{"message":"said","log_attrs":[{"key":"a","value":"1"}]}"#;
        assert_eq!(wire.call(&format!("{method}WithContext"), entry).unwrap(), "{}", "{method}");
    }
}
