//! Those who look, and what they are told each second.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    log,
    net::Drain,
    status::{Stage, View},
    web::{Body, Feed, feed},
};

/// Time between two samples.
const TICK: Duration = Duration::from_secs(1);
/// Samples that may wait for a viewer; one that takes none for longer is left, and comes again.
const WAITING: usize = 8;
/// Most viewers.
const MOST: usize = 32;
/// Milliseconds after which a page that has lost its stream comes again.
const RETRY: u32 = 1000;

/// Those who look.
pub(super) struct Viewers {
    view: Arc<dyn View>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    feeds: Vec<Feed>,
    /// Somebody takes samples.
    sampled: bool,
}

// === impl Viewers ===

impl Viewers {
    pub(super) fn new(view: Arc<dyn View>) -> Arc<Self> {
        Arc::new(Self { view, state: Mutex::default() })
    }

    /// Tells one more, until `drain` asks for the end. `None`: there are too many.
    pub(super) fn add(self: &Arc<Self>, drain: Drain) -> Option<Body> {
        // They are told at once how things are.
        let (lines, mut first) = (log::tail(0), format!("retry: {RETRY}\n"));
        first += &self.load();
        first += &event("log", &lines);
        let (feed, body) = feed(WAITING);
        let mut state = self.state.lock();
        if state.feeds.len() >= MOST || !feed.offer(first) {
            return None;
        }
        state.feeds.push(feed);
        if !std::mem::replace(&mut state.sampled, true) {
            let last = lines.last().map_or(0, |line| line.number);
            tokio::spawn(Arc::clone(self).sample(last, drain));
        }
        Some(body)
    }

    /// Tells all of them, each second, while there are any. `last`: the number of the last entry of the log that the first
    /// one knows.
    async fn sample(self: Arc<Self>, mut last: u64, drain: Drain) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = drain.asked() => break,
            }
            if self.view.stage() == Stage::Succeeded {
                // They find the next one when they come again.
                break;
            }
            let mut text = self.load();
            let lines = log::tail(last);
            if let Some(line) = lines.last() {
                last = line.number;
                text += &event("log", &lines);
            }
            let text = Bytes::from(text);
            let mut state = self.state.lock();
            state.feeds.retain(|feed| feed.offer(text.clone()));
            if state.feeds.is_empty() {
                state.sampled = false;
                return;
            }
        }
        *self.state.lock() = State::default();
    }

    fn load(&self) -> String {
        event("load", &self.view.load())
    }
}

/// An event, whose data have one line as JSON has.
fn event(name: &str, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}
