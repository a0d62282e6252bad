//! A summary: how many observations, their sum, and quantiles of the last ten minutes.

use std::time::{Duration, Instant};

use super::{Objective, Value, quantile::Stream};

/// How old an observation becomes before quantiles forget it, as in Prometheus' clients.
const AGE: Duration = Duration::from_mins(10);
/// Streams that begin one after the other within that time. The oldest one is asked.
const STREAMS: u32 = 5;

/// A summary.
#[derive(Debug)]
pub(super) struct Summary {
    objectives: Vec<Objective>,
    /// Empty where no quantile is wanted.
    streams: Vec<Stream>,
    /// The oldest of them.
    oldest: usize,
    /// When it is emptied.
    due: Instant,
    count: u64,
    sum: f64,
}

// === impl Summary ===

impl Summary {
    pub(super) fn new(objectives: &[Objective], now: Instant) -> Self {
        let streams = if objectives.is_empty() { 0 } else { STREAMS as usize };
        Self {
            objectives: objectives.to_vec(),
            streams: vec![Stream::new(objectives); streams],
            oldest: 0,
            due: now + AGE / STREAMS,
            count: 0,
            sum: 0.0,
        }
    }

    pub(super) fn observe(&mut self, value: f64, now: Instant) {
        self.forget(now);
        self.count += 1;
        self.sum += value;
        for stream in &mut self.streams {
            stream.insert(value);
        }
    }

    /// Empties the streams that are too old.
    fn forget(&mut self, now: Instant) {
        if now >= self.due + AGE {
            self.streams.iter_mut().for_each(Stream::clear);
            self.due = now + AGE / STREAMS;
        }
        while now >= self.due && !self.streams.is_empty() {
            self.streams[self.oldest].clear();
            self.oldest = (self.oldest + 1) % self.streams.len();
            self.due += AGE / STREAMS;
        }
    }

    pub(super) fn value(&mut self, now: Instant) -> Value {
        self.forget(now);
        let Self { objectives, streams, oldest, count, sum, .. } = self;
        let quantiles = match streams.get_mut(*oldest) {
            Some(stream) => {
                let of = |one: &Objective| (one.quantile, stream.query(one.quantile).unwrap_or(f64::NAN));
                objectives.iter().map(of).collect()
            }
            None => Vec::new(),
        };
        Value::Summary { quantiles, sum: *sum, count: *count }
    }
}
