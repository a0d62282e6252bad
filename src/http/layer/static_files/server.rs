//! Files at addresses of their own: what there is no file for is not found.

use http::{HeaderValue, Method, StatusCode, header::ALLOW};

use super::{
    at_once,
    target::{Meant, Target, meant},
};
use crate::http::layer::{Answer, Handle, Next, Request, refused};

/// All directories of one server of files.
#[derive(Debug)]
pub(super) struct FileServer {
    /// The one with the longest prefix first, so that the first which fits is the one.
    pub(super) mounts: Vec<Mount>,
}

/// One directory.
#[derive(Debug)]
pub(super) struct Mount {
    /// In plain names; empty: it is for all paths.
    pub(super) prefix: String,
    /// The middleware that sends its files, and what is around that.
    pub(super) next: Next,
}

/// Where there is no file.
#[derive(Debug)]
pub(super) struct Nothing;

// === impl FileServer ===

impl FileServer {
    fn of(&self, target: &Target) -> Option<&Mount> {
        self.mounts.iter().find(|mount| target.below(&mount.prefix).is_some())
    }
}

impl Handle for FileServer {
    fn handle(&self, request: Request) -> Answer {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return at_once(response);
        }
        let mount = match meant(request.uri().path()) {
            Meant::File(target) => self.of(&target),
            // Whichever it would be for, each refuses it in the same way.
            Meant::Another | Meant::Hidden | Meant::Attack => self.mounts.first(),
        };
        mount.map_or(&Next::new(Nothing), |mount| &mount.next).handle(request)
    }
}

// === impl Nothing ===

impl Handle for Nothing {
    fn handle(&self, _: Request) -> Answer {
        at_once(refused(StatusCode::NOT_FOUND, "Not Found\n"))
    }
}
