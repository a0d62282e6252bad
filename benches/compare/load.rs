//! The generator: one thread, closed loop (as fast as answers come) or open loop (at a rate, latency from the time at
//! which a request was due). Status and body of every answer are checked.

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::response::parse;

/// After so many wrong answers a run ends early.
const MAX_ERRORS: u64 = 100;

/// Connections that ask for the same.
pub struct Lane {
    pub request: Vec<u8>,
    /// What each answer must be, with status 200.
    pub body: Vec<u8>,
    pub connections: usize,
    /// Requests per second of an open loop; `None` = as fast as answers come.
    pub rate: Option<f64>,
}

pub struct Load {
    pub address: SocketAddr,
    /// Latencies are those of the first lane.
    pub lanes: Vec<Lane>,
    pub duration: Duration,
    /// Ends after so many requests instead.
    pub count: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Right answers in all lanes.
    pub requests: u64,
    /// Right answers per second in all lanes.
    pub rate: f64,
    /// Microseconds.
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    /// Mean of what the handlers say that they took, in seconds; 0 if they do not say.
    pub took: f64,
    pub errors: u64,
    /// What was wrong with the first of them.
    pub error: String,
    /// Microseconds per request; filled in by the caller.
    pub cpu: f64,
}

struct Connection {
    stream: TcpStream,
    lane: usize,
    /// When the request under way was due.
    due: Option<Instant>,
    received: Vec<u8>,
}

struct Run<'a> {
    load: &'a Load,
    poll: Poll,
    connections: Vec<Connection>,
    /// Connections without a request, by lane.
    free: Vec<VecDeque<usize>>,
    sent: Vec<u64>,
    latencies: Vec<u64>,
    took: f64,
    report: Report,
}

impl Load {
    pub fn run(&self) -> Report {
        match self.try_run() {
            Ok(report) => report,
            Err(error) => Report { errors: 1, error: error.to_string(), ..Report::default() },
        }
    }

    fn try_run(&self) -> std::io::Result<Report> {
        let mut run = Run {
            load: self,
            poll: Poll::new()?,
            connections: Vec::new(),
            free: vec![VecDeque::new(); self.lanes.len()],
            sent: vec![0; self.lanes.len()],
            latencies: Vec::with_capacity(1 << 20),
            took: 0.0,
            report: Report::default(),
        };
        for (lane, of) in self.lanes.iter().enumerate() {
            for _ in 0..of.connections {
                let number = run.connections.len();
                let stream = run.connect(number)?;
                run.connections.push(Connection { stream, lane, due: None, received: Vec::with_capacity(4096) });
                run.free[lane].push_back(number);
            }
        }
        run.drive()
    }
}

impl Run<'_> {
    fn connect(&self, number: usize) -> std::io::Result<TcpStream> {
        let stream = std::net::TcpStream::connect(self.load.address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(number), Interest::READABLE)?;
        Ok(stream)
    }

    fn drive(mut self) -> std::io::Result<Report> {
        let mut events = Events::with_capacity(1024);
        let mut buffer = vec![0; 256 * 1024];
        let paced = self.load.lanes.iter().any(|lane| lane.rate.is_some());
        // epoll counts in milliseconds, too coarse for a schedule.
        let timeout = if paced { Duration::ZERO } else { Duration::from_millis(100) };
        let start = Instant::now();
        let end = start + self.load.duration;
        loop {
            let now = Instant::now();
            let ended = match self.load.count {
                Some(count) => self.sent.iter().sum::<u64>() >= count,
                None => now >= end,
            } || self.report.errors >= MAX_ERRORS;
            if !ended {
                self.send(start, now);
            } else if self.free.iter().map(VecDeque::len).sum::<usize>() == self.connections.len() {
                break;
            } else if now > end + Duration::from_secs(30) {
                let missing = self.connections.iter().filter(|connection| connection.due.is_some()).count();
                self.report.errors += missing as u64;
                self.report.error = format!("{missing} answers are missing after 30 s");
                break;
            }
            self.poll.poll(&mut events, Some(timeout))?;
            for event in &events {
                let number = event.token().0;
                match self.connections[number].read(&mut buffer, &self.load.lanes) {
                    Ok(None) => {}
                    Ok(Some(took)) => {
                        let connection = &mut self.connections[number];
                        let due = connection.due.take();
                        if let Some(due) = due.filter(|_| connection.lane == 0) {
                            self.latencies.push(due.elapsed().as_nanos() as u64);
                        }
                        self.took += took;
                        self.report.requests += 1;
                        self.free[connection.lane].push_back(number);
                    }
                    Err(error) => self.failed(number, error)?,
                }
            }
        }
        Ok(self.finish(start.elapsed().as_secs_f64()))
    }

    fn send(&mut self, start: Instant, now: Instant) {
        for (number, lane) in self.load.lanes.iter().enumerate() {
            while let Some(&connection) = self.free[number].front() {
                if self.load.count.is_some_and(|count| self.sent.iter().sum::<u64>() >= count) {
                    return;
                }
                let due = match lane.rate {
                    None => now,
                    Some(rate) => start + Duration::from_secs_f64(self.sent[number] as f64 / rate),
                };
                if due > now {
                    break;
                }
                self.free[number].pop_front();
                self.sent[number] += 1;
                let connection = &mut self.connections[connection];
                connection.due = Some(due);
                // A failure shows when the answer is read: the peer has closed.
                let _ = connection.stream.write(&lane.request);
            }
        }
    }

    /// Counts an error and replaces the connection.
    fn failed(&mut self, number: usize, error: String) -> std::io::Result<()> {
        self.report.errors += 1;
        if self.report.error.is_empty() {
            self.report.error = error;
        }
        let stream = self.connect(number)?;
        let connection = &mut self.connections[number];
        connection.stream = stream;
        connection.received.clear();
        if connection.due.take().is_some() {
            self.free[connection.lane].push_back(number);
        }
        Ok(())
    }

    fn finish(mut self, seconds: f64) -> Report {
        self.latencies.sort_unstable();
        let at = |part: f64| {
            let index = (self.latencies.len().saturating_sub(1) as f64 * part) as usize;
            self.latencies.get(index).map_or(0.0, |nanoseconds| *nanoseconds as f64 / 1e3)
        };
        let requests = self.report.requests;
        Report {
            rate: requests as f64 / seconds,
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            took: self.took / requests.max(1) as f64 / 1e9,
            ..self.report
        }
    }
}

impl Connection {
    /// Reads what is there. Once the whole answer is, and is right: what the handler says that it took.
    fn read(&mut self, buffer: &mut [u8], lanes: &[Lane]) -> Result<Option<f64>, String> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err("the server has closed a connection".to_owned()),
                Ok(length) => self.received.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.to_string()),
            }
        }
        let Some(answer) = parse(&self.received)? else { return Ok(None) };
        let expected = &lanes[self.lane].body;
        if answer.status != 200 || answer.body != *expected || answer.length != self.received.len() {
            let head: String = String::from_utf8_lossy(&self.received).chars().take(300).collect();
            return Err(format!("a wrong answer: {head:?}"));
        }
        let took = answer.took.unwrap_or(0.0);
        if self.due.is_none() {
            return Err("an answer that nobody asked for".to_owned());
        }
        self.received.clear();
        Ok(Some(took))
    }
}
