//! Middleware `basic_auth`: asks for a name and a password (RFC 7617).

use std::{collections::HashMap, sync::Arc};

use data_encoding::BASE64;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, WWW_AUTHENTICATE},
};
use parking_lot::Mutex;
use subtle::ConstantTimeEq;
use tokio::task::spawn_blocking;

use super::{Answer, Attributes, Middleware, Next, Request, refused};
use crate::config::{Problems, Section};

/// Passwords checked against a hash at a time; more wait.
const AT_ONCE: usize = 2;
/// A hash of no password, so that a name that does not exist takes as long as one that does.
const NOBODY: &str = "$2b$10$7EqJtq98hPqEX7fNZaFWoOhi5BWX4V1vS1R6DqUP2yhqzV1SB4Yga";

/// Settings of the middleware (section `http.basic_auth`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// `realm`: what people are asked for a password of.
    realm: String,
    /// `users`: names, and the password of each or its bcrypt hash (`$2y$…`, as `htpasswd -B` and `password_hash()` make
    /// them).
    users: HashMap<String, String>,
}

/// The middleware.
#[derive(Debug)]
pub(super) struct BasicAuth {
    challenge: HeaderValue,
    users: HashMap<String, String>,
    /// Passwords that were right when they were last checked against the hash of each user, by a digest: a hash is meant
    /// to take long.
    right: Mutex<HashMap<String, [u8; 32]>>,
    checking: tokio::sync::Semaphore,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self { realm: "Restricted".to_owned(), users: HashMap::new() }
    }
}

impl Config {
    pub(super) fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        if let Some((realm, _)) = section.text("realm", problems) {
            if realm.contains(['"', '\\']) || HeaderValue::from_str(&realm).is_err() {
                section.report("realm", "must not have quotes, backslashes or control characters", problems);
            } else {
                self.realm = realm;
            }
        }
        if let Some(users) = section.pairs("users", problems) {
            for (name, password) in &users {
                if name.contains(':') {
                    section.report("users", &format!("has the name {name:?}, which must not have a colon"), problems);
                } else if password.is_empty() {
                    section.report("users", &format!("has no password for {name:?}"), problems);
                }
            }
            self.users = users.into_iter().collect();
        }
        section.finish(problems);
    }

    /// Whether somebody can come in.
    pub(super) fn has_users(&self) -> bool {
        !self.users.is_empty()
    }

    pub(super) fn middleware(&self) -> BasicAuth {
        let challenge = format!("Basic realm=\"{}\", charset=\"UTF-8\"", self.realm);
        BasicAuth {
            challenge: HeaderValue::from_str(&challenge).unwrap_or(HeaderValue::from_static("Basic")),
            users: self.users.clone(),
            right: Mutex::default(),
            checking: tokio::sync::Semaphore::new(AT_ONCE),
        }
    }
}

// === impl BasicAuth ===

impl BasicAuth {
    async fn is_right(&self, name: &str, password: &[u8]) -> bool {
        let known = self.users.get(name);
        let secret = known.map_or(NOBODY, String::as_str);
        if !secret.starts_with("$2") {
            let same: bool = digest(password).ct_eq(&digest(secret.as_bytes())).into();
            return known.is_some() && same;
        }
        let digest = digest(password);
        if self.right.lock().get(name).is_some_and(|right| right.ct_eq(&digest).into()) {
            return true;
        }
        let Ok(_turn) = self.checking.acquire().await else { return false };
        let (password, secret) = (password.to_vec(), secret.to_owned());
        let right = spawn_blocking(move || bcrypt::verify(password, &secret).unwrap_or(false)).await.unwrap_or(false);
        if right && known.is_some() {
            self.right.lock().insert(name.to_owned(), digest);
        }
        right && known.is_some()
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    digest
}

/// The name and the password that a request brings.
fn credentials(headers: &HeaderMap) -> Option<(String, Vec<u8>)> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, encoded) = value.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let decoded = BASE64.decode(encoded.trim_ascii()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some((String::from_utf8(decoded[..colon].to_vec()).ok()?, decoded[colon + 1..].to_vec()))
}

impl Middleware for BasicAuth {
    fn answer(self: Arc<Self>, mut request: Request, next: Next) -> Answer {
        Box::pin(async move {
            if let Some((name, password)) = credentials(request.headers())
                && self.is_right(&name, &password).await
            {
                Attributes::set(&mut request, "user", name.as_bytes());
                return next.handle(request).await;
            }
            let mut response = refused(StatusCode::UNAUTHORIZED, "Unauthorized\n");
            response.headers_mut().insert(WWW_AUTHENTICATE, self.challenge.clone());
            response
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(value: &str) -> Option<(String, Vec<u8>)> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        credentials(&headers)
    }

    #[test]
    fn credentials_are_a_name_a_colon_and_a_password_that_may_have_more() {
        assert_eq!(brought("Basic YTpiOmM="), Some(("a".to_owned(), b"b:c".to_vec())));
        assert_eq!(brought("basic  YTo="), Some(("a".to_owned(), vec![])));
        for wrong in ["Basic", "Basic YQ==", "Basic !", "Bearer YTpi", "Basic YTpi YTpi", ""] {
            assert_eq!(brought(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_hash_of_nobody_is_one() {
        assert!(!bcrypt::verify("x", NOBODY).unwrap());
    }
}
