//! Methods that workers have registered, over sockets and from inside; plain threads in place of PHP.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use roadrunner::{
    handoff::{Given, Inbox, Leave, Received, Seat},
    net::Address,
    rpc::{Bound, Client, Config, Fault, Inside, Key, Limits, Methods, Server, Value},
};

use super::{ERROR, JSON, Rpc, Wire, call};
use crate::support::{Gate, PATIENCE, until};

/// A server whose methods `shop.…` are those of one worker.
struct Shop {
    server: Server,
    inside: Arc<Inside>,
    seat: Arc<Seat<u32, u32>>,
    inbox: Arc<Inbox<u32, u32>>,
    /// Lets `shop.Wait` go on.
    gate: Arc<Gate>,
    thread: Option<JoinHandle<()>>,
}

impl Shop {
    fn new(config: &Config) -> Self {
        let inside = Inside::new("{\"a\":1}".to_owned());
        let inbox = Inbox::new(1, 1, 1);
        let (seat, gate) = (Arc::new(inbox.seat(0)), Arc::new(Gate::default()));
        let member = inside.offers().join(&seat);
        for name in ["shop.Echo", "shop.Fail", "shop.Lose", "shop.Wait"] {
            member.offer(name);
        }
        let mut methods = Methods::new();
        methods.let_in(&inside, &config.allow);
        let server = Server::start(Bound::new(config, false).unwrap(), methods, Limits::default()).unwrap();
        let thread = {
            let (seat, gate) = (Arc::clone(&seat), Arc::clone(&gate));
            thread::spawn(move || {
                while let Received::Errand = seat.wait() {
                    let Given { name, request, duty } = member.take().unwrap();
                    match &*name {
                        "shop.Echo" => {
                            duty.answer(Ok(request));
                        }
                        "shop.Fail" => {
                            duty.answer(Err(Fault::new("sold out")));
                        }
                        "shop.Wait" => {
                            gate.pass();
                            duty.answer(Ok(request));
                        }
                        _ => drop(duty),
                    }
                }
            })
        };
        Self { server, inside, seat, inbox, gate, thread: Some(thread) }
    }

    fn over_tcp(allow: &[&str]) -> Self {
        let address = Address::Tcp("127.0.0.1:0".parse().unwrap());
        let allow = allow.iter().map(|name| (*name).to_owned()).collect();
        Self::new(&Config { listen: Some(vec![address]), allow, ..Config::default() })
    }

    fn connect(&self) -> Wire {
        Rpc::wire(&self.server)
    }

    /// Lets the worker go, as at the end of its pool.
    fn close(&mut self) {
        self.inbox.close();
        self.seat.leave(Leave::Stop);
        self.gate.open();
        self.thread.take().map(JoinHandle::join).transpose().unwrap();
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.close();
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.as_bytes().to_vec())
}

#[test]
fn values_come_and_go_in_every_codec() {
    let shop = Shop::over_tcp(&["shop.Echo"]);
    let mut wire = shop.connect();
    let gob_list = b"\x0b\x7f\x02\x01\x02\xff\x80\x00\x01\x0c\x00\x00\x0e\xff\x80\x00\x02\x04http\x04jobs";
    let gob_result = b"\x0c\xff\x81\x02\x01\x02\xff\x82\0\x01\x0c\0\0\x0e\xff\x82\0\x02\x04http\x04jobs";
    for (flags, body, expected) in [
        (JSON, &br#"{"b":[1,2.5,null,"\u00fc"],"a":{}}"#[..], "{\"b\":[1,2.5,null,\"ü\"],\"a\":{}}".as_bytes()),
        (JSON, b"", b"null"),
        (0x10, b"\x82\xa1a\xc4\x02\xff\xfe\xa1b\x93\x01\xc0\xc3", b"\x82\xa1a\xc4\x02\xff\xfe\xa1b\x93\x01\xc0\xc3"),
        (0x04, b"plain", b"plain"),
        (0x20, gob_list, gob_result),
        (0x20, b"\x07\x0c\0\x04http", b"\x07\x0c\0\x04http"),
    ] {
        let answer = wire.ask(&call(1, flags, "shop.Echo", body)).unwrap();
        assert_eq!((answer.flags, answer.body.as_slice()), (flags, expected), "{}", String::from_utf8_lossy(body));
    }
    let answer = wire.ask(&call(2, JSON, "shop.Echo", b"{")).unwrap();
    assert_eq!(answer.flags, JSON | ERROR);
    let answer = wire.ask(&call(3, 0x04, "shop.Echo", b"\xff\xfe")).unwrap();
    assert_eq!((answer.flags, &*answer.body), (0x04, &b"\xff\xfe"[..]));
}

#[test]
fn what_a_worker_says_and_does_not_say_is_told() {
    let mut shop = Shop::over_tcp(&["shop.Fail", "shop.Lose", "shop.Wait"]);
    let mut wire = shop.connect();
    for (method, expected) in [
        ("shop.Fail", "sold out"),
        ("shop.Lose", "the worker ended before it answered, see the log of the server"),
        ("shop.Echo", "shop.Echo may not be called over TCP: name it in rpc.allow, or use a unix socket"),
        ("shop.Other", "rpc: can't find method shop.Other"),
        ("stop.Other", "rpc: can't find service stop.Other"),
    ] {
        assert_eq!(wire.call(method, "1"), Err(expected.to_owned()), "{method}");
    }
    // One that waits for the worker, when that leaves.
    wire.send(&[call(1, JSON, "shop.Wait", b"1"), call(2, JSON, "shop.Fail", b"2")].concat());
    until("one is taken, one waits", || shop.gate.waiting() == 1 && shop.inside.offers().waiting() == 1);
    shop.close();
    let mut answers = [wire.answer().unwrap(), wire.answer().unwrap()];
    answers.sort_unstable_by_key(|answer| answer.number);
    assert_eq!(answers[0].body, b"1");
    assert_eq!(answers[1].body, b"the workers that had registered the method have left");
    assert_eq!(wire.call("shop.Fail", "1"), Err("rpc: can't find service shop.Fail".to_owned()));
}

#[test]
fn over_a_unix_socket_every_method_may_be_called() {
    let path = std::env::temp_dir().join(format!("rr-rpc-workers-{}.sock", std::process::id()));
    let shop = Shop::new(&Config { listen: Some(vec![Address::Unix(path)]), ..Config::default() });
    let mut client = Client::connect(&shop.server.addresses()[0], PATIENCE).unwrap();
    let bytes = Value::Map(vec![(Key::Text(b"a".to_vec()), Value::Text(b"\xff\0".to_vec()))]);
    assert_eq!(client.call_within("shop.Echo", &bytes, PATIENCE).unwrap(), bytes);
    // As RoadRunner has it: bytes, which JSON has as Base64.
    assert_eq!(client.call_within("rpc.Config", &Value::Null, PATIENCE).unwrap(), text("{\"a\":1}"));
    assert_eq!(client.call::<_, String>("rpc.Config", &true).unwrap(), "eyJhIjoxfQ==");
    let late = client.call_within("shop.Wait", &Value::Null, Duration::from_millis(20)).unwrap_err().to_string();
    assert!(late.starts_with("the server does not answer"), "{late}");
}

#[test]
fn ten_thousand_pipelined_calls_are_answered_and_nothing_stays() {
    let shop = Shop::over_tcp(&["shop.Echo"]);
    let mut wire = shop.connect();
    assert_eq!(wire.call("shop.Echo", "0"), Ok("0".to_owned()));
    let count = 10_000_u32;
    let mut sender = Wire(wire.0.try_clone().unwrap());
    let sending = thread::spawn(move || {
        for number in 0..count {
            sender.send(&call(number, JSON, "shop.Echo", number.to_string().as_bytes()));
        }
    });
    let mut seen = vec![false; count as usize];
    for _ in 0..count {
        let answer = wire.answer().unwrap();
        assert_eq!(answer.body, answer.number.to_string().as_bytes());
        assert!(!std::mem::replace(&mut seen[answer.number as usize], true), "answered twice");
    }
    sending.join().unwrap();
    assert_eq!(shop.inside.offers().waiting(), 0);
}
