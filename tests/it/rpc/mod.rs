//! Calls from outside: frames byte by byte, over real sockets.

mod bounds;
mod frames;
mod life;
mod services;
mod steering;
mod workers;

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use roadrunner::{
    net::Address,
    rpc::{Bound, Config, Fault, Limits, Methods, Server, Status, Steering, SteeringError, WorkerState},
};

use crate::support::{Gate, PATIENCE};

pub const JSON: u8 = 0x08;
pub const ERROR: u8 = 0x40;

/// Pools that remember what was asked of them.
#[derive(Default)]
pub struct Fake {
    pub asked: Mutex<Vec<String>>,
}

impl Fake {
    fn ask(&self, what: &str, pool: &str) -> Result<(), SteeringError> {
        if pool != "http" {
            return Err(SteeringError::UnknownPool { name: pool.to_owned(), pools: self.pools() });
        }
        self.asked.lock().push(format!("{what} {pool}"));
        Ok(())
    }
}

impl Steering for Fake {
    fn pools(&self) -> Vec<String> {
        vec!["http".to_owned()]
    }

    fn workers(&self, pool: &str) -> Result<Vec<WorkerState>, SteeringError> {
        self.ask("workers", pool)?;
        let worker = |number, status, uri: Option<&str>| WorkerState {
            name: format!("rr-php-http-{number}"),
            number,
            thread: Some(4700 + u32::try_from(number).unwrap()),
            status,
            age: Duration::from_millis(12),
            method: uri.map(|_| "GET".to_owned()),
            uri: uri.map(str::to_owned),
            requests: 7,
            memory: 4_200_000,
            cpu: 1.5,
            cpu_time: Duration::from_millis(250),
            created: std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000),
            boot_error: None,
        };
        Ok(vec![worker(1, Status::Ready, None), worker(0, Status::Working, Some("/slow?x"))])
    }

    fn reset(&self, pool: Option<&str>) -> Result<(), SteeringError> {
        self.ask("reset", pool.unwrap_or("all"))
    }

    fn add_worker(&self, pool: &str) -> Result<(), SteeringError> {
        self.ask("add", pool)
    }

    fn remove_worker(&self, _pool: &str) -> Result<(), SteeringError> {
        Err(SteeringError::Failed("a pool has at least one worker".to_owned()))
    }
}

/// A server at a free port.
pub struct Rpc {
    pub server: Server,
    pub fake: Arc<Fake>,
    /// Lets calls of `test.Wait` go on.
    pub gate: Arc<Gate>,
}

/// Makes a server whose methods are those of [`Steering`] and some for tests.
pub fn start(limits: Limits) -> Rpc {
    let (fake, gate) = (Arc::new(Fake::default()), Arc::new(Gate::default()));
    let steering: Arc<dyn Steering> = fake.clone();
    let mut methods = Methods::new();
    methods.steer(&steering);
    methods.register("test.Echo", |text: String| Ok(text));
    methods.register("test.Big", |length: usize| Ok("x".repeat(length)));
    methods.register("test.Panic", |_: bool| -> Result<bool, Fault> { panic!("as the test wants") });
    let waiting = Arc::clone(&gate);
    methods.register_waiting("test.Wait", move |number: u32| {
        waiting.pass();
        Ok(number)
    });
    methods.register_task("test.Task", |number: u32| async move {
        tokio::task::yield_now().await;
        Ok(number)
    });
    methods.register_task("test.Never", |_: bool| std::future::pending::<Result<bool, Fault>>());
    Rpc { server: serve(methods, limits), fake, gate }
}

/// Serves methods at a free port.
pub fn serve(methods: Methods, limits: Limits) -> Server {
    let address = Address::Tcp("127.0.0.1:0".parse().unwrap());
    let config = Config { listen: Some(vec![address]), ..Config::default() };
    Server::start(Bound::new(&config, false).unwrap(), methods, limits).unwrap()
}

/// Connects to a server at a port.
pub fn connect(server: &Server) -> Wire {
    let stream = TcpStream::connect(server.addresses()[0].tcp().unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    Wire(stream)
}

impl Rpc {
    pub fn connect(&self) -> Wire {
        connect(&self.server)
    }

    /// A connection to any server.
    pub fn wire(server: &Server) -> Wire {
        connect(server)
    }
}

/// A connection on which bytes are written as they are.
pub struct Wire(pub TcpStream);

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub flags: u8,
    pub number: u32,
    pub method: String,
    pub body: Vec<u8>,
}

/// A frame, its checksum right.
pub fn frame(first: u8, flags: u8, options: &[u32], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first, flags];
    bytes.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend([0, 0]);
    options.iter().for_each(|option| bytes.extend(option.to_le_bytes()));
    bytes.extend(payload);
    bytes
}

/// A call as clients make it.
pub fn call(number: u32, flags: u8, method: &str, body: &[u8]) -> Vec<u8> {
    let name = u32::try_from(method.len()).unwrap();
    frame(0x15, flags, &[number, name], &[method.as_bytes(), body].concat())
}

impl Wire {
    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// Reads an answer; `None`: the connection was closed.
    #[track_caller]
    pub fn answer(&mut self) -> Option<Answer> {
        let mut head = [0; 20];
        let mut have = 0;
        while have < head.len() {
            match self.0.read(&mut head[have..]) {
                Ok(0) if have == 0 => return None,
                Ok(length) if length > 0 => have += length,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                other => panic!("an answer ends early: {other:?}"),
            }
        }
        assert_eq!(head[0], 0x15);
        assert_eq!(crc32fast::hash(&head[..6]).to_le_bytes(), head[6..10]);
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let mut payload = vec![0; word(2) as usize];
        self.0.read_exact(&mut payload).unwrap();
        let body = payload.split_off(word(16) as usize);
        Some(Answer { flags: head[1], number: word(12), method: String::from_utf8(payload).unwrap(), body })
    }

    /// Sends bytes and says what comes back.
    #[track_caller]
    pub fn ask(&mut self, bytes: &[u8]) -> Option<Answer> {
        self.send(bytes);
        self.answer()
    }

    /// Calls a method with JSON; returns what the result or the error is.
    #[track_caller]
    pub fn call(&mut self, method: &str, body: &str) -> Result<String, String> {
        let answer = self.ask(&call(1, JSON, method, body.as_bytes())).expect("an answer must come");
        let text = String::from_utf8(answer.body).unwrap();
        if answer.flags & ERROR == 0 { Ok(text) } else { Err(text) }
    }
}
