//! The table against a model that does the same by looking at everything, over random operations on a clock of its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::lock::{
    Limits, Request, Tie,
    table::{Table, Verdict},
    wait::Ticket,
};

const NAMES: [&[u8]; 3] = [b"a", b"b", b"c"];
const IDS: [&[u8]; 5] = [b"1", b"2", b"3", b"4", b"5"];

/// Numbers that are the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

struct Held {
    name: usize,
    id: usize,
    shared: bool,
    until: Option<Instant>,
    tie: Option<Tie>,
}

struct Queued {
    name: usize,
    id: usize,
    shared: bool,
    ttl: Option<Duration>,
    tie: Option<Tie>,
    /// Shares the lock that it wants alone.
    raised: bool,
    ticket: Arc<Ticket>,
}

#[derive(Default)]
struct Model {
    held: Vec<Held>,
    queue: Vec<Queued>,
    ties: Vec<Tie>,
}

impl Model {
    fn holders(&self, name: usize) -> Vec<&Held> {
        self.held.iter().filter(|held| held.name == name).collect()
    }

    fn has(&self, name: usize, id: usize) -> bool {
        self.held.iter().any(|held| (held.name, held.id) == (name, id))
    }

    /// Whether an id can have a lock beside those that have it.
    fn fits(&self, name: usize, id: usize, shared: bool) -> bool {
        self.holders(name).iter().all(|held| held.shared && (shared || held.id == id))
    }

    fn give(&mut self, held: Held) {
        self.held.retain(|before| (before.name, before.id) != (held.name, held.id));
        self.held.push(held);
    }

    /// Whether it has the lock now.
    fn ask(&mut self, held: Held) -> bool {
        let Held { name, id, shared, .. } = held;
        let first = self.queue.iter().all(|queued| queued.name != name);
        let granted = self.fits(name, id, shared) && (first || self.has(name, id));
        if granted {
            self.give(held);
        }
        granted
    }

    /// Gives locks to those that wait for as long as one can have its lock whose turn it is.
    fn serve(&mut self, now: Instant) {
        for name in 0..NAMES.len() {
            loop {
                let mut turn: Vec<_> = (0..self.queue.len()).filter(|at| self.queue[*at].name == name).collect();
                turn.sort_by_key(|at| !self.queue[*at].raised);
                let Some(at) = turn.first().copied() else { break };
                if !self.fits(name, self.queue[at].id, self.queue[at].shared) {
                    break;
                }
                let Queued { id, shared, ttl, tie, ticket, .. } = self.queue.remove(at);
                let granted = tie.is_none_or(|tie| self.ties.contains(&tie));
                assert_eq!(ticket.is_granted(), granted);
                if granted {
                    self.give(Held { name, id, shared, until: ttl.map(|ttl| now + ttl), tie });
                }
            }
        }
    }

    fn remove(&mut self, gone: impl Fn(&Held) -> bool, now: Instant) -> usize {
        let before = self.held.len();
        self.held.retain(|held| !gone(held));
        let removed = before - self.held.len();
        self.serve(now);
        removed
    }
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let mut now = Instant::now();
    let mut table = Table::new(Limits::default());
    let mut model = Model::default();
    for step in 0..2000 {
        let what = format!("seed {seed}, step {step}");
        let (name, id) = (random.below(NAMES.len()), random.below(IDS.len()));
        let ttl = [None, Some(Duration::from_millis(1 + random.below(40) as u64))][random.below(2)];
        // One after the other, as a clock sees them.
        let before = now;
        now += Duration::from_millis(random.below(6) as u64);
        let mut ends: Vec<_> = model.held.iter().filter_map(|held| held.until).collect();
        ends.sort_unstable();
        while let Some(end) = ends.first().copied().filter(|end| *end <= now) {
            assert!(end > before, "{what}");
            table.expire(end);
            model.remove(|held| held.until.is_some_and(|until| until <= end), end);
            ends = model.held.iter().filter_map(|held| held.until).collect();
            ends.sort_unstable();
        }
        match random.below(10) {
            0..4 => {
                let (shared, waits) = (random.below(2) == 0, random.below(3) > 0);
                let tie = model.ties.last().copied().filter(|_| random.below(3) == 0);
                let request = Request { name: NAMES[name], id: IDS[id], shared, ttl, tie };
                let (verdict, _) = table.ask(request, waits, now);
                let raised = !shared && model.has(name, id) && model.holders(name).iter().all(|held| held.shared);
                let granted = model.ask(Held { name, id, shared, until: ttl.map(|ttl| now + ttl), tie });
                match verdict.unwrap() {
                    Verdict::Granted => assert!(granted, "{what}"),
                    Verdict::Refused => assert!(!granted && !waits, "{what}"),
                    Verdict::Waits(ticket) => {
                        assert!(!granted && waits, "{what}");
                        model.queue.push(Queued { name, id, shared, ttl, tie, raised, ticket });
                    }
                }
            }
            4 | 5 => {
                let (released, _) = table.release(NAMES[name], IDS[id], now);
                let expected = model.remove(|held| (held.name, held.id) == (name, id), now);
                assert_eq!(released, expected == 1, "{what}");
            }
            6 => {
                let (released, _) = table.force_release(NAMES[name], now);
                assert_eq!(released, model.remove(|held| held.name == name, now) > 0, "{what}");
            }
            7 => {
                let (updated, _) = table.update(NAMES[name], IDS[id], ttl, now);
                let held = model.held.iter_mut().find(|held| (held.name, held.id) == (name, id));
                assert_eq!(updated, held.is_some(), "{what}");
                if let Some(held) = held {
                    held.until = ttl.map(|ttl| now + ttl);
                }
            }
            8 if !model.queue.is_empty() => {
                let at = random.below(model.queue.len());
                let Queued { ticket, .. } = model.queue.remove(at);
                let (granted, _) = table.finish(&ticket, true, now);
                assert!(!granted, "{what}");
                model.serve(now);
            }
            _ => {
                if let Some(tie) = model.ties.pop() {
                    let (ended, _) = table.end(tie, now);
                    assert_eq!(ended, model.remove(|held| held.tie == Some(tie), now), "{what}");
                }
                model.ties.push(table.begin());
            }
        }
        for (name, text) in NAMES.iter().enumerate() {
            let holders = model.holders(name);
            assert!(holders.len() < 2 || holders.iter().all(|held| held.shared), "{what}");
            for (id, of) in IDS.iter().enumerate() {
                assert_eq!(table.exists(text, Some(of), now).0, model.has(name, id), "{what}");
            }
        }
        assert!(model.queue.iter().all(|queued| !queued.ticket.is_granted()), "{what}");
        assert_eq!(table.counts(), (model.held.len(), model.queue.len()), "{what}");
        assert!(table.is_tidy(), "{what}");
    }
}

#[test]
fn it_does_what_the_model_does() {
    for seed in 1..=100u64 {
        run(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    }
}
