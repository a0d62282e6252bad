//! From the configuration to layers that stand around each other, one chain for each route.

use std::{future::Future, sync::Arc};

use http::request::Parts;
use tracing::{info, warn};

use super::{
    Around, Config, Next, Request, around,
    cache::Store,
    config::Layers,
    inside::Inside,
    names::Name,
    route::{Matcher, plain_path},
};
use crate::http::{Development, Inbound, access::Body, development::Page};

/// The layers of all routes.
#[derive(Debug, Default)]
pub(in crate::http) struct Chain {
    routes: Vec<(Matcher, Option<Next>)>,
    usual: Option<Next>,
}

// === impl Chain ===

/// Says when passwords are set that nobody is asked for.
fn warn_of_open_doors(config: &Config) {
    let all = || config.routes.iter().map(|(_, layers)| layers).chain([&config.usual]);
    if all().any(|layers| layers.basic_auth.has_users()) && !all().any(|layers| layers.names.contains(&Name::BasicAuth))
    {
        warn!("http.basic_auth has users, but no http.middleware names basic_auth: nobody is asked for a password");
    }
}

impl Chain {
    /// Builds what the configuration asks for. In `development` pages reload themselves.
    pub(in crate::http) fn new(config: &Config, development: Option<&Development>) -> Self {
        warn_of_open_doors(config);
        let store = config.usual.cache.store();
        let build = |(matcher, layers): &(Matcher, Layers)| {
            (matcher.clone(), layers.build(&matcher.as_text(), &store, development))
        };
        let routes = config.routes.iter().map(build).collect();
        Self { routes, usual: config.usual.build("", &store, development) }
    }

    /// What a request is to meet; `None`: nothing but the workers.
    pub(in crate::http) fn of(&self, head: &Parts) -> Option<&Next> {
        if self.routes.is_empty() {
            return self.usual.as_ref();
        }
        let path = plain_path(head.uri.path());
        let route = self.routes.iter().find(|(matcher, _)| matcher.takes(head, &path));
        route.map_or(self.usual.as_ref(), |(_, next)| next.as_ref())
    }
}

// === impl Layers ===

impl Layers {
    fn build(&self, route: &str, store: &Arc<Store>, development: Option<&Development>) -> Option<Next> {
        let names = self.order.outermost_first(&self.names);
        let page = |next| match development {
            Some(development) => around(Page(development.clone()), next),
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
