//! From the configuration to layers that stand around each other, one chain for each route.

use std::{future::Future, sync::Arc};

use http::request::Parts;
use tracing::info;

use super::{
    Around, Config, Next, Request, around,
    cache::Store,
    config::{Layers, Route},
    http_metrics::Measured,
    inside::Inside,
    names::Name,
    route::{Matcher, plain_path},
};
use crate::http::{Development, Inbound, Traffic, access::Body, development::Page};

/// The layers of all routes.
#[derive(Debug, Default)]
pub(in crate::http) struct Chain {
    routes: Vec<(Matcher, Way)>,
    usual: Way,
    /// What is counted, if it is on any route.
    pub(in crate::http) traffic: Option<Arc<Traffic>>,
}

/// What layers of all routes share.
struct Shared<'a> {
    store: Arc<Store>,
    traffic: Arc<Traffic>,
    development: Option<&'a Development>,
}

/// What a request is to meet, and where it goes.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Way {
    /// `None`: nothing but the workers.
    pub(in crate::http) layers: Option<Next>,
    /// Number of the pool.
    pub(in crate::http) pool: usize,
    /// Whether it is traced.
    pub(in crate::http) traced: bool,
}

/// Goes with a request to the workers if they are not those of the first pool.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct ToPool(pub(in crate::http) usize);

// === impl Chain ===

impl Chain {
    /// Builds what the configuration asks for. In `development` pages reload themselves.
    pub(in crate::http) fn new(config: &Config, development: Option<&Development>) -> Self {
        let shared = Shared { store: config.usual.cache.store(), traffic: Arc::default(), development };
        let build = |route: &Route| {
            let layers = route.layers.build(&route.matcher.as_text(), &shared);
            (route.matcher.clone(), Way { layers, pool: route.to, traced: route.layers.traced })
        };
        let routes = config.routes.iter().map(build).collect();
        let layers = config.usual.build("", &shared);
        let usual = Way { layers, pool: 0, traced: config.usual.traced };
        Self { routes, usual, traffic: config.counts().then_some(shared.traffic) }
    }

    /// What a request is to meet, and where it goes.
    pub(in crate::http) fn of(&self, head: &Parts) -> &Way {
        if self.routes.is_empty() {
            return &self.usual;
        }
        let path = plain_path(head.uri.path());
        let route = self.routes.iter().find(|(matcher, _)| matcher.takes(head, &path));
        route.map_or(&self.usual, |(_, way)| way)
    }
}

// === impl Layers ===

impl Layers {
    fn build(&self, route: &str, Shared { store, traffic, development }: &Shared<'_>) -> Option<Next> {
        let names = self.order.outermost_first(&self.names);
        let page = |next| match development {
            Some(development) => around(Page((*development).clone()), next),
            None => next,
        };
        if names.is_empty() {
            return development.map(|_| page(Next::new(Inside)));
        }
        let shown: Vec<_> = names.iter().map(|name| name.as_str()).collect();
        info!(route, order = shown.join(" > "), "Middleware");
        let put = |next, name: &Name| match name {
            Name::BasicAuth => around(self.basic_auth.middleware(), next),
            // Compressed pages cannot be changed.
            Name::Gzip => around(self.gzip.middleware(), page(next)),
            Name::Cache => around(self.cache.middleware(store), next),
            Name::Headers => around(self.headers.middleware(), next),
            Name::HttpMetrics => around(Measured::new(traffic), next),
            Name::Limit => around(self.limit.middleware(), next),
            Name::RateLimit => around(self.rate_limit.middleware(), next),
            Name::RequestId => around(self.request_id.middleware(), next),
            Name::Static => around(self.static_files.middleware(), next),
            Name::Timeout => around(self.timeout.middleware(), next),
        };
        let all = names.iter().rev().fold(Next::new(Inside), put);
        Some(if names.contains(&Name::Gzip) { all } else { page(all) })
    }
}

// === impl Next ===

impl Next {
    /// Lets a request that has just arrived go through the layers.
    pub(in crate::http) fn begin(
        &self,
        mut head: Parts,
        body: Inbound,
        around: Around,
    ) -> impl Future<Output = http::Response<Body>> + Send + use<> {
        head.extensions.insert(around);
        let answering = self.handle(Request::from_parts(head, body));
        async move { answering.await.map(Body::new) }
    }
}
