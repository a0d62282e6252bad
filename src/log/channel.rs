//! Which channel an entry belongs to, and where its entries go.

use std::sync::Arc;

use tracing::{Event, Metadata, level_filters::LevelFilter};

use super::{
    Level,
    clock::Moment,
    queue::Queue,
    record::Scratch,
    style::{Facts, Style},
    tail,
};

/// Channel of what the log says of itself.
pub(super) const OWN: &str = "logs";
/// Target of the entries of the access log: of channel `http`, but they may go elsewhere.
pub(crate) const ACCESS: &str = "roadrunner::http::access";
/// Start of the targets of this crate's own events.
const CRATE: &str = "roadrunner::";

/// What happens to the entries of one channel.
#[derive(Debug)]
pub(super) struct Route {
    level: Level,
    style: Arc<Style>,
    queues: Vec<Arc<Queue>>,
}

/// The routes of all channels; `None` where nothing is written.
#[derive(Debug, Default)]
pub(super) struct Routes {
    pub(super) default: Option<Route>,
    /// That of the access log, if it does not go where channel `http` goes.
    pub(super) access: Option<Route>,
    pub(super) channels: Vec<(String, Option<Route>)>,
}

/// Names the channel of a `tracing` target: that of the room for our own events, else the target's first part.
pub(super) fn channel_of(target: &str) -> &str {
    let Some(room) = target.strip_prefix(CRATE) else { return first(target) };
    match first(room) {
        // What workers say, and who starts and steers them.
        "php" | "config" | "panic" => "server",
        "handoff" => "pool",
        "log" => OWN,
        room => room,
    }
}

fn first(path: &str) -> &str {
    path.split_once("::").map_or(path, |(first, _)| first)
}

// === impl Route ===

impl Route {
    pub(super) fn new(level: Level, style: Arc<Style>, queues: Vec<Arc<Queue>>) -> Self {
        Self { level, style, queues }
    }

    fn write(&self, facts: &Facts<'_>, event: &Event<'_>, scratch: &mut Scratch) {
        let mut written = None;
        for queue in &self.queues {
            if written != Some(queue.is_screen()) {
                self.style.event(facts, event, queue.is_screen(), scratch);
                written = Some(queue.is_screen());
            }
            queue.push(&scratch.entry);
        }
        if tail::is_kept() && event.metadata().target() != ACCESS {
            if written != Some(false) {
                self.style.event(facts, event, false, scratch);
            }
            tail::push(facts.level, &scratch.entry);
        }
    }
}

// === impl Routes ===

impl Routes {
    fn find(&self, metadata: &Metadata<'_>) -> Option<(&Route, Level)> {
        let level = Level::of(metadata)?;
        if let Some(route) = self.access.as_ref().filter(|_| metadata.target() == ACCESS) {
            return (level >= route.level).then_some((route, level));
        }
        let channel = channel_of(metadata.target());
        let own = self.channels.iter().find(|(name, _)| name == channel);
        // Libraries are heard when something is wrong, or when somebody asked for them.
        let foreign = own.is_none() && metadata.target().contains("::") && !metadata.target().starts_with(CRATE);
        let route = own.map_or(&self.default, |(_, route)| route).as_ref()?;
        let least = if foreign { route.level.max(Level::Warn) } else { route.level };
        (level >= least).then_some((route, level))
    }

    pub(super) fn is_enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && self.find(metadata).is_some()
    }

    /// The most verbose level that anything is written at.
    pub(super) fn most_verbose(&self) -> LevelFilter {
        let channels = self.channels.iter().filter_map(|(_, route)| route.as_ref());
        let routes = self.default.iter().chain(&self.access).chain(channels);
        match routes.map(|route| route.level).min() {
            None => LevelFilter::OFF,
            Some(Level::Debug) => LevelFilter::DEBUG,
            Some(Level::Info) => LevelFilter::INFO,
            Some(Level::Warn) => LevelFilter::WARN,
            Some(Level::Error | Level::Panic) => LevelFilter::ERROR,
        }
    }

    /// Writes an event to wherever its channel goes.
    pub(super) fn write(&self, event: &Event<'_>, scratch: &mut Scratch) {
        let metadata = event.metadata();
        let Some((route, level)) = self.find(metadata) else { return };
        let facts = Facts {
            at: Moment::now(),
            level,
            channel: channel_of(metadata.target()),
            file: metadata.file().unwrap_or_default(),
            line: metadata.line().unwrap_or_default(),
            module: metadata.module_path().unwrap_or_default(),
        };
        route.write(&facts, event, scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_belong_to_channels() {
        for (target, channel) in [
            ("roadrunner::http::service", "http"),
            ("roadrunner::net::reactor", "net"),
            ("roadrunner::pool::worker", "pool"),
            ("roadrunner::handoff::monitor", "pool"),
            ("roadrunner::server::run", "server"),
            ("roadrunner::php::engine", "server"),
            ("roadrunner::panic", "server"),
            ("roadrunner::log", "logs"),
            (ACCESS, "http"),
            ("server", "server"),
            ("app", "app"),
            ("hyper::proto::h1", "hyper"),
        ] {
            assert_eq!(channel_of(target), channel, "{target}");
        }
    }
}
