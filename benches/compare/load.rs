//! The generator: one thread, closed loop (as fast as answers come) or open loop (at a rate, latency from the time at
//! which a request was due).

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

pub struct Load {
    pub address: SocketAddr,
    pub request: Vec<u8>,
    pub body: &'static [u8],
    pub connections: usize,
    pub rate: Option<f64>,
    pub duration: Duration,
}

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub requests: u64,
    pub rate: f64,
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    /// Microseconds per request; filled in by the caller.
    pub cpu: f64,
}

struct Connection {
    stream: TcpStream,
    /// When the request under way was due.
    due: Option<Instant>,
    received: Vec<u8>,
}

impl Load {
    pub fn run(&self) -> Report {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(1024);
        let mut connections: Vec<_> = (0..self.connections)
            .map(|number| {
                let stream = std::net::TcpStream::connect(self.address).unwrap();
                stream.set_nodelay(true).unwrap();
                stream.set_nonblocking(true).unwrap();
                let mut stream = TcpStream::from_std(stream);
                poll.registry().register(&mut stream, Token(number), Interest::READABLE).unwrap();
                Connection { stream, due: None, received: Vec::with_capacity(4096) }
            })
            .collect();
        let mut free: VecDeque<_> = (0..self.connections).collect();
        let (start, mut latencies) = (Instant::now(), Vec::with_capacity(1 << 20));
        let end = start + self.duration;
        let mut sent = 0_u64;
        loop {
            let now = Instant::now();
            let ended = now >= end;
            while !ended && !free.is_empty() {
                let due = match self.rate {
                    None => now,
                    Some(rate) => start + Duration::from_secs_f64(sent as f64 / rate),
                };
                if due > now {
                    break;
                }
                let number = free.pop_front().unwrap();
                let connection = &mut connections[number];
                connection.due = Some(due);
                assert_eq!(connection.stream.write(&self.request).unwrap(), self.request.len());
                sent += 1;
            }
            if ended && free.len() == self.connections {
                break;
            }
            assert!(now < end + Duration::from_secs(30), "answers are missing");
            // epoll counts in milliseconds, too coarse for a schedule.
            let timeout = if self.rate.is_some() { Duration::ZERO } else { Duration::from_millis(100) };
            poll.poll(&mut events, Some(timeout)).unwrap();
            for event in &events {
                let number = event.token().0;
                if connections[number].read(self.body) {
                    latencies.push(connections[number].due.take().unwrap().elapsed().as_nanos() as u64);
                    free.push_back(number);
                }
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        latencies.sort_unstable();
        let at = |part: f64| latencies[((latencies.len() - 1) as f64 * part) as usize] as f64 / 1e3;
        Report {
            requests: latencies.len() as u64,
            rate: latencies.len() as f64 / seconds,
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            cpu: 0.0,
        }
    }
}

impl Connection {
    /// Reads what is there; true once the whole answer is, and is right.
    fn read(&mut self, body: &[u8]) -> bool {
        let mut buffer = [0; 65536];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => panic!("the server has closed a connection"),
                Ok(length) => self.received.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let Some(head) = self.received.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
        if self.received.len() < head + 4 + body.len() {
            return false;
        }
        assert!(self.received.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&self.received));
        assert!(&self.received[head + 4..] == body, "{}", String::from_utf8_lossy(&self.received));
        self.received.clear();
        true
    }
}
