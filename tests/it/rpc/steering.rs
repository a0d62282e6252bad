//! The methods of RoadRunner, and our own client.

use std::time::Duration;

use roadrunner::rpc::{CallError, Client, Limits, Pool};

use super::{JSON, call, start};

#[test]
fn methods_have_the_names_and_shapes_of_roadrunner() {
    let rpc = start(Limits::default());
    let mut wire = rpc.connect();
    let version = roadrunner::config::COMPATIBLE;
    for (method, argument, expected) in [
        ("rpc.Version", "true", Ok(format!("\"{version}\""))),
        ("rpc.Process", "true", Ok(std::process::id().to_string())),
        ("informer.List", "true", Ok("[\"http\"]".to_owned())),
        ("resetter.List", "true", Ok("[\"http\"]".to_owned())),
        ("resetter.Reset", "\"http\"", Ok("true".to_owned())),
        ("resetter.Reset", "\"grpc\"", Err("there is no pool \"grpc\"; there are http".to_owned())),
        ("informer.AddWorker", "\"http\"", Ok("true".to_owned())),
        ("informer.RemoveWorker", "\"http\"", Err("a pool has at least one worker".to_owned())),
        ("informer.Workers", "\"jobs\"", Err("there is no pool \"jobs\"; there are http".to_owned())),
    ] {
        assert_eq!(wire.call(method, argument), expected, "{method}");
    }
    assert_eq!(*rpc.fake.asked.lock(), ["reset http", "add http"]);
    let workers = wire.call("informer.Workers", "\"http\"").unwrap();
    let expected = concat!(
        r#"{"workers":[{"pid":4700,"status":2,"numExecs":7,"created":1700000000000000000,"memoryUsage":4200000,"#,
        r#""CPUPercent":1.5,"command":"","statusStr":"working","name":"rr-php-http-0","number":0,"state":"working","#,
        r#""age":12000000,"uri":"/slow?x","bootError":"","method":"GET","cpuTime":250000000},"#,
        r#"{"pid":4701,"status":1,"numExecs":7,"created":1700000000000000000,"memoryUsage":4200000,"#,
        r#""CPUPercent":1.5,"command":"","statusStr":"ready","name":"rr-php-http-1","number":1,"state":"ready","#,
        r#""age":12000000,"uri":"","bootError":"","method":"","cpuTime":250000000}]}"#
    );
    assert_eq!(workers, expected);
}

#[test]
fn names_of_pools_may_come_in_any_codec() {
    let rpc = start(Limits::default());
    let mut wire = rpc.connect();
    for (flags, body, expected) in [
        (0x04, &b"http"[..], &b"true"[..]),
        (JSON, b"\"http\"", b"true"),
        (0x10, b"\xa4http", b"\xc3"),
        (0x20, b"\x07\x0c\0\x04http", b"\x03\x02\0\x01"),
    ] {
        let answer = wire.ask(&call(1, flags, "resetter.Reset", body)).unwrap();
        assert_eq!((answer.flags, &*answer.body), (flags, expected));
    }
}

#[test]
fn our_client_understands_the_server() {
    let rpc = start(Limits::default());
    let mut client = Client::connect(&rpc.server.addresses()[0], Duration::from_secs(60)).unwrap();
    let pool: Pool = client.call("informer.Workers", "http").unwrap();
    assert_eq!(pool.workers[0].uri, "/slow?x");
    let error = client.call::<_, bool>("resetter.Reset", "x").unwrap_err();
    assert!(matches!(&error, CallError::Fault(reason) if reason.starts_with("there is no pool")), "{error}");
    drop(rpc);
    let error = client.call::<_, bool>("resetter.Reset", "http").unwrap_err();
    assert!(matches!(error, CallError::Lost(_)), "{error}");
}
