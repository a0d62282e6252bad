//! Answers in whose place a file is sent: header `X-Sendfile`.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path, sync::Arc};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE, request::Parts};
use tracing::{error, warn};

use super::{
    Config, Unusable,
    roots::{Refused, Roots},
};
use crate::http::Answer;

/// The header, which no client sees.
const X_SENDFILE: HeaderName = HeaderName::from_static("x-sendfile");

/// Sends files that answers name.
#[derive(Debug)]
pub struct Sendfile(Roots);

// === impl Sendfile ===

impl Sendfile {
    /// `None` if the header means nothing.
    pub fn of(config: &Config) -> Option<Arc<Self>> {
        config.honoured.then(|| Arc::new(Self(Roots(config.roots.clone()))))
    }

    /// Whether a file is to be sent in place of `answer`.
    pub fn concerns(&self, answer: &Answer) -> bool {
        answer.has(&X_SENDFILE)
    }

    /// Puts the file that `answer` names in the place of its body; its headers stay. A file that is not there, or outside of
    /// the roots, is 404 for the client, one that cannot be sent is 500; the log says why. May wait for the disk.
    pub fn replace(&self, request: &Parts, mut answer: Answer) -> Answer {
        let Some(value) = answer.headers.remove(X_SENDFILE) else { return answer };
        let path = Path::new(OsStr::from_bytes(value.as_bytes()));
        let opened = self.0.open(path);
        let replied = opened.and_then(|opened| Ok(opened.reply(request, answer)?));
        let (path, uri) = (path.display(), &request.uri);
        let (status, said) = match replied {
            Ok(answer) => return answer,
            Err(Refused::Outside) => {
                warn!(%path, %uri, "X-Sendfile names a file that is refused: {}", Refused::Outside);
                (StatusCode::NOT_FOUND, "Not Found\n")
            }
            Err(Refused::Unusable(Unusable::Io(reason))) if reason.kind() == std::io::ErrorKind::NotFound => {
                warn!(%path, %uri, "X-Sendfile names a file that is not there");
                (StatusCode::NOT_FOUND, "Not Found\n")
            }
            Err(reason) => {
                error!(%path, %uri, "X-Sendfile names a file that cannot be sent: {reason}");
                (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n")
            }
        };
        let mut answer = Answer::new(status, Bytes::from_static(said.as_bytes()));
        answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        answer
    }
}
