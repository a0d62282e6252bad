//! Settings of the layers (keys `http.middleware`, `http.routes` and the sections of the layers).

use super::{
    basic_auth,
    cache::{self, Clock},
    compress, headers, limit,
    names::{Name, Order},
    rate_limit, request_id,
    route::Matcher,
    static_files, timeout,
};
use crate::config::{Problems, Section};

/// The middleware that records traces.
const OTEL: &str = "otel";

/// Which layers stand before the workers, and what they do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// What requests meet that no route takes.
    pub(super) usual: Layers,
    /// `http.routes`: what others meet, in the order in which they are asked.
    pub(super) routes: Vec<Route>,
}

/// Where some requests go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Route {
    /// Which ones.
    pub(super) matcher: Matcher,
    /// What they meet.
    pub(super) layers: Layers,
    /// `pool`: the name of the pool whose workers they go to.
    pool: Option<String>,
    /// The number of that pool.
    pub(super) to: usize,
}

/// The layers of one route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layers {
    /// `middleware`: those that are on.
    pub(super) names: Vec<Name>,
    /// `middleware`: whether `otel` is on. It is no layer: what it records begins before all of them.
    pub(super) traced: bool,
    /// `middleware_order`: what the order of their names means.
    pub(super) order: Order,
    /// `basic_auth`.
    pub(super) basic_auth: basic_auth::Config,
    /// `gzip`.
    pub(super) gzip: compress::Config,
    /// `cache`.
    pub(super) cache: cache::Config,
    /// `headers`.
    pub(super) headers: headers::Config,
    /// `limit`.
    pub(super) limit: limit::Config,
    /// `rate_limit`.
    pub(super) rate_limit: rate_limit::Config,
    /// `request_id`.
    pub(super) request_id: request_id::Config,
    /// `static`.
    pub(super) static_files: static_files::Config,
    /// `timeout`.
    pub(super) timeout: timeout::Config,
}

// === impl Config ===

impl Config {
    /// Reads the keys from section `http`; what is wrong is added to `problems`.
    pub(in crate::http) fn read(http: &mut Section<'_>, problems: &mut Problems) -> Self {
        let usual = Layers::default().read(http, problems);
        let routes = http.items("routes", problems);
        let route = |mut section: Section<'_>| {
            let matcher = Matcher::read(&mut section, problems);
            // What a route does not say is as for all.
            let layers = usual.clone().read(&mut section, problems);
            let pool = section.text("pool", problems).map(|(name, _)| name);
            section.finish(problems);
            Route { matcher, layers, pool, to: 0 }
        };
        let routes = routes.into_iter().map(route).collect();
        Self { usual, routes }
    }

    /// Whether any requests are traced.
    pub fn traced(&self) -> bool {
        self.usual.traced || self.routes.iter().any(|route| route.layers.traced)
    }

    /// Finds the pools of the routes among `names`. Returns those that are not there.
    pub(in crate::http) fn find_pools(&mut self, names: &[String]) -> Vec<String> {
        let mut unknown = Vec::new();
        for route in &mut self.routes {
            let Some(pool) = &route.pool else { continue };
            match names.iter().position(|name| name == pool) {
                Some(number) => route.to = number,
                None => unknown.push(pool.clone()),
            }
        }
        unknown
    }

    /// Whether requests are counted on any route.
    pub(super) fn counts(&self) -> bool {
        let all = self.routes.iter().map(|route| &route.layers).chain([&self.usual]);
        all.into_iter().any(|layers| layers.names.contains(&Name::HttpMetrics))
    }

    /// Sets what tells caches the time.
    pub fn set_clock(&mut self, clock: &Clock) {
        for layers in self.routes.iter_mut().map(|route| &mut route.layers).chain([&mut self.usual]) {
            layers.cache.clock = clock.clone();
        }
    }
}

// === impl Layers ===

impl Layers {
    fn read(mut self, section: &mut Section<'_>, problems: &mut Problems) -> Self {
        if let Some(words) = section.texts("middleware", problems) {
            self.names = Vec::new();
            self.traced = words.iter().any(|word| word.eq_ignore_ascii_case(OTEL));
            for name in words.iter().filter_map(|word| Name::parse(word)) {
                if self.names.contains(&name) {
                    section.report("middleware", &format!("names {} twice", name.as_str()), problems);
                } else {
                    self.names.push(name);
                }
            }
        }
        if let Some(order) = section.choice("middleware_order", Order::WORDS, problems) {
            self.order = order;
        }
        if let Some(inner) = section.section("basic_auth", problems) {
            self.basic_auth.read(inner, problems);
        }
        if let Some(inner) = section.section("cache", problems) {
            self.cache.read(inner, problems);
        }
        if let Some(inner) = section.section("gzip", problems) {
            self.gzip.read(inner, problems);
        }
        if let Some(inner) = section.section("headers", problems) {
            self.headers.read(inner, problems);
        }
        if let Some(inner) = section.section("limit", problems) {
            self.limit.read(inner, problems);
        }
        if let Some(inner) = section.section("rate_limit", problems) {
            self.rate_limit.read(inner, problems);
        }
        if let Some(inner) = section.section("request_id", problems) {
            self.request_id.read(inner, problems);
        }
        if let Some(inner) = section.section("static", problems) {
            self.static_files.read(inner, problems);
        }
        if let Some(inner) = section.section("timeout", problems) {
            self.timeout.read(inner, problems);
        }
        if self.names.contains(&Name::BasicAuth) && !self.basic_auth.has_users() {
            section.report("basic_auth", "needs users, or nobody comes in", problems);
        }
        self
    }
}
