//! Middleware `static`: answers with files, where there are any.
//!
//! What a path means is decided without input or output (`target`, `names`). What is found of it (`files`) is looked for
//! on the reactor first, as long as no disk has to be waited for; else on a thread that may block. What there is no file for
//! goes on to the workers.
//!
//! The same files have addresses of their own with `fileserver` (`server`): there, nothing goes on.

mod cache;
mod coding;
mod config;
mod files;
mod listing;
mod load;
mod names;
mod pattern;
mod server;
mod server_config;
mod target;

use std::sync::Arc;

use bytes::Bytes;
use http::{
    HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, LOCATION},
    request::Parts,
};
use tokio::task::spawn_blocking;

pub(super) use self::config::Config;
pub use self::server_config::{Config as FileServerConfig, NoDirectory};
use self::{
    config::Rules,
    files::{Files, Manner, Miss},
    target::{Meant, Target},
};
use super::{Answer, Around, Middleware, Next, Request, Response, refused};
use crate::http::{access::Body, answering::response};

/// The middleware.
#[derive(Debug)]
pub(super) struct Static {
    /// What stands before the paths of its files, in plain names; empty: nothing.
    prefix: String,
    rules: Rules,
    files: Files,
}

// === impl Static ===

impl Static {
    /// The answer to a GET or HEAD request for `target`.
    fn find(&self, target: &Target, head: &Parts, manner: Manner) -> Result<crate::http::Answer, Miss> {
        let found = if target.is_directory() {
            self.page(target, head, manner)
        } else if target.path.is_empty() {
            Err(Miss::Directory)
        } else if self.rules.takes(target) {
            self.files.answer(&target.path, head, manner)
        } else if self.rules.has_pages() {
            self.files.look(&target.path, manner)
        } else {
            Err(Miss::Absent)
        };
        let found = match found {
            // Only where there is a page: the application may have a route of that name.
            Err(Miss::Directory) => self.page(target, head, manner).map(|_| self.redirect(target, head)),
            found => found,
        };
        match (found, &self.rules.fallback) {
            (Err(Miss::Absent), Some(path)) if wants_html(head) => self.files.answer(path, head, manner),
            (found, _) => found,
        }
    }

    /// What answers for a directory.
    fn page(&self, target: &Target, head: &Parts, manner: Manner) -> Result<crate::http::Answer, Miss> {
        for name in &self.rules.index {
            match self.files.answer(&target.within(name), head, manner) {
                Err(Miss::Absent | Miss::Directory) => {}
                done => return done,
            }
        }
        if self.rules.listing { self.files.list(&target.path, manner) } else { Err(Miss::Absent) }
    }

    /// Sends a client to the directory that it named without the slash. The path is ours, not the client's, which might
    /// begin with two slashes and so name a host.
    fn redirect(&self, target: &Target, head: &Parts) -> crate::http::Answer {
        let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let names = [&self.prefix, &target.path].into_iter().filter(|names| !names.is_empty());
        let path = names.map(|names| listing::encoded(names)).collect::<Vec<_>>().join("/");
        let mut answer =
            crate::http::Answer::new(StatusCode::MOVED_PERMANENTLY, Bytes::from_static(b"Moved Permanently\n"));
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        answer.headers.insert(CONTENT_TYPE, text);
        if let Ok(location) = HeaderValue::try_from(format!("/{path}/{query}")) {
            answer.headers.insert(LOCATION, location);
        }
        answer
    }
}

impl Middleware for Static {
    fn answer(self: Arc<Self>, request: Request, next: Next) -> Answer {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return next.handle(request);
        }
        let target = match target::meant(request.uri().path()) {
            Meant::Another => return next.handle(request),
            Meant::Hidden => return at_once(refused(StatusCode::NOT_FOUND, "Not Found\n")),
            Meant::Attack => return at_once(refused(StatusCode::BAD_REQUEST, "Bad Request\n")),
            Meant::File(target) => match target.below(&self.prefix) {
                Some(target) => target,
                None => return next.handle(request),
            },
        };
        let (head, body) = request.into_parts();
        match self.find(&target, &head, Manner::AtOnce) {
            Ok(answer) => at_once(sent(answer, &head)),
            Err(Miss::Absent | Miss::Directory) => next.handle(Request::from_parts(head, body)),
            Err(Miss::Later) => Box::pin(async move {
                let found = spawn_blocking(move || {
                    let found = self.find(&target, &head, Manner::Waiting);
                    (found, head)
                });
                match found.await {
                    Ok((Ok(answer), head)) => sent(answer, &head),
                    Ok((Err(_), head)) => next.handle(Request::from_parts(head, body)).await,
                    Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n"),
                }
            }),
        }
    }
}

fn at_once(response: Response) -> Answer {
    Box::pin(std::future::ready(response))
}

fn sent(answer: crate::http::Answer, head: &Parts) -> Response {
    match head.extensions.get::<Around>() {
        Some(around) => response(answer, head.method == Method::HEAD, &around.connection).map(Body::into_content),
        None => refused(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n"),
    }
}

/// Whether the client asks for a page: browsers name HTML when they open one, and only then.
fn wants_html(head: &Parts) -> bool {
    head.headers.get_all(ACCEPT).iter().any(|value| {
        let mut types = value.as_bytes().split(|byte| *byte == b',');
        types.any(|one| {
            let essence = one.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            essence.eq_ignore_ascii_case(b"text/html") || essence.eq_ignore_ascii_case(b"application/xhtml+xml")
        })
    })
}
