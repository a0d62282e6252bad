//! What is answered at the addresses of this section.

use std::sync::Arc;

use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
use http::{HeaderValue, Method, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use tokio::task::spawn_blocking;
use tracing::{error, info};

use super::{
    Config,
    door::{self, Refused},
    pages::{guarded, page},
    viewers::Viewers,
};
use crate::{
    rpc::Steering,
    status::View,
    web::{self, Body, Promise, Request, text},
};

/// Answers at the addresses of this section.
pub struct Site {
    viewers: Arc<Viewers>,
    steering: Arc<dyn Steering>,
    /// Names by which browsers may come.
    hosts: Vec<String>,
    /// The word that only the page knows.
    token: String,
}

// === impl Site ===

impl Site {
    /// Shows what `view` sees, and acts by `steering`.
    pub fn new(config: &Config, view: Arc<dyn View>, steering: Arc<dyn Steering>) -> Self {
        let mut token = [0; 16];
        if rand::fill(&mut token).is_err() {
            error!("The system has no random bytes for the dashboard, whose button will not work");
        }
        // Without random bytes there is no word that the page could know.
        let token = if token == [0; 16] { String::new() } else { HEXLOWER.encode(&token) };
        Self { viewers: Viewers::new(view), steering, hosts: config.hosts.clone(), token }
    }

    async fn respond(&self, request: Request) -> Response<Body> {
        guarded(self.admit(request).await.unwrap_or_else(|refused| text(StatusCode::FORBIDDEN, refused.to_string())))
    }

    async fn admit(&self, request: Request) -> Result<Response<Body>, Refused> {
        let head = &request.head;
        let host = door::host(head, &self.hosts)?;
        let path = head.uri.path();
        if path != "/" {
            // A link from another page may lead to the page, but to no part of it.
            door::same_origin(&head.headers)?;
        }
        if path == "/reload" {
            if head.method != Method::POST {
                return Ok(web::not_allowed("POST"));
            }
            door::act(&head.headers, host, &self.token)?;
            if self.token.is_empty() {
                return Err(Refused::Token);
            }
            return Ok(self.reload(head.uri.query().unwrap_or_default()).await);
        }
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return Ok(web::not_allowed("GET, HEAD"));
        }
        if path == "/events" && head.method == Method::GET {
            return Ok(match self.viewers.add(request.drain) {
                Some(body) => stream(body),
                None => text(StatusCode::SERVICE_UNAVAILABLE, "too many look at this already"),
            });
        }
        Ok(page(path, &self.token).unwrap_or_else(|| web::not_found("/")))
    }

    /// Reloads the pool that the query names, or all, and says how that ended.
    async fn reload(&self, query: &str) -> Response<Body> {
        let pool = query.split('&').find_map(|pair| pair.strip_prefix("pool="));
        let pool = pool.map(|pool| percent_decode_str(pool).decode_utf8_lossy().into_owned());
        info!(pool = pool.as_deref().unwrap_or("all"), "Reload was asked for by the dashboard");
        let steering = Arc::clone(&self.steering);
        // It goes on if the browser leaves.
        match spawn_blocking(move || steering.reset(pool.as_deref())).await {
            Ok(Ok(())) => text(StatusCode::OK, "reloaded"),
            Ok(Err(error)) => text(StatusCode::CONFLICT, error.to_string()),
            Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the reload failed inside the server, see its log"),
        }
    }
}

fn stream(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Of nginx: what is streamed is not to be collected.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl web::Site for Site {
    fn answer(&self, request: Request) -> Promise<'_> {
        Box::pin(self.respond(request))
    }
}
