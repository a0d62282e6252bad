//! Clients that ask again and again, and look at each answer.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use super::{Client, Server, client::Response, until};

/// Clients in a closed loop, each on one connection until its answer says that it is the last.
pub struct Load {
    done: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    clients: Vec<JoinHandle<io::Result<()>>>,
}

impl Load {
    /// So many clients that ask for `/` and take any answer that is well.
    pub fn start(server: &Server, clients: usize) -> Self {
        Self::checked(server.address, clients, |_| "/".to_owned(), |_, _| true)
    }

    /// So many clients: `target` says what is asked for, by the number of the request, `is_right` whether that was the
    /// answer to it.
    pub fn checked(
        address: SocketAddr,
        clients: usize,
        target: impl Fn(u64) -> String + Send + Sync + 'static,
        is_right: impl Fn(&str, &Response) -> bool + Send + Sync + 'static,
    ) -> Self {
        let (done, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let numbers = Arc::new(AtomicU64::new(0));
        let how = Arc::new((target, is_right));
        let ask = |_| {
            let (done, answers, numbers, how) =
                (Arc::clone(&done), Arc::clone(&answers), Arc::clone(&numbers), Arc::clone(&how));
            thread::spawn(move || {
                let mut client = Client::connect(address)?;
                while !done.load(Ordering::Relaxed) {
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    let target = how.0(number);
                    let response = client.get(&target)?;
                    if response.status != 200 || !how.1(&target, &response) {
                        return Err(io::Error::other(format!("{target}: {} {}", response.status, response.text())));
                    }
                    answers.fetch_add(1, Ordering::Relaxed);
                    if response.header("connection") == Some("close") {
                        client = Client::connect(address)?;
                    }
                }
                Ok(())
            })
        };
        let clients = (0..clients).map(ask).collect();
        Self { done, answers, clients }
    }

    /// Requests that were answered so far.
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Whether a request has failed, or its answer was wrong.
    pub fn has_failed(&self) -> bool {
        self.clients.iter().any(JoinHandle::is_finished)
    }

    /// Waits until every client has had an answer on the average.
    pub fn go_on(&self) {
        self.go_on_for(self.clients.len() as u64);
    }

    /// Waits for so many answers more.
    pub fn go_on_for(&self, answers: u64) {
        let before = self.answers();
        until("requests are answered", || self.answers() > before + answers || self.has_failed());
    }

    /// Ends the clients and gives the number of answers; panics if one request of one of them has failed.
    #[track_caller]
    pub fn end(self, server: &Server) -> u64 {
        let answers = Arc::clone(&self.answers);
        let failures = self.failures();
        assert!(failures.is_empty(), "{failures:?}; the log:\n{}", server.log());
        answers.load(Ordering::Relaxed)
    }

    /// Ends the clients and gives what has failed: one failure ends its client.
    pub fn failures(self) -> Vec<io::Error> {
        self.done.store(true, Ordering::Relaxed);
        self.clients.into_iter().filter_map(|client| client.join().unwrap().err()).collect()
    }
}
