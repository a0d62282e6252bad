//! Quantiles of a stream, with a bounded error and in little memory.
//!
//! The algorithm for targeted quantiles of Cormode, Korn, Muthukrishnan and Srivastava, "Effective Computation of Biased
//! Quantiles over Data Streams" (ICDE 2005): a sorted list of samples, each of which stands for those next to it, as many
//! as the wanted quantiles allow there.

use super::Objective;

/// Samples that are merged at a time.
const BUFFER: usize = 500;

/// A sample that stands for its neighbours.
#[derive(Clone, Copy, Debug)]
struct Entry {
    value: f64,
    /// By how much its lowest rank is above that of the entry before.
    gap: f64,
    /// By how much its highest rank may be above its lowest one.
    spread: f64,
}

/// A stream of observations.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    objectives: Vec<Objective>,
    entries: Vec<Entry>,
    /// Those that are not merged yet.
    buffer: Vec<f64>,
    /// Those that are.
    merged: f64,
}

// === impl Stream ===

impl Stream {
    pub(super) fn new(objectives: &[Objective]) -> Self {
        Self { objectives: objectives.to_vec(), entries: Vec::new(), buffer: Vec::new(), merged: 0.0 }
    }

    pub(super) fn insert(&mut self, value: f64) {
        self.buffer.push(value);
        if self.buffer.len() >= BUFFER {
            self.merge();
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.buffer.clear();
        self.merged = 0.0;
    }

    /// How many observations an entry of this rank may stand for.
    fn allowed(&self, rank: f64) -> f64 {
        let of = |one: &Objective| {
            let (quantile, error) = (one.quantile, one.error);
            if rank < (quantile * self.merged).floor() {
                2.0 * error * (self.merged - rank) / (1.0 - quantile)
            } else {
                2.0 * error * rank / quantile.max(f64::MIN_POSITIVE)
            }
        };
        self.objectives.iter().map(of).fold(f64::INFINITY, f64::min)
    }

    /// Takes what is in the buffer into the list.
    fn merge(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.sort_by(f64::total_cmp);
        let before = std::mem::take(&mut self.entries);
        let mut entries = Vec::with_capacity(before.len() + buffer.len());
        let mut old = before.into_iter().peekable();
        for value in buffer.drain(..) {
            while let Some(entry) = old.next_if(|entry| entry.value <= value) {
                entries.push(entry);
            }
            // The least and the greatest are known exactly; others lie within what the next one stands for.
            let next = old.peek().filter(|_| !entries.is_empty());
            let spread = next.map_or(0.0, |next| next.gap + next.spread - 1.0);
            entries.push(Entry { value, gap: 1.0, spread });
            self.merged += 1.0;
        }
        entries.extend(old);
        self.entries = entries;
        self.buffer = buffer;
        self.compress();
    }

    /// Lets entries stand for those before them, as far as that is allowed.
    fn compress(&mut self) {
        let Some(mut next) = self.entries.pop() else { return };
        let mut kept = Vec::with_capacity(self.entries.len() + 1);
        let mut rank = self.merged - next.gap;
        while let Some(entry) = self.entries.pop() {
            // The least one stays.
            let is_least = self.entries.is_empty();
            let allowed = self.allowed(rank).min(self.allowed(rank - entry.gap));
            if !is_least && entry.gap + next.gap + next.spread <= allowed {
                next.gap += entry.gap;
            } else {
                kept.push(next);
                next = entry;
            }
            rank -= entry.gap;
        }
        kept.push(next);
        kept.reverse();
        self.entries = kept;
    }

    /// The value of a quantile. `None`: nothing was observed.
    pub(super) fn query(&mut self, quantile: f64) -> Option<f64> {
        if !self.buffer.is_empty() {
            self.merge();
        }
        let first = self.entries.first()?;
        let target = (quantile * self.merged).ceil();
        let target = target + (self.allowed(target) / 2.0).ceil();
        let (mut rank, mut found) = (0.0, first.value);
        for pair in self.entries.windows(2) {
            let [entry, next] = pair else { break };
            rank += entry.gap;
            if rank + next.gap + next.spread > target {
                return Some(entry.value);
            }
            found = next.value;
        }
        Some(found)
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.entries.len() + self.buffer.len()
    }
}
