//! The thread that looks after streams that nobody works on.

use std::{
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use tracing::{debug, error};

use super::{Channels, Statistics, channels::LOOKS};

/// Shortest time between two looks.
const OFTEN: Duration = Duration::from_millis(10);

/// The thread `rr-channels`, which sends pings and looks who has stalled; it sleeps while nobody listens to any channel,
/// and ends with this value.
#[derive(Debug)]
pub struct Keeper<E: Send + 'static> {
    channels: Arc<Channels<E>>,
    thread: Option<JoinHandle<()>>,
}

// === impl Keeper ===

impl<E: Send + 'static> Keeper<E> {
    /// Starts to look after `channels`.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(channels: &Arc<Channels<E>>) -> io::Result<Self> {
        let kept = Arc::clone(channels);
        let thread = Builder::new().name("rr-channels".to_owned()).spawn(move || keep(&kept))?;
        Ok(Self { channels: Arc::clone(channels), thread: Some(thread) })
    }
}

impl<E: Send + 'static> Drop for Keeper<E> {
    fn drop(&mut self) {
        self.channels.state.lock().abandoned = true;
        self.channels.news.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            error!("Thread of channels panicked");
        }
        let Statistics { subscribers, published, delivered, dropped } = self.channels.statistics();
        if published > 0 {
            debug!(subscribers, published, delivered, dropped, "Channels have ended");
        }
    }
}

fn keep<E: Send + 'static>(channels: &Channels<E>) {
    let look = (channels.write_timeout / u32::from(LOOKS)).max(OFTEN);
    let ping = channels.config.ping_interval.map(|interval| interval.max(OFTEN));
    loop {
        let mut state = channels.state.lock();
        while state.is_idle() && !state.abandoned {
            channels.news.wait(&mut state);
        }
        drop(state);
        // The first subscriber is there: time begins.
        let mut next_look = Instant::now() + look;
        let mut next_ping = ping.map(|ping| Instant::now() + ping);
        loop {
            let next = next_ping.map_or(next_look, |ping| ping.min(next_look));
            let mut state = channels.state.lock();
            if state.abandoned {
                return;
            }
            if state.is_idle() {
                break;
            }
            channels.news.wait_until(&mut state, next);
            drop(state);
            let now = Instant::now();
            if now >= next_look {
                channels.look(now);
                next_look = now + look;
            }
            if let (Some(due), Some(ping)) = (next_ping, ping)
                && now >= due
            {
                channels.ping();
                next_ping = Some(now + ping);
            }
        }
    }
}
